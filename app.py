"""The page: draw a digit, see the answer while you draw. `python app.py` serves it.

    python app.py                       our drawing board, read in the visitor's browser
    python app.py --sketchpad stock     the comparison: Gradio's own gr.Sketchpad, read on this machine, for this machine only

`MODEL_ID` ("OWNER/NAME") and `MODEL_REVISION` choose weights from the Hub instead of the embedded ones, and `MODEL_REFRESH` how
often, in seconds, to look for newer ones; `GRADIO_SERVER_NAME` and `GRADIO_SERVER_PORT` choose the address.
"""

from __future__ import annotations

import argparse
import html
import runpy
import sys
from pathlib import Path

from serving.settings import Settings, prepare_gradio

FOLDER = prepare_gradio()  # before gradio is imported

import gradio as gr

from contribute import CONSENT
from contribute.desk import Desk
from serving import VERSION
from serving.limits import Refused
from serving.predict import Predictor
from serving.server import Server
from serving.weights import Weights
from web.components import collector, sketchpad

HERE = Path(__file__).parent
FONTS = ["system-ui", "sans-serif"]  # Gradio's default theme would fetch fonts from the network


def build(predictor: Predictor, desk: Desk | None, closed: str = "") -> gr.Blocks:
    """The page and its named endpoints.

    Contributions go through the `desk`; without one the page says in `closed` why it takes none.
    """
    functions = desk.functions if desk else []

    async def predict(picture: dict, top_k: float, request: gr.Request) -> dict:
        """Classify a picture of one digit.

        Args:
            picture: an image file; white on black or dark on light.
            top_k: how many digits to list, 1 to 10.
        """
        try:
            return await predictor.predict(request.request.scope["visitor"], picture, top_k)
        except Refused as error:
            raise gr.Error(str(error), print_exception=False) from error

    def info() -> dict:
        """What is being served: where the weights are from, how many parameters, the accuracy on MNIXEL's test images.

        `problem` is one sentence when the weights that were asked for cannot be had, else null.
        """
        return predictor.weights.info()

    with gr.Blocks(title="Draw a digit") as page:
        gr.HTML(HEADER, elem_classes="header")
        with gr.Tabs():
            with gr.Tab("Recognise"):
                sketchpad([f for f in functions if f.__name__ == "keep"], elem_classes="sketchpad")
            with gr.Tab("Contribute"):
                collector(desk.terms if desk else "", CONSENT, functions, closed, elem_classes="collect")
        note = gr.HTML(footer(predictor.weights), elem_classes="footer-note")
        page.load(  # the weights may have changed since the page was built
            lambda: footer(predictor.weights),
            outputs=note,
            queue=False,
            show_progress="hidden",
            api_visibility="private",
        )
        picture, top_k = gr.Image(visible=False, label="picture"), gr.Number(3, visible=False, label="top_k")
        result = gr.JSON(visible=False, label="result")
        gr.Button(visible=False).click(  # without Gradio's preprocessing, which would open the picture in this process
            predict, [picture, top_k], result, api_name="predict", preprocess=False
        )
        gr.api(info, api_name="info", queue=False)
    return page


HEADER = """<h1>Draw a digit</h1>
<p>A small neural network reads it while you draw.</p>"""


def footer(weights: Weights) -> str:
    """The lines under the board: what answers, how good it is, whose idea it was."""
    now, problem, accuracy = weights.files, weights.problem, weights.files.accuracy
    origin = "weights that came with the page" if now.origin == "embedded" else f"weights from {html.escape(now.origin)}"
    if problem:
        origin += f" ({html.escape(problem.rstrip('.'))})"
    measured = ""
    if accuracy:
        low, high = (100 * share for share in accuracy["interval"])
        measured = (
            f" It read {accuracy['right']} of MNIXEL's {accuracy['total']} test digits "
            f"(95 % interval {low:.1f} to {high:.1f} %); it has not met your handwriting."
        )
    return (
        f"<p>It learnt from 270 digits that students in Bucaramanga drew, and from thousands that a program draws. "
        f"{now.parameters:,} parameters, {origin}.{measured} What you draw is read in your browser and stays there; it is sent "
        "only if you contribute it.</p>"
        '<p>After <a href="https://github.com/Konat23/MNIXEL">MNIXEL</a> and the course project by Konat23 and the volunteers '
        'of "Deep Learning (2023-2) UIS".</p>'
    )


# In the head, because Gradio confines what it is given as `css` to the inside of the padding that is set here.
HEAD = """<style>
.gradio-container { max-width: 66rem !important; margin: 0 auto !important; }
.header, .footer-note { max-width: 60rem; margin: 0 auto; }
footer .divider { display: none !important; }
.gradio-container .html-container { padding: 0 !important; }
.header h1 { font-size: 1.7rem; margin: 0; }
.header p { margin: .15rem 0 0; }
.footer-note p { margin: .2rem 0; font-size: .8rem; opacity: .72; }
.footer-note a { margin: 0 !important; padding: 0 !important; color: inherit !important; }
@media (max-width: 900px) {
  .gradio-container .main.app.app { padding: .5rem .9rem; }
  .gradio-container .column { gap: .5rem; }
}
@media (orientation: landscape) and (max-height: 520px) {
  .header, .footer-note { max-width: none; }
  .header p { display: none; }
}
@media (max-width: 900px) {
  .header, .footer-note { max-width: 30rem; }
  .header h1 { font-size: 1.25rem; }
  .header p { font-size: .8rem; }
  footer { display: none !important; }
}
</style>"""


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(description="Serve the drawing page.")
    parser.add_argument(
        "--sketchpad", choices=["ours", "stock"], default="ours", help="which drawing board (default ours)"
    )
    options = parser.parse_args(arguments)
    desk = None
    try:
        settings = Settings.from_environment()
        if options.sketchpad == "stock":
            runpy.run_module("bench.stock", run_name="__main__")
            return 0
        server = Server(settings, Weights(HERE / "weights", settings))
        desk, closed = Desk.from_environment(VERSION)
        functions = {function.__name__: function for function in desk.functions} if desk else {}
        page = build(server.predictor, desk, closed)
        theme = gr.themes.Default(font=FONTS, font_mono=["monospace"])
        server.mount(page, functions, desk.collection if desk else None, theme=theme, head=HEAD)
        server.run()
    except (OSError, ValueError) as error:  # a setting, no weights, or the port is taken
        print(f"app.py: {error}", file=sys.stderr)
        return 1
    finally:
        if desk:
            desk.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
