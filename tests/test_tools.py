"""The page's tools as language models call them: MCP's own client against a running page, and requests that are none."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from tests.harness import ROOT, in_thread
from tests.harness.calls import data_url, encoded, picture

URL = "/gradio_api/mcp/"


def url_of(digit: str) -> str:
    return data_url(encoded(picture(digit)))["url"]


def in_session(server, work):
    """What `work(session)` gives."""

    async def run():
        async with (
            streamable_http_client(server.url + URL) as (read, write, _),
            ClientSession(read, write) as session,
        ):
            started = await session.initialize()
            assert started.serverInfo.name == "mnixel"
            return await work(session)

    return in_thread(run)


def call(server, name: str, arguments: dict):
    return in_session(server, lambda session: session.call_tool(name, arguments))


def test_the_tools_are_listed_with_what_they_take(server):
    listed = in_session(server, lambda session: session.list_tools()).tools
    assert [tool.name for tool in listed] == ["predict", "info"]
    assert listed[0].inputSchema["required"] == ["picture"]
    assert set(listed[0].inputSchema["properties"]) == {"picture", "top_k"}
    assert all(tool.description and tool.annotations.readOnlyHint for tool in listed)


def test_the_schema_stands_where_gradio_has_it(server):
    with urllib.request.urlopen(f"{server.url}{URL}schema") as response:
        reply = json.loads(response.read())
    listed = in_session(server, lambda session: session.list_tools()).tools
    assert [(tool["name"], tool["inputSchema"]) for tool in reply] == [
        (tool.name, tool.inputSchema) for tool in listed
    ]
    assert not any(tool["meta"]["file_data_present"] for tool in reply)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{server.url}{URL}schema", data=b"{}")
    assert refused.value.code == 405


@pytest.mark.parametrize("digit", ["2", "7"])
def test_a_picture_is_read(server, digit):
    result = call(server, "predict", {"picture": url_of(digit), "top_k": 4})
    assert not result.isError
    assert result.structuredContent["label"] == digit
    assert len(result.structuredContent["confidences"]) == 4
    assert json.loads(result.content[0].text) == result.structuredContent
    assert len(call(server, "predict", {"picture": url_of(digit)}).structuredContent["confidences"]) == 3


def test_what_is_served_is_told(server):
    reply = call(server, "info", {}).structuredContent
    metrics = json.loads((ROOT / "weights" / "metrics.json").read_text())
    assert reply["weights"] == "embedded" and reply["parameters"] == metrics["parameters"]


@pytest.mark.parametrize(
    ("name", "arguments", "sentence"),
    [
        ("predict", {}, "There is no picture"),
        ("predict", {"picture": 5}, "no such uploaded picture"),
        ("predict", {"picture": "https://example.org/a.png"}, "Nothing is fetched from other places"),
        ("predict", {"picture": "file:///etc/passwd"}, "Nothing is fetched from other places"),
        ("predict", {"picture": "/etc/passwd"}, "no such uploaded picture"),
        ("predict", {"picture": "data:image/png;base64,AAAA"}, "not a picture that can be read"),
        ("predict", {"picture": "data:image/png;base64,@"}, "damaged"),
        ("predict", {"picture": url_of("3"), "top_k": 11}, "top_k is a whole number"),
        ("predict", {"picture": url_of("3"), "top_k": "two"}, "top_k is a whole number"),
        ("predict", {"picture": url_of("3"), "top_k": True}, "top_k is a whole number"),
        ("predict", {"picture": "FTP://example.org/a.png"}, "Nothing is fetched from other places"),
        ("predict", {"picture": "DATA:image/png;base64,AAAA"}, "data URL begins with"),
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


def question(method: str, number: object = 1, **params: object) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}).encode()


def test_one_request_is_enough(server):
    url = f"  {url_of('5')}\n"
    body = question("tools/call", "mine", name="predict", arguments={"picture": url, "top_k": 1})
    status, answer = ask(server, body, Accept="*/*")
    assert (status, answer["id"]) == (200, "mine")
    assert answer["result"]["structuredContent"]["label"] == "5"


def test_each_client_gets_a_version_that_it_knows(server):
    for asked, given in {"2025-03-26": "2025-03-26", "1999-01-01": "2025-11-25", None: "2025-11-25"}.items():
        assert (
            ask(server, question("initialize", protocolVersion=asked))[1]["result"]["protocolVersion"]
            == given
        )
    assert ask(server, question("ping"))[1]["result"] == {}


@pytest.mark.parametrize(
    ("body", "method", "status", "sentence"),
    [
        (b"", "GET", 405, "another method is expected"),
        (b"", "DELETE", 405, "another method is expected"),
        (b"{", "POST", 400, "JSON object"),
        (b"[]", "POST", 400, "JSON object"),
        (b"[" * 50_000, "POST", 400, "JSON object"),
        (b"{}", "POST", 400, "no JSON-RPC 2.0 request"),
        (question("ping", None), "POST", 400, "no JSON-RPC 2.0 request"),
        (question("ping", True), "POST", 400, "no JSON-RPC 2.0 request"),
        (question("ping", 1.5), "POST", 400, "no JSON-RPC 2.0 request"),
        (question("ping", 2**60), "POST", 400, "no JSON-RPC 2.0 request"),
        (question("ping", "x" * 65), "POST", 400, "no JSON-RPC 2.0 request"),
        (b'{"id": 1, "method": "ping"}', "POST", 400, "no JSON-RPC 2.0 request"),
        (b'{"jsonrpc": "2.0", "id": 1, "method": 7}', "POST", 400, "no JSON-RPC 2.0 request"),
        (
            b'{"jsonrpc": "2.0", "id": 1, "method": "ping", "params": [1]}',
            "POST",
            400,
            "no JSON-RPC 2.0 request",
        ),
        (question("nothing/here"), "POST", 200, "There is no such method or tool"),
        (question("tools/call"), "POST", 200, "There is no such method or tool"),
        (question("tools/call", name="paint", arguments={}), "POST", 200, "There is no such method or tool"),
        (question("tools/call", name=["predict"]), "POST", 200, "There is no such method or tool"),
        (question("tools/call", name="info", arguments=[1]), "POST", 200, "There is no such method or tool"),
    ],
)
def test_what_is_no_call_is_refused(server, body, method, status, sentence):
    answered, answer = ask(server, body, method)
    message = answer["error"]["message"] if isinstance(answer["error"], dict) else answer["error"]
    assert answered == status and sentence in message and "\n" not in message


def test_what_asks_nothing_gets_no_answer(server):
    for message in (
        {"method": "notifications/initialized"},
        {"method": "x", "params": 3},
        {"id": 4, "result": {}},
    ):
        assert ask(server, json.dumps({"jsonrpc": "2.0", **message}).encode()) == (202, {})


def test_callers_leave_nothing_in_the_log(server):
    before = server.output()
    words = {"words": "words of a visitor"}
    for body in (
        question("words of a visitor", **words),
        question("tools/call", None, name="predict", arguments=words),
        question("completion/complete", **words),
        json.dumps({"jsonrpc": "2.0", "method": "notifications/words", "params": words}).encode(),
        json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping", "params": 3, **words}).encode(),
    ):
        ask(server, body)
    call(server, "predict", {"picture": "words of a visitor"})
    assert server.output() == before
