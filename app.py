"""The page: draw a digit, see the answer while you draw. `python app.py` serves it on http://127.0.0.1:7860.

`MODEL_ID` ("OWNER/NAME") and `MODEL_REVISION` choose weights from the Hub instead of the embedded ones.
docs/operations.md lists the other settings.
"""

import importlib.util
import signal
import sys
import threading
from pathlib import Path

from serving.settings import command_line, keep_visitors_out_of_the_log

if importlib.util.find_spec("spaces"):
    # ZeroGPU's package must be imported before anything that could touch CUDA.
    import spaces

    @spaces.GPU
    def zerogpu() -> None:
        """Never called, because no GPU is used. ZeroGPU notices the start only if such a function exists."""


import gradio as gr
from starlette.middleware import Middleware

from contributions.service import ContributionService
from serving import TITLE, VERSION
from serving.limits import visitor
from serving.middleware import Guard
from serving.predict import Predictor, for_caller
from serving.routes import contribution_routes, own_routes
from serving.weights import Weights
from web.components import HEAD, page

HERE = Path(__file__).parent


def endpoints(predictor: Predictor) -> None:
    """`/predict` and `/info` for gradio_client, REST and MCP. Neither waits in Gradio's queue."""

    async def predict(picture: str | dict, request: gr.Request, top_k: int | float | str = 3) -> dict | str:
        """Read one hand-drawn digit in a picture. The label is null when the network is not sure.

        Args:
            picture: an image file, white on black or dark on light: a data URL, base64, or an uploaded file.
            top_k: how many digits to list, 1 to 10.
        """
        return for_caller(await predictor.predict(visitor(request), picture, top_k), request)

    def info(request: gr.Request) -> dict | str:
        """The weights in service: their origin, their parameters, and the accuracy on MNIXEL's test images.

        `problem` is one sentence when the chosen weights are not available, else null.
        """
        return for_caller(predictor.weights.info(), request)

    gr.api(predict, api_name="predict", queue=False, concurrency_limit=None)
    gr.api(info, api_name="info", queue=False, concurrency_limit=None)


def main() -> int:
    """Serve the page until it is stopped; returns the exit status."""
    port, service = command_line(), None
    keep_visitors_out_of_the_log()
    try:
        weights = Weights(HERE / "weights")
        routes = own_routes(weights)
        service, contributions = ContributionService.from_environment(VERSION)
        if service:
            routes += contribution_routes(service.answer)
        with gr.Blocks(title=TITLE, delete_cache=(60, 600), analytics_enabled=False) as blocks:
            page(HERE / "weights", contributions)
            endpoints(Predictor(weights))
        # SIGTERM stops a Space. Gradio only knows Ctrl-C.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        blocks.launch(
            prevent_thread_lock=True,
            server_port=port,
            share=False,
            ssr_mode=False,
            mcp_server=True,
            pwa=True,
            max_file_size="20mb",
            run_history=False,
            footer_links=["api"],
            # A session keeps its last picture, which nobody asks for again.
            state_session_capacity=10,
            head=HEAD,
            theme=gr.themes.Default(font=["system-ui", "sans-serif"], font_mono=["monospace"]),
            favicon_path=HERE / "web" / "static" / "icon.svg",
            app_kwargs={"routes": routes, "middleware": [Middleware(Guard)]},
        )
        # At the start, Gradio gives up a page that does not answer within seconds, so torch is loaded later.
        threading.Thread(target=weights.follow, daemon=True).start()
        blocks.block_thread()
    except KeyboardInterrupt:
        # Stopped during its start.
        return 0
    except (OSError, OverflowError, ValueError) as error:
        print(f"app.py: {error}", file=sys.stderr)
        return 1
    finally:
        if service:
            service.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
