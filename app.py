"""The page: draw a digit, see the answer while you draw. `python app.py` serves it on http://127.0.0.1:7860.

`MODEL_ID` ("OWNER/NAME") and `MODEL_REVISION` choose weights from the Hub instead of the embedded ones.
`python app.py --help` names the other settings.
"""

from __future__ import annotations

import importlib.util
import signal
import sys
from pathlib import Path

from serving.settings import Settings, command_line, prepare_gradio

# Gradio reads the environment while it is imported.
FOLDER = prepare_gradio()
if importlib.util.find_spec("spaces"):
    # ZeroGPU wants its package imported before anything that could touch CUDA.
    import spaces

    @spaces.GPU
    def zerogpu() -> None:
        """ZeroGPU notices a start only if there is such a function. Nobody calls it: no GPU is used."""


import gradio as gr
from starlette.middleware import Middleware

from contributions import CONSENT
from contributions.service import ContributionService
from serving import TITLE, VERSION
from serving.limits import RateLimiter
from serving.middleware import Guard
from serving.predict import Predictor, for_caller
from serving.routes import contribution_routes, own_routes
from serving.weights import Weights
from web.components import HEAD, page

HERE = Path(__file__).parent


def endpoints(predictor: Predictor) -> None:
    """`/predict` and `/info` for gradio_client, REST and MCP; neither waits in Gradio's queue."""

    async def predict(
        picture: str | dict, top_k: int | float | str = 3, request: gr.Request | None = None
    ) -> dict | str:
        """Read one hand-drawn digit in a picture. The label is null when the network is not sure.

        Args:
            picture: an image file, white on black or dark on light: a data URL, base64, or an uploaded file.
            top_k: how many digits to list, 1 to 10.
        """
        # MCP hands over Starlette's request, and Gradio one that holds it.
        scope = getattr(request, "request", request).scope  # type: ignore[union-attr]
        return for_caller(await predictor.predict(scope, picture, top_k), request)

    def info(request: gr.Request | None = None) -> dict | str:
        """What is served: where the weights are from, their parameters, the accuracy on MNIXEL's test images.

        `problem` is one sentence when the weights that were asked for cannot be had, else null.
        """
        return for_caller(predictor.weights.info(), request)

    gr.api(predict, api_name="predict", queue=False, concurrency_limit=None)
    gr.api(info, api_name="info", queue=False, concurrency_limit=None)


def main() -> int:
    """Serve the page until somebody stops it; returns the exit status."""
    options, service = command_line(), None
    try:
        settings = Settings(port=options.port)
        limits, weights = RateLimiter(), Weights(HERE / "weights", settings)
        predictor, routes = Predictor(weights, limits, Path(FOLDER.name)), own_routes(weights)
        guard = Middleware(Guard, settings, limits, predictor.uploaded)
        service, contributions = ContributionService.from_environment(VERSION)
        if service:
            routes += contribution_routes(service.answer, limits)
            contributions = {"licence": service.licence, "version": CONSENT}
        with gr.Blocks(title=TITLE, delete_cache=(60, 600)) as blocks:
            page(HERE / "weights", contributions or {})
            endpoints(predictor)
        weights.start()
        # A Space is stopped by SIGTERM; Gradio knows Ctrl-C only.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        blocks.launch(
            # Gradio makes an address of the name, and an IPv6 address has brackets.
            server_name=f"[{settings.name.strip('[]')}]" if ":" in settings.name else settings.name,
            server_port=int(settings.port),
            share=False,
            ssr_mode=False,
            mcp_server=True,
            pwa=True,
            max_file_size="20mb",
            run_history=False,
            footer_links=["api"],
            state_session_capacity=500,
            head=HEAD,
            theme=gr.themes.Default(font=["system-ui", "sans-serif"], font_mono=["monospace"]),
            favicon_path=HERE / "web" / "static" / "icon.svg",
            app_kwargs={"routes": routes, "middleware": [guard]},
        )
    except KeyboardInterrupt:
        # Somebody stopped it while it started.
        return 0
    except (OSError, ValueError) as error:
        print(f"app.py: {error}", file=sys.stderr)
        return 1
    finally:
        if service:
            service.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
