"""How much one address may ask for, and all addresses together. Addresses are kept as salted hashes.

Visitors are charged for what happened: a picture that takes too long costs as much as 40, and a drawing counts once
it is stored. The limits are generous, because a school is one address.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import ipaddress
import secrets
import time
import weakref
from collections import Counter

from starlette.types import Scope

from serving.settings import Settings

ALLOWED = {  # of one address, of all addresses, in a window of so many seconds
    "pictures": (3000, 60_000, 300),
    "contributions": (3000, 60_000, 300),
    "uploads": (3000, 60_000, 300),
    "rest": (30_000, 600_000, 300),  # opening the page takes some sixty
    "drawings": (3000, 60_000, 86_400),  # that were stored
    "uploaded": (2**19, 2**21, 600),  # KiB; they lie on the disk so long
}
CONCURRENT = {  # at once, likewise
    "pictures": (128, 512),  # requests
    "reading": (128, 512),  # pictures, also of calls whose answer is asked for by another request
    "contributions": (64, 512),
    "uploads": (64, 512),
    "rest": (1000, 3000),
    "memory": (2**26, 2**28),  # bytes of bodies that are held in memory
}


class Refused(Exception):
    """Something is refused with one sentence.

    `code` is a fixed word, by which a page in another language knows why; `seconds` say when to try again.
    """

    def __init__(self, sentence: str, status: int = 400, code: str = "bad request", seconds: int = 1):
        super().__init__(sentence)
        self.status, self.code, self.seconds = status, code, seconds


class RateLimiter:
    """Keeps account of who asks for how much. It is used from one event loop, so it needs no lock."""

    def __init__(self, settings: Settings = Settings()):
        self.settings = settings
        self._salt = secrets.token_bytes(16)  # a hash means nothing after a restart
        self._windows: dict[str, tuple[float, Counter[str]]] = {}  # kind -> number of the window, its counts
        self._held: Counter[tuple[str, str]] = Counter()
        self._turns: weakref.WeakValueDictionary = weakref.WeakValueDictionary()

    def visitor(self, scope: Scope) -> str:
        """The address that a request comes from as a salted hash. An IPv6 network of 64 bits is one visitor."""
        name = address(scope, self.settings)
        with contextlib.suppress(ValueError):
            parsed = parse(name)
            name = str(ipaddress.ip_network((parsed, 64), strict=False) if parsed.version == 6 else parsed)
        return hashlib.blake2b(name.encode(), key=self._salt, digest_size=12).hexdigest()

    def charge(self, who: str, kind: str, amount: int = 0) -> None:
        """Charge so much. Raises Refused when the visitor, or everybody, has used up what is allowed."""
        one, everybody, window = ALLOWED[kind]
        number, begun = divmod(time.monotonic(), window)  # of a clock that never jumps
        if self._windows.get(kind, (None,))[0] != number:
            self._windows[kind] = (number, Counter())
        counts = self._windows[kind][1]
        for most, name, asking, status in (
            (one, who, "this address", 429),
            (everybody, "all", "everybody", 503),
        ):
            if counts[name] >= most:
                again = "tomorrow" if kind == "drawings" else "in some minutes"
                sentence = f"There was too much from {asking}; try again {again}."
                raise Refused(sentence, status, "rate", 1 + int(window - begun))
        counts.update({who: amount, "all": amount})  # what is refused costs nothing

    def reserve(self, who: str, what: str, more: int) -> None:
        """Hold so much more of something at once, or less. Raises Refused when that is too much."""
        for name, most in zip((who, "all"), CONCURRENT[what], strict=True):
            if more > 0 and self._held[name, what] + more > most:
                raise Refused("The server is busy with other requests; try again in a moment.", 503, "busy")
        for key in ((who, what), ("all", what)):
            self._held[key] += more
            if not self._held[key]:
                del self._held[key]

    def turn(self, who: str, what: str, at_once: int) -> asyncio.Semaphore:
        """A semaphore of the visitor's own, so that nobody's many pictures stand before another's one."""
        return self._turns.setdefault((who, what), asyncio.Semaphore(at_once))


def address(scope: Scope, settings: Settings) -> str:
    """Where a request comes from.

    Behind a proxy that is the last address of X-Forwarded-For, the only one that the proxy wrote itself; on a Space
    the last public one, because the Hub's own proxies come after it.
    """
    steps = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for")
    with contextlib.suppress(ValueError):  # what comes before it was written by the visitor
        for step in reversed(steps.decode("latin-1").split(",") if settings.behind_proxy else []):
            parsed = parse(step.strip())
            if parsed.is_global or not settings.space_id:
                return str(parsed)
    return (scope.get("client") or ("",))[0]


def parse(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An address, also with a port (`8.8.8.8:5`, `[2a00::1]:5`) or IPv4 written as IPv6. Raises ValueError."""
    if text.startswith("[") or text.count(":") == 1:
        text = text.lstrip("[").partition("]" if text.startswith("[") else ":")[0]
    parsed = ipaddress.ip_address(text)
    return getattr(parsed, "ipv4_mapped", None) or parsed
