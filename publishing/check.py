"""Checks a live page: `python publish.py check ADDRESS`, or OWNER/NAME for a Space.

It prints a line for each part that works, and a sentence for the first that does not. It contributes nothing.
"""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
from gradio_client import Client, handle_file

from publishing.bundles import subdomain

PICTURE_OF_A_2 = Path(__file__).parent.parent / "docs" / "images" / "digit.png"


class CheckFailed(Exception):
    """Something is wrong with the page. The message is one sentence."""


def expect(fact: object, sentence: str) -> None:
    """Raise CheckFailed with the sentence unless `fact` is true."""
    if not fact:
        raise CheckFailed(sentence)


def findings(page: httpx.Client) -> Iterator[str]:
    """A line for each part of the page that works. Raises CheckFailed for the first that does not."""
    reply = page.get("")
    expect(reply.status_code == 200, f"The page answers {reply.status_code}.")
    expect("Draw a digit" in reply.text, "Another page than ours is served there.")
    policy = reply.headers.get("content-security-policy", "") + reply.text
    expect("connect-src 'self'" in policy, "The page has no policy that keeps drawings at home.")
    links = re.findall(r'<(?:link|script)\b[^>]*?(?:href|src)="([^"#:]+)"', reply.text)
    for link in links:
        status = page.get(link.lstrip("/")).status_code
        expect(status == 200, f"{link[:80]} answers {status}.")
    yield f"opens, with {len(links)} files"
    reply = page.get("weights/current")
    # The static edition has only its own weights, and does not answer anything else.
    is_static = reply.status_code == 404
    now = {"base": "weights/", "weights": "static"} if is_static else reply.json()
    expect(not now.get("problem"), f"The page has a problem with its weights: {now.get('problem')}")
    wanted = page.get(f"{now['base']}config.json").json()["sha256"]
    content = page.get(f"{now['base']}model.safetensors").content
    expect(hashlib.sha256(content).hexdigest() == wanted, "The weights are not those of config.json.")
    yield f"weights: {now['weights']}"
    if is_static:
        return
    client = Client(str(page.base_url), verbose=False)
    label = client.predict(handle_file(PICTURE_OF_A_2), 3, api_name="/predict")["label"]
    expect(label == "2", f"/predict reads a 2 as {label}.")
    yield "predicts a 2"
    for path in ("gradio_api/file=/etc/passwd", "gradio_api/proxy=https://example.com", "monitoring"):
        expect(page.get(path).status_code in (403, 404), f"{path} is open.")
    reply = page.post("contributions/consent", json={}, headers={"origin": "https://example.com"})
    expect(reply.status_code in (403, 404, 405), "Another site can agree to the terms for a visitor.")
    yield "refuses other sites"


def address(text: str) -> str:
    """The address of a page that is given by address or, if it is a Space, by OWNER/NAME."""
    return text if "://" in text else f"https://{subdomain(text)}.hf.space"


def check(text: str) -> int:
    """Check a page and print the findings; returns the exit status: 0, or 1 when it is not well."""
    try:
        for line in findings(httpx.Client(base_url=address(text), timeout=20, follow_redirects=True)):
            print(line, flush=True)
    except httpx.TransportError:
        print(f"FAIL: {address(text)} does not answer.")
        return 1
    except Exception as error:
        unusable = f"The answer cannot be used ({type(error).__name__})."
        print("FAIL:", error if isinstance(error, CheckFailed) else unusable)
        return 1
    return 0
