"""Check a live page from outside and end with a verdict: `python smoke.py URL`.

    python smoke.py http://127.0.0.1:7860
    python smoke.py OWNER/NAME              a Space by its name, or by its address on huggingface.co, hf.space or static.hf.space

Prints a line for each check: what was checked, the milliseconds that it took and, if it failed, one sentence; at last
`PASS: 10 of 10 checks` or `FAIL: 8 of 10 checks`. Exit status 0 or 1, and 2 for bad usage. It knows by itself whether the page is
Gradio's or the static one. One picture is uploaded, and nothing contributed. A private Space needs `--private` and a
token that may read it in HF_TOKEN; nobody else is sent one, for a stranger's Space could keep it.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urljoin, urlsplit

try:
    import httpx
    from gradio_client import Client, handle_file
    from PIL import Image, ImageDraw
except ImportError as error:
    sys.exit(f"smoke.py: {error.name} is not installed; run it with the Python of the project, .venv/bin/python.")

TITLE = "Draw a digit"
API = "/gradio_api"
STARTING = (502, 503, 504)  # what is answered for a Space that sleeps or starts
LEAKS = {
    "a token of the Hub": re.compile(r"\bhf_[A-Za-z0-9]{16,}"),
    "a bearer token": re.compile(r"\bBearer\s+[\w.~+/-]{12,}"),
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
    line = " ".join(str(text)[: 4 * most].split())
    line = "".join(c if c.isascii() and c.isprintable() else "?" for c in line)
    return line if len(line) <= most else f"{line[:most]}..."


def is_sentence(text: object) -> bool:
    return isinstance(text, str) and 5 < len(text) < 300 and "\n" not in text and text.endswith((".", "!", "?"))


@dataclass
class Page:
    """The page that is checked. `home` is its front, `heard` the text of all answers, in which leaks are looked for."""

    address: SplitResult
    timeout: float
    wait: float
    token: str = ""
    home: httpx.Response | None = None
    heard: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        self.http = httpx.Client(base_url=f"{self.address.geturl()}/", timeout=self.timeout, headers=headers)

    def ask(self, method: str, path: str, **more: object) -> httpx.Response:
        """An answer, whatever its status. Raises CheckFailed when there is none."""
        to, host = f"{method} {path}", self.address.netloc
        try:
            reply = self.http.request(method, path.lstrip("/") if path != "/" else "", **more)
        except httpx.TimeoutException:
            raise CheckFailed(f"{host} did not answer within {self.timeout:g} seconds.") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise CheckFailed(
                f"{host} cannot be reached or gives no whole HTTP answer ({plain(error).rstrip('.')})."
            ) from None
        self.heard.append((to, reply.text if "octet-stream" not in reply.headers.get("content-type", "") else ""))
        return reply

    def get(self, path: str) -> httpx.Response:
        return self.ask("GET", path)

    def good(self, path: str, question: object = None) -> dict:
        """The object at a path, or that answers a question. Raises CheckFailed."""
        reply = self.get(path) if question is None else self.ask("POST", path, json=question)
        expect(reply.status_code == 200, f"{path} was answered {reply.status_code}: {plain(reply.text)}")
        try:
            said = reply.json()
        except ValueError:
            raise CheckFailed(f"{path} was answered with something else than JSON.") from None
        expect(isinstance(said, dict), f"{path} was answered with JSON that is no object.")
        return said

    def refused(self, path: str, question: object, **headers: str) -> None:
        """Raises CheckFailed unless a question is refused as a bad one, in one sentence."""
        reply = self.ask("POST", path, json=question, headers=headers)
        expect(400 <= reply.status_code < 500, f"POST {path} was answered {reply.status_code} and not refused.")
        expect(is_sentence(json.loads(reply.content).get("error")), f"POST {path} was refused without a sentence.")

    def predict(self, content: bytes) -> dict:
        """A question about a picture."""
        return {"data": [{"url": f"data:image/png;base64,{base64.b64encode(content).decode()}"}, 3]}


def picture(strokes: list) -> bytes:
    """A PNG of strokes in board units, white on black."""
    image, file = Image.new("L", (448, 448)), io.BytesIO()
    for stroke in strokes:
        ImageDraw.Draw(image).line([tuple(point) for point in stroke], fill=255, width=30, joint="curve")
    image.save(file, "PNG")
    return file.getvalue()


# --- checks: each returns a few words to print, or raises CheckFailed -------------------------------------------------


def front(page: Page) -> str:
    """Waits for a Space that sleeps."""
    name, pause, deadline = page.address.netloc, 1.0, time.monotonic() + page.wait
    while (reply := page.get("/")).status_code in STARTING and (left := deadline - time.monotonic()) > 0:
        print(f"...   {name} answers {reply.status_code}: it sleeps or starts; waiting, {left:.0f} s left", flush=True)
        time.sleep(min(pause, left))
        pause = min(2 * pause, 8)
    status = reply.status_code
    if 300 <= status < 400:
        to = plain(reply.headers.get("location"))
        raise CheckFailed(f"{name} sends visitors on to {to}: check that address instead.")
    more = f" after {page.wait:g} seconds of waiting" if status in STARTING else ""
    if status in (401, 403, 404) and is_space(page.address):
        more = "; a private Space needs --private and a token in HF_TOKEN, and that may be why"
    expect(status == 200, f"{name} answers {status}{more}.")
    expect(TITLE in reply.text and "sketchpad" in reply.text, f"What {name} answers is another page than ours.")
    page.home = reply
    return "Gradio's" if is_gradio(page) else "static"


def is_gradio(page: Page) -> bool:
    return "gradio_config" in page.home.text


def headers(page: Page) -> str:
    for path, reply in (("/", page.home), *((path, page.get(path)) for path in ("/health", "/no-such-page"))):
        policy, sniff, referrer = (
            reply.headers.get(name, "")
            for name in ("content-security-policy", "x-content-type-options", "referrer-policy")
        )
        expect("frame-ancestors" in policy, f"The answer to {path} has no policy that says who may frame it.")
        expect(sniff == "nosniff", f"The answer to {path} has no X-Content-Type-Options: nosniff.")
        expect(referrer, f"The answer to {path} has no Referrer-Policy.")
    nonces = re.findall(r"'nonce-([^']+)'", page.home.headers["content-security-policy"])
    scripts = re.findall(r"<script\b[^>]*", page.home.text)
    free = all(any(f'nonce="{nonce}"' in script for nonce in nonces) for script in scripts)
    expect(nonces and free, "The page's own policy forbids one of its scripts: the nonces differ.")
    return ""


def policy(page: Page) -> str:
    """The static page carries its policy itself."""
    found = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page.home.text)
    expect(found, "The page has no policy of its own that says what may run in it.")
    for word in ("'unsafe-eval'", "'unsafe-inline'", "*"):
        expect(
            word not in found[1].replace("*.hf.co", "").replace("*.huggingface.co", ""), f"The policy allows {word}."
        )
    expect("connect-src 'self'" in found[1], "The policy does not let the page load its weights.")
    return ""


def files(page: Page) -> str:
    """All that the page names, and our own modules."""
    names = re.findall(r'<(?:link|script|img)\b[^>]*?(?:href|src)="([^"#]+)"', page.home.text)
    if is_gradio(page):
        base = re.search(r"web/[0-9a-f]{16}/", page.home.text)
        expect(base, "The page names no files of ours.")
        names += [base[0] + name for name in ("sketchpad.js", "worker.js", "digit.js")]
    else:
        names += ["digit.js", "worker.js", "service-worker.js", "manifest.json"]
    size, here, names = 0, page.address.geturl(), dict.fromkeys(names)
    for name in names:
        address = urljoin(f"{here}/", name)
        if not address.startswith(f"{here}/"):
            continue  # another's file, without which the page must do
        reply = page.get(address.removeprefix(here))
        expect(reply.status_code == 200 and reply.content, f"{plain(name)} was answered {reply.status_code}.")
        media, kind = (
            reply.headers.get("content-type", ""),
            {".js": "javascript", ".css": "css"}.get(name[name.rfind(".") :], ""),
        )
        expect(kind in media, f"{plain(name)} comes as {plain(media)}, which is no {kind} for a browser.")
        size += len(reply.content)
    return f"{len(names)} files, {size / 1000:,.0f} kB"


def weights(page: Page) -> str:
    """What browsers load is what config.json says."""
    base, problem = "weights/", None
    if is_gradio(page):
        now = page.good("/weights/current")
        base, problem = now["base"], now["problem"]
    expect(not problem, f"The page has a problem with its weights: {plain(problem)}")
    config, tensors = page.good(f"/{base}config.json"), page.get(f"/{base}model.safetensors")
    right = hashlib.sha256(tensors.content).hexdigest() == config["sha256"]
    expect(right, "The weights are not those that config.json was written for: their SHA-256 differs.")
    return f"{len(tensors.content) / 1000:,.0f} kB"


def health(page: Page) -> str:
    said = page.good("/health")
    expect(said["status"] == "ok", f"The page calls itself {plain(said['status'])}.")
    return f"version {plain(said['version'])}"


def info(page: Page) -> str:
    (said,) = page.good(f"{API}/run/info", {"data": []})["data"]
    expect(not said["problem"], f"The page has a problem with its weights: {plain(said['problem'])}")
    expect(
        type(said["parameters"]) is int and said["parameters"] > 0, "The page does not say how many parameters it has."
    )
    expect(said["accuracy"], "The page does not say how good its weights are.")
    right, total, (low, high) = (said["accuracy"][key] for key in ("right", "total", "interval"))
    possible = 0 < right <= total and 0 <= low <= right / total <= high <= 1
    expect(possible, "The accuracy that the page states cannot be.")
    return f"weights {plain(said['weights'])}, {said['parameters']:,} parameters, {right} of {total}"


def predict(page: Page) -> str:
    """The page's own examples, by one request each, and the first by gradio_client too."""
    base = re.search(r"web/[0-9a-f]{16}/", page.home.text)[0]
    drawings = page.good(f"/{base}examples.json")["drawings"]
    for drawing in drawings:
        (said,) = page.good(f"{API}/run/predict", page.predict(picture(drawing["strokes"])))["data"]
        digit, read = drawing["digit"], said["label"]
        expect(read == digit, f"/predict reads the picture of a {digit} as {plain(read or 'no digit at all')}.")
        values = [row["confidence"] for row in said["confidences"]]
        ordered = len(values) == 3 and values == sorted(values, reverse=True) and 0 < sum(values) < 1.001
        expect(ordered, "The answer has not the 3 probabilities, the largest first.")
    with tempfile.NamedTemporaryFile(suffix=".png") as file:
        file.write(picture(drawings[-1]["strokes"]))
        file.flush()
        try:
            client = Client(page.address.geturl(), token=page.token or None, verbose=False)
            again = client.predict(handle_file(file.name), 3, api_name="/predict")
        except Exception as error:  # its many kinds
            raise CheckFailed(f"gradio_client cannot ask the page: {plain(error)}.") from None
    expect(again == said, "gradio_client gets another answer than one request.")
    return f"{len(drawings)} pictures"


def refusals(page: Page) -> str:
    """What is no picture, what would be fetched from elsewhere, what the page does not have, and other sites."""
    page.refused(f"{API}/run/predict", page.predict(b"This is no picture."))
    for file in ("http://example.com/2.png", "/etc/passwd"):
        page.refused(f"{API}/run/predict", {"data": [{"path": file, "meta": {"_type": "gradio.FileData"}}, 3]})
    page.refused(f"{API}/component_server", {"fn_name": "open"})
    page.refused(f"{API}/component_server", {"fn_name": "consent", "data": {}}, origin="https://example.com")
    paths = f"{API}/proxy=http://example.com {API}/file=/etc/passwd /monitoring /docs /app.py".split()
    for path in paths:
        status = page.get(path).status_code
        expect(400 <= status < 500, f"GET {path} was answered {status} and not refused.")
    return f"{len(paths) + 5} requests"


def consent(page: Page) -> str:
    """Who has not agreed can store nothing. What is offered here has no label, and so could not be kept anyway."""
    drawing = {"receipt": "", "id": "smoke-test", "label": "none", "strokes": []}
    reply = page.ask("POST", f"{API}/component_server", json={"fn_name": "keep", "data": drawing})
    if reply.status_code == 404:
        return "the page takes none"
    said = json.loads(reply.content)
    expect(not {"saved", "kept"} & set(said), "The page takes drawings from who has not agreed to its terms.")
    expect(is_sentence(said.get("error")), "A drawing of who has not agreed was refused without a sentence.")
    return ""


def leaks(page: Page) -> str:
    """Looks at all that was answered in this run."""
    if is_gradio(page):
        for path in ("/config", f"{API}/info", f"{API}/openapi.json"):
            expect(page.get(path).status_code == 200, f"{path} is not there.")
    for to, text in page.heard:
        expect(not page.token or page.token not in text, f"The answer to {to} shows the token that was sent.")
        for what, pattern in LEAKS.items():
            found = pattern.search(text)
            expect(not found, f"The answer to {to} shows {what} ({plain(found and found[0], 10)}).")
    return f"{len(page.heard)} answers"


Checks = dict[str, Callable[[Page], str]]
FRONT: Checks = {"the page answers and is ours": front}
BOTH: Checks = {"the files that it names": files, "weights for browsers": weights}
LAST: Checks = {"no token, path or traceback": leaks}
STATIC: Checks = {**FRONT, "its policy": policy, **BOTH, **LAST}
GRADIO: Checks = {
    **{**FRONT, "security headers": headers, **BOTH, "/health": health, "/info": info, "/predict": predict},
    **{"what is refused": refusals, "nothing kept without consent": consent, **LAST},
}


def run(check: Callable[[Page], str], page: Page) -> tuple[bool, str]:
    """Whether a check passed, and what it says."""
    try:
        return True, check(page)
    except CheckFailed as failed:
        return False, str(failed)
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
    page, passed, checks = parse(arguments), 0, GRADIO
    try:
        print(f"{page.address.geturl()}{', with the token in HF_TOKEN' if page.token else ''}", flush=True)
        for number in range(len(GRADIO)):
            if page.home is not None:
                checks = GRADIO if is_gradio(page) else STATIC
            if number == len(checks):
                break
            name, start = list(checks)[number], time.perf_counter()
            good, said = run(checks[name], page)
            passed += good
            spent = f"{1000 * (time.perf_counter() - start):,.0f} ms"
            print(f"{'ok' if good else 'FAIL':6}{name:30}{spent:>10}  {said}".rstrip(), flush=True)
            if page.home is None:
                print("      The other checks need the page.")
                break
        print(f"{'PASS' if passed == len(checks) else 'FAIL'}: {passed} of {len(checks)} checks", flush=True)
    except KeyboardInterrupt:
        print("\nsmoke.py: stopped by hand.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # nobody reads on; what is left must not be said at exit either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0 if passed == len(checks) else 1


if __name__ == "__main__":
    sys.exit(main())
