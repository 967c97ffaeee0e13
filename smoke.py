"""Check a live page from outside and end with a verdict: `python smoke.py URL`, or `python smoke.py OWNER/NAME` for a Space.

Prints a line for each check: what was checked, the milliseconds that it took and, if it failed, one sentence; at last
`PASS: 6 of 6 checks`, or 4 of the static page. Exit status 0, 1, or 2 for bad usage. One picture is uploaded, and nothing contributed.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import re
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urljoin

import httpx
from gradio_client import Client, handle_file
from PIL import Image, ImageDraw

API = "/gradio_api"
TIMEOUT, WAIT = 20, 120  # seconds that a request may take, and that a sleeping Space may
STARTING = (502, 503, 504)  # what is answered for a Space that sleeps or starts
KINDS = {".js": "javascript", ".css": "css"}  # of files that browsers refuse under another media type


class CheckFailed(Exception):
    """A check failed; the message is one sentence."""


def expect(fact: object, sentence: str) -> None:
    if not fact:
        raise CheckFailed(sentence)


def plain(text: object, most: int = 160) -> str:
    """What a server said, safe to print on any terminal: one line of ASCII, not long."""
    return "".join(c if c.isascii() and c.isprintable() else "?" for c in " ".join(str(text).split())[:most])


class Page:
    """The page that is checked. `home` is its front; `assets` where it has our own files, "" for the static page."""

    def __init__(self, url: str):
        self.url, self.home, self.assets = url, httpx.Response(500), ""
        self.http = httpx.Client(base_url=f"{url}/", timeout=TIMEOUT)

    def ask(self, path: str, question: object = None, status: int = 200, **headers: str) -> httpx.Response:
        """The answer to GET, or to POST of a question. Raises CheckFailed for none, and for another status (400 is any refusal in
        one sentence, 0 whatever comes).
        """
        try:
            method = "GET" if question is None else "POST"
            reply = self.http.request(method, path.lstrip("/"), headers=headers, json=question)
        except httpx.HTTPError as error:  # no server, a silent one, or one of something else
            reason = plain(error).rstrip(".") or type(error).__name__
            raise CheckFailed(f"{self.url} gives no whole HTTP answer ({reason}).") from None
        status_line = f"{plain(path)} was answered {reply.status_code}"
        if status == 400:
            expect(400 <= reply.status_code < 500, f"{status_line} and not refused.")
            expect(reply.json()["error"].endswith("."), f"{plain(path)} was refused without a sentence.")
        expect(status in (0, 400, reply.status_code), f"{status_line}: {plain(reply.text)}")
        return reply


# --- checks: each returns a few words to print, or raises CheckFailed -------------------------------------------------


def front(page: Page) -> str:
    """Waits for a Space that sleeps."""
    deadline = time.monotonic() + WAIT
    while (reply := page.ask("/", status=0)).status_code in STARTING and (
        left := deadline - time.monotonic()
    ) > 0:
        print(
            f"...   answers {reply.status_code}: it sleeps or starts; waiting, {left:.0f} s left", flush=True
        )
        time.sleep(min(4, left))
    expect(reply.status_code == 200, f"{page.url} answers {reply.status_code}.")
    ours = "Draw a digit" in reply.text and "sketchpad" in reply.text
    expect(ours, f"What {page.url} answers is another page than ours.")
    page.home, page.assets = reply, (re.findall(r"web/[0-9a-f]{16}/", reply.text) or [""])[0]
    return "Gradio's" if page.assets else "static"


def policy(page: Page) -> str:
    """What may run in the page: the server says it in headers, the static page itself."""
    if not page.assets:
        policies = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page.home.text)
        expect(policies, "The page has no policy of its own that says what may run in it.")
        expect("'unsafe-" not in policies[0], "The policy of the page allows too much.")
        return ""
    for path, reply in (("/", page.home), ("/no-such-page", page.ask("/no-such-page", status=400))):
        for name in ("content-security-policy", "x-content-type-options", "referrer-policy"):
            expect(name in reply.headers, f"The answer to {path} has no {name}.")
    (nonce,) = re.findall(r"'nonce-([^']+)'", page.home.headers["content-security-policy"])
    scripts = re.findall(r"<script\b[^>]*", page.home.text)
    right = all(f'nonce="{nonce}"' in script for script in scripts)
    expect(right, "The page's own policy forbids one of its scripts: the nonces differ.")
    return ""


def files(page: Page) -> str:
    """All that the page names, and our own modules."""
    names = re.findall(r'<(?:link|script|img)\b[^>]*?(?:href|src)="([^"#]+)"', page.home.text)
    names += [page.assets + name for name in ("sketchpad.js", "worker.js", "digit.js")]
    addresses = {urljoin(f"{page.url}/", name) for name in names}
    for path in (each.removeprefix(page.url) for each in addresses if each.startswith(f"{page.url}/")):
        media, kind = page.ask(path).headers.get("content-type", ""), KINDS.get(Path(path).suffix, "")
        expect(kind in media, f"{plain(path)} comes as {plain(media)}, which is no {kind} for a browser.")
    return f"{len(addresses)} files"


def weights(page: Page) -> str:
    """What browsers load is what config.json says."""
    now = page.ask("/weights/current").json() if page.assets else {"base": "weights/", "problem": None}
    expect(not now["problem"], f"The page has a problem with its weights: {plain(now['problem'])}")
    config, tensors = (
        page.ask(f"/{now['base']}config.json").json(),
        page.ask(f"/{now['base']}model.safetensors"),
    )
    right = hashlib.sha256(tensors.content).hexdigest() == config["sha256"]
    expect(right, "The weights are not those that config.json was written for: their SHA-256 differs.")
    return f"{len(tensors.content) / 1000:,.0f} kB"


def predict(page: Page) -> str:
    """The page's own examples, by one request each, and the last by gradio_client too; and what /info tells."""
    for drawing in page.ask(f"/{page.assets}examples.json").json()["drawings"]:
        image, buffer, digit = Image.new("L", (448, 448)), io.BytesIO(), drawing["digit"]
        for stroke in drawing["strokes"]:
            ImageDraw.Draw(image).line([tuple(point) for point in stroke], fill=255, width=30, joint="curve")
        image.save(buffer, "PNG")
        url = f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
        (answer,) = page.ask(f"{API}/run/predict", {"data": [{"url": url}, 3]}).json()["data"]
        expect(
            answer["label"] == digit, f"/predict reads the picture of a {digit} as {plain(answer['label'])}."
        )
    with tempfile.NamedTemporaryFile(suffix=".png") as file:
        image.save(file.name)
        try:
            client = Client(page.url, verbose=False)
            again = client.predict(handle_file(file.name), 3, api_name="/predict")
            info = client.predict(api_name="/info")
        except Exception as error:  # its many kinds
            raise CheckFailed(f"gradio_client cannot ask the page: {plain(error)}.") from None
    expect(again == answer, "gradio_client gets another answer than one request.")
    return f"weights {plain(info['weights'])}, {info['parameters']:,} parameters"


def refusals(page: Page) -> str:
    """What is no picture, what would be fetched from elsewhere, what the page does not have, other sites."""
    for file in ("http://example.com/2.png", "/etc/passwd", "data:image/png;base64,AAAA"):
        page.ask(f"{API}/run/predict", {"data": [{"url": file}, 3]}, 400)
    page.ask(f"{API}/component_server", {"fn_name": "consent", "data": {}}, 400, origin="https://example.com")
    for path in (
        f"{API}/proxy=http://example.com",
        f"{API}/file=/etc/passwd",
        "/monitoring",
        "/docs",
        "/app.py",
    ):
        page.ask(path, status=400)
    return ""


def run(check, page: Page) -> tuple[bool, str]:
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
    url = parser.parse_args(arguments).url.strip().rstrip("/")
    if name := re.fullmatch(r"(?:https://huggingface\.co/spaces/)?(\w[\w-]*/\w[\w.-]*)", url, re.ASCII):
        url = f"https://{re.sub('[^a-z0-9]', '-', name[1].lower())}.hf.space"
    if not re.fullmatch(r"https?://([a-z0-9.:-]+|\[[0-9a-f:]+\](:\d+)?)(/[\w./-]*)?", url, re.I):
        parser.error(
            f"{plain(url)} is neither an address, as http://127.0.0.1:7860, nor a Space's OWNER/NAME."
        )
    return Page(url)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    page, checks, passed = parse(arguments), [front], 0
    print(page.url, flush=True)
    for check in checks:
        start = time.perf_counter()
        good, words = run(check, page)
        spent = f"{1000 * (time.perf_counter() - start):,.0f} ms"
        print(f"{'ok' if good else 'FAIL':6}{check.__name__:12}{spent:>10}  {words}".rstrip(), flush=True)
        passed += good
        if check is front and good:
            checks += [policy, files, weights, *([predict, refusals] if page.assets else ())]
    print(f"{'PASS' if passed == len(checks) else 'FAIL'}: {passed} of {len(checks)} checks", flush=True)
    return int(passed < len(checks))


if __name__ == "__main__":
    sys.exit(main())
