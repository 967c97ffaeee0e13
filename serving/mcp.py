"""The named endpoints as tools for language models: MCP (Model Context Protocol) over HTTP, one request at a time, no sessions.

Not by the package `mcp`, whose server writes whole messages that it does not understand into the log, stops the event loop for half a
second on a small request, and breaks Python's warnings. Nor by Gradio's, which fetches pictures from wherever a caller says. Four
methods are all that two tools need; the tests call them with that package's client.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

from serving import VERSION
from serving.limits import Refused

PROTOCOLS = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")  # the first is offered to who asks for another
INVALID, NO_METHOD, BAD_PARAMS = -32600, -32601, -32602  # JSON-RPC's numbers
PICTURE = (
    "The picture as a data URL, data:image/png;base64,...; PNG, JPEG, WebP, GIF or BMP, white on black or dark on light, "
    "of 8 to 4096 pixels a side and at most 10 MiB."
)
TOP_K = {"type": "integer", "minimum": 1, "maximum": 10, "default": 3}
READS = {"readOnlyHint": True, "openWorldHint": False}
TOOLS = [
    {
        "name": "predict",
        "description": "Read one hand-drawn digit in a picture. The label is null when the network is not sure.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "picture": {"type": "string", "description": PICTURE},
                "top_k": {**TOP_K, "description": "How many digits to list, most probable first."},
            },
            "required": ["picture"],
        },
        "annotations": READS,
    },
    {
        "name": "info",
        "description": "What is served: where the weights are from, how many parameters, the accuracy on MNIXEL's test images.",
        "inputSchema": {"type": "object", "properties": {}},
        "annotations": READS,
    },
]
# What Gradio's own MCP tells without a session: "Use via API" and the Hub's MCP server look there. No tool takes an uploaded file.
SCHEMA = [
    {
        **{key: tool[key] for key in ("name", "description", "inputSchema")},
        "meta": {"file_data_present": False, "mcp_type": "tool", "endpoint_name": tool["name"]},
    }
    for tool in TOOLS
]


async def answer(message: dict, use: Callable[[str, dict], Awaitable[dict]]) -> tuple[int, dict | None]:
    """HTTP status and answer to one JSON-RPC message; notifications and answers get none.

    `use(name, arguments)` gives what a tool does, or raises Refused.
    """
    number, method, params = message.get("id"), message.get("method"), message.get("params", {})
    if "id" not in message and isinstance(method, str) or "method" not in message and "id" in message:
        return 202, None
    known = type(number) is int and abs(number) < 2**53 or isinstance(number, str) and len(number) <= 64
    if not known or message.get("jsonrpc") != "2.0" or not isinstance(method, str) or not isinstance(params, dict):
        sentence = "This is no JSON-RPC 2.0 request: it needs a method, named params and an id of at most 64 letters."
        return 400, _error(number if known else None, INVALID, sentence)
    if method == "initialize":
        asked = params.get("protocolVersion")
        said = {
            "protocolVersion": asked if asked in PROTOCOLS else PROTOCOLS[0],
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "mnixel", "version": VERSION},
        }
    elif method == "ping":
        said = {}
    elif method == "tools/list":
        said = {"tools": TOOLS}
    elif method != "tools/call":
        return 200, _error(
            number, NO_METHOD, "There is no such method; there are initialize, ping, tools/list, tools/call."
        )
    else:
        name, arguments = params.get("name"), params.get("arguments") or {}
        if name not in ("predict", "info") or not isinstance(arguments, dict):
            return 200, _error(
                number, BAD_PARAMS, "There is no such tool; there are predict and info, with named arguments."
            )
        try:
            found = await use(name, arguments)
            said = {
                "content": [{"type": "text", "text": json.dumps(found)}],
                "structuredContent": found,
                "isError": False,
            }
        except Refused as refused:
            said = {"content": [{"type": "text", "text": str(refused)}], "isError": True}
    return 200, {"jsonrpc": "2.0", "id": number, "result": said}


def _error(number: int | str | None, code: int, sentence: str) -> dict:
    return {"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": sentence}}
