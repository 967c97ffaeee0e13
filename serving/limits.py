"""How much one address may ask, and all together, counted by the package `limits`. Addresses are kept as salted hashes.

Charged is what happened: a picture that takes too long costs as much as many, an upload the bytes that came, a drawing counts once it is
stored. Generous, because a school is one address.
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
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

from serving.settings import Settings

ALLOWED = {  # an address, all addresses, window in seconds
    "pictures": (3000, 60_000, 300),
    "contributions": (3000, 60_000, 300),
    "rest": (30_000, 600_000, 300),  # opening the page takes some sixty
    "drawings": (3000, 60_000, 86_400),  # that were stored
    "uploads": (2**17, 2**19, 600),  # KiB; they lie on the disk so long
}
HELD = {  # at once, likewise: requests under way, bytes of bodies in memory and on the disk
    **{"pictures": (128, 512), "contributions": (64, 512), "rest": (1000, 3000)},
    **{"memory": (24 * 2**20, 32 * 2**20), "disk": (2**27, 2**29)},
}
TURNS = 2  # pictures of one address that are read at once, so that nobody's many keep out another's one


class Refused(Exception):
    """Something is refused with one sentence. `reason` is a fixed word for the numbers, `seconds` when to try again, `code` what a page
    in another language knows the sentence by, if it is not the reason.
    """

    def __init__(
        self, sentence: str, status: int = 400, reason: str = "bad request", seconds: int = 1, code: str | None = None
    ):
        super().__init__(sentence)
        self.code = code or reason
        self.status, self.reason, self.seconds = status, reason, seconds


class Counts(Storage):
    """Counts in this process, by a clock that never jumps. The package's own `MemoryStorage` starts a thread for each count, and
    those of one picture took as long as reading it.
    """

    STORAGE_SCHEME, base_exceptions = ["counts"], ValueError

    def __init__(self):
        super().__init__()
        self._counts: dict[str, tuple[int, float]] = {}  # key -> count, when it ends
        self._sweep = 0.0

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        now = time.monotonic()
        if now > self._sweep:
            self._counts = {name: count for name, count in self._counts.items() if count[1] > now}
            self._sweep = now + 60
        self._counts[key] = (self.get(key) + amount, self.get_expiry(key) or now + expiry)
        return self._counts[key][0]

    def get(self, key: str) -> int:
        return self._counts.get(key, (0,))[0]

    def get_expiry(self, key: str) -> float:
        return self._counts.get(key, (0, 0.0))[1]

    def clear(self, key: str) -> None:
        self._counts.pop(key, None)

    def reset(self) -> None:
        self._counts.clear()

    def check(self) -> bool:
        return True


class Limits:
    """Keeps account of who asks how much. Used from one event loop, so it needs no lock."""

    def __init__(self, settings: Settings = Settings()):
        self.settings, self._salt = settings, secrets.token_bytes(16)  # a hash means nothing after a restart
        self._limiter, self._held = FixedWindowRateLimiter(Counts()), Counter()
        self._turns: weakref.WeakValueDictionary[str, asyncio.Semaphore] = weakref.WeakValueDictionary()

    def visitor(self, scope: dict) -> str:
        """The address that a request comes from as a salted hash. An IPv6 network of 64 bits is one visitor."""
        name = address(scope, self.settings)
        with contextlib.suppress(ValueError):
            parsed = parse(name)
            name = str(ipaddress.ip_network((parsed, 64), strict=False) if parsed.version == 6 else parsed)
        return hashlib.blake2b(name.encode(), key=self._salt, digest_size=12).hexdigest()

    def check(self, who: str, kind: str, amount: int = 0) -> None:
        """Charge so much. Raises Refused when the visitor, or everybody, has used up what is allowed."""
        one, everybody, window = ALLOWED[kind]
        count, begun = divmod(time.monotonic(), window)  # of a clock that never jumps
        for most, name, status in ((one, who, 429), (everybody, "all", 503)):
            item, key = limits.RateLimitItemPerSecond(most, window), (name, kind, str(count))
            if not self._limiter.test(item, *key):
                again = "tomorrow" if kind == "drawings" else "in some minutes"
                said = f"There was too much from {'this address' if name == who else 'everybody'}; try again {again}."
                raise Refused(said, status, "rate", 1 + int(window - begun))
            if amount:
                self._limiter.hit(item, *key, cost=amount)

    def hold(self, who: str, what: str, more: int) -> None:
        """So much more of something is held at once, or less. Raises Refused when that is too much."""
        for name, most in zip((who, "all"), HELD[what], strict=True):
            if more > 0 and self._held[name, what] + more > most:
                raise Refused("The server is busy with other requests; try again in a moment.", 503, "busy")
        for name in (who, "all"):
            self._held[name, what] += more
            if not self._held[name, what]:
                del self._held[name, what]

    def turn(self, who: str) -> asyncio.Semaphore:
        """To be entered: waits until fewer than TURNS pictures of the visitor are being read."""
        return self._turns.setdefault(who, asyncio.Semaphore(TURNS))  # forgotten when nobody waits any more


def address(scope: dict, settings: Settings) -> str:
    """Where a request comes from. Behind a proxy that is the last address of the way, the only one that the proxy wrote itself; on
    a Space the last public one, for the Hub's own proxies come after it.
    """
    way = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for").decode("latin-1")
    with contextlib.suppress(ValueError):  # from there on it is what the visitor wrote
        for step in reversed(way.split(",") if settings.behind_proxy else []):  # else anybody can write the header
            found = parse(step.strip())
            if found.is_global or not settings.space_id:
                return str(found)
    return (scope.get("client") or ("",))[0]


def parse(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An address, also with a port (`8.8.8.8:5`, `[2a00::1]:5`) or an IPv4 one written as IPv6. Raises ValueError."""
    if text.startswith("[") or text.count(":") == 1:
        text = text.lstrip("[").partition("]" if text.startswith("[") else ":")[0]
    found = ipaddress.ip_address(text)
    return getattr(found, "ipv4_mapped", None) or found
