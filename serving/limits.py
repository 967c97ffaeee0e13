"""How much one address may ask for, and all together. They are generous, because a school is one address."""

from __future__ import annotations

import asyncio
import ipaddress
import re
import time
import weakref
from collections import Counter

import gradio as gr
from starlette.types import Scope

from serving.settings import Settings

# For one address, for all addresses together, and the seconds of the window.
ALLOWED = {
    # Opening the page takes some sixty requests.
    "requests": (30_000, 600_000, 300),
    # A picture that takes too long is charged as 40.
    "pictures": (3000, 60_000, 300),
    # In KiB. Uploads stay on the disk for as long as the window.
    "uploads": (2**19, 2**21, 600),
    "contributions": (3000, 60_000, 300),
    "drawings": (3000, 60_000, 86_400),
}
# At once, for one address and for all together.
AT_ONCE = {
    "requests": (400, 3000),
    # Pictures that wait, or are being read.
    "pictures": (128, 512),
    "bytes": (2**26, 2**28),
}


class Refused(gr.Error):
    """Something is refused with one sentence.

    `code` is a fixed word, by which a page in another language knows why; `seconds` say when to try again.
    """

    def __init__(self, sentence: str, status: int = 400, code: str = "bad request", seconds: int = 1):
        super().__init__(sentence, print_exception=False)
        self.status, self.code, self.seconds = status, code, seconds

    def __str__(self) -> str:
        # MCP sends this text; Gradio's own has quotation marks around it.
        return self.message


class RateLimiter:
    """Keeps account of who asks for how much. It is used from one event loop, so it needs no lock."""

    def __init__(self, settings: Settings = Settings()):
        self.settings = settings
        self._windows: dict[str, tuple[float, Counter[str]]] = {}
        self._held: Counter[tuple[str, str]] = Counter()
        self._turns: weakref.WeakValueDictionary[str, asyncio.Semaphore] = weakref.WeakValueDictionary()

    def charge(self, who: str, kind: str, amount: int = 1) -> None:
        """Charge so much. Raises Refused, and charges nothing, when that is used up."""
        one, everybody, window = ALLOWED[kind]
        # A monotonic clock never jumps.
        number, begun = divmod(time.monotonic(), window)
        if self._windows.get(kind, (None,))[0] != number:
            self._windows[kind] = (number, Counter())
        counts = self._windows[kind][1]
        for name, most, asking, status in (
            (who, one, "this address", 429),
            ("all", everybody, "everybody", 503),
        ):
            if counts[name] >= most:
                again = "tomorrow" if kind == "drawings" else "in some minutes"
                sentence = f"There was too much from {asking}; try again {again}."
                raise Refused(sentence, status, "rate", 1 + int(window - begun))
        counts.update({who: amount, "all": amount})

    def hold(self, who: str, what: str, more: int) -> None:
        """Hold so much more of something at once, or less. Raises Refused when that is too much."""
        for name, most in zip((who, "all"), AT_ONCE[what], strict=True):
            if more > 0 and self._held[name, what] + more > most:
                raise Refused("The server is busy with other requests; try again in a moment.", 503, "busy")
        self._held.update({(who, what): more, ("all", what): more})
        if not self._held[who, what]:
            del self._held[who, what]

    def turn(self, who: str, at_once: int) -> asyncio.Semaphore:
        """A semaphore of the address's own, so that its many pictures do not stand before another's one."""
        return self._turns.setdefault(who, asyncio.Semaphore(at_once))


def visitor(scope: Scope, settings: Settings) -> str:
    """Where a request comes from; an IPv6 network of 64 bits is one visitor.

    Behind a proxy that is the last address of X-Forwarded-For, the only one that the proxy wrote itself; on a
    Space the last public one, because the Hub's own proxies come after it. Addresses may have a port
    (`8.8.8.8:5`, `[2a00::1]:5`) or be IPv4 written as IPv6.
    """
    client = (scope.get("client") or ("",))[0]
    forwarded = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
    for step in reversed([client, *",".join(forwarded).split(",")] if settings.behind_proxy else [client]):
        text = re.sub(r"^\[(.*)\](:\d+)?$|^([^:]*):\d+$", r"\1\3", step.strip())
        try:
            parsed = ipaddress.ip_address(text)
        except ValueError:
            # What comes before it was written by the visitor.
            if step:
                break
            continue
        parsed = getattr(parsed, "ipv4_mapped", None) or parsed
        if parsed.is_global or not settings.space_id:
            return str(ipaddress.ip_network((parsed, 64), strict=False) if parsed.version == 6 else parsed)
    return client
