"""What makes the page worth showing: the network live, why, the flight to the 28x28, links, the greeting."""

from __future__ import annotations

import base64
import io
import math
import re

import numpy as np
import pytest
from PIL import Image

import board
from model import DigitCNN
from reports.screenshots import STATES, leave, show
from tests.harness.person import DRAWINGS, HEART, Person, until

NEARLY_CLOSED = [
    [(180, 100), (150, 235), (290, 235)],
    [(290, 90), (292, 360)],
    [(182, 102), (240, 98)],
]  # 4 or 9
PAINTED = """() => [...document.querySelectorAll('.strip canvas')].map((canvas) => {
    const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    return data.reduce((sum, value, index) => sum + (index % 4 === 0 ? value : 0), 0); })"""


@pytest.fixture
def desktop(browser, site):
    visitor = Person(browser, site.url)
    yield visitor
    assert visitor.errors == []
    visitor.leave()


@pytest.fixture
def phone(browser, site):
    visitor = Person(browser, site.url, "phone", touch=True)
    yield visitor
    assert visitor.errors == []
    visitor.leave()


def box(person, selector: str) -> dict:
    return person.page.locator(selector).bounding_box()


# --- inside ------------------------------------------------------------------------------------------------


def test_the_network_is_shown_while_it_reads(desktop):
    """The strip: each layer's maps with each answer, one of them large, with the patch that it sees."""
    page = desktop.page
    page.locator(".inside summary").click()
    page.evaluate("scrollTo(0, 0)")
    assert page.evaluate(PAINTED) == [0] * 6
    points = [desktop.at(point) for point in DRAWINGS["2"][0]]
    page.mouse.move(*points[0])
    page.mouse.down()
    seen = []
    for start in range(1, len(points), 12):
        for place in points[start : start + 12]:
            page.mouse.move(*place)
        desktop.settle()
        # While the pen moves, the strip is painted when there is time.
        until(
            page,
            f"before => JSON.stringify(({PAINTED})()) !== JSON.stringify(before)",
            list(seen[-1]) if seen else [0] * 6,
        )
        seen.append(tuple(page.evaluate(PAINTED)))
    page.mouse.up()
    assert all(min(sums[:4] + sums[5:]) > 0 for sums in seen)
    assert len(set(seen)) == len(seen), "the maps did not change with the drawing"
    third = page.locator(".strip canvas").nth(2)
    third.focus()
    assert page.locator(".lens-says").inner_text().startswith("Map 1 of ")
    page.keyboard.press("ArrowRight")
    assert page.locator(".lens-says").inner_text().startswith("Map 2 of ")
    assert page.locator(".lens").is_visible()
    third.evaluate("canvas => canvas.blur()")
    assert not page.locator(".patch").is_visible()
    page.click("#clear")
    assert page.evaluate(PAINTED) == [0] * 6


@pytest.mark.thorough
def test_one_pixel_s_patch_is_what_that_pixel_sees(desktop):
    """A pixel of the first maps sees 5x5 around it; where one points, there the patch is."""
    desktop.page.locator(".inside summary").click()
    desktop.draw(DRAWINGS["3"])
    desktop.settle()
    until(desktop.page, "document.querySelector('.strip .conv2').width > 28")
    canvas = desktop.page.locator(".strip .conv2")
    canvas.scroll_into_view_if_needed()
    place, columns, rows = canvas.bounding_box(), *canvas.evaluate("c => [c.width, c.height]")
    for column, row in ((10, 14), (20, 6)):  # of the first map
        x = place["x"] + place["width"] * (column + 0.5) / columns
        desktop.page.mouse.move(x, place["y"] + place["height"] * (row + 0.5) / rows)
        patch, picture = box(desktop, ".patch"), box(desktop, "#preview .input")
        pixel = picture["width"] / 28
        assert abs((patch["x"] - picture["x"]) / pixel - (column - 2)) < 0.1
        assert abs((patch["y"] - picture["y"]) / pixel - (row - 2)) < 0.1
        assert abs(patch["width"] / pixel - 5) < 0.1
    assert desktop.page.locator(".lens-view").evaluate("c => c.width") == 5


def test_a_click_shows_the_map_under_it_also_after_one_in_another_layer(desktop):
    desktop.page.locator(".inside summary").click()
    desktop.draw(DRAWINGS["3"])
    desktop.settle()
    until(desktop.page, "document.querySelector('.strip .conv5').width > 28")
    desktop.page.locator(".strip").scroll_into_view_if_needed()
    for layer, maps, across in (("conv4", 32, 8), ("conv5", 80, 10), ("conv4", 32, 8)):
        at = box(desktop, f".strip .{layer}")
        x, y = at["x"] + at["width"] * 2.5 / across, at["y"] + at["height"] * 1.5 / (maps / across)
        desktop.page.mouse.click(x, y)
        assert desktop.page.locator(".lens-says").inner_text().startswith(f"Map {across + 3} of {maps}")


@pytest.mark.thorough
def test_the_strip_is_swiped_on_a_phone_and_tapped(phone):
    phone.draw(DRAWINGS["3"])
    phone.page.locator(".inside summary").tap()
    until(phone.page, "document.querySelector('.strip .conv4').width > 28")
    strip = phone.page.locator(".strip")
    strip.scroll_into_view_if_needed()
    place = strip.bounding_box()
    assert strip.evaluate("s => s.scrollWidth > s.clientWidth + 100")
    for step in range(27):
        kind = "touchStart" if step == 0 else "touchMove" if step < 26 else "touchEnd"
        spots = [{"x": place["x"] + 300 - 10 * step, "y": place["y"] + 40}] if step < 26 else []
        phone.touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": spots})
    until(phone.page, "document.querySelector('.strip').scrollLeft > 100")
    phone.page.locator(".strip .conv4").tap()
    assert phone.page.locator(".lens-says").inner_text().startswith("Map ")
    assert phone.page.locator(".lens").is_visible(), "the lens is gone when the finger is lifted"
    width = phone.page.viewport_size["width"]
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= width


# --- why ---------------------------------------------------------------------------------------------------


def test_the_evidence_adds_up_to_the_logits(desktop):
    """Bias and places together are the difference of two logits, for each digit against each other one."""
    apart = desktop.page.evaluate(
        """async (drawings) => {
          const { DigitCNN } = await import('./read/digit.js');
          const { weigh } = await import('./show/why.js');
          const net = await DigitCNN.fromPretrained('weights/');
          let most = 0, least = Infinity;
          for (const strokes of drawings) {
            const layers = await net.activations(strokes), logits = layers.at(-1).data;
            for (let a = 0; a < 10; a += 1) for (let b = 0; b < 10; b += 1) {
              const { bias, sum, places } = weigh(layers, net.dense, a, b);
              most = Math.max(most, Math.abs(bias + sum - (logits[a] - logits[b])));
              if (a !== b) least = Math.min(least, Math.max(...places.map(Math.abs)));
            }
          }
          return [most, least];
        }""",
        [[{"points": points, "radius": 15} for points in strokes] for strokes in DRAWINGS.values()],
    )
    assert apart[0] < 1e-4
    assert apart[1] > 0.01, "there was nothing to add"


def test_why_this_and_not_that(desktop):
    page = desktop.page
    places = """() => ['#board', '#undo', '.bars'].map((name) =>
        document.querySelector(name).getBoundingClientRect().top)"""
    before = page.evaluate(places)
    desktop.draw(DRAWINGS["3"])
    desktop.settle()
    page.click("#why")
    until(page, "/^ ?For 3: \\+\\d+\\.\\d from the .*\\.$/.test(document.querySelector('.pro').textContent)")
    other = page.input_value(".versus select")
    said = page.locator(".exactly").inner_text()
    assert re.fullmatch(rf"Orange spoke for 3, blue for {other}. All in all, 3 leads by \+?\d+\.\d\.", said)
    chosen = next(digit for digit in "29" if digit != other)
    page.get_by_label("The digit to compare with").select_option(chosen)
    until(page, f"document.querySelector('.exactly').textContent.includes('blue for {chosen}. ')")
    assert page.locator(".exactly").inner_text() != said
    assert any(cell.startswith("+") for cell in page.locator(".sums span").all_inner_texts())
    page.locator(".inside summary").click()
    page.locator(".strip .evidence").focus()
    until(
        page,
        "text => document.querySelector('.lens-sentence').textContent === text",
        f"Where evidence was added up: orange for 3, blue for {chosen}.",
    )
    page.locator(".inside summary").click()
    page.evaluate("scrollTo(0, 0)")
    page.click("#clear")
    assert not page.locator(".places").is_visible() and not page.locator(".versus").is_visible()
    desktop.draw(HEART)
    desktop.settle()
    assert (
        page.locator(".reason").inner_text().strip() == "It has not decided, so there is nothing to compare."
    )
    assert page.evaluate(places) == before
    page.click("#why")
    assert not page.locator(".reason").is_visible()


@pytest.mark.parametrize("language", ["en", "es"])
def test_everything_has_its_room(language, browser, site):
    """At every size no control is wider than its column, cut off or on top of another."""
    person = Person(browser, f"{site.url}?lang={language}")
    faults = """() => {
      const parts = [...document.querySelectorAll('.header *, #draw :is(button, label, summary, .sentence)')]
        .filter((part) => part.checkVisibility() && !part.closest('.bars, .strip'));
      const cut = parts.filter((part) => part.scrollWidth > part.clientWidth + 1 && part.clientWidth);
      const { left, right } = document.querySelector('#draw').getBoundingClientRect();
      const outside = parts.filter((part) => {
        const box = part.getBoundingClientRect();
        return box.left < left - 8 || box.right > right + 8;
      });
      const leaves = parts.filter((part) => part.matches('button, .slider, .picture, summary'));
      const boxes = leaves.map((part) => [part, part.getBoundingClientRect()]);
      const meet = (a, b) => a.left < b.right - 1 && b.left < a.right - 1
        && a.top < b.bottom - 1 && b.top < a.bottom - 1;
      const crossed = leaves.filter((one, i) => boxes.some(([, b], j) => i !== j && meet(boxes[i][1], b)));
      const name = (part) => part.id || part.className || part.textContent;
      return [cut, outside, crossed].map((list) => list.map(name));
    }"""
    for width, height in (
        (320, 640),
        (390, 844),
        (568, 320),
        (667, 375),
        (844, 390),
        (768, 1024),
        (1024, 768),
        (1366, 650),
        (1440, 900),
        (2560, 1440),
    ):
        person.page.set_viewport_size({"width": width, "height": height})
        assert person.page.evaluate(faults) == [[], [], []], (width, height)
    person.leave()


@pytest.mark.parametrize(("language", "shown"), [("en", "−1.5"), ("es", "−1,5")])
def test_a_minus_is_no_hyphen(language, shown, browser, site):
    person = Person(browser, f"{site.url}?lang={language}")
    said = """import('./words.js').then(({ write }) => {
      const element = document.createElement('p');
      write(element, 'why.sum', { sum: -1.5 });
      return element.textContent;
    })"""
    assert person.page.evaluate(said) == shown
    person.leave()


def test_on_a_phone_why_moves_nothing(phone):
    phone.draw(NEARLY_CLOSED)
    phone.settle()
    before = box(phone, "#board")
    for shown in (True, False):
        phone.press("#why")
        phone.page.locator(".reason").wait_for(state="visible" if shown else "hidden")
        assert box(phone, "#board") == before


# --- from the drawing to the 28x28 -------------------------------------------------------------------------

FLOWN = """
window.flown = [];
const animate = Element.prototype.animate;
Element.prototype.animate = function (...given) {
  window.flown.push([this.className, window.down]);
  return animate.apply(this, given);
};
window.down = false;
addEventListener("pointerdown", () => { window.down = true; }, true);
addEventListener("pointerup", () => { window.down = false; }, true);
"""


def test_the_ink_flies_to_the_picture_once_the_pen_is_up(browser, site):
    person = Person(browser, site.url, before=FLOWN)
    before = box(person, "#board")
    person.draw(DRAWINGS["4"])
    until(person.page, "window.flown.some(([name]) => name === 'flight')")
    assert not any(down for _, down in person.page.evaluate("window.flown")), "it flew while the pen was down"
    frames = person.page.evaluate(
        "document.querySelector('.flight').getAnimations()[0]?.effect.getKeyframes()"
        ".map((frame) => frame.transform) ?? []"
    )
    if frames:  # unless this machine was too slow to see it under way
        assert frames[0].startswith("translate(") and frames[-1] == "none"
    person.stroke([(60, 60), (80, 80)])
    assert not person.page.locator(".flight").is_visible() or person.page.evaluate("!window.down")
    until(person.page, "document.querySelector('.flight').hidden")
    assert box(person, "#board") == before
    assert person.errors == []
    person.leave()


def test_nothing_flies_where_motion_is_not_wanted(browser, site):
    person = Person(browser, site.url, before=FLOWN, reduced_motion="reduce")
    person.draw(DRAWINGS["4"])
    person.settle()
    person.page.wait_for_timeout(400)
    assert person.page.evaluate("window.flown") == []
    person.leave()


# --- links -------------------------------------------------------------------------------------------------


def share(person) -> str:
    """Open the dialogue; the link in it."""
    person.press("#share")
    until(person.page, "document.querySelector('dialog.share').dataset.ready")
    return person.page.input_value("dialog.share input")


def reproduces(browser, url: str, drawing) -> None:
    """A link to a drawing draws it anew in another browser, with its answer."""
    person = Person(browser, url)
    person.draw(drawing)
    shown = person.settle()
    link = share(person)
    assert link.startswith(person.page.url.split("#")[0]) and len(link) < 2000
    assert person.errors == []
    person.leave()

    other = Person(browser, link)
    until(
        other.page,
        "window.read.some(({strokes}) => strokes?.length) && !document.querySelector('#share').disabled",
    )
    until(other.page, f"window.read.at(-1).strokes.length === {len(drawing)}")
    again = other.settle()
    assert again["digit"] == shown["digit"]
    assert abs(float(again["confidence"]) - float(shown["confidence"])) < 0.05  # coordinates were rounded
    assert share(other).split("#")[0] == link.split("#")[0], "what was shared can be shared again"
    assert other.errors == []
    other.leave()


@pytest.mark.thorough
def test_a_link_draws_the_drawing_anew_with_its_answer(browser, edition):
    reproduces(browser, edition.url, DRAWINGS["4"])


@pytest.mark.thorough
@pytest.mark.parametrize(
    "drawing", [DRAWINGS["2"], DRAWINGS["8"], NEARLY_CLOSED, HEART], ids=["2", "8", "torn", "heart"]
)
def test_a_link_to_any_drawing(drawing, browser, site):
    reproduces(browser, site.url, drawing)


def test_a_link_to_a_drawing_on_the_edge_between_two_digits(browser, site):
    """Rounding to whole board units would make another digit of it."""
    net, low, high = DigitCNN.from_pretrained("weights"), 0.0, 1.0
    for _ in range(24):
        share_of_nine = (low + high) / 2
        tip = [(182, 102), (182 + 108 * share_of_nine, 102 - 12 * share_of_nine)]
        drawing = [*NEARLY_CLOSED[:2], tip]
        strokes = [board.Stroke(np.array(points, float), 15) for points in drawing]
        four, nine = net.probabilities([board.render(strokes)])[0][[4, 9]]
        low, high = (share_of_nine, high) if four > nine else (low, share_of_nine)
    assert 0 < share_of_nine < 1
    reproduces(browser, site.url, drawing)


@pytest.mark.thorough
def test_a_full_board_can_be_shared_and_drawn_anew(browser, site):
    scribble = [
        [(24 + 400 * (i % 2), 24 + 400 * i / 222) for i in range(223)]
    ]  # 88,800 board units of 89,600
    person = Person(browser, site.url)
    person.draw(scribble)
    person.settle()
    assert person.page.evaluate("[...document.querySelectorAll('dialog.share [href]')].length") == 0
    link = share(person)
    assert person.page.is_enabled("dialog.share .copy")
    assert person.page.get_attribute("dialog.share .download", "href").startswith("blob:")
    assert person.errors == []
    person.leave()

    other = Person(browser, link, reduced_motion="reduce")
    until(
        other.page,
        "window.read.some(({strokes}) => strokes?.length) && !document.querySelector('#share').disabled",
    )
    [stroke] = other.read[-1]["strokes"]
    assert 5000 < len(stroke["points"]) <= 10_000
    assert math.dist(stroke["points"][-1], scribble[0][-1]) < 6, "the end is missing"
    assert other.errors == []
    other.leave()


def hostile() -> dict[str, str]:
    pack = lambda *values: base64.urlsafe_b64encode(bytes(values)).decode().rstrip("=")  # noqa: E731
    return {
        "nothing": "",
        "no drawing": pack(15),
        "no base64": "<img src=x onerror=alert(1)>",
        "cut off": pack(15, 0, 9, 50, 50, 50, 50),
        "no such brush": pack(255, 0, 1, 50, 50, 50, 50),
        "a stroke without points": pack(15, 0, 0),
        "too many strokes": pack(*[15, 0, 1, 50, 50, 50, 50] * 300),
        "too much line": pack(15, 1, 200, *[0, 0, 0, 0, 255, 255, 255, 255] * 228),
        "too long": "A" * 100_000,
    }


@pytest.mark.parametrize("name", hostile())
def test_a_link_that_is_none_draws_nothing_and_says_so(name, browser, site):
    person = Person(browser, f"{site.url}#d={hostile()[name]}")
    assert person.shown()["sentence"] == "The drawing in this link cannot be read; ask for the link again."
    assert (person.shown()["board"], person.read) == (0, [])
    person.draw(DRAWINGS["7"])
    assert person.settle()["digit"] == "7"
    assert person.errors == []
    person.leave()


def test_a_reload_does_not_bring_a_friends_drawing_back_over_ones_own(desktop):
    desktop.draw(DRAWINGS["3"])
    desktop.settle()
    link = share(desktop)
    desktop.page.goto("about:blank")
    desktop.page.goto(link)
    until(desktop.page, "document.querySelector('#prediction')?.dataset.digit === '3'")
    until(desktop.page, "!document.querySelector('#share').disabled")
    assert "#d=" in desktop.page.url
    desktop.draw(DRAWINGS["7"])
    assert desktop.settle()["digit"] == "7", "it was drawn over the friend's"
    desktop.page.reload()
    desktop.page.wait_for_selector("#board[data-engine=ready]")
    assert (desktop.shown()["board"], "#d=" in desktop.page.url) == (0, False)


@pytest.mark.thorough
def test_a_link_that_is_opened_over_a_drawing_can_be_undone(desktop):
    desktop.draw(DRAWINGS["3"])
    desktop.settle()
    link = share(desktop)
    desktop.page.click("dialog.share .close")
    desktop.page.click("#clear")
    desktop.draw(DRAWINGS["7"])
    desktop.settle()
    desktop.page.evaluate("hash => { location.hash = hash; }", link.split("#")[1])
    until(desktop.page, "document.querySelector('#prediction').dataset.digit === '3'")
    until(desktop.page, "!document.querySelector('#share').disabled")
    desktop.press("#undo")
    assert desktop.settle()["digit"] == "7"


def test_the_picture_and_the_copy(browser, site):
    sent = "navigator.share = async ({ url, files }) => { window.sent = { url, files: files?.length }; };"
    person = Person(browser, site.url, before=sent, permissions=["clipboard-read", "clipboard-write"])
    person.draw(DRAWINGS["8"])
    person.settle()
    link = share(person)
    person.page.click("dialog.share .copy")
    until(person.page, "document.querySelector('.said').textContent === 'Copied.'")
    assert person.page.evaluate("navigator.clipboard.readText()") == link
    with person.page.expect_download() as download:
        person.page.click("dialog.share .download")
    picture = Image.open(io.BytesIO(download.value.path().read_bytes()))
    assert (picture.format, picture.size) == ("PNG", (1200, 630))
    assert len(picture.convert("RGB").resize((60, 30)).getcolors(10_000)) > 50, (
        "there is hardly anything on it"
    )
    person.page.click("dialog.share .send")
    until(person.page, "window.sent")
    assert person.page.evaluate("window.sent.url") == link
    person.page.keyboard.press("Escape")
    assert not person.page.locator("dialog.share").is_visible()
    assert person.page.evaluate("document.activeElement.id") == "share"
    assert person.errors == []
    person.leave()


# --- the greeting ------------------------------------------------------------------------------------------

UNDRIVEN = "Object.defineProperty(Navigator.prototype, 'webdriver', { get: () => false });"


SENTENCES = """
window.sentences = [];
addEventListener("DOMContentLoaded", () => {
  const note = () => window.sentences.push(document.querySelector(".sentence")?.textContent);
  new MutationObserver(note).observe(document.body, { subtree: true, childList: true, characterData: true });
});
"""


def test_a_first_visit_sees_one_example_drawn_and_is_invited(browser, site):
    person = Person(browser, site.url, before=UNDRIVEN + SENTENCES)
    until(person.page, "document.querySelector('.sentence').textContent === 'Your turn: draw a digit.'")
    assert person.shown()["digit"] == "3"
    said = set(person.page.evaluate("window.sentences"))
    assert not [sentence for sentence in said if "know" in sentence or sentence.startswith("One")]
    assert person.page.locator(".spoken").inner_text() == "", "it greets aloud"
    person.draw(DRAWINGS["7"])
    assert person.settle()["digit"] == "7", "it was drawn over the greeting"
    for _ in DRAWINGS["7"]:
        person.press("#undo")
    assert person.settle()["bars"] == [], "the greeting came back"
    person.page.reload()
    person.page.wait_for_selector("#board[data-engine=ready]")
    person.page.wait_for_timeout(1500)
    assert person.shown()["board"] == 0, "it greets again"
    assert person.errors == []
    person.leave()


def test_the_greeting_stops_at_the_first_touch(browser, site):
    person = Person(browser, site.url, before=UNDRIVEN)
    until(person.page, "Number(document.querySelector('#board').dataset.revision) > 5")
    person.page.keyboard.press("Shift")
    stopped = person.shown()["board"]
    person.page.wait_for_timeout(300)
    assert person.shown()["board"] - stopped <= 1
    person.leave()


@pytest.mark.parametrize("why", ["reduced motion", "a link", "a program"])
def test_who_does_not_want_it_is_not_greeted(why, browser, site):
    motion = "reduce" if why == "reduced motion" else "no-preference"
    before = "" if why == "a program" else UNDRIVEN
    person = Person(
        browser, site.url + ("#d=x" if why == "a link" else ""), before=before, reduced_motion=motion
    )
    person.page.wait_for_timeout(1600)
    assert person.shown()["board"] == 0
    person.leave()


# --- accessibility -----------------------------------------------------------------------------------------


CELLS = [  # any two of these properties meet in every combination
    ("gradio", "es", "phone", "light"),
    ("gradio", "en", "desktop", "dark"),
    ("static", "es", "desktop", "dark"),
    ("static", "en", "phone", "dark"),
    ("static", "en", "desktop", "light"),
]


@pytest.mark.parametrize("edition, language, size, theme", CELLS, indirect=["edition"])
def test_axe_finds_nothing(edition, language, size, theme, browser, axe):
    """In each state of the board, and in each other tab with all that unfolds."""
    url = f"{edition.url}?lang={language}"
    person = Person(browser, url, size, before=axe, color_scheme=theme, reduced_motion="reduce")
    page = person.page

    for state in STATES:
        show(person, state, pause=200)
        person.check_with_axe(state)
        leave(person, state)
    for tab in page.get_by_role("tab").all()[1:]:
        tab.click()
        for summary in page.locator("summary:visible").all():
            summary.click()
        person.check_with_axe(tab.inner_text())
    assert person.errors == []
    person.leave()
