"""How much one address may ask, and all together, counted by the package `limits`. Addresses are kept as salted hashes.

Three classes of requests: pictures, contributions, the rest. Charged is what happened: a picture costs what it took to read it, an
upload the bytes that came, a contribution counts once it is stored. Generous, because a school is one address.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import ipaddress
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator

import limits
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from serving.settings import Settings

ALLOWED = {  # class -> an address, and all addresses together
    "pictures": (limits.parse("3000/5 minutes"), limits.parse("60000/5 minutes")),
    "contributions": (limits.parse("3000/5 minutes"), limits.parse("60000/5 minutes")),
    "rest": (limits.parse("30000/5 minutes"), limits.parse("600000/5 minutes")),  # opening the page takes some sixty
    "stored": (limits.parse("3000/1 day"), limits.parse("60000/1 day")),  # contributed drawings
    "uploaded": (limits.parse("131072/10 minutes"), limits.parse("524288/10 minutes")),  # KiB; they lie so long
}
UNIT = 0.05  # seconds of work that count as one picture
AT_ONCE = {"pictures": (128, 512), "contributions": (64, 128), "rest": (1000, 3000)}  # requests under way: likewise
BODIES = 48 * 2**20  # bytes of request bodies in memory at once; an address has half of them
TURNS = 2  # pictures of one address that are being read at once, however many wait


class Refused(Exception):
    """Something is refused. `reason` is a fixed word for the counts, the message a sentence for whoever asked."""

    def __init__(self, reason: str, sentence: str, status: int = 429, seconds: int = 1):
        super().__init__(sentence)
        self.reason, self.status, self.seconds = reason, status, seconds


class BadRequest(Refused):
    """A request that cannot be understood."""

    def __init__(self, sentence: str, status: int = 400, reason: str = "bad request"):
        super().__init__(reason, sentence, status)


class Limits:
    """Keeps account of who asks how much. Used from one event loop, so it needs no lock."""

    def __init__(self, settings: Settings = Settings()):
        self.settings = settings
        self._salt = secrets.token_bytes(16)  # of this process: a hash means nothing after a restart
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._running: Counter[tuple[str, str]] = Counter()
        self._held: Counter[str] = Counter()
        self._turns: dict[str, tuple[asyncio.Semaphore, int]] = {}

    def visitor(self, scope: dict) -> str:
        """The address that a request comes from as a salted hash. An IPv6 network of 64 bits is one visitor."""
        name = _address(scope, self.settings)
        with contextlib.suppress(ValueError):
            parsed = _plain(ipaddress.ip_address(name))
            name = str(ipaddress.ip_network((parsed, 64), strict=False) if parsed.version == 6 else parsed)
        return hashlib.blake2b(name.encode(), key=self._salt, digest_size=12).hexdigest()

    # --- rates ----------------------------------------------------------------------------------------------------

    def check(self, who: str, kind: str) -> None:
        """Raises Refused when nothing is left for the visitor, or for anybody."""
        for item, key in self._accounts(who, kind):
            if not self._limiter.test(item, *key):
                seconds = max(1, round(item.get_expiry() - time.monotonic() % item.get_expiry()))
                sentence = {
                    "stored": "Enough drawings were contributed from here today; come back tomorrow. Thank you!",
                    "uploaded": "There have been too many uploads; try again in some minutes.",
                }.get(kind, "There were too many requests from this address; wait a little.")
                everybody = key[0] == "all"
                raise Refused("busy" if everybody else "rate", sentence, 503 if everybody else 429, seconds)

    def charge(self, who: str, kind: str, amount: float = 1) -> None:
        """Something happened; it may be more than was left."""
        for item, key in self._accounts(who, kind):
            self._limiter.hit(item, *key, cost=max(1, round(amount)))

    def _accounts(self, who: str, kind: str) -> list[tuple[limits.RateLimitItem, tuple[str, str, str]]]:
        """Limits and the names of their counters. The window is a part of the name, and told by a clock that never jumps."""
        return [
            (item, (name, kind, str(time.monotonic() // item.get_expiry())))
            for item, name in zip(ALLOWED[kind], (who, "all"), strict=True)
        ]

    # --- at once --------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def running(self, who: str, kind: str):
        """A request is under way. Raises Refused when there are too many."""
        each, everybody = AT_ONCE[kind]
        if self._running[who, kind] >= each:
            raise Refused("at once", "There are too many requests from this address at once; wait a little.")
        if self._running["all", kind] >= everybody:
            raise Refused("busy", "The server is busy; try again in a moment.", 503)
        for key in ((who, kind), ("all", kind)):
            self._running[key] += 1
        try:
            yield
        finally:
            for key in ((who, kind), ("all", kind)):
                self._running[key] -= 1
                if not self._running[key]:
                    del self._running[key]

    def hold(self, who: str, size: int) -> None:
        """So many bytes of a body have come into memory (or, when negative, have left it). Raises Refused."""
        if size > 0 and (self._held["all"] + size > BODIES or self._held[who] + size > BODIES // 2):
            raise Refused("memory", "The server is busy with other pictures; try again in a moment.", 503)
        for key in (who, "all"):
            self._held[key] += size
            if not self._held[key]:
                del self._held[key]

    @contextlib.asynccontextmanager
    async def turn(self, who: str) -> AsyncIterator[None]:
        """Wait until fewer than TURNS pictures of the visitor are being read, so that nobody's many keep out another's one."""
        semaphore, waiting = self._turns.get(who) or (asyncio.Semaphore(TURNS), 0)
        self._turns[who] = semaphore, waiting + 1
        try:
            async with semaphore:
                yield
        finally:
            semaphore, waiting = self._turns.pop(who)
            if waiting > 1:
                self._turns[who] = semaphore, waiting - 1


def _address(scope: dict, settings: Settings) -> str:
    """Where a request comes from. Behind a proxy that is the last address of the way, the only one that the proxy wrote itself; on
    a Space the last public one, for the Hub's own proxies come after it.
    """
    peer = (scope.get("client") or ("",))[0]
    if not settings.behind_proxy:
        return peer  # anybody can write the header
    way = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for").decode("latin-1")
    for step in reversed(way.split(",")):
        try:
            address = _parsed(step.strip())
        except ValueError:
            break  # from here on it is what the visitor wrote
        if address.is_global or not settings.space_id:
            return str(address)
    return peer


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An address, also with a port: `8.8.8.8:5`, `[2a00::1]:5`. Raises ValueError."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    return _plain(ipaddress.ip_address(text))


def _plain(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An IPv4 address that is written as IPv6 (`::ffff:8.8.8.8`) as what it is."""
    return getattr(address, "ipv4_mapped", None) or address
