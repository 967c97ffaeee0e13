"""Throw-away stand-in of the page in one gr.HTML."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

from web.assets import HERE, fingerprint

HEAD = ""


def page(weights_folder: Path, contributions: dict) -> gr.HTML:
    """Today's sketchpad."""
    script = f"web/{fingerprint()}/sketchpad.js"
    return gr.HTML(
        html_template=(HERE / "sketchpad.html").read_text(),
        css_template=(HERE / "board.css").read_text() + (HERE / "sketchpad.css").read_text(),
        js_on_load=f"import(new URL({script!r}, document.baseURI)).then((v) => v.mount(element, props, server));",
        apply_default_css=False,
        weights="weights/current",
    )
