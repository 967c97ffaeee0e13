"""How much one address may ask, and all together: rates, requests at once, bytes in memory. Addresses are kept as salted hashes."""

from __future__ import annotations

import hashlib
import ipaddress
import os
import secrets
import time
from collections import Counter, OrderedDict
from dataclasses import dataclass, field

REMEMBERED = 20_000  # addresses; who has not been here for longest is forgotten first
UPLOADS = 512 * 2**20  # bytes of uploads on the disk at once, all visitors together
UPLOADS_EACH = 128 * 2**20  # of one address
KEPT = 600.0  # seconds that an upload lies there
# Bytes of request bodies in memory at once, all visitors together; an address has half of them at most.
BODIES = 64 * 2**20


@dataclass(frozen=True)
class Allowance:
    """What one address may do: `burst` requests at once in time, then `rate` a second; `each` under way, `all` from everybody.

    Generous, because a school, a company or a mobile network is one address.
    """

    burst: float
    rate: float
    each: int
    all: int


ALLOWANCES = {
    "page": Allowance(6000, 300, 300, 600),  # opening the page takes some sixty requests
    "ask": Allowance(6000, 600, 300, 800),  # live drawing; the lane behind it is bounded and fair
    "run": Allowance(3000, 300, 300, 600),  # /predict and /info in one request
    "call": Allowance(2000, 60, 64, 128),  # the same through Gradio's queue
    "tools": Allowance(1000, 30, 32, 64),  # MCP
    "upload": Allowance(2000, 20, 16, 32),
    "visit": Allowance(4000, 60, 1000, 3000),  # the connection that each open page keeps
    "stream": Allowance(4000, 60, 300, 600),  # the answers to queued calls
    "status": Allowance(600, 10, 16, 64),  # /health and /metrics
    "enrol": Allowance(200, 0.5, 16, 32),  # agreeing to contribute
    "keep": Allowance(3000, 30, 64, 128),  # contributing
    "take": Allowance(200, 1, 8, 16),  # taking home, deleting
}


class Refused(Exception):
    """More than is allowed. `reason` is a fixed word for the counts, the message a sentence for the visitor."""

    def __init__(self, reason: str, sentence: str, status: int = 429, seconds: int = 1):
        super().__init__(sentence)
        self.reason, self.status, self.seconds = reason, status, seconds


class BadRequest(Refused):
    """A request that cannot be understood."""

    def __init__(self, sentence: str, status: int = 400, reason: str = "bad request"):
        super().__init__(reason, sentence, status)


@dataclass
class _Visitor:
    tokens: dict[str, tuple[float, float]] = field(default_factory=dict)  # kind -> (tokens left, when)
    running: Counter = field(default_factory=Counter)
    uploaded: float = 0.0  # bytes on the disk, about
    uploaded_at: float = 0.0
    held: int = 0  # bytes of bodies in memory


class Visitors:
    """Keeps account of who asks how much. Used from the event loop only, so it needs no lock."""

    def __init__(self, allowances: dict[str, Allowance] | None = None, bodies: int = BODIES):
        self.allowances = allowances or ALLOWANCES
        self._salt = secrets.token_bytes(16)
        self._known: OrderedDict[str, _Visitor] = OrderedDict()
        self._running: Counter = Counter()
        self._bodies, self._held = bodies, 0
        self._uploads = _Visitor()

    def name(self, scope: dict) -> str:
        """A visitor's address as a hash that means nothing after a restart. An IPv6 network of 64 bits is one visitor."""
        address = _address(scope)
        try:
            parsed = ipaddress.ip_address(address)
            if parsed.version == 6:
                address = str(ipaddress.ip_network((parsed, 64), strict=False))
        except ValueError:
            pass
        return hashlib.blake2b(address.encode(), key=self._salt, digest_size=12).hexdigest()

    def enter(self, who: str, kind: str) -> None:
        """A request begins; `leave` must follow. Raises Refused."""
        allowed, now = self.allowances[kind], time.monotonic()
        visitor = self._known.get(who)
        if visitor is None:
            visitor = self._known[who] = _Visitor()
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        self._known.move_to_end(who)
        left, since = visitor.tokens.get(kind, (allowed.burst, now))
        left = min(allowed.burst, left + (now - since) * allowed.rate)
        visitor.tokens[kind] = (max(left - 1, 0), now)
        if left < 1:
            raise Refused(
                "rate",
                "There were too many requests from this address; wait a little.",
                seconds=max(1, round(1 / allowed.rate)),
            )
        if visitor.running[kind] >= allowed.each:
            raise Refused("at once", "There are too many requests from this address at once; wait a little.")
        if self._running[kind] >= allowed.all:
            raise Refused("busy", "The page is busy; try again in a moment.", 503)
        visitor.running[kind] += 1
        self._running[kind] += 1

    def leave(self, who: str, kind: str) -> None:
        """A request that `enter` let in is over."""
        self._running[kind] -= 1
        visitor = self._known.get(who)
        if visitor is not None and visitor.running[kind] > 0:
            visitor.running[kind] -= 1

    def running(self, kind: str) -> int:
        """Requests of a kind that are under way."""
        return self._running[kind]

    def hold(self, who: str, size: int) -> None:
        """So many bytes of a body have come into memory; `release` must follow. Raises Refused."""
        visitor = self._known.get(who) or _Visitor()
        if self._held + size > self._bodies or visitor.held + size > self._bodies // 2:
            raise Refused("memory", "The page is busy with other uploads; try again in a moment.", 503)
        self._held += size
        visitor.held += size

    def upload(self, who: str, size: int) -> None:
        """So many bytes of an upload go to the disk, where they lie for KEPT seconds. Raises Refused."""
        now, everybody, visitor = time.monotonic(), self._uploads, self._known.get(who) or _Visitor()
        for account, most in ((visitor, UPLOADS_EACH), (everybody, UPLOADS)):
            left = max(0.0, account.uploaded - (now - account.uploaded_at) * most / KEPT)
            if left + size > most:
                raise Refused("disk", "There have been too many uploads; try again in some minutes.", 503, 60)
            account.uploaded, account.uploaded_at = left + size, now

    def release(self, who: str, size: int) -> None:
        """The bytes of a body that `hold` let in are gone."""
        self._held -= size
        visitor = self._known.get(who)
        if visitor is not None:
            visitor.held = max(0, visitor.held - size)


def behind_proxy() -> bool:
    """Whether somebody else's server stands before this one and says where visitors come from."""
    return bool(os.environ.get("SPACE_ID")) or os.environ.get("BEHIND_PROXY") == "1"


def _address(scope: dict) -> str:
    """Where a request comes from. Behind a proxy that is the last address of the way, the only one that the proxy wrote itself; on
    a Space the last public one, for the Hub's own proxies come after it.
    """
    peer = (scope.get("client") or ("",))[0]
    if not behind_proxy():
        return peer  # anybody can write the header
    way = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for").decode("latin-1")
    for step in reversed(way.split(",")):
        try:
            address = ipaddress.ip_address(step.strip())
        except ValueError:
            break  # from here on it is what the visitor wrote
        if address.is_global or not os.environ.get("SPACE_ID"):
            return step.strip()
    return peer
