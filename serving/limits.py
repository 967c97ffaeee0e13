"""How much one address may ask, and all together, counted by the package `limits`. Addresses are kept as salted hashes.

Three classes of requests: pictures, contributions, the rest. Charged is what happened: a picture costs the time that it took, an
upload the bytes that came, a drawing counts once it is stored. Generous, because a school is one address.
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

import limits
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from serving.settings import Settings

ALLOWED = {  # an address, all addresses, window in seconds
    "pictures": (3000, 60_000, 300),
    "contributions": (3000, 60_000, 300),
    "rest": (30_000, 600_000, 300),  # opening the page takes some sixty
    "drawings": (3000, 60_000, 86_400),  # that were stored
    "uploads": (2**17, 2**19, 600),  # KiB; they lie on the disk so long
}
UNIT = 0.05  # seconds of work that count as one picture
AT_ONCE = {"pictures": (128, 512), "contributions": (64, 128), "rest": (1000, 3000)}  # of an address, of all
BYTES = {"memory": (24 * 2**20, 48 * 2**20), "disk": (2**27, 2**29)}  # of bodies on their way: likewise
TURNS = 2  # pictures of one address that are read at once, so that nobody's many keep out another's one


class Refused(Exception):
    """Something is refused with one sentence. `reason` is a fixed word for the numbers, `seconds` when to try again."""

    def __init__(self, sentence: str, status: int = 400, reason: str = "bad request", seconds: int = 1):
        super().__init__(sentence)
        self.status, self.reason, self.seconds = status, reason, seconds


class Limits:
    """Keeps account of who asks how much. Used from one event loop, so it needs no lock."""

    def __init__(self, settings: Settings = Settings()):
        self.settings, self._salt = settings, secrets.token_bytes(16)  # a hash means nothing after a restart
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._held: Counter[tuple[str, str]] = Counter()  # bytes of bodies, requests under way
        self._turns: weakref.WeakValueDictionary[str, asyncio.Semaphore] = weakref.WeakValueDictionary()

    def visitor(self, scope: dict) -> str:
        """The address that a request comes from as a salted hash. An IPv6 network of 64 bits is one visitor."""
        name = address(scope, self.settings)
        with contextlib.suppress(ValueError):
            parsed = parse(name)
            name = str(ipaddress.ip_network((parsed, 64), strict=False) if parsed.version == 6 else parsed)
        return hashlib.blake2b(name.encode(), key=self._salt, digest_size=12).hexdigest()

    def check(self, who: str, kind: str) -> None:
        """Raises Refused when the visitor, or everybody, has used up what is allowed."""
        for item, name, window in self._accounts(who, kind):
            if not self._limiter.test(item, name, kind, window):
                again = {"drawings": "tomorrow", "uploads": "in some minutes"}.get(kind, "in a few minutes")
                everybody = name == "all"
                sentence = f"There was too much from {'everybody' if everybody else 'this address'}; try again {again}."
                left = item.get_expiry() - time.monotonic() % item.get_expiry()
                raise Refused(sentence, 503 if everybody else 429, "busy" if everybody else "rate", 1 + int(left))

    def charge(self, who: str, kind: str, amount: float = 1) -> None:
        """Something happened; it may be more than was left."""
        for item, name, window in self._accounts(who, kind):
            self._limiter.hit(item, name, kind, window, cost=max(1, round(amount)))

    def _accounts(self, who: str, kind: str) -> list[tuple[limits.RateLimitItem, str, str]]:
        """Limit, name and window of both counters; the window is told by a clock that never jumps."""
        *amounts, seconds = ALLOWED[kind]
        window = str(time.monotonic() // seconds)
        names = zip(amounts, (who, "all"), strict=True)
        return [(limits.RateLimitItemPerSecond(amount, seconds), name, window) for amount, name in names]

    @contextlib.contextmanager
    def under_way(self, who: str, kind: str):
        """A request is under way. Raises Refused when there are too many."""
        self.hold(who, kind, 1, *AT_ONCE[kind])
        try:
            yield
        finally:
            self.hold(who, kind, -1)

    def hold(self, who: str, what: str, more: int, each: int = 0, all: int = 0) -> None:
        """So much more of something is held at once, or less. Raises Refused when that is too much."""
        for name, most in ((who, each), ("all", all)):
            if more > 0 and self._held[name, what] + more > most:
                raise Refused("The server is busy with other requests; try again in a moment.", 503, "busy")
        for name in (who, "all"):
            self._held[name, what] += more
            if not self._held[name, what]:
                del self._held[name, what]

    @contextlib.asynccontextmanager
    async def turn(self, who: str):
        """Wait until fewer than TURNS pictures of the visitor are being read."""
        turns = self._turns.setdefault(who, asyncio.Semaphore(TURNS))  # forgotten when nobody holds it any more
        async with turns:
            yield


def address(scope: dict, settings: Settings) -> str:
    """Where a request comes from. Behind a proxy that is the last address of the way, the only one that the proxy wrote itself; on
    a Space the last public one, for the Hub's own proxies come after it.
    """
    peer = (scope.get("client") or ("",))[0]
    if not settings.behind_proxy:
        return peer  # anybody can write the header
    way = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for").decode("latin-1")
    for step in reversed(way.split(",")):
        try:
            found = parse(step.strip())
        except ValueError:
            break  # from here on it is what the visitor wrote
        if found.is_global or not settings.space_id:
            return str(found)
    return peer


def parse(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An address, also with a port (`8.8.8.8:5`, `[2a00::1]:5`) or an IPv4 one written as IPv6. Raises ValueError."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    found = ipaddress.ip_address(text)
    return getattr(found, "ipv4_mapped", None) or found
