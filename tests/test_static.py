"""The static edition: built by a command, published as a Space, weights from the Hub or from beside it."""

import json
import re
import shutil
import socket
from pathlib import Path

import pytest

from tests.harness import ROOT
from tests.harness.hub import MODEL, OWNER, STATIC, LocalHub, publish
from tests.harness.person import DRAWINGS, Person, until
from tests.harness.servers import StaticSite
from web.__main__ import main as web
from web.build import Published, build


@pytest.fixture
def serve():
    """Serves the static edition that lies in FOLDER/some/where."""
    sites: list[StaticSite] = []

    def start(folder: Path) -> StaticSite:
        sites.append(StaticSite(folder))
        return sites[-1]

    yield start
    for site in sites:
        site.kill()


# --- the command ---


def test_the_folder_is_small_and_whole(tmp_path, capsys):
    """A second build is the same, and leaves other people's files alone."""
    out = tmp_path / "a" / "page"
    assert web(["build", str(out), "--address", "https://here.example/"]) == 0
    assert re.match(r"\d+ files, \d+ kB, in ", capsys.readouterr().out)
    built = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    sizes = {path.relative_to(out).as_posix(): len(content) for path, content in built.items()}
    needed = "index.html digit.js read/worker.js weights/config.json weights/model.safetensors"
    assert set(needed.split()) <= set(sizes) and sum(sizes.values()) <= 640_000
    page = (out / "index.html").read_text()
    assert 'property="og:image" content="https://here.example/card.png"' in page
    assert "script-src 'self'; worker-src 'self'; style-src 'self';" in page
    listed = json.loads(re.search(r"FILES = (\[.*\])", (out / "service-worker.js").read_text())[1])
    assert set(listed) == {"./", *sizes} - {"service-worker.js", "index.html", "digit.js", "card.png"}
    letter = out / "letter.txt"
    letter.write_text("dear")
    assert web(["build", str(out), "--address", "https://here.example/"]) == 0
    again = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert again == {**built, letter: b"dear"}


@pytest.mark.parametrize("spoil", ["none", "altered", "no metrics", "no history"])
def test_weights_that_cannot_be_served_are_refused(spoil, tmp_path, capsys):
    weights = tmp_path / "weights"
    shutil.copytree(ROOT / "weights", weights)
    metrics = json.loads((weights / "metrics.json").read_text())
    if spoil == "none":
        shutil.rmtree(weights)
    elif spoil == "altered":
        (weights / "model.safetensors").write_bytes(b"x")
    else:
        kept = {name: value for name, value in metrics.items() if spoil == "no history" and name != "history"}
        (weights / "metrics.json").write_text(json.dumps(kept))
    assert web(["build", str(tmp_path / "out"), "--weights", str(weights)]) == 1
    said = capsys.readouterr().err
    assert said.startswith("python -m web build: ") and said.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_commit_needs_its_repository(tmp_path, capsys):
    with pytest.raises(SystemExit):
        web(["build", str(tmp_path / "out"), "--commit", "0" * 40])
    assert "--model and --commit go together" in capsys.readouterr().err


@pytest.mark.parametrize("model, commit, named", [("foo", "0" * 40, "'foo'"), (MODEL, "bar", "'bar'")])
def test_a_repository_and_a_commit_are_checked_first(model, commit, named, tmp_path, capsys):
    with pytest.raises(SystemExit):
        web(["build", str(tmp_path / "out"), "--model", model, "--commit", commit])
    assert f"{named} is not " in capsys.readouterr().err


def test_a_file_in_place_of_the_folder_is_one_sentence(tmp_path, capsys):
    (tmp_path / "out").write_text("mine")
    assert web(["build", str(tmp_path / "out")]) == 1
    said = capsys.readouterr().err
    assert said == f"python -m web build: cannot read or write {tmp_path / 'out'}: File exists\n"


def test_everything_that_a_space_gets_is_ours_to_delete_there(tmp_path):
    from publishing import bundles
    from publishing.upload import OURS

    bundles.space(tmp_path, ROOT / "weights", "OWNER/mnixel", MODEL, "OWNER/mnixel")
    folders = {pattern.partition("/")[0] for pattern in OURS["space"] if "/" in pattern}
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} <= folders


# --- on the Hub ---


@pytest.fixture
def hub(tmp_path):
    with LocalHub(transfer="direct", paid=False).running() as running:
        yield running


def about(person: Person) -> str:
    """The page's sentence about its weights."""
    person.page.get_by_role("tab", name="Model").click()
    until(person.page, "document.querySelector('.about').textContent.includes('parameters')")
    said = person.page.locator(".about").inner_text()
    person.page.get_by_role("tab", name="Draw").click()
    return said


def test_the_published_page_takes_the_weights_of_the_model_repository(hub, tmp_path, visit, serve):
    """It takes those of one commit. An account that pays nothing can publish it."""
    for kind in ("model", "static"):
        assert publish(hub, tmp_path / "us", kind, OWNER).returncode == 0
    commit = hub.repository("model", MODEL).commits[-1][0]
    for name, content in hub.files("space", STATIC).items():
        path = tmp_path / "site" / "some" / "where" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    person = visit(serve(tmp_path / "site").url)
    assert f"the weights are those of {MODEL}@{commit}" in about(person)
    assert any(f"GET /{MODEL}/resolve/{commit}/model.safetensors" in line for line in hub.log)
    person.draw(DRAWINGS["4"])
    assert person.settle()["digit"] == "4"


@pytest.mark.parametrize("how", ["away", "silent"])
def test_the_copy_beside_the_page_will_do_without_the_hub(how, tmp_path, visit, serve):
    # This server accepts connections and never answers.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = 9 if how == "away" else silent.getsockname()[1]
        published = Published(MODEL, "0" * 40, f"http://127.0.0.1:{port}")
        build(tmp_path / "some" / "where", ROOT / "weights", published)
        person = visit(serve(tmp_path).url)
        person.draw(DRAWINGS["4"])
        assert person.settle()["digit"] == "4"
        assert about(person).count("the copy beside the page") == 1
        person.errors.clear()


def test_other_weights_than_the_model_repository_has_are_not_published(hub, tmp_path):
    files = {path.name: path.read_bytes() for path in sorted((ROOT / "weights").iterdir())}
    files["config.json"] = files["config.json"].replace(b'"threshold": ', b'"threshold": 1')
    hub.put("model", MODEL, files)
    done = publish(hub, tmp_path / "us", "static", OWNER)
    assert done.returncode == 1
    assert f"{MODEL} holds other weights than" in done.stderr and done.stderr.strip().count("\n") == 0


# --- a page of somebody else's ---


def snippets() -> dict[str, str]:
    """Document -> the JavaScript in it, for people to copy."""
    from reports.cards import fill

    links = dict.fromkeys(("model", "dataset", "commit", "gradio"))
    texts = {
        "README": (ROOT / "README.md").read_text(),
        "card of the static Space": fill("static.md", **links),
    }
    return {where: re.search(r"^```js\n(.*?)^```$", text, re.S | re.M)[1] for where, text in texts.items()}


@pytest.mark.parametrize("where", ["README", "card of the static Space"])
def test_the_snippet_reads_a_canvas_as_printed(where, tmp_path, browser, serve):
    """Somebody puts digit.js and weights/ beside a page of their own, and copies the snippet into it."""
    mine = tmp_path / "some" / "where"
    mine.mkdir(parents=True)
    shutil.copyfile(ROOT / "web" / "read" / "digit.js", mine / "digit.js")
    shutil.copytree(ROOT / "weights", mine / "weights")
    points = DRAWINGS["2"][0]
    draw = f"""
      const paint = document.querySelector("canvas").getContext("2d");
      paint.lineWidth = 30; paint.lineCap = paint.lineJoin = "round";
      {json.dumps(points)}.forEach(([x, y]) => paint.lineTo(x, y));
      paint.stroke();
    """
    (mine / "index.html").write_text(
        f'<canvas width="448" height="448"></canvas><script>{draw}</script>'
        f'<script type="module">{snippets()[where]}</script>'
    )
    site = serve(tmp_path)
    page = browser.new_page()
    with page.expect_console_message(lambda line: line.type == "log") as printed:
        page.goto(site.url)
    best = printed.value.args[0].json_value()
    assert len(best) == 3 and best[0]["label"] == "2" and best[0]["confidence"] > 0.9
    page.close()
