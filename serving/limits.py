"""How much one address may ask for. The limits are generous, because a whole school may share an address."""

import ipaddress
import time
from collections import Counter

import gradio as gr
from starlette.requests import Request

# The most that an address may ask for, and in how many seconds.
ALLOWED = {
    # Opening the page takes some sixty requests.
    "requests": (30_000, 300),
    "pictures": (3000, 300),
    # Bytes of bodies. Uploads stay on the disk for ten minutes.
    "bytes": (2**29, 300),
    "drawings": (3000, 86_400),
}


class Refused(gr.Error):
    """A refusal with one sentence. By `code`, the page finds the sentence in the visitor's language."""

    def __init__(self, sentence: str, status: int = 400, code: str = "refused", seconds: int = 0):
        super().__init__(sentence, print_exception=False)
        self.status, self.code = status, code
        self.headers = {"retry-after": str(seconds)} if seconds else {}

    def __str__(self) -> str:
        # MCP sends this text. Gradio would put quotation marks around it.
        return self.message


# Kind -> the present window, and how much each address has had in it. Only the event loop uses them.
_windows: dict[str, tuple[float, Counter[str]]] = {}


def charge(who: str, kind: str, amount: int = 1) -> None:
    """Count an amount. Raises Refused, and counts nothing, once the address has reached its limit."""
    most, window = ALLOWED[kind]
    number, begun = divmod(time.monotonic(), window)
    if kind not in _windows or _windows[kind][0] != number:
        _windows[kind] = (number, Counter())
    counts = _windows[kind][1]
    if counts[who] >= most:
        sentence = "There was too much from this address; try again later."
        raise Refused(sentence, 429, code="rate", seconds=1 + int(window - begun))
    counts[who] += amount


def visitor(request: Request | gr.Request) -> str:
    """The address of a request's sender as uvicorn finds it. An IPv6 network of 64 bits is one visitor."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.IPv6Address(host)
    except ValueError:
        return host
    # Some proxies write IPv4 addresses as IPv6 ones.
    return str(address.ipv4_mapped or ipaddress.IPv6Network((address, 64), strict=False))
