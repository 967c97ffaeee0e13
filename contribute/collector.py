"""The Contribute tab as a Gradio component, on `gr.HTML`, with the same drawing board as the page's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import gradio as gr

import sketchpad
from contribute import CONSENT

HERE = Path(__file__).parent
BOARD = Path(sketchpad.__file__).parent / "board.js"


class Collector(gr.HTML):
    """Asks for digits and keeps them through `functions`, those of a Desk; `closed` says why it takes none, if so."""

    def __init__(self, terms: str, functions: Sequence[Callable] = (), closed: str = "", **options):
        super().__init__(
            html_template=(HERE / "collector.html").read_text(),
            css_template=(HERE / "collector.css").read_text(),
            js_on_load="\n".join(path.read_text() for path in (BOARD, HERE / "collector.js")),
            server_functions=list(functions),
            apply_default_css=False,
            limits=sketchpad.LIMITS,
            terms=terms,
            version=CONSENT,
            closed=closed,
            **options,
        )

    def get_config(self) -> dict:
        """What the browser is told: not the functions themselves, of which it would see where they lie in memory."""
        return {name: value for name, value in super().get_config().items() if name != "server_functions"}
