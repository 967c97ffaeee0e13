"""The page's words: complete in each language, all used, and nothing that a visitor sees is said in another one."""

from __future__ import annotations

import io
import json
import re
import signal
from html.parser import HTMLParser

import pytest
from PIL import Image

from app import HEADER
from tests.harness import ROOT
from tests.harness.person import DRAWINGS, HEART, Contributor, until
from tests.harness.servers import Server

WEB = ROOT / "web"
WORDS = json.loads((WEB / "words.json").read_text())
PAGES = {
    **{path.name: path.read_text() for path in (WEB / "sketchpad.html", WEB / "collector.html")},
    "index.html": (WEB / "static" / "index.html").read_text(),
    "app.py": HEADER,
}
OURS = (
    "\n".join(path.read_text() for path in [*WEB.glob("*.js"), *WEB.glob("*.html"), WEB / "build.py"])
    + PAGES["index.html"]
)
CHARTS = (WEB / "charts.py").read_text()
SERVER = "\n".join(
    path.read_text() for folder in ("contributions", "serving") for path in (ROOT / folder).glob("*.py")
)


def placeholders(sentence: str) -> set[str]:
    return set(re.findall(r"{(\w+)}", sentence))


def faults(words: dict[str, dict[str, str]]) -> list[str]:
    """What is missing in which language, which placeholders differ, and which variants are of nothing."""
    problems, every = [], {key for block in words.values() for key in block if "?" not in key}
    first = next(iter(words.values()))
    for language, block in words.items():
        problems += [f"{language} lacks {key}" for key in sorted(every - set(block))]
        for key, sentence in block.items():
            base, _, condition = key.partition("?")
            expected = placeholders(first.get(base, ""))
            if condition and base not in block:
                problems.append(f"{language}: {key} is a variant of nothing")
            elif condition and condition.split("=")[0] not in expected:
                problems.append(f"{language}: {key} depends on no placeholder")
            if placeholders(sentence) != expected and not (condition and placeholders(sentence) < expected):
                problems.append(
                    f"{language}: {key} has {sorted(placeholders(sentence))}, not {sorted(expected)}"
                )
    return problems


def unused(words: dict[str, str]) -> list[str]:
    """The keys that no part of the page says."""
    codes = set(re.findall(r'code="([\w-]+)"', SERVER)) | set(
        re.findall(r'"(rate|busy|gone(?:-\w+)?)"', SERVER)
    )
    tabs = re.findall(r'gr\.Tab\("(\w+)"\)', (ROOT / "app.py").read_text())
    used = {f"server.{code}" for code in codes} | {
        key for key, word in words.items() if key.startswith("tab.") and word in tabs
    }
    used |= {"gradio.api"}  # which Gradio says
    layers = re.findall(r'{ name: "(\w+)"', OURS)  # of inside.js
    used |= {f"inside.{layer}{part}" for layer in layers for part in ("", ".says")}
    used |= {
        key for key in words if key.startswith(("way.", "set:", "recipe:"))
    }  # of what is drawn or measured
    charts = {key: key.removesuffix(".says") for key in words}  # say("key"), section("key"), columns("key")
    used |= {
        key
        for key, name in charts.items()
        if re.search(rf"""['"]{name}['"]|"{name.removeprefix("charts.")}\"""", CHARTS)
    }
    used |= {key for key in words if f'"{key}"' in OURS + HEADER or ("." not in key and f".{key}" in OURS)}
    return sorted(key for key in words if "?" not in key and key not in used)


def test_each_language_has_every_word():
    assert faults(WORDS) == []
    assert unused(WORDS["en"]) == []


@pytest.mark.parametrize(
    ("key", "sentence", "message"),
    [
        ("undo", None, "es lacks undo"),
        ("reading.sure", "Es un {digito}.", "es: reading.sure has ['digito'], not ['digit']"),
        ("new", "Nuevo", "en lacks new"),
        ("new?digit=8", "Nuevo", "es: new?digit=8 is a variant of nothing"),
        ("task?count=8", "Dibuja", "es: task?count=8 depends on no placeholder"),
    ],
)
def test_a_faulty_block_is_named(key, sentence, message):
    block = {**WORDS["es"], key: sentence}
    assert faults({**WORDS, "es": {key: value for key, value in block.items() if value is not None}}) == [
        message
    ]


def test_a_word_that_nobody_says_is_named():
    assert unused({**WORDS["en"], "nobody.says": "this"}) == ["nobody.says"]


def test_every_word_that_is_asked_for_is_there():
    groups = {key.split(".")[0] for key in WORDS["en"] if "." in key}
    literals = re.findall(r'"([a-z]+(?:\.[a-z0-9-]+)+)"', OURS + HEADER)
    asked = {
        key
        for key in literals
        if key.split(".")[0] in groups and not key.endswith((".js", ".json", ".css", ".safetensors"))
    }
    asked |= set(re.findall(r'data-word(?:-aria-\w+)?="([^"]+)"', "".join(PAGES.values())))
    asked |= {f"server.{code}" for code in re.findall(r'code="([\w-]+)"', SERVER)}
    assert asked - set(WORDS["en"]) == set()


class Texts(HTMLParser):
    """What an HTML template says without a script: (key or None, text), with {slot} for elements that are placeholders."""

    def __init__(self, html: str):
        super().__init__()
        self.open, self.texts = [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        for name in ("aria-label", "aria-roledescription"):
            if given.get(name):
                self.texts.append((given.get(f"data-word-{name}"), given[name]))
        if "data-slot" in given:
            self.handle_data(f"{{{given['data-slot']}}}")
        if tag not in ("input", "meta", "link", "br"):
            self.open.append((given, []))

    def handle_endtag(self, tag):
        given, texts = self.open.pop()
        text = " ".join("".join(texts).split())
        if re.search("[A-Za-z]", text) and "data-slot" not in given or "data-word" in given:
            self.texts.append((given.get("data-word"), text))

    def handle_data(self, data):
        if self.open:
            self.open[-1][1].append(data)


@pytest.mark.parametrize("name", PAGES)
def test_without_a_script_the_page_is_in_english(name):
    html = re.sub(
        r"(?s)<head>.*</head>|{(?:sketchpad|data|model|contribute|noscript)}|<!doctype html>", "", PAGES[name]
    )
    texts = Texts(html).texts
    assert texts
    for key, text in texts:
        assert key, f"{text!r} is said in English only"
        assert text == WORDS["en"][key]


# --- in a real browser ------------------------------------------------------------------------------------------------

TEXTS = """() => {
  const seen = [document.title], skipped = 'script, style, noscript, .languages';
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_ALL);
  for (let node = walk.currentNode; node; node = walk.nextNode()) {
    const element = node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement;
    if (!element.closest('.view') && !element.checkVisibility()) continue;  // Gradio's, for what is not used here
    if (node.nodeType === Node.TEXT_NODE && !node.parentElement.closest(skipped)) seen.push(node.data);
    if (node.nodeType !== Node.ELEMENT_NODE || node.closest(skipped)) continue;
    for (const name of ['aria-label', 'aria-roledescription', 'title', 'placeholder']) seen.push(node.getAttribute(name) ?? '');
  }
  return seen.map((text) => text.trim()).filter((text) => /[a-z]/i.test(text));
}"""


def tokens(text: str) -> set[str]:
    return set(re.findall(r"[^\W\d_]{2,}", text.lower()))


ONLY = {  # language -> words that are said in it and not in the other
    name: tokens(" ".join(WORDS[name].values())) - tokens(" ".join(WORDS[other].values()))
    for name, other in (("en", "es"), ("es", "en"))
}


def foreign(page, language: str = "en") -> list[str]:
    """The texts on the page that hold a word of that language only."""
    texts = [text.replace("CC BY 4.0", "") for text in page.evaluate(TEXTS)]
    assert len(texts) > 20
    return [text for text in texts if tokens(text) & ONLY[language]]


@pytest.fixture
def visitor(browser, edition):
    person = Contributor(browser, edition.url, locale="es-CO")
    yield person
    assert person.errors == []
    person.leave()


@pytest.fixture
def page(tmp_path):
    running = Server(CONTRIBUTIONS_DIR=str(tmp_path / "store"))
    yield running
    running.kill(signal.SIGKILL)


def draw(person, strokes) -> dict:
    """Draw on the board that recognises; what the page then shows."""
    for points in strokes:
        box = person.page.locator("#board canvas").bounding_box()
        places = [(box["x"] + x / 448 * box["width"], box["y"] + y / 448 * box["height"]) for x, y in points]
        person.page.mouse.move(*places[0])
        person.page.mouse.down()
        for place in places[1:]:
            person.page.mouse.move(*place)
        person.page.mouse.up()
    return person.settle()


@pytest.mark.thorough
def test_the_board_is_in_spanish(visitor):
    page = visitor.page
    assert page.evaluate("document.documentElement.lang") == "es"
    assert page.title() == "Dibuja un dígito"
    assert visitor.shown()["sentence"] == "Dibuja un dígito, del 0 al 9."
    assert foreign(page) == []
    for strokes, sentence in (
        (DRAWINGS["8"], "Es un 8."),
        (HEART, "Eso no me parece un dígito."),
        ([[(120, 100), (120, 350)], [(330, 100), (330, 350)]], "Un dígito a la vez, por favor."),
    ):
        draw(visitor, strokes)
        until(page, "text => document.querySelector('.sentence').textContent === text", arg=sentence)
        until(page, "text => document.querySelector('.spoken').textContent === text", arg=sentence)
        assert foreign(page) == []
        page.click("#clear")
    page.locator(".inside summary").click()
    draw(visitor, DRAWINGS["2"])
    assert re.search(r"\d,\d\s?%", page.locator(".bars").inner_text()), "a comma in Spanish"
    assert re.search(r"\d{2}\.\d{3} parámetros", page.locator(".about").inner_text())
    until(page, "document.querySelector('.strip .conv4').width > 28")  # it is painted when there is time
    page.locator(".strip canvas").nth(1).focus()
    until(page, "document.querySelector('.lens-says').textContent.startsWith('Mapa 1 de ')")
    assert foreign(page) == []
    blank = io.BytesIO()
    Image.new("RGB", (300, 200), "white").save(blank, "PNG")
    for content, key in ((b"no picture", "picture.unreadable"), (blank.getvalue(), "picture.blank")):
        page.set_input_files(
            ".picture input", {"name": "one.png", "mimeType": "image/png", "buffer": content}
        )
        until(page, "text => document.querySelector('.sentence').textContent === text", arg=WORDS["es"][key])
        assert foreign(page) == []


def test_another_language_at_once_and_the_drawing_stays(visitor):
    page = visitor.page
    page.locator(".inside summary").click()
    draw(visitor, DRAWINGS["8"])
    before = visitor.settle()
    page.locator(".languages [lang=en]").click()
    shown = visitor.shown()
    assert (before["sentence"], shown["sentence"]) == ("Es un 8.", "This is an 8.")
    assert (shown["digit"], shown["board"], shown["preview"]) == ("8", before["board"], before["preview"])
    assert page.evaluate("document.documentElement.lang") == "en" and page.title() == "Draw a digit"
    assert foreign(page, "es") == []
    assert re.search(r"\d\.\d\s?%", page.locator(".bars").inner_text())
    page.reload()
    page.wait_for_selector("#board[data-engine=ready]")
    until(
        page, "document.querySelector('.sentence').textContent === 'Draw a digit, 0 to 9.'"
    )  # the choice is remembered


@pytest.mark.parametrize(
    ("locale", "search", "language"),
    [
        ("es-MX", "", "es"),
        ("en-GB", "?lang=es", "es"),
        ("es", "?lang=en", "en"),
        ("fr-FR", "", "en"),
        ("es", "?lang=xx", "es"),
    ],
)
def test_the_language_is_that_of_the_address_or_the_browser(locale, search, language, browser, site):
    context = browser.new_context(locale=locale)
    page = context.new_page()
    page.goto(site.url + search)
    until(page, "document.querySelectorAll('.languages button').length > 1")
    until(
        page,
        "text => document.querySelector('.sentence').textContent === text",
        arg=WORDS[language]["reading.empty"],
    )
    page.locator(".languages [lang=es]").click()
    assert page.url.endswith("?lang=es" if search else "/")
    context.close()


@pytest.mark.thorough
def test_contributing_is_in_spanish(browser, page):
    """From the terms to the deletion, in every state that a visitor comes through, and what the server says."""
    visitor = Contributor(browser, page.url, locale="es-CO")
    untranslated = []
    at = visitor.page
    at.get_by_role("tab", name=WORDS["es"]["tab.contribute"]).click()
    at.wait_for_selector(".collector .terms", state="attached")
    until(at, "document.querySelector('.terms li').textContent.startsWith('Guardamos')")
    untranslated += foreign(at)
    at.locator(".collector .agree").click()
    at.wait_for_selector("#collector-board[data-target]")
    digit = visitor.asked_for()
    assert visitor.words(".task").split() == ["Dibuja", "un", digit]
    at.locator(".collector .next").click()
    at.wait_for_selector(".question:not([hidden])")
    assert visitor.words(".question p") == f"El tablero está vacío. Dibuja un {digit} o sáltalo."
    untranslated += foreign(at)
    at.locator(".question .again").click()
    visitor.draw(HEART)
    at.locator(".collector .next").click()
    until(at, "!document.querySelector('.question').hidden")
    assert visitor.words(".question p") == f"Aquí no veo un {digit}. ¿Lo guardamos como un {digit}?"
    untranslated += foreign(at)
    at.locator(".question .keep").click()
    until(at, "document.querySelector('.count').textContent.startsWith('1 dígito tuyo guardado')")
    untranslated += foreign(at)
    for _ in range(9):
        at.locator(".collector .skip").click()
    at.wait_for_selector(".collector .package:not([hidden])")
    assert visitor.words(".done") == "¡Gracias! Dibujados: 1; saltados: 9."
    untranslated += foreign(at)
    at.get_by_role("tab", name=WORDS["es"]["tab.recognise"]).click()
    draw(visitor, DRAWINGS["8"])
    at.locator(".right").click()
    assert visitor.shown()["sentence"] == "Se va a guardar como un 8."
    untranslated += foreign(at)
    until(at, "document.querySelector('.sentence').textContent === 'Guardado como un 8, gracias.'")
    at.get_by_role("tab", name=WORDS["es"]["tab.contribute"]).click()
    at.locator(".collector .stop").click()
    assert visitor.words(".closed").startswith("Dejaste de aportar")
    code = at.locator(".collector .receipt").input_value()
    for typed, says in (("AAAA-AAAA-AAAA-AAAA", "No hay nada guardado"), (code, "Se borraron 2 dibujos.")):
        at.locator(".collector .receipt").fill(typed)
        at.locator(".collector .delete [type=submit]").click()
        untranslated += foreign(at)
        at.locator(".collector .sure .yes").click()
        until(at, "text => document.querySelector('.deleted').textContent.startsWith(text)", arg=says)
        untranslated += foreign(at)
    assert untranslated == []
    at.locator(".languages [lang=en]").click()
    assert visitor.words(".deleted") == "2 drawings were deleted."
    assert [tab.inner_text() for tab in at.get_by_role("tab").all()] == [
        "Recognise",
        "Contribute",
        "Data",
        "Model",
    ]
    assert visitor.errors == []
    visitor.leave()


@pytest.mark.thorough
def test_why_no_digits_are_taken_is_said_in_spanish(browser):
    running = Server(CONTRIBUTIONS="off")
    visitor = Contributor(browser, running.url, locale="es")
    visitor.page.get_by_role("tab", name=WORDS["es"]["tab.contribute"]).click()
    visitor.page.wait_for_selector(".collector .closed:not([hidden])")
    assert visitor.words(".closed") == WORDS["es"]["server.off"]
    visitor.leave()
    running.kill()
