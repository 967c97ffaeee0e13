"""The page as a Gradio component: one `gr.HTML` with index.html's <main>, whose script starts main.js."""

import json
import re
from html import escape
from pathlib import Path

import gradio as gr

from web.assets import fingerprint, head
from web.build import markup

# app.py serves the page's files at this address, relative to the page.
BASE = f"web/{fingerprint()}/"
HEAD = head(BASE)
# Gradio shows the page before its styles have loaded. Until then it is hidden, for at most four seconds.
LATE = ":where(.page) { animation: late 4s step-end } @keyframes late { from { visibility: hidden } }"


# This is a function, because Gradio would write a .pyi file beside a subclass of gr.HTML.
def page(weights: Path, contributions: dict) -> gr.HTML:
    """The page, with figures about the network in the folder `weights`.

    `contributions` is {"licence", "version"}, the licence and the version of the terms; or {"error", "code"},
    why the page takes no contributions.
    """
    [inner] = re.findall(r"(?s)<main[^>]*>(.*)</main>", markup(weights))
    told = escape(json.dumps(contributions))
    # This is a <div>, because Gradio puts a <main> around it.
    opening = f'<div id="page" class="page" data-weights="weights/current" data-contributions="{told}">'
    html = f"<style>{LATE}</style>{opening}{inner}</div>"
    start = f"import(new URL('{BASE}main.js', document.baseURI))"
    return gr.HTML(
        html_template=html,
        js_on_load=f"{start}.then((main) => main.mount(element.querySelector('#page')));",
        apply_default_css=False,
    )
