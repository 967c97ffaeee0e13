"""The endpoints as programs call them, each in its own way, and what browsers load."""

import base64
import hashlib
import json
import shutil
import subprocess
import tempfile

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from model import DigitCNN
from tests.harness import ROOT, in_thread, without
from tests.harness.calls import API, data_url, encoded, get, picture, post, predict, upload
from web.assets import assets, fingerprint, media_type


def mcp(server, method: str, *arguments):
    """The result of a method of MCP's own client."""

    async def run():
        address = f"{server.url}{API}/mcp/"
        async with streamable_http_client(address) as (read, write, _), ClientSession(read, write) as session:
            await session.initialize()
            return await getattr(session, method)(*arguments)

    return in_thread(run)


# --- one picture in each way ---


def by_rest(server, content: bytes, top_k: object):
    status, answer = predict(server, content, top_k)
    return answer if status == 200 else answer["error"]


def by_upload(server, content: bytes, top_k: object):
    status, reply = post(server, "run/predict", {"data": [upload(server, content), top_k]})
    return reply["data"][0] if status == 200 else reply["error"]


def by_events(server, content: bytes, top_k: object):
    return events(server, "call/v2/predict", {"picture": upload(server, content), "top_k": top_k})


def events(server, path: str, question: dict):
    """The answer, read as events after the question was sent."""
    text = get(server, f"{API}/call/predict/{post(server, path, question)[1]['event_id']}")[2].decode()
    kind, data = text.split("event: ")[-1].split("\ndata: ", 1)
    answer = json.loads(data)
    return answer[0] if kind == "complete" else answer["error"]


def by_client(server, content: bytes, top_k: object):
    with tempfile.NamedTemporaryFile(suffix=".png") as file:
        file.write(content)
        file.flush()
        try:
            client = Client(server.url, verbose=False)
            return client.predict(handle_file(file.name), top_k, api_name="/predict")
        except AppError as error:
            return str(error)


def by_mcp(server, content: bytes, top_k: object):
    result = mcp(server, "call_tool", "predict", {"picture": data_url(content)["url"], "top_k": top_k})
    text = result.content[0].text
    return text if result.isError else json.loads(text)


WAYS = (by_rest, by_upload, by_events, by_client, by_mcp)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_every_way_gives_the_network_s_answer(server, way):
    expected = DigitCNN.from_pretrained(ROOT / "weights").classify(picture("7"), top_k=4)
    answer = way(server, encoded(picture("7")), 4)
    assert set(answer) == {"label", "confidences"} and answer["label"] == "7"
    rows = [(row["label"], pytest.approx(row["confidence"], abs=1e-4)) for row in answer["confidences"]]
    assert rows == expected


BAD = {
    "blank": (encoded(Image.new("L", (100, 100))), 3, "no ink"),
    "not a picture": (b"This is not a picture.", 3, "not a picture that can be read"),
    "too small": (encoded(Image.new("L", (4, 40))), 3, "at least 8 a side"),
    "too thin": (encoded(Image.new("L", (9000, 8))), 3, "a long side of at most 512 times the short one"),
    "too large": (encoded(Image.new("1", (9000, 9000))), 3, "at most 64 megapixels"),
    "11": (encoded(picture("3")), 11, "top_k is a whole number"),
    "2.5": (encoded(picture("3")), "2.5", "top_k is a whole number"),
}


@pytest.mark.parametrize("name", BAD)
def test_every_way_says_the_same_sentence(server, name):
    content, top_k, words = BAD[name]
    ways = WAYS if name in ("blank", "11") else (by_rest, by_events, by_mcp)
    [sentence] = {way(server, content, top_k) for way in ways}
    assert words in sentence and sentence.endswith(".") and "\n" not in sentence


@pytest.mark.thorough
def test_the_javascript_client_gives_the_same_answer_and_sentence(server, tmp_path):
    """`@gradio/client` in Node, which uploads a Blob and then asks."""
    install = ["npm", "install", "--silent", "--no-save", "--prefix", str(tmp_path), "@gradio/client@2.7.0"]
    if not shutil.which("npm") or subprocess.run(install, capture_output=True, timeout=120).returncode:
        without("npm cannot install @gradio/client")
    (tmp_path / "seven.png").write_bytes(encoded(picture("7")))
    (tmp_path / "ask.mjs").write_text(
        """
        import { readFile } from "node:fs/promises";
        import { Client } from "@gradio/client";
        const client = await Client.connect(process.argv[2]);
        const picture = new Blob([await readFile("seven.png")], { type: "image/png" });
        for (const [seen, k] of [[picture, 2], [picture, 11], ["https://example.com/7.png", 2]])
          try { console.log(JSON.stringify((await client.predict("/predict", [seen, k])).data[0])); }
          catch (error) { console.log(error.message); }
        process.exit(0);
        """,
        encoding="utf-8",
    )
    command = ["node", "ask.mjs", server.url]
    lines = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60).stdout
    answer, refused, elsewhere = lines.splitlines()
    assert json.loads(answer) == by_rest(server, encoded(picture("7")), 2)
    assert refused == by_rest(server, encoded(picture("7")), 11)
    assert elsewhere == "Nothing is fetched from other places: download the picture and send the file."


# --- pictures as people send them ---

TEXT = base64.b64encode(encoded(picture("7"))).decode()


@pytest.mark.parametrize(
    "text",
    [
        f"data:image/png;base64,{TEXT}",
        f"  DATA:image/png;base64,{TEXT}\n",
        TEXT,
        "\n".join(TEXT[at : at + 76] for at in range(0, len(TEXT), 76)),
        TEXT.rstrip("="),
        TEXT.replace("+", "-").replace("/", "_"),
        "data:image/png;base64," + TEXT.replace("+", "%2B"),
    ],
    ids=["data URL", "spaces around", "no prefix", "lines", "no padding", "for addresses", "percent signs"],
)
def test_base64_is_read_as_people_send_it(server, text):
    """In REST, as a text and in Gradio's wrapping, and in MCP. The number of digits may be a text, too."""
    for sent in (text, {"url": text, "meta": {"_type": "gradio.FileData"}}):
        status, reply = post(server, "run/predict", {"data": [sent, " 2 "]})
        assert status == 200, reply
        assert reply["data"][0]["label"] == "7" and len(reply["data"][0]["confidences"]) == 2
    result = mcp(server, "call_tool", "predict", {"picture": text, "top_k": "2"})
    assert json.loads(result.content[0].text) == reply["data"][0]


def test_three_digits_are_listed_unless_the_caller_says_how_many(server):
    for sent in (data_url(encoded(picture("7"))), TEXT):
        status, reply = post(server, "run/predict", {"data": [sent]})
        assert status == 200 and len(reply["data"][0]["confidences"]) == 3, reply


@pytest.mark.parametrize(
    "sent, words",
    [
        *((sent, "There is no picture") for sent in (None, "", 5, [], {"url": {"path": "/etc/passwd"}})),
        ("/etc/passwd", "not a picture that can be read"),
        ({"path": "../../etc/passwd"}, "use handle_file"),
        ({"path": "http://example.com/a.png"}, "Nothing is fetched from other places"),
        ({"path": "http://127.0.0.1/", "meta": {"_type": "gradio.FileData"}}, "Nothing is fetched"),
        ({"url": "http://169.254.169.254/"}, "Nothing is fetched from other places"),
        ("FTP://example.org/a.png", "Nothing is fetched from other places"),
        ("data:text/plain;base64,AAAA", "not a picture that can be read"),
        *(
            (sent, "neither an uploaded file nor base64")
            for sent in ("data:image/png;base64,???", "a\0b" * 40)
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_not_a_picture_gets_a_sentence(server, sent, words):
    for path in ("run/predict", "call/predict"):
        question = {"data": [sent, 3]}
        said = events(server, path, question) if path[0] == "c" else post(server, path, question)[1]["error"]
        assert words in said and said.endswith(".")


@pytest.mark.thorough
def test_large_pictures_are_reduced_while_they_are_decoded(server):
    """A photograph of 48 megapixels and drawings of 64 take less memory than their pixels."""
    large = picture("2").resize((8000, 8000))
    for content in (
        encoded(large.crop((1000, 0, 7000, 8000)).convert("RGB"), "JPEG", quality=95),
        encoded(large.convert("1"), "PNG"),
        encoded(large.convert("RGB"), "PNG", compress_level=1),
    ):
        assert by_upload(server, content, 1)["label"] == "2"


def test_a_photograph_is_turned_upright(server):
    turn = Image.Exif()
    turn[0x0112] = 6
    turned = picture("7").resize((3000, 3000)).transpose(Image.Transpose.ROTATE_90)
    assert predict(server, encoded(turned, "JPEG", exif=turn), 1)[1]["label"] == "7"


def test_a_picture_whose_metadata_speaks_of_file_names_is_uploaded(server):
    note = PngInfo()
    note.add_text("Comment", 'filename="a" filename="b" Content-Disposition: form-data; name="files"')
    assert by_upload(server, encoded(picture("7"), pnginfo=note), 1)["label"] == "7"


# --- what there is ---


def test_info_and_the_named_endpoints(server):
    client = Client(server.url, verbose=False)
    assert set(client.view_api(return_format="dict")["named_endpoints"]) == {"/predict", "/info"}
    info = client.predict(api_name="/info")
    metrics = json.loads((ROOT / "weights" / "metrics.json").read_text(encoding="utf-8"))
    assert info["weights"] == "embedded" and info["problem"] is None
    assert info["parameters"] == metrics["parameters"]
    interval = [round(bound, 4) for bound in metrics["test"]["interval"]]
    assert info["accuracy"] == {"right": metrics["test"]["right"], "total": 116, "interval": interval}
    result = mcp(server, "call_tool", "info", {})
    assert json.loads(result.content[0].text) == info


def test_the_tools_are_listed_with_what_they_take(server):
    tools = mcp(server, "list_tools").tools
    assert [tool.name for tool in tools] == ["predict", "info"]
    schema = tools[0].inputSchema
    assert schema["required"] == ["picture"] and set(schema["properties"]) == {"picture", "top_k"}
    assert all(part["description"] for part in schema["properties"].values()) and tools[1].description
    # The Hub looks for a Space's tools here.
    seen = json.loads(get(server, f"{API}/mcp/schema")[2])
    assert [tool["name"] for tool in seen] == ["predict", "info"]


def test_browsers_get_the_very_files_that_python_reads(server):
    status, headers, raw = get(server, "/weights/current")
    now = json.loads(raw)
    assert status == 200 and headers["cache-control"] == "no-store"
    assert {key: now[key] for key in ("weights", "problem")} == {"weights": "embedded", "problem": None}
    key = hashlib.sha256((ROOT / "weights/config.json").read_bytes()).hexdigest()
    assert now["base"] == f"weights/{key}/"
    for name in ("config.json", "model.safetensors"):
        status, headers, content = get(server, f"/{now['base']}{name}")
        assert (status, content) == (200, (ROOT / "weights" / name).read_bytes())
        assert "immutable" in headers["cache-control"]
    for path in (
        f"weights/{'0' * 64}/config.json",
        f"{now['base']}metrics.json",
        f"{now['base']}..%2fapp.py",
    ):
        assert get(server, f"/{path}")[0] == 404


def test_the_page_s_files_carry_their_hash_and_are_kept_for_ever(server):
    assert assets()
    for name, path in assets().items():
        status, headers, content = get(server, f"/web/{fingerprint()}/{name}")
        assert (status, content) == (200, path.read_bytes())
        assert headers["content-type"] == media_type(name) and "immutable" in headers["cache-control"]
    for path in (f"{'0' * 16}/digit.js", f"{fingerprint()}/assets.py", f"{fingerprint()}/..%2fapp.py"):
        assert get(server, f"/web/{path}")[0] == 404
