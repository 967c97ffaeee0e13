"""The page as a Gradio component: one `gr.HTML` that holds the <main> of index.html, whose script only starts
main.js.

A function, not a subclass of `gr.HTML`: for a subclass Gradio writes a .pyi file beside its source.
"""

from __future__ import annotations

import json
import re
from html import escape
from pathlib import Path

import gradio as gr

from web.assets import fingerprint, head
from web.build import markup

BASE = f"web/{fingerprint()}/"  # where app.py serves the page's files, relative to the page
HEAD = head(BASE)  # for the page's <head>
# Gradio loads the page's styles while it shows the page: nothing is seen without them, or later.
LATE = ":where(.page) { animation: late 4s step-end } @keyframes late { from { visibility: hidden } }"
CURRENT = "weights/current"  # where the page asks which weights are served, relative to itself


def page(weights: Path, contributions: dict) -> gr.HTML:
    """The page, with figures about the network in the folder `weights`.

    `contributions` is what its script is told of them: the licence and the version of the terms, {"licence",
    "version"}, or why none are taken, {"error", "code"}.
    """
    [inner] = re.findall(r"(?s)<main[^>]*>(.*)</main>", markup(weights))
    told = escape(json.dumps(contributions))
    # A <div>, because Gradio has a <main> around it.
    opening = f'<div id="page" class="page" data-weights="{CURRENT}" data-contributions="{told}">'
    html = f"<style>{LATE}</style>{opening}{inner}</div>"
    start = f"import(new URL('{BASE}main.js', document.baseURI))"
    return gr.HTML(
        html_template=html,
        js_on_load=f"{start}.then((main) => main.mount(element.querySelector('#page')));",
        apply_default_css=False,
    )
