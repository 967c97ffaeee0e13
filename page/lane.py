"""Many visitors, few cores: questions wait in a fair, bounded line and go through the network a few at a time.

Threads do the work: rendering, decoding and the network mostly run outside Python's lock, and the event loop is never blocked.
Each visitor gets the same share, in turn: who asks a thousand things waits for them, and others hardly do.
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

import torch

from page.recognise import Picture, answers, tensor_of
from page.served import Served

TOGETHER = (
    8  # questions a thread takes at once: half the network's time each; more only makes the first wait for the last
)
WAITING = 256  # questions in line from all visitors: at 200 a second the last one waits a second and a quarter
EACH = 128  # of them from one address: a school has one address, so this is no visitor's limit


class Busy(Exception):
    """The line is full; the question was not looked at and can be asked again."""


@dataclass
class _Question:
    picture: Callable[[], Picture]
    top_k: int
    reply: asyncio.Future
    since: float = field(default_factory=time.monotonic)


class Lane:
    """Answers questions from threads of its own on whatever network `served` has at the moment."""

    def __init__(self, served: Served, name: str, threads: int = 1, waiting: int = WAITING, each: int = EACH):
        self.served, self.most, self.each = served, waiting, each
        self._lines: OrderedDict[str, deque[_Question]] = OrderedDict()  # visitor -> questions; the first is next
        self._ready = threading.Condition()
        self._count = 0
        self._closed = False
        self._threads = [
            threading.Thread(target=self._work, daemon=True, name=f"{name} {number}") for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    async def ask(self, who: str, picture: Callable[[], Picture], top_k: int = 10) -> dict:
        """As `recognise.answer` for the picture that `picture()` makes, in a thread; `who` is the visitor it is fair to.

        Raises ValueError as `picture` and the network do, Busy when the line is full or the page is about to stop.
        """
        loop = asyncio.get_running_loop()
        question = _Question(picture, top_k, loop.create_future())
        with self._ready:
            line = self._lines.get(who)
            if self._closed or (line is not None and len(line) >= self.each):
                raise Busy
            if self._count >= self.most:
                self._make_room(0 if line is None else len(line))
            if line is None:
                line = self._lines[who] = deque()
            line.append(question)
            self._count += 1
            self._ready.notify()
        return await question.reply

    def _make_room(self, own: int) -> None:
        """Send away the last question of the longest line if that is longer than the visitor's own; else raise Busy."""
        longest = max(self._lines.values(), key=len)
        if len(longest) <= own + 1:
            raise Busy
        last = longest.pop()
        self._count -= 1
        if not last.reply.done():
            last.reply.set_exception(Busy())  # in this, the loop's, thread

    @property
    def waiting(self) -> int:
        """Questions in line."""
        return self._count

    @property
    def stuck(self) -> float:
        """Seconds that the oldest question has been in line: more than a few mean that the threads are gone or swamped."""
        with self._ready:
            oldest = min((line[0].since for line in self._lines.values()), default=None)
        return 0.0 if oldest is None else time.monotonic() - oldest

    def close(self) -> None:
        """Take no more questions; those in line are answered."""
        with self._ready:
            self._closed = True
            self._ready.notify_all()
        for thread in self._threads:
            thread.join(10)

    def _take(self) -> list[_Question]:
        """The next questions, from each visitor in turn the same share; the lock is held."""
        taken, share = [], math.ceil(TOGETHER / len(self._lines))
        for _ in range(min(len(self._lines), TOGETHER)):
            who, line = self._lines.popitem(last=False)
            for _ in range(min(share, len(line), TOGETHER - len(taken))):
                taken.append(line.popleft())
            if line:
                self._lines[who] = line  # behind all others
        self._count -= len(taken)
        return [question for question in taken if not question.reply.cancelled()]

    def _work(self) -> None:
        while True:
            with self._ready:
                while not self._lines:
                    if self._closed:
                        return
                    self._ready.wait()
                taken = self._take()
            if taken:
                self._answer(taken)

    def _answer(self, taken: list[_Question]) -> None:
        """Answer questions together, all by one network even if another is served meanwhile."""
        net = self.served.current.net
        found: list[dict | Exception] = []
        tensors: list[torch.Tensor] = []
        for question in taken:
            try:
                tensors.append(tensor_of(net, question.picture()))
                found.append({})
            except Exception as error:  # of that picture; the others' answers do not suffer
                found.append(error)
        good = [index for index, outcome in enumerate(found) if isinstance(outcome, dict)]
        try:
            for index, said in zip(
                good, answers(net, tensors, [taken[i].top_k for i in good]) if good else [], strict=True
            ):
                found[index] = said
        except Exception as error:
            for index in good:
                found[index] = error
        pairs = [(question.reply, outcome) for question, outcome in zip(taken, found, strict=True)]
        try:
            pairs[0][0].get_loop().call_soon_threadsafe(_deliver, pairs)
        except RuntimeError:
            pass  # the loop is closed: nobody waits any more


def _deliver(pairs: list[tuple[asyncio.Future, dict | Exception]]) -> None:
    for reply, outcome in pairs:
        if reply.done():
            continue  # the visitor is gone
        if isinstance(outcome, Exception):
            reply.set_exception(outcome)
        else:
            reply.set_result(outcome)
