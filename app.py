"""The page: draw a digit, see the answer while you draw. `python app.py` serves it.

    python app.py                       our drawing board, read in the visitor's browser
    python app.py --sketchpad stock     the comparison: Gradio's own gr.Sketchpad, read on this machine, for this machine only

`MODEL_ID` ("OWNER/NAME") and `MODEL_REVISION` choose weights from the Hub instead of the embedded ones, and `MODEL_REFRESH` how
often, in seconds, to look for newer ones; `GRADIO_SERVER_NAME` and `GRADIO_SERVER_PORT` choose the address.
"""

from __future__ import annotations

import argparse
import importlib
import runpy
import sys
from pathlib import Path

from serving.settings import ON_ZEROGPU, Settings, prepare_gradio

FOLDER = prepare_gradio()  # before gradio is imported
# Only a Space on ZeroGPU has this module, which must come before anything that could touch CUDA.
zerogpu = importlib.import_module("serving.zerogpu") if ON_ZEROGPU else None

import gradio as gr

from contributions import CONSENT
from contributions.service import ContributionService
from serving import TITLE, VERSION
from serving.limits import Refused
from serving.predict import Predictor
from serving.routes import plain
from serving.server import Server, listen
from serving.weights import Weights
from web.components import collector, data_tab, model_tab, sketchpad

HERE = Path(__file__).parent
FONTS = ["system-ui", "sans-serif"]  # Gradio's default theme would fetch fonts from the network


def named_functions(service: ContributionService) -> list:
    """The service's functions under the names that the page's scripts ask for."""
    names, functions = {"submit": "keep", "delete": "forget"}, []
    for name, function in service.functions.items():

        def ask(question: dict, function=function) -> dict:
            return function(question)

        ask.__name__ = names.get(name, name)
        functions.append(ask)
    return functions


def build(predictor: Predictor, service: ContributionService | None, closed: dict | None = None) -> gr.Blocks:
    """The page and its named endpoints.

    Contributions go through the `service`; without one `closed`, an error as the service sends it, says why
    the page takes none.
    """
    functions = named_functions(service) if service else []

    async def predict(picture: dict, top_k: float, request: gr.Request) -> dict:
        """Classify a picture of one digit.

        Args:
            picture: an image file; white on black or dark on light.
            top_k: how many digits to list, 1 to 10.
        """
        try:
            visitor = request.request.scope["visitor"]  # type: ignore[union-attr]
            return await predictor.predict(visitor, plain(picture), top_k)
        except Refused as error:
            raise gr.Error(str(error), print_exception=False) from error

    def info() -> dict:
        """What is being served: where the weights are from, how many parameters, the accuracy on MNIXEL's test images.

        `problem` is one sentence when the weights that were asked for cannot be had, else null.
        """
        return predictor.weights.info()

    with gr.Blocks(title=TITLE) as page:
        gr.HTML(HEADER, elem_classes="header")
        with gr.Tabs():
            with gr.Tab("Recognise"):
                sketchpad([f for f in functions if f.__name__ == "keep"], elem_classes="sketchpad")
            with gr.Tab("Contribute"):
                collector(
                    service.licence if service else "", CONSENT, functions, closed, elem_classes="collect"
                )
            with gr.Tab("Data"):
                data_tab(
                    HERE / "weights",
                    [f for f in functions if f.__name__ == "accepted"],
                    elem_classes="tab-data",
                )
            with gr.Tab("Model"):
                model_tab(HERE / "weights", elem_classes="tab-model")
        picture, top_k = gr.Image(visible=False, label="picture"), gr.Number(3, visible=False, label="top_k")
        result = gr.JSON(visible=False, label="result")
        gr.Button(
            visible=False
        ).click(  # without Gradio's preprocessing, which would open the picture in this process
            predict, [picture, top_k], result, api_name="predict", preprocess=False
        )
        gr.api(info, api_name="info")
    return page


HEADER = """<div class="languages" role="group" data-word-aria-label="language.choose" aria-label="Language"></div>
<h1 data-word="title">Draw a digit</h1>
<p data-word="subtitle">A neural network in your browser reads it while you draw.</p>"""


# In the head, because Gradio confines what it is given as `css` to the inside of the padding that is set here.
HEAD = f"<style>{(HERE / 'web' / 'frame.css').read_text()}"
HEAD += """
.gradio-container { width: 100%; max-width: 64rem !important; margin: 0 auto !important; --color-accent: var(--digit-accent); }
.header { max-width: 60rem; margin: 0 auto; }
footer button, footer a { color: var(--body-text-color) !important; }
[role=tabpanel] { padding-inline: 0 !important; }
footer .divider { display: none !important; }
.gradio-container .html-container { padding: 0 !important; }
@media (max-width: 900px) {
  .gradio-container .main.app.app { padding: .5rem .9rem; }
  .gradio-container .column { gap: .5rem; }
  footer { display: none !important; }
}
@media (orientation: landscape) and (max-height: 520px) {
  .gradio-container .main.app.app { padding-top: .3rem; }
}
</style>"""


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(description="Serve the drawing page.")
    parser.add_argument(
        "--sketchpad", choices=["ours", "stock"], default="ours", help="which drawing board (default ours)"
    )
    options = parser.parse_args(arguments)
    service = None
    try:
        settings = Settings.from_environment()
        if options.sketchpad == "stock":
            runpy.run_module("bench.stock", run_name="__main__")
            return 0
        server = Server(settings, Weights(HERE / "weights", settings))
        listening = listen(
            settings.name, settings.port
        )  # before the store is opened, which another page may have
        service, closed = ContributionService.from_environment(VERSION)
        functions = {function.__name__: function for function in named_functions(service)} if service else {}
        page = build(server.predictor, service, closed)
        theme = gr.themes.Default(font=FONTS, font_mono=["monospace"])
        look = {"theme": theme, "head": HEAD, "favicon_path": str(HERE / "web" / "static" / "icon.svg")}
        server.mount(page, functions, service.download_drawings if service else None, **look)
        if zerogpu:
            zerogpu.report()
        server.run(listening)
    except (OSError, ValueError) as error:  # a setting, no weights, or the port is taken
        print(f"app.py: {error}", file=sys.stderr)
        return 1
    finally:
        if service:
            service.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
