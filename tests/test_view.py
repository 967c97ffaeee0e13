"""The network inside, why, the flight to the 28x28, links, and the greeting."""

import base64
import io
import math
import re

import pytest
from PIL import Image

from reports.screenshots import STATES, show
from tests.harness.person import DRAWINGS, HEART, Person, until

# This is a 4 or a 9.
NEARLY_CLOSED = [[(180, 100), (150, 235), (290, 235)], [(290, 90), (292, 360)], [(182, 102), (240, 98)]]
PAINTED = """() => [...document.querySelectorAll('.strip canvas')].map((canvas) => {
    const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    return data.reduce((sum, value, index) => sum + (index % 4 === 0 ? value : 0), 0); })"""


def is_painted(person: Person, layer: str) -> None:
    """Wait until a layer is painted."""
    until(person.page, f"document.querySelector('.strip .{layer}').width > 28")


# --- inside ---


def test_the_network_is_shown_while_it_reads(desktop):
    """The strip: each layer's maps with each answer, and one map large, chosen by keyboard."""
    page = desktop.page
    page.locator(".inside summary").click()
    page.evaluate("scrollTo(0, 0)")
    assert page.evaluate(PAINTED) == [0] * 3
    points = DRAWINGS["2"][0]
    desktop.hold(points[:1])
    seen = [0] * 3
    for start in range(1, len(points), 12):
        for point in points[start : start + 12]:
            page.mouse.move(*desktop.at(point))
        desktop.settle()
        # While the pen moves, the strip follows a moment later.
        until(page, f"before => JSON.stringify(({PAINTED})()) !== JSON.stringify(before)", seen)
        seen = page.evaluate(PAINTED)
        assert min(seen) > 0
    desktop.lift()
    page.locator(".strip canvas").nth(1).focus()
    desktop.says("Map 1 of ", ".lens-says")
    page.keyboard.press("ArrowRight")
    desktop.says("Map 2 of ", ".lens-says")
    assert page.locator(".lens").is_visible()
    page.click("#clear")
    assert page.evaluate(PAINTED) == [0] * 3 and not page.locator(".lens").is_visible()


def test_the_map_and_the_patch_are_those_under_the_pointer(desktop):
    """A pixel of the first maps sees 5x5 pixels. A click shows the map under it, in any layer."""
    desktop.page.locator(".inside summary").click()
    desktop.draw(DRAWINGS["3"])
    desktop.settle()
    is_painted(desktop, "conv5")
    canvas = desktop.page.locator(".strip .conv2")
    canvas.scroll_into_view_if_needed()
    place, (columns, rows) = desktop.box(".strip .conv2"), canvas.evaluate("c => [c.width, c.height]")
    # Both places are on the first map.
    for column, row in ((10, 14), (20, 6)):
        x = place["x"] + place["width"] * (column + 0.5) / columns
        desktop.page.mouse.move(x, place["y"] + place["height"] * (row + 0.5) / rows)
        patch, picture = desktop.box(".patch"), desktop.box(".lens-input")
        pixel = picture["width"] / 28
        assert abs((patch["x"] - picture["x"]) / pixel - (column - 2)) < 0.1
        assert abs((patch["y"] - picture["y"]) / pixel - (row - 2)) < 0.1
        assert abs(patch["width"] / pixel - 5) < 0.1
    for layer, maps, across in (("conv4", 32, 8), ("conv5", 80, 10), ("conv4", 32, 8)):
        at = desktop.box(f".strip .{layer}")
        x, y = at["x"] + at["width"] * 2.5 / across, at["y"] + at["height"] * 1.5 / (maps / across)
        desktop.page.mouse.click(x, y)
        assert desktop.page.locator(".lens-says").inner_text().startswith(f"Map {across + 3} of {maps}")


# --- why ---


def test_the_evidence_adds_up_to_the_logits(desktop):
    """Bias and places add up to the difference of two logits, for any two digits."""
    most, least = desktop.page.evaluate(
        """async (drawings) => {
          const { DigitCNN } = await import('./read/digit.js');
          const { weigh } = await import('./show/why.js');
          const net = await DigitCNN.fromPretrained('weights/');
          let most = 0, least = Infinity;
          for (const strokes of drawings) {
            net.predict(await net.preprocess(strokes));
            const layers = net.activations(), logits = layers.at(-1).data;
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
    assert most < 1e-4
    assert least > 0.01, "there was nothing to add"


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_why_this_and_not_that(size, visit, site):
    person = visit(site.url, size)
    page = person.page
    places = """() => ['#board', '#undo', '.bars'].map((name) =>
        document.querySelector(name).getBoundingClientRect().top)"""
    before = page.evaluate(places)
    person.draw(DRAWINGS["3"])
    person.settle()
    page.click("#why")
    person.says("Why 3, not ", ".reason")
    said = page.locator(".reason").inner_text()
    assert re.search(r"not (\d)\? Orange favours 3, blue favours \1\. 3 leads by \d+\.\d points\.$", said)
    assert page.locator(".places").is_visible()
    page.click("#clear")
    assert not page.locator(".places").is_visible()
    person.draw(HEART)
    person.says("I have not decided, so there is nothing to compare.", ".reason")
    assert page.evaluate(places) == before
    page.click("#why")
    assert not page.locator(".reason").is_visible()
    until(page, "document.querySelector('.reason').textContent === ''")


def test_on_a_phone_the_keys_hold_their_values(visit, site):
    person = visit(site.url, (360, 740), touch=True)
    person.draw(DRAWINGS["4"])
    person.says(">99%", ".bars .top.best .value")
    assert person.box(".bars .best .value")["width"] <= person.box(".bars .best button")["width"]


SIZES = [(320, 640), (390, 844), (568, 320), (667, 375), (844, 390)]
SIZES += [(768, 1024), (1024, 768), (1366, 650), (1440, 900), (2560, 1440)]


@pytest.mark.parametrize("language", ["en", "es"])
def test_everything_has_its_room(language, visit, site):
    """At every size no control is wider than its column, cut off or on top of another."""
    person = visit(f"{site.url}?lang={language}")
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
      const boxes = leaves.map((part) => part.getBoundingClientRect());
      const meet = (a, b) => a.left < b.right - 1 && b.left < a.right - 1
        && a.top < b.bottom - 1 && b.top < a.bottom - 1;
      const crossed = leaves.filter((one, i) => boxes.some((box, j) => i !== j && meet(boxes[i], box)));
      const name = (part) => part.id || part.className || part.textContent;
      return [cut, outside, crossed].map((list) => list.map(name));
    }"""
    for width, height in SIZES:
        person.page.set_viewport_size({"width": width, "height": height})
        assert person.page.evaluate(faults) == [[], [], []], (width, height)


# --- from the drawing to the 28x28 ---

FLOWN = """
window.flown = [];
window.down = false;
const animate = Element.prototype.animate;
Element.prototype.animate = function (frames, ...rest) {
  window.flown.push([this.className, window.down, frames[0].transform]);
  return animate.call(this, frames, ...rest);
};
addEventListener("pointerdown", () => { window.down = true; }, true);
addEventListener("pointerup", () => { window.down = false; }, true);
"""


def test_the_ink_flies_to_the_picture_once_the_pen_is_up(visit, site):
    person = visit(site.url, before=FLOWN)
    before = person.box("#board")
    person.draw(DRAWINGS["4"])
    until(person.page, "window.flown.some(([name]) => name === 'flight')")
    flown = person.page.evaluate("window.flown")
    assert not any(down for _, down, _ in flown), "it flew while the pen was down"
    assert flown[0][2].startswith("translate(")
    person.stroke([(60, 60), (80, 80)])
    until(person.page, "document.querySelector('.flight').hidden")
    assert person.box("#board") == before

    still = visit(site.url, before=FLOWN, reduced_motion="reduce")
    still.draw(DRAWINGS["4"])
    still.settle()
    still.page.wait_for_timeout(400)
    assert still.page.evaluate("window.flown") == []


# --- links ---


def share(person) -> str:
    """Open the dialogue; the link in it."""
    person.press("#share")
    return person.page.input_value("dialog.share input")


def is_drawn(person: Person) -> None:
    """Wait until the drawing of a link has drawn itself."""
    until(person.page, "window.read.some(({strokes}) => strokes?.length)")
    until(person.page, "!document.querySelector('#share').disabled")


@pytest.mark.parametrize(
    "drawing", [DRAWINGS["4"], DRAWINGS["8"], NEARLY_CLOSED, HEART], ids=["4", "8", "torn", "heart"]
)
def test_a_link_to_a_drawing_draws_it_with_its_answer(drawing, visit, edition):
    person = visit(edition.url)
    person.draw(drawing)
    shown = person.settle()
    link = share(person)
    assert link.startswith(person.page.url.split("#")[0]) and len(link) < 1000

    other = visit(link)
    is_drawn(other)
    again = other.settle()
    assert len(other.read[-1]["strokes"]) == len(drawing)
    assert again["digit"] == shown["digit"]
    # Lines were simplified.
    assert abs(float(again["confidence"]) - float(shown["confidence"])) < 0.05
    assert share(other).split("#")[0] == link.split("#")[0], "what was shared can be shared again"


def test_a_link_keeps_the_bends_of_a_line_and_fills_it_with_points(desktop):
    """The link drops needless points; the drawing gets one at least every ten board units."""
    hook = [[100 + i, 300] for i in range(100)] + [[200, 300 - i] for i in range(200)]
    ask = """(points) => import('./draw/link.js').then(({ encode, decode, filled }) => {
      const strokes = decode(encode([{ points, radius: 12 }]));
      return [...strokes, ...filled(strokes)].map(({ points }) => points);
    })"""
    kept, filled = desktop.page.evaluate(ask, hook)
    assert kept == [[100, 300], [200, 300], [200, 101]]
    assert len(filled) == 1 + 10 + 20 and filled[-1] == [200, 101]
    assert max(math.dist(one, other) for one, other in zip(filled, filled[1:], strict=False)) <= 10


@pytest.mark.thorough
def test_a_full_board_can_be_shared_and_drawn_again(visit, site):
    # 88,800 board units of 89,600.
    scribble = [[(24 + 400 * (i % 2), 24 + 400 * i / 222) for i in range(223)]]
    person = visit(site.url)
    person.draw(scribble)
    person.settle()
    link = share(person)

    other = visit(link, reduced_motion="reduce")
    is_drawn(other)
    [stroke] = other.read[-1]["strokes"]
    assert 5000 < len(stroke["points"]) <= 10_000
    assert math.dist(stroke["points"][-1], scribble[0][-1]) < 6, "the end is missing"


def pack(*values: int) -> str:
    return base64.urlsafe_b64encode(bytes(values)).decode().rstrip("=")


HOSTILE = {
    "nothing": "",
    "no base64": "<img src=x onerror=alert(1)>",
    "cut off": pack(15, 0, 9, 50, 50, 50, 50),
    "no such brush": pack(255, 0, 1, 50, 50, 50, 50),
    "too much line": pack(15, 1, 200, *[0, 0, 0, 0, 255, 255, 255, 255] * 228),
    "too long": "A" * 100_000,
}


def test_a_link_without_a_drawing_draws_nothing_and_says_so(visit, site):
    person = visit(site.url)
    for name, drawing in HOSTILE.items():
        person.page.goto("about:blank")
        person.page.goto(f"{site.url}#d={drawing}")
        person.is_ready()
        person.says("The drawing in this link cannot be read. Ask for the link again.")
        assert (person.shown()["board"], person.read) == (0, []), name
    person.draw(DRAWINGS["7"])
    assert person.settle()["digit"] == "7"


def test_a_friend_s_drawing_makes_way_for_one_s_own(desktop):
    """Undo brings back the visitor's drawing. A reload, or going back, does not bring back the link's."""
    desktop.draw(DRAWINGS["3"])
    desktop.settle()
    link = share(desktop)
    desktop.page.click("dialog.share .close")
    desktop.page.click("#clear")
    desktop.draw(DRAWINGS["7"])
    desktop.settle()
    desktop.page.evaluate("hash => { location.hash = hash; }", link.split("#")[1])
    desktop.reads("3")
    is_drawn(desktop)
    desktop.press("#undo")
    assert desktop.settle()["digit"] == "7"

    desktop.page.goto("about:blank")
    desktop.page.goto(link)
    desktop.reads("3")
    is_drawn(desktop)
    assert "#d=" in desktop.page.url
    for tab in ("#tab-your-digits", "#tab-draw"):
        desktop.page.locator(tab).click()
    desktop.draw(DRAWINGS["2"])
    revision = desktop.settle()["board"]
    for _ in range(2):
        desktop.page.go_back()
    until(desktop.page, "location.hash.startsWith('#d=')")
    shown = desktop.settle()
    assert (shown["digit"], shown["board"]) == ("2", revision), "it was drawn over the friend's"
    desktop.stroke([(60, 60), (80, 80)])
    desktop.settle()
    desktop.reload()
    assert (desktop.shown()["board"], "#d=" in desktop.page.url) == (0, False)


def test_the_picture_and_the_copy(visit, site):
    sent = "navigator.share = async ({ url, files }) => { window.sent = { url, files: files?.length }; };"
    person = visit(site.url, before=sent, permissions=["clipboard-read", "clipboard-write"])
    # The sentence about a heart is long.
    person.draw(HEART)
    person.settle()
    link = share(person)
    person.page.click("dialog.share .copy")
    person.says("Copied.", ".said")
    assert person.page.evaluate("navigator.clipboard.readText()") == link
    with person.page.expect_download() as download:
        person.page.click("dialog.share .download")
    picture = Image.open(io.BytesIO(download.value.path().read_bytes()))
    assert (picture.format, picture.size) == ("PNG", (1200, 630))
    assert len(picture.convert("RGB").resize((60, 30)).getcolors(10_000)) > 50, (
        "there is hardly anything on it"
    )
    edge = picture.convert("L").crop((1150, 0, 1200, 630))
    assert edge.getextrema() == (255, 255), "the sentence runs out of the picture"
    person.page.click("dialog.share .send")
    until(person.page, "window.sent")
    assert person.page.evaluate("window.sent.url") == link
    person.page.keyboard.press("Escape")
    assert not person.page.locator("dialog.share").is_visible()
    assert person.page.evaluate("document.activeElement.id") == "share"


# --- the greeting ---

UNDRIVEN = "Object.defineProperty(Navigator.prototype, 'webdriver', { get: () => false });"
SENTENCES = """
window.sentences = [];
setInterval(() => window.sentences.push(document.querySelector(".sentence")?.textContent), 5);
"""


def test_a_first_visit_sees_one_example_drawn_and_is_invited(visit, site):
    """Meanwhile the page says nothing negative. The next stroke begins a new drawing; it never comes back."""
    person = visit(site.url, before=UNDRIVEN + SENTENCES)
    person.says("Your turn: draw a digit.")
    assert person.shown()["digit"] == "3"
    said = set(person.page.evaluate("window.sentences"))
    assert not [sentence for sentence in said if sentence and ("know" in sentence or "One" in sentence)]
    assert person.page.locator(".spoken").inner_text() == "", "it greets aloud"
    person.draw(DRAWINGS["7"])
    assert person.settle()["digit"] == "7"
    for _ in DRAWINGS["7"]:
        person.press("#undo")
    assert person.settle()["bars"] == []
    person.reload()
    person.page.wait_for_timeout(1500)
    assert person.shown()["board"] == 0


def test_the_greeting_stops_at_the_first_touch(visit, site):
    person = visit(site.url, before=UNDRIVEN)
    until(person.page, "Number(document.querySelector('#board').dataset.revision) > 5")
    person.page.keyboard.press("Shift")
    stopped = person.shown()["board"]
    person.page.wait_for_timeout(300)
    assert person.shown()["board"] - stopped <= 1


def test_visitors_who_prefer_stillness_or_come_for_something_else_are_not_greeted(visit, site):
    others = [
        visit(site.url, before=UNDRIVEN, reduced_motion="reduce"),
        visit(f"{site.url}#d=x", before=UNDRIVEN),
        visit(f"{site.url}#model", before=UNDRIVEN),
    ]
    others[-1].page.wait_for_timeout(1600)
    assert [person.shown()["board"] for person in others] == [0, 0, 0]


# --- accessibility ---

# Any two of these properties meet in every combination.
CELLS = [
    ("gradio", "es", "phone", "light"),
    ("gradio", "en", "desktop", "dark"),
    ("static", "es", "desktop", "dark"),
    ("static", "en", "phone", "dark"),
    ("static", "en", "desktop", "light"),
]


@pytest.mark.parametrize("edition, language, size, theme", CELLS, indirect=["edition"])
def test_axe_finds_nothing(edition, language, size, theme, visit, axe):
    """In each state of the board, and in each other tab with everything unfolded."""
    url = f"{edition.url}?lang={language}"
    person = visit(url, size, before=axe, color_scheme=theme, reduced_motion="reduce")
    for state in STATES:
        show(person, state, pause=200)
        person.check_with_axe(state)
        person.reload()
    for tab in person.page.get_by_role("tab").all()[1:]:
        tab.click()
        for summary in person.page.locator("summary:visible").all():
            summary.click()
        person.check_with_axe(tab.inner_text())
