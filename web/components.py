"""The page's views as Gradio components: `gr.HTML` whose script only imports the module that does the work.

They are functions, not subclasses of `gr.HTML`: for a subclass Gradio writes a .pyi file beside its source.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import gradio as gr

from web import charts
from web.assets import HERE, fingerprint

WEIGHTS = "weights/current"  # where the page asks which weights are served, relative to itself


def sketchpad(functions: Sequence[Callable] = (), **options) -> gr.HTML:
    """The drawing board with its answer, which the visitor's browser computes.

    `functions` are what the script may ask the server: `keep` stores a drawing that the visitor has labelled.
    """
    return _view("sketchpad", functions, weights=WEIGHTS, **options)


def collector(
    licence: str, version: str, functions: Sequence[Callable] = (), closed: dict | None = None, **options
) -> gr.HTML:
    """Asks for digits and stores them through `functions`, those of a contribution service.

    A contributor agrees to the terms in words.json, in that `version`, which name the `licence`. `closed`, {"error", "code"}, says why
    none are taken, if so.
    """
    return _view(
        "collector", functions, weights=WEIGHTS, licence=licence, version=version, closed=closed, **options
    )


def data_tab(weights: Path, functions: Sequence[Callable] = (), **options) -> gr.HTML:
    """What the network in the folder `weights` learnt from; `accepted` among `functions` gives the contributed digits."""
    return _view("tabs", functions, charts.data_tab(weights), **options)


def model_tab(weights: Path, **options) -> gr.HTML:
    """How good the network in the folder `weights` is."""
    return _view("tabs", (), charts.model_tab(weights), **options)


def _view(name: str, functions: Sequence[Callable], html: str | None = None, **options) -> gr.HTML:
    script = f"web/{fingerprint()}/{name}.js"
    return gr.HTML(
        html_template=html or (HERE / f"{name}.html").read_text(),
        css_template=(HERE / "board.css").read_text() + (HERE / f"{name}.css").read_text(),
        js_on_load=f"import(new URL({script!r}, document.baseURI)).then((view) => view.mount(element, props, server));",
        server_functions=list(functions),
        apply_default_css=False,
        **options,
    )
