"""The smallest version: draw on a `gr.Sketchpad`, and see the most probable digits in a `gr.Label`.

Gradio's pad draws once you have picked its brush.

python examples/sketchpad.py                    the weights in this project's folder
MODEL_ID=OWNER/NAME python examples/sketchpad.py    weights from the Hugging Face Hub
"""

import os
import sys
from pathlib import Path

import gradio as gr

ROOT = Path(__file__).resolve().parent.parent
# model.py needs no other file of the project.
sys.path.insert(0, str(ROOT))
from model import DigitCNN, EmptyDrawing  # noqa: E402

net = DigitCNN.from_pretrained(os.environ.get("MODEL_ID") or ROOT / "weights")


def classify(drawing: dict, k: int) -> dict[str, float]:
    """The k most probable digits, or none while the board is empty."""
    try:
        return dict(net.classify(drawing, top_k=k))
    except EmptyDrawing:
        return {}
    except ValueError as error:
        # Gradio shows the error's sentence.
        raise gr.Error(str(error)) from error


pad = gr.Sketchpad(type="pil", canvas_size=(448, 448), brush=gr.Brush(default_size=28, colors=["#000000"]))
k = gr.Slider(1, 10, value=3, step=1, label="How many digits")
label = gr.Label(label="Most probable digits")
gr.Interface(classify, [pad, k], label, live=True, flagging_mode="never").launch()
