"""The page in a real browser: by mouse, finger and keyboard, at desktop and phone size."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

import board
from handwriting import draw
from model import DigitCNN
from tests.harness import ROOT
from tests.harness.person import DRAWINGS, HEART, Person, until, varied
from tests.harness.servers import Server, StaticSite
from web.build import build


@pytest.fixture(params=["gradio", "static"])
def person(request, browser):
    """By mouse in the Gradio edition, by finger on a phone in the static one."""
    is_gradio = request.param == "gradio"
    url = request.getfixturevalue("server" if is_gradio else "site").url
    visitor = Person(browser, url, "desktop" if is_gradio else "phone", touch=not is_gradio)
    yield visitor
    assert visitor.errors == []
    visitor.leave()


@pytest.fixture
def desktop(browser, site):
    visitor = Person(browser, site.url)
    yield visitor
    assert visitor.errors == []
    visitor.leave()


def test_a_drawn_digit_is_read(person):
    """Every stroke reaches the network, and the preview is the tensor that was classified."""
    person.draw(DRAWINGS["4"])
    shown = person.settle()
    assert shown["digit"] == shown["big"] == shown["bars"][0] == "4"
    assert shown["sentence"] == "This is a 4."
    assert 0.5 < float(shown["confidence"]) <= 1 and len(shown["bars"]) == 3
    sent = person.read[-1]
    assert shown["revision"] == shown["board"] == sent["revision"]
    for stroke, drawn in zip(sent["strokes"], DRAWINGS["4"], strict=True):
        assert np.abs(np.array(stroke["points"][0]) - drawn[0]).max() < 1
        assert np.abs(np.array(stroke["points"][-1]) - drawn[-1]).max() < 2, "the end of a stroke was lost"
    rendered = board.render(board.parse_strokes(sent["strokes"]))
    expected = (DigitCNN.from_pretrained("weights").preprocess(rendered) * 255).flatten().numpy()
    assert np.abs(np.array(shown["preview"]) - expected).max() < 0.51  # rounded to whole numbers
    assert shown["scroll"] == [0, 0]


def test_answers_come_while_drawing(person):
    points = DRAWINGS["8"][0]
    if person.touch:
        person.fingers("touchStart", points[0])
        for point in points[1:30]:
            person.fingers("touchMove", point)
    else:
        places = [person.at(point) for point in points[:30]]
        person.page.mouse.move(*places[0])
        person.page.mouse.down()
        for place in places[1:]:
            person.page.mouse.move(*place)
    shown = person.settle()  # the pen is still down
    assert shown["bars"]
    assert shown["revision"] > 1


SHOWN_AT_ONCE = (
    "#board",
    ".digit",
    ".bars",
    "#preview",
    "#brush",
    "#undo",
    "#clear",
    "#share",
    "#example",
    ".picture",
)


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("size", [(1366, 650), (1440, 900), (390, 844)], ids=str)
def test_all_that_one_needs_fits_the_screen(size, language, browser, server):
    visitor = Person(browser, f"{server.url}?lang={language}", size)
    width, height = size
    for name in (*SHOWN_AT_ONCE, *([".inside summary"] if width > 1000 else [])):
        box = visitor.page.locator(name).bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= height, name
        assert box["x"] >= 0 and box["x"] + box["width"] <= width, name
    assert visitor.page.evaluate("document.documentElement.scrollWidth") <= width
    assert visitor.page.locator("#board").bounding_box()["width"] >= 300
    targets = ("#undo", "#clear", "#example", ".picture", *([] if width > 1000 else [".bars button"]))
    for name in targets:
        assert visitor.page.locator(name).first.bounding_box()["height"] >= 44, f"{name} is hard to hit"
    visitor.leave()


SAID = [  # digit that is named, probabilities of the 4 and the 9, and what is said
    ("4", 0.9, 0.05, ["reading.sure", "4"]),
    ("4", 0.89, 0.05, ["reading.probably", "4", "9"]),
    ("4", 0.6, 0.3, ["reading.probably", "4", "9"]),
    ("4", 0.59, 0.3, ["reading.perhaps", "4", "9"]),
    (None, 0.4, 0.2, ["reading.torn", "4", "9"]),
    (None, 0.4, 0.19, ["reading.none"]),
]


def test_the_sentence_says_how_sure_it_is(desktop):
    ask = """(rows) => import('./show/answer.js').then(({ reading }) => rows.map(([digit, first, second]) => {
      const confidences = [{ label: '4', confidence: first }, { label: '9', confidence: second }];
      const [key, both] = reading({ digit, confidences }).sentence;
      return [key, ...Object.values(both ?? {})];
    }))"""
    said = desktop.page.evaluate(ask, [list(row[:3]) for row in SAID])
    for found, (*_, expected) in zip(said, SAID, strict=True):
        assert found[: len(expected)] == expected


def test_the_bars_stay_where_they_are(person):
    """Ten permanent rows: none is made anew, and no answer moves the board or a row."""
    places = """() => [...document.querySelectorAll('.bars li, #board')].map((part) => {
        part.dataset.seen ??= Math.random();
        return [part.dataset.seen, part.getBoundingClientRect().top]; })"""
    before = person.page.evaluate(places)
    assert len(before) == 11
    person.draw(DRAWINGS["2"])
    person.settle()
    assert person.page.evaluate(places) == before


def test_undo_and_clear(person):
    assert person.page.locator("#undo").is_disabled()
    person.draw(DRAWINGS["7"])
    both = person.settle()
    person.press("#undo")
    one = person.settle()
    assert one["board"] > both["board"]
    assert one["preview"] != both["preview"]
    assert len(person.read[-1]["strokes"]) == 1
    person.press("#undo")
    empty = person.settle()
    assert (empty["digit"], empty["bars"], empty["confidence"], sum(empty["preview"])) == ("", [], "", 0)
    person.draw(DRAWINGS["3"])
    assert person.settle()["digit"] == "3"
    person.press("#clear")
    assert person.settle()["digit"] == ""
    assert person.page.locator("#clear").is_disabled()
    person.press("#undo")
    assert person.settle()["digit"] == "3", "clearing can be undone"


def test_brush(desktop):
    desktop.page.fill("#brush", "25")
    desktop.draw(DRAWINGS["4"])
    desktop.settle()
    assert {stroke["radius"] for stroke in desktop.read[-1]["strokes"]} == {25}


def test_keyboard_alone(desktop):
    keyboard = desktop.page.keyboard
    desktop.page.focus("#board canvas")
    for _ in range(15):
        keyboard.press("ArrowUp")
    keyboard.press(" ")
    for _ in range(30):
        keyboard.press("ArrowDown")
    keyboard.press(" ")
    shown = desktop.settle()
    assert shown["digit"] == "1"
    assert desktop.page.locator("#board .cursor").is_visible()
    keyboard.press("ArrowDown")  # the pen is up: nothing is drawn
    assert desktop.settle()["board"] == shown["board"]
    keyboard.press("Control+z")
    assert desktop.settle()["digit"] == ""
    keyboard.press(" ")
    keyboard.press("ArrowRight")
    keyboard.press("Escape")
    assert desktop.settle()["bars"] == []
    for _ in range(5):
        keyboard.down(" ")  # without up between: the second and later ones are repeats
    keyboard.press("ArrowRight")
    keyboard.up(" ")
    desktop.settle()
    assert [len(stroke["points"]) for stroke in desktop.read[-1]["strokes"]] == [2]


@pytest.mark.thorough
def test_a_full_board_says_so_and_keeps_what_was_drawn(desktop):
    desktop.page.evaluate("document.querySelector('#board').scrollIntoView()")
    for number in range(202):
        desktop.page.mouse.click(*desktop.at((30 + 1.9 * number, 100)))
    shown = desktop.settle()
    assert "full" in shown["sentence"]
    assert len(desktop.read[-1]["strokes"]) == board.MAX_STROKES
    assert shown["bars"]
    desktop.page.click("#undo")
    assert "full" not in desktop.settle()["sentence"]


def test_an_example_pressed_while_a_picture_opens_wins(desktop):
    opened = {"name": "digit.png", "mimeType": "image/png", "buffer": picture_of("3", size=3000)}
    desktop.page.set_input_files(".picture input", opened)
    desktop.page.click("#example")
    until(desktop.page, "document.querySelector('#prediction').dataset.digit !== ''")
    desktop.page.wait_for_timeout(500)
    assert desktop.read[-1]["strokes"]


@pytest.fixture
def finger(browser, site):
    visitor = Person(browser, site.url, "phone", touch=True)
    yield visitor
    assert visitor.errors == []
    visitor.leave()


def test_a_stroke_that_is_cancelled_keeps_what_was_drawn(finger):
    finger.fingers("touchStart", (224, 60))
    for step in range(1, 10):
        finger.fingers("touchMove", (224, 60 + 30 * step))
    finger.fingers("touchCancel")
    assert finger.settle()["digit"] == "1"
    finger.stroke([(100, 100), (110, 110)])
    finger.settle()
    assert len(finger.read[-1]["strokes"]) == 2


def test_a_second_finger_draws_nothing(finger):
    finger.fingers("touchStart", (100, 100))
    finger.fingers("touchStart", (100, 100), (300, 300))
    finger.fingers("touchMove", (100, 300), (300, 330))
    finger.fingers("touchEnd")
    finger.settle()
    assert len(finger.read[-1]["strokes"]) == 1


ENDED = (
    "!document.querySelector('#share').disabled"  # a drawing that draws itself can be shared once it is done
)


def test_examples_draw_themselves_and_make_way_for_a_hand(person):
    """Each time another one. A stroke by hand begins anew, and undo brings the example back."""
    seen = []
    for _ in range(4):
        before = person.shown()["board"]
        person.press("#example")
        until(
            person.page,
            "before => Number(document.querySelector('#board').dataset.revision) > before + 5",
            before,
        )
        until(person.page, ENDED)
        seen.append(person.settle()["digit"])
    assert "" not in seen and all(one != other for one, other in zip(seen, seen[1:], strict=False))
    person.stroke([(224, 60), (224, 200), (224, 390)])
    assert person.settle()["digit"] == "1"
    assert len(person.read[-1]["strokes"]) == 1
    person.press("#undo")
    assert person.settle()["digit"] == seen[-1]
    person.press("#example")
    until(person.page, "window.read.at(-1).strokes?.[0].points.length > 5")
    person.stroke([(200, 60), (200, 380)])  # over an example that is under way
    person.settle()
    assert len(person.read[-1]["strokes"]) == 1


def picture_of(digit: str, dark_on_light: bool = True, size: int = 900) -> bytes:
    drawn = board.render([board.Stroke(np.array(stroke), 12.0) for stroke in DRAWINGS[digit]], size)
    buffer = io.BytesIO()
    Image.fromarray(255 - drawn if dark_on_light else drawn).save(buffer, "PNG")
    return buffer.getvalue()


def test_picture_file(person):
    person.draw(DRAWINGS["8"])
    person.settle()
    opened = {"name": "digit.png", "mimeType": "image/png", "buffer": picture_of("3")}
    person.page.set_input_files(".picture input", opened)
    until(person.page, "document.querySelector('#prediction').dataset.digit === '3'")
    assert person.read[-1]["strokes"] is None
    person.press("#share")
    assert person.page.locator(".sentence").inner_text().startswith("Only what is drawn here can be shared")
    before = person.settle()["board"]
    bad = {"name": "digit.png", "mimeType": "image/png", "buffer": b"no picture"}
    person.page.set_input_files(".picture input", bad)
    until(person.page, "document.querySelector('.sentence').textContent.includes('cannot open')")
    assert person.shown()["board"] == before, "what was on the board is kept"
    person.draw(DRAWINGS["2"])  # drawing takes the picture away
    assert person.settle()["digit"] == "2"
    for _ in DRAWINGS["2"]:
        person.press("#undo")
    assert person.settle()["digit"] == "3", "undo brings the picture back"
    person.press("#undo")
    assert person.settle()["digit"] == "8", "and then what the picture was opened over"


GIVEN = {
    "dropped": "document.body.dispatchEvent(new DragEvent('drop', {dataTransfer: data, ...rest}))",
    "pasted": "document.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, ...rest}))",
}


@pytest.mark.parametrize("how", GIVEN)
def test_a_picture_may_be_dropped_beside_the_board_or_pasted(how, desktop):
    give = f"""(bytes) => {{
      const data = new DataTransfer(), rest = {{ bubbles: true, cancelable: true }};
      data.items.add(new File([new Uint8Array(bytes)], 'given.png', {{type: 'image/png'}}));
      return {GIVEN[how]};
    }}"""
    assert desktop.page.evaluate(give, list(picture_of("7", size=224))) is False, "the browser would leave"
    until(desktop.page, "document.querySelector('#prediction').dataset.digit === '7'")


def test_what_is_no_digit_is_said_to_be_none(desktop):
    desktop.draw(HEART)
    shown = desktop.settle()
    assert (shown["digit"], shown["sentence"]) == ("", "I don't know this one. What is it? Tap a digit.")
    assert "%" not in desktop.page.locator(".bars").inner_text(), "percentages of digits that it is none of"
    colours = "[...document.querySelectorAll('.bars i')].map((bar) => getComputedStyle(bar).backgroundColor)"
    assert len(set(desktop.page.evaluate(colours))) == 1, "one of them looks like an answer"


def test_two_digits_are_too_many(desktop):
    desktop.draw(
        [[(120, 100), (120, 350)], *[[(x * 0.5 + 190, y) for x, y in line] for line in DRAWINGS["2"]]]
    )
    until(desktop.page, "document.querySelector('.sentence').textContent === 'One digit at a time, please.'")
    assert desktop.shown()["digit"] == ""


# The page's clock stands still between two advances.
CLOCK = """
window.clock = 5000;
performance.now = () => window.clock;
"""
SEVEN = [[(130, 120), (310, 120), (210, 380)]]
BAR = [[(170, 250), (300, 250)]]


def test_a_second_digit_begins_a_new_drawing_after_a_pause(browser, site):
    """Unless it belongs to the first one, as the bar of a 7 does; undo brings the first one back."""
    person = Person(browser, site.url, before=CLOCK)
    strokes = "window.read.findLast(({board}) => board === 'sketchpad').strokes.length"

    def wait() -> None:
        person.page.evaluate("window.clock += 3000")

    person.draw(SEVEN)
    assert person.settle()["sentence"] == "This is a 7."
    wait()
    person.draw(BAR)
    assert (person.settle()["digit"], person.page.evaluate(strokes)) == ("7", 2)
    wait()
    person.draw(DRAWINGS["3"])
    until(person.page, f"{strokes} === 1")
    assert person.settle()["digit"] == "3"
    person.press("#undo")
    assert (person.settle()["digit"], person.page.evaluate(strokes)) == ("7", 2)
    person.draw(DRAWINGS["3"])  # without a pause it is one drawing
    person.settle()
    assert person.page.evaluate(strokes) == 3
    assert person.errors == []
    person.leave()


def test_a_small_digit_is_read_like_a_large_one(desktop):
    """36 pixels tall, with the usual brush: digits of which the network is sure when they are large."""
    rng, net = np.random.default_rng(4), DigitCNN.from_pretrained("weights")
    for digit in range(10):
        sure = False
        while not sure:
            strokes = draw(digit, rng)
            [(label, confidence)] = net.classify(board.render(strokes), 1)
            sure = label == str(digit) and confidence > 0.99
        points = np.concatenate([stroke.points for stroke in strokes])
        low, size = points.min(axis=0), np.ptp(points, axis=0)
        box = desktop.page.locator("#board canvas").bounding_box()
        scale = 36 / size[1] * 448 / box["width"]
        desktop.draw([((stroke.points - low) * scale + (180, 200)).tolist() for stroke in strokes])
        shown = desktop.settle()
        assert shown["digit"] == str(digit), shown["sentence"]
        desktop.press("#clear")


def test_a_pen_draws_although_a_palm_came_first(browser, site):
    person = Person(browser, site.url, "phone", touch=True)
    person.fingers("touchStart", (400, 420))
    person.fingers("touchMove", (404, 424))
    x, y = person.at((224, 60))
    end = person.at((224, 390))
    press = {"button": "left", "pointerType": "pen", "clickCount": 1}
    person.touch.send("Input.dispatchMouseEvent", {"type": "mousePressed", "x": x, "y": y, **press})
    for step in range(1, 9):
        place = {"x": x, "y": y + (end[1] - y) * step / 8}
        person.touch.send("Input.dispatchMouseEvent", {"type": "mouseMoved", "buttons": 1, **place, **press})
    person.touch.send("Input.dispatchMouseEvent", {"type": "mouseReleased", **place, **press})
    assert person.settle()["digit"] == "1"
    assert len(person.read[-1]["strokes"]) == 1
    assert person.errors == []
    person.leave()


def test_a_drawing_is_spoken_of_once(desktop):
    desktop.page.evaluate(
        """() => { window.spoken = []; const line = document.querySelector('.spoken');
          const note = () => window.spoken.push(line.textContent);
          new MutationObserver(note).observe(line, {childList: true}); }"""
    )
    desktop.draw(DRAWINGS["2"])
    shown = desktop.settle()
    until(desktop.page, "window.spoken.length > 0")
    desktop.page.wait_for_timeout(800)
    assert desktop.page.evaluate("window.spoken") == [shown["sentence"]] == ["This is a 2."]
    assert desktop.page.locator("#prediction [role=status], #prediction [aria-live]").count() == 1


@pytest.mark.parametrize("root", [100, 150, 200])
@pytest.mark.parametrize("size", ["phone", "desktop"])
def test_nothing_moves_under_the_pen_whatever_is_said(size, root, browser, site):
    """Also with letters of twice the size: every sentence has its room."""
    visitor = Person(browser, f"{site.url}?lang=es", size)
    visitor.page.evaluate("size => { document.documentElement.style.fontSize = `${size}%`; }", root)
    places = """() => [...document.querySelectorAll('#board, .bars')].map((part) => {
        const { left, top, width } = part.getBoundingClientRect();
        return [left, top, width].map(Math.round); })"""
    before = visitor.page.evaluate(places)
    assert visitor.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for sentence in ("reading.probably", "reading.torn", "reading.none", "reading.apart", "reading.moving"):
        say = "const said = document.querySelector('.sentence'), both = { digit: '8', other: '3' };"
        say += " return import('./words.js').then(({ write }) => write(said, key, both));"
        visitor.page.evaluate(f"(key) => {{ {say} }}", sentence)
        assert visitor.page.evaluate(places) == before, sentence
    visitor.leave()


def two_digits() -> np.ndarray:
    """A 2 and a 3 side by side, dark on light."""
    halves = [
        [(np.array(line) * (0.5, 1) + (224 * i, 0), 8) for line in DRAWINGS[d]] for i, d in enumerate("23")
    ]
    return 255 - board.render(
        [board.Stroke(points, radius) for half in halves for points, radius in half], 600
    )


@pytest.mark.parametrize("what", ["blank", "two digits"])
def test_a_picture_that_names_no_digit_is_refused_with_a_sentence(what, desktop):
    pixels = two_digits() if what == "two digits" else np.full((200, 300), 255, np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    file = {"name": "one.png", "mimeType": "image/png", "buffer": buffer.getvalue()}
    desktop.page.set_input_files(".picture input", file)
    sentence = "One digit at a time, please." if what == "two digits" else "There is no ink in the picture."
    until(desktop.page, "text => document.querySelector('.sentence').textContent === text", sentence)
    assert desktop.settle()["digit"] == ""


@pytest.mark.thorough
def test_nothing_is_sent_while_digits_are_drawn(desktop):
    sent = []
    network = desktop.context.new_cdp_session(desktop.page)
    network.send("Network.enable")
    network.on("Network.requestWillBeSent", lambda event: sent.append(event["request"]["url"]))
    network.on("Network.webSocketFrameSent", lambda event: sent.append("a websocket"))
    desktop.page.on("request", lambda request: sent.append(request.url))  # of the worker, too
    desktop.page.wait_for_timeout(500)  # what opening the page still had to fetch
    sent.clear()
    for seed, digit in enumerate(DRAWINGS):
        desktop.draw(varied(digit, seed))
        assert desktop.settle()["bars"]
        desktop.page.click("#clear")
    assert sent == []
    assert desktop.page.locator(".notes").inner_text().count("stays there") == 1


@pytest.mark.thorough
def test_drawing_goes_on_when_the_server_is_gone(browser):
    running = Server()
    person = Person(browser, running.url)
    running.kill()
    for digit in ("5", "2"):
        person.draw(DRAWINGS[digit])
        shown = person.settle()
        assert (shown["digit"], shown["sentence"]) == (digit, f"This is a {digit}.")
        person.page.click("#clear")
    opened = {"name": "digit.png", "mimeType": "image/png", "buffer": picture_of("3")}
    person.page.set_input_files(".picture input", opened)
    until(person.page, "document.querySelector('#prediction').dataset.digit === '3'")
    person.page.wait_for_timeout(3000)  # Gradio notices after a while that its server is gone
    assert person.page.locator(".toast-body, [role=alert]").count() == 0
    assert [error for error in person.errors if "net::ERR" not in error] == []
    person.leave()


def test_the_static_page_opens_without_a_network(browser, site):
    running = StaticSite(site.root)
    person = Person(browser, running.url)
    person.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    until(person.page, "navigator.serviceWorker.controller !== null")
    running.kill()
    person.page.reload()
    person.page.wait_for_selector("#board[data-engine=ready]")
    person.draw(DRAWINGS["7"])
    assert person.settle()["digit"] == "7"
    assert person.errors == []
    person.leave()


# Holds the answers to a drawing back until `deliver()`.
HELD = """
window.held = [];
const hear = Object.getOwnPropertyDescriptor(Worker.prototype, "onmessage");
Object.defineProperty(Worker.prototype, "onmessage", {
  set(listener) {
    hear.set.call(this, (event) => {
      if (window.hold && event.data.board) window.held.push(() => listener(event));
      else listener(event);
    });
  },
});
window.deliver = () => window.held.splice(0).forEach((answer) => answer());
"""


def test_an_answer_to_an_older_drawing_is_never_shown(browser, site):
    """It comes after the board was cleared, and after a newer answer."""
    person = Person(browser, site.url, before=HELD)
    for newer in (None, "3"):
        person.page.evaluate("window.hold = true")
        person.draw(DRAWINGS["4"])
        until(person.page, "window.held.length > 0")
        person.page.evaluate("window.hold = false")
        person.press("#clear")
        if newer:
            person.draw(DRAWINGS[newer])
        before = person.settle()
        assert before["digit"] == (newer or "")
        person.page.evaluate("window.deliver()")
        assert person.shown() == before
        assert person.page.evaluate("document.querySelector('.bars .best') !== null") is bool(newer)
    assert person.errors == []
    person.leave()


@pytest.mark.thorough
def test_a_drawing_that_is_never_answered_is_told_and_stays(browser, tmp_path):
    build(tmp_path / "some" / "where", ROOT / "weights")
    worker = tmp_path / "some" / "where" / "read" / "worker.js"
    worker.write_text(worker.read_text() + "turn.port1.onmessage = () => {};")
    site = StaticSite(tmp_path)
    script = tmp_path / "some" / "where" / "read" / "engine.js"
    script.write_text(script.read_text().replace("WORKER_TIMEOUT = 10_000", "WORKER_TIMEOUT = 300"))
    person = Person(browser, site.url)
    person.draw(DRAWINGS["4"])
    until(person.page, "document.querySelector('.sentence').textContent.includes('too long')")
    assert (
        person.shown()["digit"] == ""
        and person.page.evaluate("document.querySelector('#undo').disabled") is False
    )
    assert person.page.evaluate("document.querySelector('#board').dataset.engine") in ("loading", "ready")
    person.leave()
    site.kill()


DEAF = """
window.workers = 0;
const Real = window.Worker;
window.Worker = class extends Real {
  constructor(...options) {
    super(...options);
    this.deaf = ++window.workers === 1;
  }
  postMessage(message, ...rest) {
    if (this.deaf && message.board) return;
    super.postMessage(message, ...rest);
  }
};
"""


@pytest.mark.thorough
def test_a_worker_that_does_not_answer_is_replaced(browser, site):
    person = Person(browser, site.url, before=DEAF)
    person.draw(DRAWINGS["2"])
    assert person.settle()["digit"] == "2"
    assert person.page.evaluate("window.workers") == 2
    assert person.errors == []
    person.leave()


@pytest.mark.thorough
def test_a_browser_that_cannot_run_the_network_is_told_so(browser, site):
    person = Person(
        browser,
        site.url,
        before="window.Worker = class { constructor() { throw new Error('none'); } };",
        ready=False,
    )
    person.page.wait_for_selector("#board[data-engine=none]")
    person.draw(DRAWINGS["2"])
    assert person.shown()["sentence"] == "This browser cannot run the network; use one from 2023 or later."
    assert person.shown()["board"] > 0, "it can be drawn on all the same"
    assert person.errors == []
    person.leave()


@pytest.mark.parametrize(
    ("how", "sentence"),
    [("altered", "differs. Trying again."), ("missing", "not available right now. Trying again.")],
)
def test_weights_that_do_not_come_whole_are_waited_for(how, sentence, browser, site):
    context = browser.new_context(service_workers="block")  # it would answer from its cache
    page = context.new_page()
    weights = bytearray((site.root / "some/where/weights/model.safetensors").read_bytes())
    weights[-1] ^= 1
    answer = {
        "altered": lambda route: route.fulfill(body=bytes(weights)),
        "missing": lambda route: route.abort(),
    }
    page.route("**/model.safetensors", answer[how])
    page.goto(site.url)
    until(page, "end => document.querySelector('.sentence').textContent.endsWith(end)", sentence)
    assert page.locator("#board").get_attribute("data-engine") == "loading"
    page.unroute("**/model.safetensors")
    page.wait_for_selector("#board[data-engine=ready]")
    assert page.locator(".sentence").inner_text() == "Draw a digit, 0 to 9."
    context.close()
