"""How much one address may ask for. The limits are generous, because a school is one address."""

from __future__ import annotations

import asyncio
import ipaddress
import time
import weakref
from collections import Counter

import gradio as gr
from starlette.types import Scope

# What an address may ask for in so many seconds.
ALLOWED = {
    # Opening the page takes some sixty requests.
    "requests": (30_000, 300),
    # A picture that takes too long is charged as 40.
    "pictures": (3000, 300),
    # In KiB. Uploads stay on the disk for as long as the window.
    "uploads": (2**19, 600),
    "contributions": (3000, 300),
    "drawings": (3000, 86_400),
}
# Bytes of bodies that are held for an address at once.
HELD = 2**26


class Refused(gr.Error):
    """A refusal with one sentence.

    `code` is a fixed word, by which a page in another language knows why; `seconds` say when to try again.
    """

    def __init__(self, sentence: str, status: int = 400, code: str = "bad request", seconds: int = 1):
        super().__init__(sentence, print_exception=False)
        self.status, self.code, self.seconds = status, code, seconds

    def __str__(self) -> str:
        # MCP sends this text; Gradio's own has quotation marks around it.
        return self.message


class RateLimiter:
    """Counts what each address asks for. It is used from one event loop, so it needs no lock."""

    def __init__(self) -> None:
        self._windows: dict[str, tuple[float, Counter[str]]] = {}
        self._held: Counter[str] = Counter()
        self._turns: weakref.WeakValueDictionary[str, asyncio.Semaphore] = weakref.WeakValueDictionary()

    def charge(self, who: str, kind: str, amount: int = 1) -> None:
        """Count an amount. Raises Refused, and counts nothing, once the address has reached its limit."""
        most, window = ALLOWED[kind]
        # A monotonic clock never jumps.
        number, begun = divmod(time.monotonic(), window)
        if self._windows.get(kind, (None,))[0] != number:
            self._windows[kind] = (number, Counter())
        counts = self._windows[kind][1]
        if counts[who] >= most:
            again = "tomorrow" if kind == "drawings" else "in some minutes"
            sentence = f"There was too much from this address; try again {again}."
            raise Refused(sentence, 429, "rate", 1 + int(window - begun))
        counts[who] += amount

    def hold(self, who: str, more: int) -> None:
        """Count bytes in memory, or give them back (below 0). Raises Refused above HELD."""
        if more > 0 and self._held[who] + more > HELD:
            raise Refused("The server is busy with other requests; try again in a moment.", 503, "busy")
        self._held[who] += more
        if not self._held[who]:
            del self._held[who]

    def turn(self, who: str, at_once: int) -> asyncio.Semaphore:
        """The address's own semaphore: its many pictures do not keep another address's picture waiting."""
        return self._turns.setdefault(who, asyncio.Semaphore(at_once))


def visitor(scope: Scope) -> str:
    """The address of a request's sender, as uvicorn reads it; an IPv6 network of 64 bits is one visitor."""
    client = (scope.get("client") or ("",))[0]
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return client
    address = getattr(address, "ipv4_mapped", None) or address
    return str(ipaddress.ip_network((address, 64), strict=False) if address.version == 6 else address)
