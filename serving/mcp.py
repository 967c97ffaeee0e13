"""The named endpoints as tools for language models: MCP (Model Context Protocol) over HTTP, one request at a time, no sessions.

Not by the package `mcp`, whose server writes whole messages that it does not understand into the log, pictures of strangers among
them, stops the event loop for half a second on a small request that is deeply nested, and replaces Python's way of showing warnings. Nor by
Gradio's, which fetches pictures from wherever a caller says. Four methods are all that two tools need; the tests call them with
that package's client.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

from serving import VERSION
from serving.limits import Refused

# Versions of the protocol; the first is offered to who asks for another.
PROTOCOLS = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
METHODS = ("initialize", "ping", "tools/list", "tools/call")
INVALID, NO_METHOD, BAD_PARAMS = -32600, -32601, -32602  # JSON-RPC's numbers

TOOLS = [
    {
        "name": "predict",
        "description": "Read one hand-drawn digit in a picture. The label is null when the network is not sure.",
        "inputSchema": {
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
        "annotations": {"readOnlyHint": True, "openWorldHint": False},
    },
    {
        "name": "info",
        "description": "What is served: where the weights are from, how many parameters, the accuracy on MNIXEL's test images.",
        "inputSchema": {"type": "object", "properties": {}},
        "annotations": {"readOnlyHint": True, "openWorldHint": False},
    },
]
NAMES = [tool["name"] for tool in TOOLS]
# What Gradio's own MCP tells without a session: "Use via API" and the Hub's MCP server look there. No tool takes an uploaded file.
SCHEMA = [
    {
        **{each: tool[each] for each in ("name", "description", "inputSchema")},
        "meta": {"file_data_present": False, "mcp_type": "tool", "endpoint_name": tool["name"]},
    }
    for tool in TOOLS
]


async def answer(message: dict, use: Callable[[str, dict], Awaitable[dict]]) -> tuple[int, dict | None]:
    """HTTP status and answer to one JSON-RPC message; notifications and answers get none.

    `use(name, arguments)` gives what a tool does, or raises Refused.
    """
    if "id" not in message and isinstance(message.get("method"), str) or "method" not in message and "id" in message:
        return 202, None
    number, method, params = message.get("id"), message.get("method"), message.get("params", {})
    if not (type(number) is int and abs(number) < 2**53 or isinstance(number, str) and len(number) <= 64):
        return 400, _error(None, INVALID, "A request has an id, a number or a word of at most 64 letters.")
    if message.get("jsonrpc") != "2.0" or not isinstance(method, str) or not isinstance(params, dict):
        return 400, _error(number, INVALID, "This is no JSON-RPC 2.0 request with a method and named params.")
    if method == "initialize":
        asked = params.get("protocolVersion")
        return 200, _result(
            number,
            {
                "protocolVersion": asked if asked in PROTOCOLS else PROTOCOLS[0],
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "mnixel", "version": VERSION},
                "instructions": "Reads hand-drawn digits, 0 to 9.",
            },
        )
    if method == "ping":
        return 200, _result(number, {})
    if method == "tools/list":
        return 200, _result(number, {"tools": TOOLS})
    if method != "tools/call":
        return 200, _error(number, NO_METHOD, f"There is no such method; there are {', '.join(METHODS)}.")
    name, arguments = params.get("name"), params.get("arguments") or {}
    if name not in NAMES or not isinstance(arguments, dict):
        return 200, _error(
            number, BAD_PARAMS, f"There is no such tool, or its arguments have no names; there are {', '.join(NAMES)}."
        )
    try:
        said = await use(name, arguments)
    except Refused as refused:
        return 200, _result(number, {"content": [{"type": "text", "text": str(refused)}], "isError": True})
    content = [{"type": "text", "text": json.dumps(said)}]
    return 200, _result(number, {"content": content, "structuredContent": said, "isError": False})


def _result(number: int | str, result: dict) -> dict:
    return {"jsonrpc": "2.0", "id": number, "result": result}


def _error(number: int | str | None, code: int, sentence: str) -> dict:
    return {"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": sentence}}
