"""The page's drawing board as a Gradio component: canvas, controls, answer and preview, on `gr.HTML`.

The stock `gr.Sketchpad` answers about a second after the pen is up in a browser without a GPU; this one sends strokes through a
server function while they are drawn and shows the answer in some ten milliseconds (`bench/latency.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import gradio as gr

import board
import model
from sketchpad import examples

HERE = Path(__file__).parent
LIMITS = {
    "size": board.SIZE,
    "max_points": board.MAX_POINTS,
    "max_strokes": board.MAX_STROKES,
    "max_length": board.MAX_LENGTH,
}  # of a drawing, for board.js
MAX_PICTURE = 768  # pixels: the browser makes an opened picture no larger than this before it sends it


class Sketchpad(gr.HTML):
    """A drawing board that asks `recognise` about every change of the drawing.

    `recognise` gets `{"revision": int, "strokes": [...], "picture": data URL or None}` and gives a dictionary with the same
    `revision` and either `error`, a sentence, or `digit` ("0".."9" or None), `confidences` (all ten, most probable first) and
    `pixels` (784 numbers 0..255). `functions` are other things that the script may ask the server: `keep` stores a drawing that
    the visitor has labelled.
    """

    def __init__(self, recognise: Callable[[dict], dict], functions: Sequence[Callable] = (), **options):
        def answer(drawing: dict) -> dict:
            return recognise(drawing)

        answer.__name__ = "recognise"  # the name that sketchpad.js calls
        super().__init__(
            html_template=(HERE / "sketchpad.html").read_text(),
            css_template=(HERE / "sketchpad.css").read_text(),
            js_on_load="\n".join((HERE / name).read_text() for name in ("board.js", "sketchpad.js")),
            server_functions=[answer, *functions],
            apply_default_css=False,
            limits={**LIMITS, "max_picture": MAX_PICTURE, "min_picture": model.MIN_SIDE},
            examples=examples.drawings(),
            example_radius=examples.RADIUS,
            **options,
        )

    def get_config(self) -> dict:
        """What the browser is told: not the functions themselves, of which it would see where they lie in memory."""
        return {name: value for name, value in super().get_config().items() if name != "server_functions"}
