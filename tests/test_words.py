"""The page's words are complete in each language, all are used, and no text is in another language."""

import re

import numpy as np
import pytest

from tests.harness import ROOT
from tests.harness.languages import WORDS, foreign
from tests.harness.person import DRAWINGS, HEART
from web.words import worded

WEB = ROOT / "web"
PAGE = (WEB / "index.html").read_text()
OURS = "\n".join(path.read_text() for path in (*WEB.rglob("*.js"), WEB / "build.py")) + PAGE
CHARTS = (WEB / "charts.py").read_text()
SERVER = "\n".join(
    path.read_text() for folder in ("contributions", "serving") for path in (ROOT / folder).glob("*.py")
)
CODES = {f"server.{code}" for code in re.findall(r'code="([\w-]+)"', SERVER)}
# Files of results hold the rest of these names.
NAMES = ("way.", "set:")


def placeholders(sentence: str) -> set[str]:
    return set(re.findall(r"{(\w+)}", sentence))


def test_each_language_says_the_same():
    """The same sentences with the same placeholders. A variant depends on one of the placeholders."""
    first = WORDS["en"]
    for language, block in WORDS.items():
        assert {key for key in block if "?" not in key} == {key for key in first if "?" not in key}
        for key, sentence in block.items():
            base, _, condition = key.partition("?")
            expected = placeholders(first[base])
            if condition:
                assert condition.split("=")[0] in expected and placeholders(sentence) <= expected, (
                    language,
                    key,
                )
            else:
                assert placeholders(sentence) == expected, (language, key)


def test_every_word_is_said_and_all_that_is_said_has_words():
    words = {key for key in WORDS["en"] if "?" not in key}
    said = CODES | {f"server.{code}" for code in re.findall(r'"(rate|gone(?:-\w+)?)"', SERVER)}
    # The layers of inside.js.
    for layer in re.findall(r'{ name: "(\w+)"', OURS):
        said |= {f"inside.{layer}", f"inside.{layer}.says"}
    for key in words:
        # section("key") says "key.says", too, and a table's columns are named without "charts.".
        name = key.removesuffix(".says")
        in_charts = f'[\'"]{name}[\'"]|"{name.removeprefix("charts.")}"'
        if key.startswith(NAMES) or f'"{key}"' in OURS or re.search(in_charts, CHARTS):
            said.add(key)
        if "." not in key and f".{key}" in OURS:
            said.add(key)
    assert words - said == set()

    groups = "|".join({key.split(".")[0] for key in words if "." in key})
    asked = set(re.findall(rf'"((?:{groups})(?:\.[a-z0-9-]+)+)"', OURS))
    asked -= {key for key in asked if key.endswith((".js", ".json", ".css", ".safetensors"))}
    assert (asked | CODES) - words == set()


def test_without_a_script_the_page_is_in_english():
    """Each sentence of the HTML comes from words.json, with its placeholders filled."""
    body = re.sub(r'(?s).*<body>|</body>.*|<p class="unstarted">.*?</p>|{\w+}', "", PAGE)
    assert re.findall(r">[^<]*[A-Za-z][^<]*<", body) == [">MNIXEL<"]
    texts = " ".join(re.sub(r"<[^>]+>", " ", worded(body)).split())
    assert texts.startswith("Draw a digit Draw Your digits Data Model ? Draw a digit, 0 to 9. Wrong?")
    assert "Based on MNIXEL and the course project" in texts and "{" not in texts
    assert 'aria-label="Answer"' in worded(body)


# --- in a real browser ---


@pytest.fixture
def visitor(visit, edition):
    return visit(edition.url, locale="es-CO")


@pytest.mark.thorough
def test_the_board_is_in_spanish(visitor):
    page = visitor.page

    def hears(sentence: str, where: str = ".sentence") -> None:
        """Wait until the page says a sentence; then everything on it must be in Spanish."""
        visitor.says(sentence, where)
        assert foreign(page) == []

    assert page.evaluate("document.documentElement.lang") == "es" and page.title() == "Dibuja un dígito"
    hears("Dibuja un dígito, del 0 al 9.")
    for strokes, sentence in (
        (DRAWINGS["8"], "Es un 8."),
        (HEART, "Este no lo conozco. ¿Qué es? Toca un dígito."),
        ([[(120, 100), (120, 350)], [(330, 100), (330, 350)]], "Un dígito a la vez, por favor."),
    ):
        visitor.draw(strokes)
        hears(sentence, ".spoken")
        page.click("#clear")
    page.locator(".inside summary").click()
    visitor.draw(DRAWINGS["2"])
    hears("Mapa 1 de ", ".lens-says")
    visitor.open_picture(b"no picture")
    hears(WORDS["es"]["picture.unreadable.kept"])
    visitor.open_picture(np.full((200, 300), 255, np.uint8))
    hears(WORDS["es"]["picture.blank"])


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
    visitor.reload()
    visitor.says("Draw a digit, 0 to 9.")


@pytest.mark.parametrize(
    ("locale", "search", "language"),
    [("es-MX", "", "es"), ("en-GB", "?lang=es", "es"), ("es", "?lang=en", "en"), ("fr-FR", "", "en")],
)
def test_the_language_is_that_of_the_address_or_the_browser(locale, search, language, visit, site):
    visitor = visit(site.url + search, locale=locale)
    visitor.says(WORDS[language]["reading.empty"])
    number = "import('./words.js').then(({ rounded, say }) => say('value', { value: rounded(-1.5, 1) }))"
    # The minus is not a hyphen.
    assert visitor.page.evaluate(number) == {"en": "−1.5", "es": "−1,5"}[language]
    visitor.page.locator(".languages [lang=es]").click()
    assert visitor.page.url.endswith("?lang=es" if search else "/")
