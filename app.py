"""The page: draw a digit, see the answer while you draw. `python app.py` serves it on http://127.0.0.1:7860.

`MODEL_ID` ("OWNER/NAME") and `MODEL_REVISION` choose weights from the Hub instead of the embedded ones;
`GRADIO_SERVER_NAME` and `GRADIO_SERVER_PORT` choose the address. docs/operations.md has all settings.
"""

from __future__ import annotations

import importlib.util
import json
import signal
import sys
from pathlib import Path

from serving.settings import HAS_LIMITS, NO_LIMITS, Settings, prepare_gradio

FOLDER = prepare_gradio()  # before gradio is imported
if importlib.util.find_spec("spaces"):
    import spaces  # before anything that could touch CUDA

    @spaces.GPU
    def zerogpu() -> None:
        """ZeroGPU takes a page for started only if it has such a function. It is never called: no GPU is used."""


import gradio as gr
from starlette.middleware import Middleware

from contributions import CONSENT
from contributions.service import ContributionService
from serving import TITLE, VERSION
from serving.limits import RateLimiter, Refused
from serving.middleware import ErrorsAndHeaders, RequestGuard, log_failure
from serving.predict import Predictor
from serving.routes import Routes, tidied
from serving.weights import Weights
from web.components import HEAD, page

HERE = Path(__file__).parent
FAILED = "Something went wrong here; it is not your fault."


class Problem(gr.Error):
    """An error that Gradio's clients show as its sentence, also in MCP, where Gradio sends the text of the error."""

    def __str__(self) -> str:
        return self.message


def endpoints(predictor: Predictor) -> None:
    """`/predict` and `/info` for gradio_client, REST and MCP; both without Gradio's queue, which has one place."""

    async def predict(picture: str | dict, top_k: int | float | str = 3, request: gr.Request = None) -> dict | str:
        """Read one hand-drawn digit in a picture. The label is null when the network is not sure.

        Args:
            picture: an image file, white on black or dark on light: a data URL, base64, or an uploaded file.
            top_k: how many digits to list, 1 to 10.
        """
        try:
            # MCP hands over Starlette's request, and Gradio one that holds it.
            visitor = getattr(request, "request", request).scope["visitor"]
            return for_caller(await predictor.predict(visitor, picture, top_k), request)
        except Refused as refused:
            raise Problem(str(refused), print_exception=False) from None
        except Exception as error:
            log_failure(error)
            raise Problem(FAILED, print_exception=False) from None

    def info(request: gr.Request = None) -> dict | str:
        """What is served: where the weights are from, how many parameters, the accuracy on MNIXEL's test images.

        `problem` is one sentence when the weights that were asked for cannot be had, else null.
        """
        return for_caller(predictor.weights.info(), request)

    gr.api(predict, api_name="predict", queue=False, concurrency_limit=None)
    gr.api(info, api_name="info", queue=False, concurrency_limit=None)


def for_caller(answer: dict, request: object) -> dict | str:
    """The answer, as JSON for MCP: Gradio would send a tool's answer in Python's notation."""
    return answer if isinstance(request, gr.Request) else json.dumps(answer)


def main() -> int:
    """Serve the page until somebody stops it; returns the exit status."""
    service = None
    try:
        settings = Settings.from_environment()
        limits, weights = RateLimiter(settings), Weights(HERE / "weights", settings)
        service, closed = ContributionService.from_environment(VERSION)
        contributions = closed or {"licence": service.licence, "version": CONSENT}
        predictor = Predictor(weights, limits, Path(FOLDER.name))
        with gr.Blocks(title=TITLE) as blocks:
            page(HERE / "weights", contributions)
            endpoints(predictor)
        routes = Routes(
            weights, limits, service.functions if service else {}, service.download_drawings if service else None
        )
        guards = [Middleware(ErrorsAndHeaders, settings), Middleware(RequestGuard, limits, predictor.uploaded)]
        if not HAS_LIMITS:
            print(NO_LIMITS, flush=True)
        weights.start()
        signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))  # stop as by Ctrl-C
        blocks.launch(
            server_name=settings.name,
            server_port=settings.port,
            share=False,
            ssr_mode=False,
            mcp_server=True,
            pwa=True,
            max_file_size="20mb",
            footer_links=["api"],
            run_history=False,
            state_session_capacity=500,
            head=HEAD,
            theme=gr.themes.Default(font=["system-ui", "sans-serif"], font_mono=["monospace"]),
            favicon_path=HERE / "web" / "static" / "icon.svg",
            app_kwargs={"routes": routes.all(), "middleware": guards, "lifespan": tidied(Path(FOLDER.name))},
        )
    except (OSError, ValueError) as error:  # a setting, no weights, or the port is taken
        print(f"app.py: {error}", file=sys.stderr)
        return 1
    finally:
        if service:
            service.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
