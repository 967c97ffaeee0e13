"""On ZeroGPU a Space has to report its start, which the package `spaces` does from inside Gradio's `launch` and nowhere else.

`spaces` replaces `gr.Blocks.launch` once, by a function that reports and then launches. Our server does not start by `launch`, which
has neither our routes nor our limits. So an empty page is launched on a port that only this machine reaches, and closed again; by then
the report has gone out, whatever becomes of that launch. No GPU is asked for, and nobody's quota is used.
"""

from __future__ import annotations

import sys
import threading
import time

import spaces

WAITS = (2, 10, 30, 60, 120)  # seconds between attempts to report


@spaces.GPU
def unused() -> None:
    """What `spaces` insists on before it reports; never called."""


def report() -> None:
    """Report the start, from a thread of its own."""
    threading.Thread(target=_report, daemon=True, name="zerogpu").start()


def _report() -> None:
    import gradio as gr

    reporting = gr.Blocks.launch  # replaced when `spaces` was imported; put back once the report has gone out
    for wait in (*WAITS, 0):
        page, problem = gr.Blocks(), ""
        try:
            page.launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True, _frontend=False)
        except Exception as error:  # the platform's, or of a launch that gave up
            problem = str(error).split("\n")[0] or type(error).__name__
        finally:
            page.close(verbose=False)
        if gr.Blocks.launch is not reporting:
            print("ZeroGPU knows that the page has started.", flush=True)
            return
        again = f"it is told again in {wait} s" if wait else "restart the Space"
        print(
            f"ZeroGPU was not told that the page has started ({problem}); {again}.",
            file=sys.stderr,
            flush=True,
        )
        time.sleep(wait)
