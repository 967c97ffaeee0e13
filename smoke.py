"""Check a live page from outside and end with a verdict: `python smoke.py URL`, or `python smoke.py OWNER/NAME` for a Space.

Prints a line for each check: what was checked, the milliseconds that it took and, if it failed, one sentence; at last
`PASS: 7 of 7 checks`, or 5 of the static page. Exit status 0, 1, or 2 for bad usage. One picture is uploaded, and nothing contributed.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable
from urllib.parse import urljoin

import httpx
from gradio_client import Client, handle_file
from PIL import Image, ImageDraw

API, TIMEOUT = "/gradio_api", 20  # seconds that a request may take
STARTING = (502, 503, 504)  # what is answered for a Space that sleeps or starts
LEAKS = {
    "a token of the Hub": re.compile(r"\bhf_[A-Za-z0-9]{16,}"),
    "a path of the server": re.compile(r"/(root|home)/[\w.]|\bsite-packages\b|/usr/(local/)?lib/python"),
    "a traceback": re.compile(r"Traceback \(most recent call"),
}


class CheckFailed(Exception):
    """A check failed; the message is one sentence."""


def expect(fact: object, sentence: str) -> None:
    if not fact:
        raise CheckFailed(sentence)


def plain(text: object, most: int = 160) -> str:
    """What a server said, safe to print on any terminal: one line of ASCII, not long."""
    line = "".join(c if c.isascii() and c.isprintable() else "?" for c in " ".join(str(text)[: 4 * most].split()))
    return line if len(line) <= most else f"{line[:most]}..."


class Page:
    """The page that is checked. `home` is its front, `heard` the text of all answers, in which leaks are looked for."""

    def __init__(self, url: str, wait: float):
        self.url, self.wait, self.home, self.heard = url, wait, httpx.Response(500), []
        self.http = httpx.Client(base_url=f"{url}/", timeout=TIMEOUT)

    @property
    def assets(self) -> str:
        """Where the server has our own files, "" for the static page."""
        return (re.findall(r"web/[0-9a-f]{16}/", self.home.text) or [""])[0]

    def ask(self, path: str, question: object = None, **headers: str) -> httpx.Response:
        """The answer to GET, or to POST of a question, whatever its status. Raises CheckFailed when there is none."""
        method, body = ("GET", None) if question is None else ("POST", question)
        try:
            reply = self.http.request(method, path.lstrip("/"), headers=headers, json=body)
        except httpx.HTTPError as error:  # no server, a silent one, or one of something else
            said = plain(error).rstrip(".") or type(error).__name__
            raise CheckFailed(f"{self.url} gives no whole HTTP answer ({said}).") from None
        self.heard.append((path, "" if path.endswith(".safetensors") else reply.text))
        return reply

    def good(self, path: str, question: object = None) -> dict:
        """The object at a path, or that answers a question. Raises CheckFailed."""
        reply = self.ask(path, question)
        expect(reply.status_code == 200, f"{path} was answered {reply.status_code}: {plain(reply.text)}")
        return reply.json()

    def refused(self, path: str, question: object = None, **headers: str) -> None:
        """Raises CheckFailed unless a question is refused as a bad one, in one sentence."""
        reply = self.ask(path, question, **headers)
        expect(400 <= reply.status_code < 500, f"{path} was answered {reply.status_code} and not refused.")
        expect(reply.json()["error"].endswith("."), f"{path} was refused without a sentence.")


# --- checks: each returns a few words to print, or raises CheckFailed -------------------------------------------------


def front(page: Page) -> str:
    """Waits for a Space that sleeps."""
    deadline = time.monotonic() + page.wait
    while (reply := page.ask("/")).status_code in STARTING and (left := deadline - time.monotonic()) > 0:
        print(f"...   answers {reply.status_code}: it sleeps or starts; waiting, {left:.0f} s left", flush=True)
        time.sleep(min(4, left))
    expect(reply.status_code == 200, f"{page.url} answers {reply.status_code}.")
    ours = "Draw a digit" in reply.text and "sketchpad" in reply.text
    expect(ours, f"What {page.url} answers is another page than ours.")
    page.home = reply
    return "Gradio's" if page.assets else "static"


def policy(page: Page) -> str:
    """What may run in the page: the server says it in headers, the static page itself."""
    if not page.assets:
        found = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page.home.text)
        expect(found, "The page has no policy of its own that says what may run in it.")
        expect("'unsafe-" not in found[1], "The policy of the page allows too much.")
        return ""
    for path, reply in (("/", page.home), *((path, page.ask(path)) for path in ("/health", "/no-such-page"))):
        for name in ("content-security-policy", "x-content-type-options", "referrer-policy"):
            expect(name in reply.headers, f"The answer to {path} has no {name}.")
    nonces = re.findall(r"'nonce-([^']+)'", page.home.headers["content-security-policy"])
    scripts = re.findall(r"<script\b[^>]*", page.home.text)
    right = nonces and all(f'nonce="{nonces[0]}"' in script for script in scripts)
    expect(right, "The page's own policy forbids one of its scripts: the nonces differ.")
    return ""


def files(page: Page) -> str:
    """All that the page names, and our own modules."""
    names = re.findall(r'<(?:link|script|img)\b[^>]*?(?:href|src)="([^"#]+)"', page.home.text)
    names += [page.assets + name for name in ("sketchpad.js", "worker.js", "digit.js")]
    size, kinds = 0, {".js": "javascript", ".css": "css"}
    for address in dict.fromkeys(urljoin(f"{page.url}/", name) for name in names):
        if address.startswith(f"{page.url}/"):  # without others' files the page must do
            reply, name = page.ask(path := address.removeprefix(page.url)), plain(path)
            expect(reply.status_code == 200 and reply.content, f"{name} was answered {reply.status_code}.")
            media, kind = reply.headers.get("content-type", ""), kinds.get(os.path.splitext(path)[1], "")
            expect(kind in media, f"{name} comes as {plain(media)}, which is no {kind} for a browser.")
            size += len(reply.content)
    return f"{size / 1000:,.0f} kB"


def weights(page: Page) -> str:
    """What browsers load is what config.json says."""
    now = page.good("/weights/current") if page.assets else {"base": "weights/", "problem": None}
    expect(not now["problem"], f"The page has a problem with its weights: {plain(now['problem'])}")
    config, tensors = page.good(f"/{now['base']}config.json"), page.ask(f"/{now['base']}model.safetensors")
    right = hashlib.sha256(tensors.content).hexdigest() == config["sha256"]
    expect(right, "The weights are not those that config.json was written for: their SHA-256 differs.")
    return f"{len(tensors.content) / 1000:,.0f} kB"


def question(content: bytes) -> dict:
    """What asks /predict about a picture file in the request."""
    return {"data": [{"url": f"data:image/png;base64,{base64.b64encode(content).decode()}"}, 3]}


def predict(page: Page) -> str:
    """The page's own examples, by one request each, and the last by gradio_client too; and what /info tells."""
    drawings = page.good(f"/{page.assets}examples.json")["drawings"]
    for drawing in drawings:
        image, buffer = Image.new("L", (448, 448)), io.BytesIO()
        for stroke in drawing["strokes"]:
            ImageDraw.Draw(image).line([tuple(point) for point in stroke], fill=255, width=30, joint="curve")
        image.save(buffer, "PNG")
        (said,) = page.good(f"{API}/run/predict", question(buffer.getvalue()))["data"]
        digit, read = drawing["digit"], plain(said["label"] or "no digit at all")
        expect(read == digit, f"/predict reads the picture of a {digit} as {read}.")
    with tempfile.TemporaryDirectory() as folder:
        image.save(path := os.path.join(folder, "digit.png"))
        try:
            client = Client(page.url, verbose=False)
            again, told = client.predict(handle_file(path), 3, api_name="/predict"), client.predict(api_name="/info")
        except Exception as error:  # its many kinds
            raise CheckFailed(f"gradio_client cannot ask the page: {plain(error)}.") from None
    expect(again == said, "gradio_client gets another answer than one request.")
    return f"{len(drawings)} pictures, weights {plain(told['weights'])}, {told['parameters']:,} parameters"


def refusals(page: Page) -> str:
    """What is no picture, what would be fetched from elsewhere, what the page does not have, other sites, no consent."""
    page.refused(f"{API}/run/predict", question(b"This is no picture."))
    for file in ("http://example.com/2.png", "/etc/passwd"):
        page.refused(f"{API}/run/predict", {"data": [{"path": file, "meta": {"_type": "gradio.FileData"}}, 3]})
    page.refused(f"{API}/component_server", {"fn_name": "consent", "data": {}}, origin="https://example.com")
    for path in (f"{API}/proxy=http://example.com", f"{API}/file=/etc/passwd", "/monitoring", "/docs", "/app.py"):
        page.refused(path)
    drawing = {"receipt": "", "id": "smoke-test", "label": "none"}  # which could not be kept anyway
    said = page.ask(f"{API}/component_server", {"fn_name": "keep", "data": drawing}).json()
    expect("error" in said, "The page takes drawings from who has not agreed to its terms.")
    return ""


def leaks(page: Page) -> str:
    """Looks at all that was answered in this run."""
    for path in ("/config", f"{API}/info", f"{API}/openapi.json") if page.assets else ():
        expect(page.ask(path).status_code == 200, f"{path} is not there.")
    for path, text in page.heard:
        for what, pattern in LEAKS.items():
            found = pattern.search(text)
            expect(not found, f"The answer to {path} shows {what} ({plain(found and found[0], 10)}).")
    return f"{len(page.heard)} answers"


def run(check: Callable[[Page], str], page: Page) -> tuple[bool, str]:
    """Whether a check passed, and what it says."""
    try:
        return True, check(page)
    except CheckFailed as failed:
        return False, str(failed)
    except (LookupError, TypeError, ValueError, AttributeError):  # whatever the other side sends
        return False, "An answer has not the shape that the page's answers have."


def parse(arguments: list[str] | None) -> Page:
    """The page that is meant. Exits with 2 and a sentence when the arguments are wrong."""
    parser = argparse.ArgumentParser(description="Check a live page from outside.")
    parser.add_argument("url", metavar="URL", help="the page's address, or a Space's OWNER/NAME")
    parser.add_argument("--wait", type=float, default=120, help="seconds to wait for a sleeping Space (default 120)")
    options = parser.parse_args(arguments)
    url = options.url.strip().rstrip("/")
    if name := re.fullmatch(r"(?:https://huggingface\.co/spaces/)?(\w[\w-]*/\w[\w.-]*)", url, re.ASCII):
        url = f"https://{re.sub('[^a-z0-9]', '-', name[1].lower())}.hf.space"
    if not re.fullmatch(r"https?://([a-z0-9.:-]+|\[[0-9a-f:]+\](:\d+)?)(/[\w./-]*)?", url, re.I):
        parser.error(f"{plain(url)} is neither an address, as http://127.0.0.1:7860, nor a Space's OWNER/NAME.")
    return Page(url, options.wait)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    page, checks, passed = parse(arguments), [front], 0
    print(page.url, flush=True)
    for check in checks:
        start = time.perf_counter()
        good, said = run(check, page)
        spent = f"{1000 * (time.perf_counter() - start):,.0f} ms"
        print(f"{'ok' if good else 'FAIL':6}{check.__name__:12}{spent:>10}  {said}".rstrip(), flush=True)
        passed += good
        if check is front and good:
            checks += [policy, files, weights, *([predict, refusals] if page.assets else ()), leaks]
    print(f"{'PASS' if passed == len(checks) else 'FAIL'}: {passed} of {len(checks)} checks", flush=True)
    return int(passed < len(checks))


if __name__ == "__main__":
    sys.exit(main())
