"""Checks whether a live page is well: `python publish.py check ADDRESS`, or OWNER/NAME for a Space.

It prints a line for each check, and a sentence for what is wrong. It uploads pictures of digits, and
contributes nothing.
"""

from __future__ import annotations

import hashlib
import re
import sys
import tempfile
import time
from pathlib import Path

import httpx
import numpy as np
from gradio_client import Client, handle_file
from PIL import Image

import board
from publishing.bundles import subdomain
from web.assets import examples

TIMEOUT = 20  # seconds for a request
WAIT = 120  # seconds for a Space that sleeps


class CheckFailed(Exception):
    """Something is wrong with the page. The message is one sentence."""


def expect(fact: object, sentence: str) -> None:
    """Raise CheckFailed with the sentence unless `fact` is true."""
    if not fact:
        raise CheckFailed(sentence)


def opens(page: httpx.Client) -> str:
    """The page is ours, has a policy, and its scripts and styles can be loaded."""
    deadline = time.monotonic() + WAIT
    while (reply := page.get("")).status_code in (502, 503, 504) and time.monotonic() < deadline:
        print(f"      answers {reply.status_code}: it sleeps or starts", flush=True)
        time.sleep(4)
    expect(reply.status_code == 200, f"The page answers {reply.status_code}.")
    expect("Draw a digit" in reply.text, "Another page than ours is served there.")
    policy = reply.headers.get("content-security-policy", "") + reply.text
    expect("connect-src 'self'" in policy, "The page has no policy that keeps drawings at home.")
    links = re.findall(r'<(?:link|script)\b[^>]*?(?:href|src)="([^"#:]+)"', reply.text)
    for link in links:
        status = page.get(link.lstrip("/")).status_code
        expect(status == 200, f"{link[:80]} answers {status}.")
    return f"{len(links)} files"


def weights(page: httpx.Client) -> str:
    """Browsers load the weights that config.json was written for."""
    reply = page.get("weights/current")
    # The static page has one set of weights.
    now = reply.json() if reply.status_code == 200 else {"base": "weights/"}
    expect(not now.get("problem"), f"The page has a problem with its weights: {now.get('problem')}")
    wanted = page.get(f"{now['base']}config.json").json()["sha256"]
    content = page.get(f"{now['base']}model.safetensors").content
    expect(hashlib.sha256(content).hexdigest() == wanted, "The weights are not those of config.json.")
    return now.get("weights", "static")


def predicts(page: httpx.Client) -> str:
    """`/predict` reads the page's own examples."""
    client = Client(str(page.base_url), verbose=False)
    with tempfile.TemporaryDirectory() as folder:
        for drawing in examples()["drawings"]:
            strokes = [board.Stroke(np.array(stroke), 14.0) for stroke in drawing["strokes"]]
            path = Path(folder, f"{drawing['digit']}.png")
            Image.fromarray(255 - board.render(strokes)).save(path)
            label = client.predict(handle_file(path), 3, api_name="/predict")["label"]
            expect(label == drawing["digit"], f"/predict reads a {drawing['digit']} as {label}.")
    return f"{len(examples()['drawings'])} digits"


def refuses(page: httpx.Client) -> str:
    """Files of the server are closed, and other sites cannot agree in a visitor's name."""
    for path in ("gradio_api/file=/etc/passwd", "gradio_api/proxy=https://example.com", "monitoring"):
        expect(page.get(path).status_code in (403, 404), f"{path} is open.")
    reply = page.post("contributions/consent", json={}, headers={"origin": "https://example.com"})
    expect(reply.status_code in (403, 404, 405), "Another site can agree to the terms for a visitor.")
    return ""


def address(text: str) -> str:
    """The address of a page, also of a Space by its OWNER/NAME. Raises ValueError with one sentence."""
    if re.fullmatch(r"[\w-]+/[\w.-]+", text):
        return f"https://{subdomain(text)}.hf.space/"
    if not re.fullmatch(r"https?://[^\s/]+(/\S*)?", text):
        raise ValueError(f"{text!r} is neither an address, as http://127.0.0.1:7860, nor OWNER/NAME.")
    return text.rstrip("/") + "/"


def check(text: str) -> int:
    """Check the page at an address; returns 0, 1 when it is not well, 2 for a bad address."""
    try:
        page = httpx.Client(base_url=address(text), timeout=TIMEOUT, follow_redirects=True)
    except ValueError as error:
        print(f"publish.py: {error}", file=sys.stderr)
        return 2
    checks = [opens, weights]
    for step in checks:
        start = time.perf_counter()
        try:
            said = step(page)
            if step is weights and said != "static":
                checks += [predicts, refuses]
        except CheckFailed as failed:
            said = f"FAIL: {failed}"
        except Exception as error:
            # No server is there, or another one.
            said = f"FAIL: the answer cannot be used ({type(error).__name__})."
        print(f"{step.__name__:10}{1000 * (time.perf_counter() - start):8,.0f} ms  {said}", flush=True)
        if said.startswith("FAIL"):
            return 1
    return 0
