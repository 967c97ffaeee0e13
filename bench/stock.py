"""The stock page for comparison: Gradio's own `gr.Sketchpad`, read by the server's network. `python app.py --sketchpad stock`.

Gradio serves it on 127.0.0.1 without the limits and headers of our page: it is for measurements, not for visitors. The pad is white with
a black brush; the preprocessing finds the polarity.
"""

from __future__ import annotations

import html
from pathlib import Path

import gradio as gr
import numpy as np
from PIL import Image

import board
from model import DigitCNN
from serving.predict import classify
from serving.settings import Settings

# The stock pad draws nothing until its brush has been chosen.
PRESS_BRUSH = """() => new MutationObserver(() => {
  const button = document.querySelector('#board button[aria-label="Draw"], #board button[aria-label="Brush"]');
  if (button && !button.dataset.pressed) { button.dataset.pressed = "1"; button.click(); }
}).observe(document.body, { childList: true, subtree: true })"""


def prediction(answer: dict | None) -> str:
    """The answer as HTML with the attributes that the page's `prediction` has; None is an empty board."""
    if answer is None:
        return '<div id="prediction" data-digit="" data-confidence=""><p>Draw a digit, 0 to 9.</p></div>'
    digit, best = html.escape(answer["label"] or ""), answer["confidences"][0]["confidence"]
    return (
        f'<div id="prediction" data-digit="{digit}" data-confidence="{best:.4f}">'
        f'<p style="font-size: 6rem; font-weight: 700; line-height: 1">{digit or "?"}</p></div>'
    )


def build(net: DigitCNN) -> gr.Blocks:
    """The page on that network."""

    def recognise(sketch: dict | None, top_k: int):
        try:
            answer = classify(net, sketch["composite"], int(top_k)) if sketch and sketch["layers"] else None
        except ValueError:  # cleared, or not yet drawn on
            answer = None
        if answer is None:
            return prediction(None), None, None
        pixels = (net.preprocess(sketch["composite"])[0].numpy() * 255).round().astype(np.uint8)
        bars = {row["label"]: row["confidence"] for row in answer["confidences"]}
        return prediction(answer), bars, Image.fromarray(pixels).resize((224, 224), Image.Resampling.NEAREST)

    with gr.Blocks(title="Draw a digit") as page, gr.Row():
        with gr.Column():
            pad = gr.Sketchpad(
                elem_id="board",
                label="Draw a digit",
                type="pil",
                canvas_size=(board.SIZE, board.SIZE),
                brush=gr.Brush(
                    default_size=int(2 * board.DEFAULT_RADIUS), colors=["#000000"], color_mode="fixed"
                ),
                layers=False,
                transforms=[],
                sources=[],
            )
            top_k = gr.Slider(1, 10, value=3, step=1, label="Show top", elem_id="top-k")
        with gr.Column():
            shown = gr.HTML(prediction(None))
            bars = gr.Label(label="Most probable digits", num_top_classes=10, elem_id="bars")
            preview = gr.Image(
                label="What the network sees", elem_id="preview", buttons=[], height=224, width=224
            )
        wiring = {"outputs": [shown, bars, preview], "queue": False, "show_progress": "hidden"}
        pad.change(recognise, [pad, top_k], **wiring)
        top_k.release(recognise, [pad, top_k], **wiring)
    return page


def main() -> None:
    """Serve until stopped, on this machine only, with the embedded weights."""
    net = DigitCNN.from_pretrained(Path(__file__).parent.parent / "weights")
    build(net).launch(
        server_name="127.0.0.1", server_port=Settings.from_environment().port, ssr_mode=False, js=PRESS_BRUSH
    )


if __name__ == "__main__":
    main()
