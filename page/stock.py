"""The page on Gradio's own `gr.Sketchpad`: the comparison, and the fallback should our board fail in a browser.

It classifies by the same `answer` as our board. Its pad is white with a black brush: the preprocessing finds the polarity.
"""

from __future__ import annotations

import html
from collections import OrderedDict
from pathlib import Path

import gradio as gr
import numpy as np
from gradio.components.base import server
from gradio.components.image_editor import AcceptBlobs
from PIL import Image

import board
from page.pictures import BadPicture, open_picture
from page.recognise import answer
from page.served import Served

# The stock pad draws nothing until its brush has been chosen.
PRESS_BRUSH = """() => new MutationObserver(() => {
  const button = document.querySelector('#board button[aria-label="Draw"], #board button[aria-label="Brush"]');
  if (button && !button.dataset.pressed) { button.dataset.pressed = "1"; button.click(); }
}).observe(document.body, { childList: true, subtree: true })"""


BLOB = 2**20  # bytes of one layer: 448x448 pixels of a drawing take some 10 kB
LAYERS = 3  # the board has one; Gradio counts from 0 and keeps what lies before an index, too
KEPT = 200  # drawings whose layers wait to be read; the oldest goes first
SIDE = 1024  # pixels: no layer of a board of 448 is larger


class Pad(gr.Sketchpad):
    """Gradio's sketchpad with bounds. Its own takes layers of any number, size and index from anybody and keeps them for ever."""

    def get_block_name(self) -> str:
        return "imageeditor"  # the page's own component shows it

    @server
    def accept_blobs(self, data: AcceptBlobs):
        """One layer, as the browser sends it before it asks. Raises gr.Error with one sentence."""
        said = data.data
        name, index, files = said.get("id"), said.get("index"), data.files
        good = (
            said.get("type") in ("background", "layer", "composite")
            and isinstance(name, str)
            and 0 < len(name) <= 64
            and str(index or "null") in ("null", *map(str, range(LAYERS)))
            and len(files) == 1
            and len(files[0][1]) <= BLOB
        )
        if not good:
            raise gr.Error("That is no layer of a drawing on this board.", print_exception=False)
        return super().accept_blobs(data)

    def convert_and_format_image(self, file, flatten_on_white: bool = False):
        """As Gradio's, once the picture is known to be one and small."""
        if file is None:
            return None
        try:
            image = open_picture(file if isinstance(file, bytes) else Path(file.path), most=SIDE)
        except (BadPicture, OSError, TypeError) as error:
            raise gr.Error("That is no picture of this board.", print_exception=False) from error
        if not flatten_on_white:
            return image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image.convert("RGBA"))


class _Recent(OrderedDict):
    """A dictionary of the last KEPT entries."""

    def __setitem__(self, key, value):
        super().__setitem__(key, value)
        self.move_to_end(key)
        while len(self) > KEPT:
            self.popitem(last=False)


def prediction(found: dict | None) -> str:
    """The answer as HTML with the attributes that the page's `prediction` has; None is an empty board."""
    if found is None:
        return '<div id="prediction" data-digit="" data-confidence=""><p>Draw a digit, 0 to 9.</p></div>'
    digit, best = found["digit"] or "", found["confidences"][0]["confidence"]
    sentence = f"This is {'an' if digit == '8' else 'a'} {digit}." if digit else "Not sure what this is."
    return (
        f'<div id="prediction" data-digit="{html.escape(digit)}" data-confidence="{best:.4f}">'
        f'<p style="font-size: 6rem; font-weight: 700; line-height: 1">{html.escape(digit) or "?"}</p><p>{sentence}</p></div>'
    )


def build(served: Served) -> None:
    """Put the stock page's components and events into the Blocks that is being built."""

    def recognise(sketch: dict | None, top_k: int):
        if sketch is None or not sketch["layers"]:
            return prediction(None), None, None
        try:
            found = answer(served.current.net, sketch["composite"], int(top_k))
        except ValueError:  # cleared, or not yet drawn on
            return prediction(None), None, None
        pixels = np.array(found["pixels"], dtype=np.uint8).reshape(28, 28)
        bars = {row["label"]: row["confidence"] for row in found["confidences"]}
        return prediction(found), bars, Image.fromarray(pixels).resize((224, 224), Image.Resampling.NEAREST)

    with gr.Row():
        with gr.Column():
            pad = Pad(
                elem_id="board",
                label="Draw a digit",
                type="pil",
                canvas_size=(board.SIZE, board.SIZE),
                brush=gr.Brush(default_size=int(2 * board.DEFAULT_RADIUS), colors=["#000000"], color_mode="fixed"),
                layers=False,
                transforms=[],
                sources=[],
            )
            pad.blob_storage = _Recent()  # not in a constructor: Gradio tells the browser what the constructor names
            top_k = gr.Slider(1, 10, value=3, step=1, label="Show top", elem_id="top-k")
        with gr.Column():
            shown = gr.HTML(prediction(None))
            bars = gr.Label(label="Most probable digits", num_top_classes=10, elem_id="bars")
            preview = gr.Image(label="What the network sees", elem_id="preview", buttons=[], height=224, width=224)
    wiring = {"outputs": [shown, bars, preview], "queue": False, "show_progress": "hidden", "api_visibility": "private"}
    pad.change(recognise, [pad, top_k], **wiring)
    top_k.release(recognise, [pad, top_k], **wiring)
