"""The plain page that `bench/load.py` compares ours with: a `gr.Interface` of a few lines, on the same network.

python -m bench.plain          serves it at GRADIO_SERVER_PORT
"""

from __future__ import annotations

from pathlib import Path

import gradio as gr

from model import DigitCNN


def main() -> None:
    """Serve until stopped."""
    net = DigitCNN.from_pretrained(Path(__file__).parent.parent / "weights")

    def predict(sketch: dict) -> dict[str, float]:
        return dict(net.classify(sketch["composite"], top_k=10))

    gr.Interface(predict, gr.Sketchpad(), gr.Label()).launch(ssr_mode=False)


if __name__ == "__main__":
    main()
