"""The named endpoints as tools for language models: MCP (Model Context Protocol) over HTTP, one request at a time, no sessions.

Four methods are all that two tools need. docs/security.md says why neither the package `mcp` nor Gradio serves them.
"""

from __future__ import annotations

import json

from serving import VERSION
from serving.limits import Refused
from serving.predict import Predictor

PROTOCOLS = (
    "2025-11-25",
    "2025-06-18",
    "2025-03-26",
    "2024-11-05",
)  # the first is offered to who asks for another
NO_METHOD = -32601  # JSON-RPC's number
PICTURE = (
    "The picture as a data URL, data:image/png;base64,...; PNG, JPEG, WebP, GIF or BMP, white on black or dark on light, "
    "of 8 to 4096 pixels a side and at most 10 MiB."
)
MOST = {
    "type": "integer",
    "minimum": 1,
    "maximum": 10,
    "default": 3,
    "description": "How many digits to list.",
}
READS = "Read one hand-drawn digit in a picture. The label is null when the network is not sure."
TELLS = (
    "What is served: where the weights are from, how many parameters, the accuracy on MNIXEL's test images."
)

TOOLS = [
    {
        "name": name,
        "description": description,
        "inputSchema": {"type": "object", "properties": properties, "required": required},
        "annotations": {"readOnlyHint": True, "openWorldHint": False},
        "meta": {"file_data_present": False, "mcp_type": "tool", "endpoint_name": name},  # as Gradio tells it
    }
    for name, description, properties, required in (
        (
            "predict",
            READS,
            {"picture": {"type": "string", "description": PICTURE}, "top_k": MOST},
            ["picture"],
        ),
        ("info", TELLS, {}, []),
    )
]


async def answer(message: dict, predictor: Predictor, who: str) -> dict | None:
    """The answer to one JSON-RPC message of a visitor; notifications and answers get none. Raises Refused for what is no message."""
    number, method, params = message.get("id"), message.get("method"), message.get("params", {})
    if "id" not in message and isinstance(method, str) or "method" not in message and "id" in message:
        return None
    known = type(number) is int and abs(number) < 2**53 or isinstance(number, str) and len(number) <= 64
    if (
        not known
        or message.get("jsonrpc") != "2.0"
        or not isinstance(method, str)
        or not isinstance(params, dict)
    ):
        raise Refused(
            "This is no JSON-RPC 2.0 request with a method, named params and an id of at most 64 letters."
        )
    name, arguments = params.get("name"), params.get("arguments") or {}
    result: dict = {}
    if method == "initialize":
        asked, about = params.get("protocolVersion"), {"name": "mnixel", "version": VERSION}
        version = asked if asked in PROTOCOLS else PROTOCOLS[0]
        result = {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": about}
    elif method == "tools/list":
        result = {"tools": TOOLS}
    elif method == "tools/call" and name in ("predict", "info") and isinstance(arguments, dict):
        try:
            asked = (arguments.get("picture"), arguments.get("top_k", 3))
            output = predictor.weights.info() if name == "info" else await predictor.predict(who, *asked)
            result = {"content": [{"type": "text", "text": json.dumps(output)}], "structuredContent": output}
        except Refused as refused:
            result = {"content": [{"type": "text", "text": str(refused)}], "isError": True}
    elif method != "ping":
        problem = "There is no such method or tool; there are tools/list, and tools/call of predict and info."
        return {"jsonrpc": "2.0", "id": number, "error": {"code": NO_METHOD, "message": problem}}
    return {"jsonrpc": "2.0", "id": number, "result": result}
