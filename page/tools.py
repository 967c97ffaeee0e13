"""The named endpoints as tools for language models: MCP (Model Context Protocol) over HTTP, one request at a time, no sessions.

Gradio's own MCP would fetch pictures from wherever a caller says, and calls the page over HTTP once more.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from mcp import types
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

from page.bodies import ARGUMENTS, LINK, NO_PICTURE, TOP_K
from page.doors import PICTURE

PATH = "/gradio_api/mcp"  # where Gradio's clients look for it
WHO = "page.visitor"  # the entry of a request's scope that says whose it is

TOOLS = [
    types.Tool(
        name="predict",
        description="Read one hand-drawn digit in a picture. The label is null when the network is not sure.",
        inputSchema={
            "type": "object",
            "properties": {
                "picture": {
                    "type": "string",
                    "description": "The picture as a data URL, data:image/png;base64,...; PNG, JPEG, WebP, GIF or BMP, white on "
                    "black or dark on light, of 8 to 4096 pixels a side and at most 10 MiB.",
                },
                "top_k": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": 10,
                    "default": 3,
                    "description": "How many digits to list, most probable first.",
                },
            },
            "required": ["picture"],
        },
        annotations=types.ToolAnnotations(readOnlyHint=True, openWorldHint=False),
    ),
    types.Tool(
        name="info",
        description="What is served: where the weights are from, how many parameters, the accuracy on MNIXEL's test images.",
        inputSchema={"type": "object", "properties": {}},
        annotations=types.ToolAnnotations(readOnlyHint=True, openWorldHint=False),
    ),
]

Predict = Callable[[str, str, int], Awaitable[dict]]  # visitor, data URL, top_k -> what `/predict` answers


def manager(predict: Predict, info: Callable[[], dict], version: str) -> StreamableHTTPSessionManager:
    """The server of the tools; its `run()` must be entered once and its `asgi_app` be given requests with WHO in the scope."""
    logging.getLogger("mcp").setLevel(logging.CRITICAL)  # it would write down what callers send
    server = Server("mnixel", version=version, instructions="Reads hand-drawn digits, 0 to 9.")

    @server.list_tools()
    async def list_tools() -> list[types.Tool]:
        return TOOLS

    @server.call_tool(validate_input=False)  # its words about what is wrong repeat the whole picture
    async def call_tool(name: str, arguments: dict) -> dict:
        if name == "info":
            return info()
        if name != "predict":
            raise ValueError("There is no such tool; there are predict and info.")
        who = server.request_context.request.scope[WHO]
        return await predict(who, _data_url(arguments.get("picture")), _top_k(arguments.get("top_k", 3)))

    return StreamableHTTPSessionManager(server, json_response=True, stateless=True, max_request_body_size=PICTURE)


def _data_url(picture: object) -> str:
    if picture is None:
        raise ValueError(NO_PICTURE)
    if not isinstance(picture, str):
        raise ValueError(ARGUMENTS)
    if LINK.match(picture) and not picture.startswith("data:"):
        raise ValueError("The page fetches nothing from other places: send the picture itself, as a data URL.")
    return picture


def _top_k(top_k: object) -> int:
    if type(top_k) not in (int, float) or top_k not in range(1, 11):
        raise ValueError(TOP_K)
    return int(top_k)
