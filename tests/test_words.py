"""The page's words: complete in each language, all used, and nothing said in another language."""

from __future__ import annotations

import io
import re
from html.parser import HTMLParser

import pytest
from PIL import Image

from tests.harness import ROOT
from tests.harness.languages import WORDS, foreign
from tests.harness.person import DRAWINGS, HEART, Person, until

WEB = ROOT / "web"
PAGE = (WEB / "index.html").read_text()
OURS = "\n".join(path.read_text() for path in (*WEB.rglob("*.js"), WEB / "build.py")) + PAGE
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
    used = {f"server.{code}" for code in codes}
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
    used |= {key for key in words if f'"{key}"' in OURS or ("." not in key and f".{key}" in OURS)}
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
    literals = re.findall(r'"([a-z]+(?:\.[a-z0-9-]+)+)"', OURS)
    asked = {
        key
        for key in literals
        if key.split(".")[0] in groups and not key.endswith((".js", ".json", ".css", ".safetensors"))
    }
    asked |= set(re.findall(r'data-word(?:-aria-\w+)?="([^"]+)"', PAGE))
    asked |= {f"server.{code}" for code in re.findall(r'code="([\w-]+)"', SERVER)}
    assert asked - set(WORDS["en"]) == set()


class Texts(HTMLParser):
    """What the HTML says without a script: (key or None, text), with {slot} for placeholders."""

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


def test_without_a_script_the_page_is_in_english():
    body = re.sub(r'(?s).*<body>|</body>.*|<p class="unstarted">.*?</p>|{\w+}', "", PAGE)
    texts = Texts(body).texts
    assert len(texts) > 50
    for key, text in texts:
        assert key, f"{text!r} is said in English only"
        assert text == WORDS["en"][key]


# --- in a real browser -------------------------------------------------------------------------------------


@pytest.fixture
def visitor(browser, edition):
    person = Person(browser, edition.url, locale="es-CO")
    yield person
    assert person.errors == []
    person.leave()


@pytest.mark.thorough
def test_the_board_is_in_spanish(visitor):
    page = visitor.page
    assert page.evaluate("document.documentElement.lang") == "es"
    assert page.title() == "Dibuja un dígito"
    assert visitor.shown()["sentence"] == "Dibuja un dígito, del 0 al 9."
    assert foreign(page) == []
    for strokes, sentence in (
        (DRAWINGS["8"], "Es un 8."),
        (HEART, "Este no lo conozco. ¿Qué es? Toca un dígito."),
        ([[(120, 100), (120, 350)], [(330, 100), (330, 350)]], "Un dígito a la vez, por favor."),
    ):
        visitor.draw(strokes)
        visitor.settle()
        until(page, "text => document.querySelector('.sentence').textContent === text", arg=sentence)
        until(page, "text => document.querySelector('.spoken').textContent === text", arg=sentence)
        assert foreign(page) == []
        page.click("#clear")
    page.locator(".inside summary").click()
    visitor.draw(DRAWINGS["2"])
    visitor.settle()
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
    visitor.draw(DRAWINGS["8"])
    before = visitor.settle()
    page.locator(".languages [lang=en]").click()
    shown = visitor.shown()
    assert (before["sentence"], shown["sentence"]) == ("Es un 8.", "This is an 8.")
    assert (shown["digit"], shown["board"], shown["preview"]) == ("8", before["board"], before["preview"])
    assert page.evaluate("document.documentElement.lang") == "en" and page.title() == "Draw a digit"
    assert foreign(page, "es") == []
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


def test_nothing_has_an_empty_name_before_the_scripts_come():
    assert 'aria-label=""' not in PAGE
