"""The page's tools as language models call them: MCP's own client against a running page, and requests that are none."""

from __future__ import annotations

import asyncio
import base64
import json
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from test_api import encoded, picture

URL = "/gradio_api/mcp/"


def url_of(digit: str) -> str:
    return f"data:image/png;base64,{base64.b64encode(encoded(picture(digit))).decode()}"


def in_session(server, work):
    """What `work(session)` gives, in a loop and a thread of its own: the browser's driver has this thread's loop."""

    async def run():
        async with streamable_http_client(server.url + URL) as (read, write, _), ClientSession(read, write) as session:
            started = await session.initialize()
            assert started.serverInfo.name == "mnixel"
            return await work(session)

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, run()).result(60)


def call(server, name: str, arguments: dict):
    return in_session(server, lambda session: session.call_tool(name, arguments))


def test_the_tools_are_listed_with_what_they_take(server):
    listed = in_session(server, lambda session: session.list_tools()).tools
    assert [tool.name for tool in listed] == ["predict", "info"]
    assert listed[0].inputSchema["required"] == ["picture"]
    assert set(listed[0].inputSchema["properties"]) == {"picture", "top_k"}
    assert all(tool.description and tool.annotations.readOnlyHint for tool in listed)


@pytest.mark.parametrize("digit", ["2", "7"])
def test_a_picture_is_read(server, digit):
    found = call(server, "predict", {"picture": url_of(digit), "top_k": 4})
    assert not found.isError
    assert found.structuredContent["label"] == digit
    assert len(found.structuredContent["confidences"]) == 4
    assert json.loads(found.content[0].text) == found.structuredContent
    assert len(call(server, "predict", {"picture": url_of(digit)}).structuredContent["confidences"]) == 3


def test_what_is_served_is_told(server):
    told = call(server, "info", {}).structuredContent
    assert told["weights"] == "embedded" and told["parameters"] > 50_000


@pytest.mark.parametrize(
    ("name", "arguments", "sentence"),
    [
        ("predict", {}, "There is no picture"),
        ("predict", {"picture": 5}, "The picture must be a file"),
        ("predict", {"picture": "https://example.org/a.png"}, "fetches nothing from other places"),
        ("predict", {"picture": "file:///etc/passwd"}, "fetches nothing from other places"),
        ("predict", {"picture": "/etc/passwd"}, "data URL begins with"),
        ("predict", {"picture": "data:image/png;base64,AAAA"}, "not a picture that can be read"),
        ("predict", {"picture": "data:image/png;base64,@"}, "damaged"),
        ("predict", {"picture": url_of("3"), "top_k": 11}, "top_k is a whole number"),
        ("predict", {"picture": url_of("3"), "top_k": "two"}, "top_k is a whole number"),
        ("predict", {"picture": url_of("3"), "top_k": True}, "top_k is a whole number"),
        ("paint", {}, "There is no such tool"),
    ],
)
def test_what_cannot_be_read_is_said_in_a_sentence(server, name, arguments, sentence):
    refused = call(server, name, arguments)
    assert refused.isError and sentence in refused.content[0].text
    assert len(refused.content) == 1 and "\n" not in refused.content[0].text


def ask(server, body: bytes, method: str = "POST", **headers: str) -> tuple[int, dict]:
    headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream", **headers}
    request = urllib.request.Request(server.url + URL, body or None, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            return reply.status, json.loads(reply.read() or b"{}")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def question(method: str, **params: object) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()


def test_one_request_is_enough(server):
    status, said = ask(server, question("tools/call", name="predict", arguments={"picture": url_of("5"), "top_k": 1}))
    assert status == 200 and said["result"]["structuredContent"]["label"] == "5"


@pytest.mark.parametrize(
    ("body", "method", "status", "sentence"),
    [
        (b"", "GET", 405, "POST only"),
        (b"", "DELETE", 405, "POST only"),
        (b"{", "POST", 400, "JSON object"),
        (b"[]", "POST", 400, "JSON object"),
        (b"{}", "POST", 400, "check its arguments"),
        (b'{"jsonrpc": "2.0", "id": 1, "method": 7}', "POST", 400, "check its arguments"),
    ],
    ids=["get", "delete", "no json", "a list", "no call", "no method"],
)
def test_what_is_no_call_is_refused(server, body, method, status, sentence):
    answered, said = ask(server, body, method)
    assert answered == status and sentence in said["error"]


def test_a_method_that_there_is_not_is_no_failure_of_the_page(server):
    status, said = ask(server, question("nothing/here"))
    assert status == 200 and said["error"]["code"] < 0 and "Traceback" not in json.dumps(said)


def test_callers_leave_nothing_in_the_log(server):
    ask(server, b'{"jsonrpc": "2.0", "id": 1, "method": "words of a visitor", "params": 3}')
    call(server, "predict", {"picture": "words of a visitor"})
    assert "words of a visitor" not in server.output() and "Traceback" not in server.output()
