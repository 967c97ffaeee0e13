"""The page: draw a digit, see the answer while you draw. `python app.py` serves it.

    python app.py                       our drawing board
    python app.py --sketchpad stock     the same page on Gradio's own gr.Sketchpad

`MODEL_ID` ("OWNER/NAME") and `MODEL_REVISION` choose weights from the Hub instead of the embedded ones, and `MODEL_REFRESH` how
often, in seconds, to look for newer ones; `GRADIO_SERVER_NAME` and `GRADIO_SERVER_PORT` choose the address.
"""

from __future__ import annotations

import argparse
import html
import os
import sys
from pathlib import Path

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # before gradio is imported: the page calls nobody

PORT = os.environ.pop("GRADIO_SERVER_PORT", "")  # gradio itself would meet a bad one with a traceback at import

import gradio as gr
import torch

from contribute.collector import Collector
from contribute.desk import Desk
from page import host, stock
from page.bodies import NO_PICTURE, whole_top_k
from page.pictures import BadPicture, open_data_url, open_picture
from page.recognise import answer, answer_drawing, reply
from page.served import EMBEDDED, Served
from page.visitors import BadRequest
from sketchpad import Sketchpad

HERE = Path(__file__).parent


class PictureFile(gr.Image):
    """An image input that gives the picture as it is, opened within bounds, and refuses anything else with one sentence."""

    def get_block_name(self) -> str:
        return "image"  # the page's own image component shows it

    def preprocess(self, payload):
        if payload is None:
            raise gr.Error(NO_PICTURE, print_exception=False)
        try:
            if payload.url and payload.url.startswith("data:"):
                return open_data_url(payload.url)
            return open_picture(Path(payload.path))
        except BadPicture as error:
            raise gr.Error(str(error), print_exception=False) from error
        except (OSError, TypeError) as error:
            raise gr.Error("The picture did not arrive; send it again.", print_exception=False) from error


def build(served: Served, use_stock: bool = False, desk: Desk | None = None, closed: str = "") -> gr.Blocks:
    """The page and its endpoints on whatever network is served at the moment.

    Contributions go over the `desk`; without one the page says in `closed` why it takes none.
    """
    functions = desk.functions if desk else []

    def recognise(drawing: dict) -> dict:
        return answer_drawing(served.current.net, drawing)

    def predict(picture, top_k: float) -> dict:
        """Classify a picture of one digit.

        Args:
            picture: an image file; white on black or dark on light.
            top_k: how many digits to list, 1 to 10.
        """
        try:
            found = answer(served.current.net, picture, whole_top_k(top_k))
        except (BadRequest, ValueError) as error:
            raise gr.Error(str(error), print_exception=False) from error
        return reply(found)

    def info() -> dict:
        """What is being served: where the weights are from, how many parameters, the accuracy on MNIXEL's test images.

        `problem` is one sentence when the weights that were asked for cannot be had, else null.
        """
        return info_of(served)

    with gr.Blocks(title="Draw a digit") as page:
        gr.HTML(HEADER, elem_classes="header")
        with gr.Tabs():
            with gr.Tab("Recognise"):
                if use_stock:
                    stock.build(served)
                else:
                    Sketchpad(recognise, [f for f in functions if f.__name__ == "keep"], elem_classes="sketchpad")
            with gr.Tab("Contribute"):
                Collector(desk.terms if desk else "", functions, closed, elem_classes="collect")
        note = gr.HTML(footer(served), elem_classes="footer-note")
        page.load(  # the weights may have changed since the page was built
            lambda: footer(served), outputs=note, queue=False, show_progress="hidden", api_visibility="private"
        )

        picture = PictureFile(visible=False, label="picture")
        top_k = gr.Number(3, visible=False, label="top_k")
        result = gr.JSON(visible=False, label="result")
        gr.Button(visible=False).click(predict, [picture, top_k], result, api_name="predict", concurrency_limit=2)
        gr.api(info, api_name="info", queue=False)
    return page


def info_of(served: Served) -> dict:
    """What `/info` says."""
    now = served.current
    parameters = sum(p.numel() for p in now.net.parameters())
    return {"weights": now.origin, "parameters": parameters, "accuracy": now.accuracy, "problem": served.problem}


HEADER = """<h1>Draw a digit</h1>
<p>A small neural network reads it while you draw.</p>"""


def footer(served: Served) -> str:
    """The lines under the board: what answers, how good it is, whose idea it was."""
    now, problem = served.current, served.problem
    parameters = f"{sum(p.numel() for p in now.net.parameters()):,}"
    accuracy = now.accuracy
    origin = "weights that came with the page" if now.origin == EMBEDDED else f"weights from {html.escape(now.origin)}"
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
        f"{parameters} parameters, {origin}.{measured} What you draw is sent to the server to be read; it is kept only if you contribute it.</p>"
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
FONTS = ["system-ui", "sans-serif"]  # Gradio's default theme would fetch fonts from the network


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(description="Serve the drawing page.")
    parser.add_argument(
        "--sketchpad", choices=["ours", "stock"], default="ours", help="which drawing board (default ours)"
    )
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)  # one digit is too little work to share; many visitors share the cores instead
    try:
        served = Served.from_environment(HERE / "weights")
    except (OSError, ValueError) as error:
        print(f"app.py: {error}", file=sys.stderr)
        return 1
    desk, closed = Desk.from_environment(served)
    use_stock = options.sketchpad == "stock"
    page = build(served, use_stock, desk, closed)
    guard = host.application(
        page,
        served,
        lambda: info_of(served),
        use_stock,
        theme=gr.themes.Default(font=FONTS, font_mono=["monospace"]),
        head=HEAD,
        js=stock.PRESS_BRUSH if use_stock else None,
    )
    try:
        host.serve(guard, *address())
    except OSError as error:  # the port is taken
        print(f"app.py: {error}", file=sys.stderr)
        return 1
    finally:
        if desk:
            desk.close()
    return 0


def address() -> tuple[str, int | None]:
    """Where to serve: name and port, or None for the first free one. Raises OSError when GRADIO_SERVER_PORT is no port."""
    if PORT and not (PORT.isdecimal() and 0 < int(PORT) < 65536):
        raise OSError(f"GRADIO_SERVER_PORT is {PORT!r}; it must be a number from 1 to 65535.")
    everywhere = "0.0.0.0" if os.environ.get("SPACE_ID") else "127.0.0.1"
    return os.environ.get("GRADIO_SERVER_NAME") or everywhere, int(PORT) if PORT else None


if __name__ == "__main__":
    sys.exit(main())
