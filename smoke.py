"""Check a live page from outside and end with a verdict: `python smoke.py URL`.

    python smoke.py http://127.0.0.1:7860
    python smoke.py OWNER/NAME              a Space by its name, or by its address on huggingface.co or hf.space

Prints a line for each check: what was checked, the milliseconds that it took and, if it failed, one sentence; at last
`PASS: 14 of 14 checks` or `FAIL: 12 of 14 checks`. Exit status 0 or 1, and 2 for bad usage. It asks what a visitor's browser
asks and no more: nothing is uploaded, contributed or stored. A private Space needs `--private` and a
token that may read it in HF_TOKEN; nobody else is sent one, for a stranger's Space could keep it.
"""

from __future__ import annotations

import argparse
import base64
import http.client
import io
import json
import math
import os
import random
import re
import secrets
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser
from urllib.parse import SplitResult, quote, urljoin, urlsplit

try:
    import numpy as np
    from PIL import Image

    import board
except ImportError as error:
    sys.exit(f"smoke.py: {error.name} is not installed; run it with the Python of the project, .venv/bin/python.")

TITLE = "Draw a digit"
API = "/gradio_api"
DIGITS = "0123456789"
VISITORS = 10  # at once
STEPS = 4  # questions about a drawing while it grows
MOST = 32 * 2**20  # bytes of an answer
STARTING = (502, 503, 504)  # what is answered for a Space that sleeps or starts
LEAKS = {
    "a token of the Hub": re.compile(r"\bhf_[A-Za-z0-9]{16,}"),
    "a bearer token": re.compile(r"\bBearer\s+[\w.~+/-]{12,}"),
    "a path of the server": re.compile(r"/(root|home)/[\w.]|\bsite-packages\b|/usr/(local/)?lib/python"),
    "a traceback": re.compile(r"Traceback \(most recent call"),
}


class Trouble(Exception):
    """A check failed; the message is one sentence."""


def expect(fact: object, sentence: str) -> None:
    if not fact:
        raise Trouble(sentence)


def plain(text: object, most: int = 160) -> str:
    """What a server said, safe to print on any terminal: one line of ASCII, not long."""
    line = " ".join(str(text)[: 4 * most].split())
    line = "".join(c if c.isascii() and c.isprintable() else "?" for c in line)
    return line if len(line) <= most else f"{line[:most]}..."


def is_sentence(text: object) -> bool:
    return isinstance(text, str) and 5 < len(text) < 300 and "\n" not in text and text.endswith((".", "!", "?"))


# --- speaking with the page -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reply:
    """An answer: to what, and what it says."""

    to: str
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    @property
    def media(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def json(self) -> dict:
        """The object that it holds. Raises Trouble."""
        try:
            said = json.loads(self.body)
        except (ValueError, RecursionError):
            what = "HTML" if self.body.lstrip()[:1] == b"<" else "something else"
            raise Trouble(f"{self.to} was answered {self.status} with {what} instead of JSON.") from None
        expect(isinstance(said, dict), f"{self.to} was answered with JSON that is no object.")
        return said

    def good(self) -> dict:
        """The object of an answer that must be 200. Raises Trouble."""
        expect(self.status == 200, f"{self.to} was answered {self.status}: {plain(self.text)}")
        return self.json()

    def refused(self) -> None:
        """Raises Trouble unless the question was refused as a bad one, in one sentence."""
        expect(400 <= self.status < 500, f"{self.to} was answered {self.status} and not refused.")
        expect(is_sentence(self.json().get("error")), f"{self.to} was refused without a sentence: {plain(self.text)}")


@dataclass
class Page:
    """The page that is checked. `home` is its front, `heard` the text of all answers, in which leaks are looked for."""

    address: SplitResult
    timeout: float
    wait: float
    token: str = ""
    home: Reply | None = None
    heard: list[tuple[str, str]] = field(default_factory=list)

    @cached_property
    def me(self) -> Visitor:
        return Visitor(self)

    def get(self, path: str) -> Reply:
        return self.me.ask("GET", path)

    def post(self, path: str, question: object) -> Reply:
        return self.me.ask("POST", path, json.dumps(question).encode())

    def predict(self, url: str) -> Reply:
        """Ask the endpoint about a picture in a data URL, or about what is none."""
        return self.post(f"{API}/run/predict", {"data": [{"url": url, "meta": {"_type": "gradio.FileData"}}, 3]})

    @cached_property
    def pad(self) -> Pad:
        """The drawing board as /config describes it. Raises Trouble."""
        config = self.get("/config").good()
        root, here = plain(config.get("root")), self.address.geturl()
        expect(root.rstrip("/") == here, f"The page has its visitors ask at {root}, which is not its address.")
        expect(
            config.get("api_prefix") == API, f"The page's API is under {plain(config.get('api_prefix'))}, not {API}."
        )
        found = [c for c in config["components"] if "recognise" in (c["props"].get("server_fns") or [])]
        expect(len(found) == 1, "The page has no drawing board of ours; it may be running on Gradio's own.")
        props = found[0]["props"]
        drawings = {example["digit"]: example["strokes"] for example in props["props"]["examples"]}
        expect(drawings and set(drawings) <= set(DIGITS), "The page's examples are not digits.")
        radius = float(props["props"]["example_radius"])
        return Pad(found[0]["id"], radius, {**OTHERS, **drawings}, "keep" in props["server_fns"])


@dataclass(frozen=True)
class Pad:
    """The page's drawing board: the component's number, brush and strokes of the digits, whether it may contribute."""

    id: int
    radius: float
    drawings: dict[str, list]
    may_keep: bool

    def strokes(self, digit: str, share: float = 1.0) -> list[dict]:
        """A digit, drawn as far as that share of its points."""
        left, found = math.ceil(share * sum(map(len, self.drawings[digit]))), []
        for points in self.drawings[digit]:
            if left > 0:
                found.append({"points": points[:left], "radius": self.radius})
            left -= len(points)
        return found

    def picture(self, digit: str) -> str:
        """The finished digit as the data URL of a PNG."""
        file = io.BytesIO()
        Image.fromarray(board.render(board.parse_strokes(self.strokes(digit)))).save(file, "PNG")
        return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def arc(x: float, y: float, width: float, height: float, start: float, stop: float) -> list[list[float]]:
    """Points on an ellipse from one angle to another in degrees, 0 right and 90 below."""
    angles = np.radians(np.linspace(start, stop, 24))
    return np.stack([x + width * np.cos(angles), y + height * np.sin(angles)], axis=1).round(1).tolist()


# Digits of which the page has no example, in board units.
OTHERS = {
    "0": [arc(224, 224, 95, 145, -80, 280)],
    "1": [[[172.0, 132.0], [204.0, 106.0], [232.0, 78.0]] + [[232.0, float(y)] for y in range(87, 375, 9)]],
    "6": [arc(330, 240, 170, 170, 250, 180) + arc(220, 288, 60, 82, 200, 560)],
    "9": [arc(222, 158, 70, 78, -20, -380) + [[291.0, float(y)] for y in range(134, 375, 9)]],
}


class Visitor:
    """One visitor, whose connection stays open between requests as a browser's does."""

    def __init__(self, page: Page):
        self.page, self.session = page, secrets.token_hex(6)
        self.connection: http.client.HTTPConnection | None = None
        self.revision = 0  # of what is on this visitor's board

    def ask(self, method: str, path: str, body: bytes | None = None) -> Reply:
        """A request and its whole answer; a redirect is not followed. Raises Trouble."""
        while True:
            kept = self.connection is not None
            try:
                return self._ask(method, path, body)
            except (OSError, http.client.HTTPException, UnicodeError) as error:
                self.close()
                if not (kept and isinstance(error, ConnectionError)):  # servers close what was idle for long
                    raise Trouble(explain(error, self.page)) from error

    def _ask(self, method: str, path: str, body: bytes | None) -> Reply:
        page, late, headers = self.page, threading.Event(), {"User-Agent": "smoke.py"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if page.token:
            headers["Authorization"] = f"Bearer {page.token}"
        if self.connection is None:
            kind = http.client.HTTPSConnection if page.address.scheme == "https" else http.client.HTTPConnection
            self.connection = kind(page.address.hostname, page.address.port, timeout=page.timeout)
            self.connection.connect()
        # The connection's own limit is for each piece of an answer, and who sends a byte a second never meets it.
        watch = threading.Timer(page.timeout, hang_up, [self.connection.sock, late])
        watch.start()
        try:
            self.connection.request(method, page.address.path + path, body, headers)
            response = self.connection.getresponse()
            content = response.read(MOST + 1)
        finally:
            watch.cancel()
            if late.is_set():
                raise TimeoutError
        if response.length or len(content) > MOST:
            raise http.client.IncompleteRead(b"")
        if response.will_close:
            self.close()
        reply = Reply(f"{method} {path}", response.status, response.headers, content)
        page.heard.append((reply.to, "" if path.startswith("/assets/") else reply.text))
        return reply

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
        self.connection = None

    def call(self, function: str, data: dict) -> dict:
        """What the page's own script asks the server."""
        asked = {"data": data, "component_id": self.page.pad.id, "fn_name": function, "session_hash": self.session}
        return self.ask("POST", f"{API}/component_server/", json.dumps(asked).encode()).good()

    def recognise(self, drawing: list[dict]) -> dict:
        """The answer for what is on the board now; a busy page is asked again, as its script does. Raises Trouble."""
        self.revision += 1 + sum(len(stroke["points"]) for stroke in drawing)
        deadline, busy = time.monotonic() + self.page.timeout, True
        while busy:
            said = self.call("recognise", {"revision": self.revision, "strokes": drawing, "picture": None})
            if busy := bool(said.get("busy")):
                expect(time.monotonic() < deadline, f"The page has been busy for {self.page.timeout:g} seconds.")
                time.sleep(1 + random.random())
        got = said.get("revision")
        expect(got == self.revision, f"The answer to revision {self.revision} carries {plain(got)}.")
        return said

    def draw(self, digit: str) -> list[float]:
        """Draw a digit while the page reads it; seconds of each answer. Raises Trouble unless it is read right at last."""
        waits = []
        for step in range(1, STEPS + 1):
            start = time.perf_counter()
            said = self.recognise(self.page.pad.strokes(digit, step / STEPS))
            waits.append(time.perf_counter() - start)
            expect("error" not in said, f"An unfinished {digit} was answered: {plain(said.get('error'))}")
            check_confidences(said["confidences"], 10)
            grey = [pixel for pixel in said["pixels"] if type(pixel) is int and 0 <= pixel <= 255]
            expect(len(grey) == len(said["pixels"]) == 784, "The picture in an answer is no 28x28 of greys.")
        expect(said["digit"] == digit, f"The drawn {digit} was read as {read_as(said['digit'])}.")
        return waits


def hang_up(sock: socket.socket, late: threading.Event) -> None:
    """End a request that takes too long."""
    late.set()
    with suppress(OSError):  # it has ended just now
        sock.shutdown(socket.SHUT_RDWR)


def explain(error: Exception, page: Page) -> str:
    """One sentence for what the network did."""
    host = page.address.netloc
    match error:
        case TimeoutError():
            return f"{host} did not answer within {page.timeout:g} seconds."
        case socket.gaierror():
            return f"No host {host} can be found; check the address and the network."
        case ssl.SSLCertVerificationError():
            return f"The certificate of {host} cannot be trusted: {plain(error.verify_message)}."
        case ssl.SSLError():
            return f"{host} does not speak TLS; its address may begin with http://."
        case ConnectionRefusedError():
            return f"Nobody answers at {host}: the connection was refused."
        case ConnectionError():
            return f"{host} closed the connection without an answer."
        case http.client.HTTPException() | UnicodeError():
            return f"What {host} answers is no whole HTTP answer ({type(error).__name__})."
    return f"{host} cannot be reached: {plain(error.strerror or error)}."


def check_confidences(rows: list[dict], count: int) -> None:
    values = [row["confidence"] for row in rows]
    good = len(values) == count and values == sorted(values, reverse=True) and 0 <= values[-1]
    good = good and (0.999 if count == 10 else 0) < sum(values) < 1.001
    expect(good, f"The answer has not the {count} probabilities, the largest first.")


def read_as(label: object) -> str:
    return "no digit at all" if label is None else f"a {plain(label)}"


# --- checks: each returns a few words to print, or raises Trouble -----------------------------------------------------


def front(page: Page) -> str:
    """Waits for a Space that sleeps."""
    name, pause, deadline = page.address.netloc, 1.0, time.monotonic() + page.wait
    while (reply := page.get("/")).status in STARTING and (left := deadline - time.monotonic()) > 0:
        print(f"...   {name} answers {reply.status}: it sleeps or starts; waiting, {left:.0f} s left", flush=True)
        time.sleep(min(pause, left))
        pause = min(2 * pause, 8)
    if 300 <= reply.status < 400:
        raise Trouble(
            f"{name} sends visitors on to {plain(reply.headers.get('location'))}: check that address instead."
        )
    more = f" after {page.wait:g} seconds of waiting" if reply.status in STARTING else ""
    if reply.status in (401, 403, 404) and is_space(page.address):
        more = "; a private Space needs --private and a token in HF_TOKEN, and that may be why"
    expect(reply.status == 200, f"{name} answers {reply.status}{more}.")
    ours = reply.media == "text/html" and "gradio_config" in reply.text and TITLE in reply.text
    expect(ours, f"What {name} answers is another page than ours.")
    page.home = reply
    return ""


def headers(page: Page) -> str:
    for reply in [page.home, page.get("/health"), page.get("/no-such-page")]:
        policy, sniff, referrer = (
            reply.headers.get(name, "")
            for name in ("content-security-policy", "x-content-type-options", "referrer-policy")
        )
        expect("frame-ancestors" in policy, f"The answer to {reply.to} has no policy that says who may frame it.")
        expect(sniff == "nosniff", f"The answer to {reply.to} has no X-Content-Type-Options: nosniff.")
        expect(referrer, f"The answer to {reply.to} has no Referrer-Policy.")
    nonces = re.findall(r"'nonce-([^']+)'", page.home.headers["content-security-policy"])
    scripts = re.findall(r"<script\b[^>]*", page.home.text)
    free = not nonces or all(any(f'nonce="{nonce}"' in script for nonce in nonces) for script in scripts)
    expect(free, "The page's own policy forbids one of its scripts: the nonces differ.")
    return ""


class Names(HTMLParser):
    """Collects the files that a page names."""

    def __init__(self):
        super().__init__()
        self.found: dict[str, None] = {}

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        name = dict(attributes).get({"link": "href", "script": "src", "img": "src"}.get(tag, ""))
        if name:
            self.found[name] = None


def assets(page: Page) -> str:
    names, here, count, size = Names(), page.address.geturl(), 0, 0
    names.feed(page.home.text)
    for name in names.found:
        address = urljoin(f"{here}/", name)
        if not address.startswith(f"{here}/"):
            continue  # another's file, without which the page must do
        reply = page.get(quote(address.removeprefix(here).partition("#")[0], safe="/%?=&~!$'()*+,;:@"))
        expect(reply.status == 200 and reply.body, f"{reply.to} was answered {reply.status}, {len(reply.body)} bytes.")
        kind = {".js": "javascript", ".css": "css"}.get(os.path.splitext(urlsplit(address).path)[1], "")
        expect(kind in reply.media, f"{reply.to} comes as {plain(reply.media)}, which is no {kind} for a browser.")
        count, size = count + 1, size + len(reply.body)
    expect(count, "The page names no file of its own, so it has no script.")
    return f"{count} files, {size / 1000:,.0f} kB"


def health(page: Page) -> str:
    reply = page.get("/health")
    status = plain(reply.json().get("status"))
    expect(reply.status == 200 and status == "ok", f"The page calls itself {status} ({reply.status}).")
    return f"version {plain(reply.json().get('version'))}"


def info(page: Page) -> str:
    (said,) = page.post(f"{API}/run/info", {"data": []}).good()["data"]
    weights, parameters, accuracy = said["weights"], said["parameters"], said["accuracy"]
    expect(not said["problem"], f"The page has a problem with its weights: {plain(said['problem'])}")
    expect(weights and isinstance(weights, str), "The page does not say which weights it serves.")
    expect(type(parameters) is int and parameters > 0, "The page does not say how many parameters it has.")
    expect(accuracy, "The page does not say how good its weights are.")
    right, total, (low, high) = (accuracy[key] for key in ("right", "total", "interval"))
    expect(
        0 < right <= total and 0 <= low <= right / total <= high <= 1, "The accuracy that the page states cannot be."
    )
    return f"weights {plain(weights)}, {parameters:,} parameters, {right} of {total}"


def pad(page: Page) -> str:
    return f"component {plain(page.pad.id)}, contributions {'taken' if page.pad.may_keep else 'off'}"


def live(page: Page) -> str:
    return f"{sum(len(page.me.draw(digit)) for digit in DIGITS)} answers"


def blank(page: Page) -> str:
    said = page.me.recognise([])
    expect("digit" not in said, f"A blank board was read as {read_as(said.get('digit'))}.")
    expect(is_sentence(said.get("error")), "A blank board was refused without a sentence.")
    return ""


def pictures(page: Page) -> str:
    for digit in DIGITS:
        (said,) = page.predict(page.pad.picture(digit)).good()["data"]
        expect(said["label"] == digit, f"/predict reads the picture of a {digit} as {read_as(said['label'])}.")
        check_confidences(said["confidences"], 3)
    return ""


def no_picture(page: Page) -> str:
    page.predict(f"data:image/png;base64,{base64.b64encode(b'This is no picture.').decode()}").refused()
    return ""


def outside(page: Page) -> str:
    """Paths that are none of the page's, and a picture that it would have to fetch from elsewhere."""
    paths = f"{API}/proxy=http://example.com {API}/file=/etc/passwd /monitoring /docs /weights/config.json".split()
    for path in paths:
        reply = page.get(path)
        expect(400 <= reply.status < 500, f"{reply.to} was answered {reply.status} and not refused.")
    page.predict("http://example.com/2.png").refused()
    return f"{len(paths) + 1} requests"


def crowd(page: Page) -> str:
    visitors, digits = [Visitor(page) for _ in range(VISITORS)], [DIGITS[i % 10] for i in range(VISITORS)]
    expect(page.pad, "")  # looked up once, before all of them need it
    with ThreadPoolExecutor(VISITORS) as pool:
        waits = list(pool.map(Visitor.draw, visitors, digits))
    for visitor in visitors:
        visitor.close()
    waits = sorted(wait for each in waits for wait in each[1:])  # the first has the connection in it
    return f"{len(waits)} answers, p95 {1000 * waits[math.ceil(0.95 * len(waits)) - 1]:.0f} ms"


def consent(page: Page) -> str:
    """Who has not agreed can store nothing. What is offered here has no ink and no digit, and so could not be kept anyway."""
    if not page.pad.may_keep:
        return "the page takes none"
    said = page.me.call("keep", {"receipt": "", "id": "smoke-test", "label": "none", "strokes": []})
    expect(not {"saved", "kept", "ask"} & set(said), "The page takes drawings from who has not agreed to its terms.")
    expect(is_sentence(said.get("error")), "A drawing of who has not agreed was refused without a sentence.")
    return ""


def leaks(page: Page) -> str:
    """Looks at all that was answered in this run, and at what a few bad questions bring out."""
    for path in ("/config", f"{API}/info", f"{API}/openapi.json"):
        expect(page.get(path).status == 200, f"{path} is not there.")
    page.me.ask("POST", f"{API}/run/predict", b"{").refused()
    for data in ("x", [None, 3], [{"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}, 3]):
        page.post(f"{API}/run/predict", {"data": data}).refused()
    page.post(f"{API}/component_server/", {"fn_name": "open", "component_id": 1, "session_hash": "x"}).refused()
    for to, text in page.heard:
        expect(not page.token or page.token not in text, f"The answer to {to} shows the token that was sent.")
        for what, pattern in LEAKS.items():
            found = pattern.search(text)
            expect(not found, f"The answer to {to} shows {what} ({plain(found and found[0], 10)}).")
    return f"{len(page.heard)} answers"


CHECKS: dict[str, Callable[[Page], str]] = {
    "the page answers and is ours": front,
    "security headers": headers,
    "the files that it names": assets,
    "/health": health,
    "/info": info,
    "the drawing board": pad,
    "ten digits, drawn live": live,
    "a blank board": blank,
    "/predict on ten pictures": pictures,
    "a file that is no picture": no_picture,
    "closed doors": outside,
    f"{VISITORS} visitors at once": crowd,
    "nothing kept without consent": consent,
    "no token, path or traceback": leaks,
}


def run(check: Callable[[Page], str], page: Page) -> tuple[bool, str]:
    """Whether a check passed, and what it says."""
    try:
        return True, check(page)
    except Trouble as trouble:
        return False, str(trouble)
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError):  # whatever the other side sends
        return False, "An answer has not the shape that the page's answers have."


# --- command ----------------------------------------------------------------------------------------------------------

SPACE = re.compile(r"[A-Za-z0-9][\w-]*/[A-Za-z0-9][\w.-]*", re.ASCII)
ON_HUB = re.compile(r"(?:https?://)?huggingface\.co(?:/spaces/([^/?#]+/[^/?#]+))?(?:[/?#].*)?")


def is_space(address: SplitResult) -> bool:
    return address.hostname.endswith(".hf.space")


def address_of(text: str) -> SplitResult:
    """The address of a page, from itself or from a Space's name or address. Raises ValueError with one sentence."""
    on_hub = ON_HUB.fullmatch(text)
    name = on_hub[1] or "" if on_hub else text
    if SPACE.fullmatch(name):
        label = re.sub(r"[^a-z0-9]", "-", name.lower())
        if len(label) > 63:
            raise ValueError(f"The address of {name} cannot be told from its name; give the one on hf.space.")
        return urlsplit(f"https://{label}.hf.space")
    try:
        given = urlsplit(text)
        good = given.scheme in ("http", "https") and given.hostname and given.port != 0 and given.username is None
        if good and not on_hub and re.fullmatch(r"[\x21-\x7e]+", text) and given.hostname.encode("idna"):
            place = given.netloc.lower().removesuffix(":443" if given.scheme == "https" else ":80")
            return given._replace(netloc=place, path=given.path.rstrip("/"), query="", fragment="")
    except ValueError:
        pass
    raise ValueError(f"{plain(text)} is neither an address, as http://127.0.0.1:7860, nor a Space's OWNER/NAME.")


def token_for(address: SplitResult, token: str) -> str:
    """HF_TOKEN for a Space over https, and for nobody else. Raises ValueError with one sentence."""
    if address.scheme != "https" or not is_space(address):
        return ""
    if not re.fullmatch(r"[\x21-\x7e]*", token.strip()):
        raise ValueError("HF_TOKEN has characters that no token has.")
    return token.strip()


def seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 3600:
        raise ValueError
    return value


def parse(arguments: list[str] | None) -> Page:
    parser = argparse.ArgumentParser(
        description="Check a live page from outside.",
        epilog="HF_TOKEN is sent with --private only, and to a Space only.",
    )
    parser.add_argument("url", metavar="URL", help="the page's address, or a Space's OWNER/NAME")
    parser.add_argument("--timeout", type=seconds, default=20, help="seconds that a request may take (default 20)")
    parser.add_argument("--wait", type=seconds, default=120, help="seconds to wait for a sleeping Space (default 120)")
    parser.add_argument(
        "--private", action="store_true", help="a private Space of yours: send it the token in HF_TOKEN"
    )
    options = parser.parse_args(arguments)
    if not options.timeout:
        parser.error("--timeout must be more than 0 seconds.")
    try:
        address = address_of(options.url.strip())
        token = token_for(address, os.environ.get("HF_TOKEN", "")) if options.private else ""
        return Page(address, options.timeout, options.wait, token)
    except ValueError as error:
        parser.error(str(error))


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status: 0, 1 when a check failed, 130 after Ctrl-C."""
    page, passed = parse(arguments), 0
    try:
        print(f"{page.address.geturl()}{', with the token in HF_TOKEN' if page.token else ''}", flush=True)
        for name, check in CHECKS.items():
            start = time.perf_counter()
            good, said = run(check, page)
            passed += good
            spent = f"{1000 * (time.perf_counter() - start):,.0f} ms"
            print(f"{'ok' if good else 'FAIL':6}{name:30}{spent:>10}  {said}".rstrip(), flush=True)
            if page.home is None:
                print("      The other checks need the page.")
                break
        print(f"{'PASS' if passed == len(CHECKS) else 'FAIL'}: {passed} of {len(CHECKS)} checks", flush=True)
    except KeyboardInterrupt:
        print("\nsmoke.py: stopped by hand.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # nobody reads on; what is left must not be said at exit either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0 if passed == len(CHECKS) else 1


if __name__ == "__main__":
    sys.exit(main())
