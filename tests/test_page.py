"""The page in a real browser: by mouse, finger and keyboard, at desktop and phone size."""

import numpy as np
import pytest

import board
from handwriting import draw
from model import DigitCNN
from tests.harness import ROOT
from tests.harness.calls import picture
from tests.harness.person import DRAWINGS, HEART, until, varied
from tests.harness.servers import Server, StaticSite

LINE = [[(224, 60), (224, 200), (224, 390)]]


@pytest.fixture(params=["static", "gradio"])
def person(request, visit):
    """By finger on a phone in the static edition, by mouse in the Gradio edition."""
    is_gradio = request.param == "gradio"
    url = request.getfixturevalue("server" if is_gradio else "site").url
    return visit(url, "desktop" if is_gradio else "phone", touch=not is_gradio)


@pytest.fixture
def finger(visit, site):
    return visit(site.url, "phone", touch=True)


def test_a_drawn_digit_is_read(person):
    """Every stroke reaches the network, the preview shows its tensor, and nothing moves."""
    places = """() => [...document.querySelectorAll('.bars li, #board')].map((part) => {
        part.dataset.seen ??= Math.random();
        return [part.dataset.seen, part.getBoundingClientRect().top]; })"""
    before = person.page.evaluate(places)
    assert len(before) == 11
    person.hold(DRAWINGS["4"][0])
    assert person.settle()["bars"], "answers come while the pen is down"
    assert person.page.locator("#share").is_disabled(), "half a drawing can be shared"
    person.lift()
    person.draw(DRAWINGS["4"][1:])
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
    # The preview has whole numbers.
    assert np.abs(np.array(shown["preview"]) - expected).max() < 0.51
    assert shown["scroll"] == [0, 0] and person.page.evaluate(places) == before


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("size", [(1366, 650), (1440, 900), (390, 844)], ids=str)
def test_all_that_one_needs_fits_the_screen(size, language, visit, server):
    visitor, (width, height) = visit(f"{server.url}?lang={language}", size), size
    buttons = ["#undo", "#clear", "#example", ".picture"]
    needed = ["#board", ".digit", ".bars", "#preview", "#brush", "#share", *buttons]
    for name in [*needed, ".inside summary"] if width > 1000 else needed:
        box = visitor.box(name)
        assert box["y"] >= 0 and box["y"] + box["height"] <= height, name
        assert box["x"] >= 0 and box["x"] + box["width"] <= width, name
    assert visitor.width <= width and visitor.box("#board")["width"] >= 300
    for name in buttons if width > 1000 else [*buttons, ".bars button"]:
        assert visitor.box(name)["height"] >= 44, f"{name} is hard to hit"


# The digit that is named, the probabilities of the 4 and the 9, and the sentence.
SAID = [
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


def test_brush_undo_and_clear(person):
    assert person.page.locator("#undo").is_disabled()
    person.page.fill("#brush", "12")
    person.draw(DRAWINGS["7"])
    both = person.settle()
    assert {stroke["radius"] for stroke in person.read[-1]["strokes"]} == {12}
    person.press("#undo")
    one = person.settle()
    assert one["board"] > both["board"] and one["preview"] != both["preview"]
    assert len(person.read[-1]["strokes"]) == 1
    person.press("#undo")
    empty = person.settle()
    assert (empty["digit"], empty["bars"], empty["confidence"], sum(empty["preview"])) == ("", [], "", 0)
    person.draw(DRAWINGS["3"])
    assert person.settle()["digit"] == "3"
    person.press("#clear")
    assert person.settle()["digit"] == "" and person.page.locator("#clear").is_disabled()
    person.press("#undo")
    assert person.settle()["digit"] == "3", "clearing can be undone"


def test_keyboard_alone(desktop):
    keyboard = desktop.page.keyboard
    desktop.page.focus("#board canvas")
    for key in [*["ArrowUp"] * 15, " ", *["ArrowDown"] * 30, " "]:
        keyboard.press(key)
    shown = desktop.settle()
    assert shown["digit"] == "1" and desktop.page.locator("#board .cursor").is_visible()
    cursor, end = desktop.box("#board .cursor"), desktop.at((224, 344))
    middle = (cursor["x"] + cursor["width"] / 2, cursor["y"] + cursor["height"] / 2)
    assert middle == pytest.approx(end, abs=2), "the pen is not shown where it is"
    keyboard.press("ArrowDown")
    assert desktop.settle()["board"] == shown["board"], "it draws although the pen is up"
    keyboard.press("Control+z")
    assert desktop.settle()["digit"] == ""
    for key in (" ", "ArrowRight", "Escape"):
        keyboard.press(key)
    assert desktop.settle()["bars"] == []
    for _ in range(5):
        # A key that is held down repeats.
        keyboard.down(" ")
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
    assert "full" in shown["sentence"] and shown["bars"]
    assert len(desktop.read[-1]["strokes"]) == board.MAX_STROKES
    desktop.page.click("#undo")
    assert "full" not in desktop.settle()["sentence"]


def test_fingers_palms_and_pens(finger):
    """A cancelled stroke keeps its ink, a second finger draws nothing, and a pen draws beside a palm."""
    finger.hold([(224, 60 + 30 * step) for step in range(10)])
    finger.fingers("touchCancel")
    assert finger.settle()["digit"] == "1"
    finger.stroke([(100, 100), (110, 110)])
    finger.settle()
    assert len(finger.read[-1]["strokes"]) == 2
    finger.press("#clear")

    finger.fingers("touchStart", (100, 100))
    finger.fingers("touchStart", (100, 100), (300, 300))
    finger.fingers("touchMove", (100, 300), (300, 330))
    finger.fingers("touchEnd")
    finger.settle()
    assert len(finger.read[-1]["strokes"]) == 1
    finger.press("#clear")

    finger.hold([(400, 420), (404, 424)])
    pen = {"button": "left", "pointerType": "pen", "clickCount": 1}
    for step in range(11):
        x, y = finger.at((224, 60 + 33 * step))
        kind = {0: "mousePressed", 10: "mouseReleased"}.get(step, "mouseMoved")
        buttons = {"buttons": 1} if kind == "mouseMoved" else {}
        finger.touch.send("Input.dispatchMouseEvent", {"type": kind, "x": x, "y": y, **buttons, **pen})
    assert finger.settle()["digit"] == "1" and len(finger.read[-1]["strokes"]) == 1


def test_examples_draw_themselves_and_make_way_for_a_hand(person):
    """Each example differs from the last. A stroke by hand begins a new drawing; undo goes back."""
    seen = []
    for _ in range(4):
        before = person.shown()["board"]
        person.press("#example")
        more = "before => Number(document.querySelector('#board').dataset.revision) > before + 5"
        until(person.page, more, before)
        # An example can be shared once it is complete.
        until(person.page, "!document.querySelector('#share').disabled")
        seen.append(person.settle()["digit"])
    assert "" not in seen and all(one != other for one, other in zip(seen, seen[1:], strict=False))
    person.draw(LINE)
    assert person.settle()["digit"] == "1" and len(person.read[-1]["strokes"]) == 1
    person.press("#undo")
    assert person.settle()["digit"] == seen[-1]
    person.press("#example")
    until(person.page, "window.read.at(-1).strokes?.[0].points.length > 5")
    # Now an example is still being drawn.
    person.draw(LINE)
    person.settle()
    assert len(person.read[-1]["strokes"]) == 1


def test_picture_file(person):
    person.open_picture(b"no picture")
    person.says("as a picture. Try a PNG or a JPEG.")
    person.press("#example")
    until(person.page, "!document.querySelector('#share').disabled")
    person.open_picture(b"no picture")
    person.says("as a picture. Try a PNG or a JPEG.")
    person.press("#clear")
    person.draw(DRAWINGS["8"])
    person.settle()
    person.open_picture(b"no picture")
    person.says("Your drawing is still here.")
    assert person.settle()["digit"] == "8"
    person.open_picture(np.asarray(picture("3", 900)))
    person.reads("3")
    assert person.read[-1]["strokes"] is None
    person.press("#share")
    person.says("Your picture stays on this device.")
    before = person.settle()["board"]
    person.open_picture(b"no picture")
    person.says("as a picture. Try a PNG or a JPEG.")
    assert person.shown()["board"] == before, "what was on the board is kept"
    person.draw(DRAWINGS["2"])
    assert person.settle()["digit"] == "2", "drawing takes the picture away"
    for _ in DRAWINGS["2"]:
        person.press("#undo")
    assert person.settle()["digit"] == "3", "undo brings the picture back"
    person.press("#undo")
    assert person.settle()["digit"] == "8", "and then the drawing before it"


GIVEN = {
    "2": "document.body.dispatchEvent(new DragEvent('drop', {dataTransfer: data, ...rest}))",
    "7": "document.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, ...rest}))",
}


def test_a_picture_may_be_dropped_beside_the_board_or_pasted(desktop):
    for digit, how in GIVEN.items():
        give = f"""(pixels) => {{
          const canvas = Object.assign(document.createElement('canvas'), {{width: 224, height: 224}});
          const data = new DataTransfer(), rest = {{ bubbles: true, cancelable: true }};
          const image = new ImageData(Uint8ClampedArray.from(pixels.flatMap((v) => [v, v, v, 255])), 224);
          canvas.getContext('2d').putImageData(image, 0, 0);
          return new Promise((done) => canvas.toBlob((file) => {{
            data.items.add(new File([file], 'given.png', {{type: 'image/png'}}));
            done({how});
          }}));
        }}"""
        pixels = np.asarray(picture(digit, 224)).flatten().tolist()
        assert desktop.page.evaluate(give, pixels) is False, "the browser would leave the page"
        desktop.reads(digit)
    corner = "document.querySelector('#board canvas').getContext('2d').getImageData(9, 9, 1, 1).data[0]"
    assert desktop.page.evaluate(corner) == 255, "the board does not show the picture"
    # A paste without a picture changes nothing.
    desktop.page.evaluate("document.dispatchEvent(new ClipboardEvent('paste'))")


# The first picture does not open before `release()`.
SLOW = """
const open = window.createImageBitmap;
window.createImageBitmap = async (file) => {
  if (!window.release) await new Promise((done) => { window.release = done; });
  return open(file);
};
"""


def test_of_two_pictures_the_one_opened_last_is_shown(visit, site):
    person = visit(site.url, before=SLOW)
    person.open_picture(np.asarray(picture("3", 900)))
    person.open_picture(np.asarray(picture("2", 900)))
    person.reads("2")
    before = person.settle()
    person.page.evaluate("window.release()")
    person.page.wait_for_timeout(500)
    assert person.settle() == before


# The page's clock stands still between two advances.
CLOCK = "window.clock = 5000; performance.now = () => window.clock;"
SEVEN = [[(130, 120), (310, 120), (210, 380)]]
BAR = [[(170, 250), (300, 250)]]


def test_a_second_digit_begins_a_new_drawing_after_a_pause(visit, site):
    """The bar of a 7 belongs to the first digit. Undo brings that one back."""
    person = visit(site.url, before=CLOCK)
    strokes = "window.read.findLast(({board}) => board === 'sketchpad').strokes.length"

    def draw_later(drawing) -> None:
        person.page.evaluate("window.clock += 3000")
        person.draw(drawing)

    person.draw(SEVEN)
    assert person.settle()["sentence"] == "This is a 7."
    draw_later(BAR)
    assert (person.settle()["digit"], person.page.evaluate(strokes)) == ("7", 2)
    draw_later(DRAWINGS["3"])
    until(person.page, f"{strokes} === 1")
    assert person.settle()["digit"] == "3"
    person.press("#undo")
    assert (person.settle()["digit"], person.page.evaluate(strokes)) == ("7", 2)
    person.draw(DRAWINGS["3"])
    person.settle()
    assert person.page.evaluate(strokes) == 3, "without a pause it is one drawing"


def test_parts_that_stand_apart_are_not_one_digit(desktop):
    """Even where the network would take them for one drawing. While the pen is down, nothing is wrong."""
    for by in (22, 20):
        left, right = (np.array(half) + (side * by, 0) for half, side in zip(HEART, (-1, 1), strict=True))
        desktop.stroke(left)
        desktop.hold(right)
        assert desktop.settle()["sentence"] == "Keep going…"
        desktop.lift()
        assert (desktop.settle()["sentence"] == "One digit at a time, please.") is (by == 22)
        desktop.press("#clear")


def test_a_small_digit_is_read_like_a_large_one(desktop):
    """The network is sure of these digits when they are large. Here they are 36 pixels tall."""
    rng, net = np.random.default_rng(4), DigitCNN.from_pretrained("weights")
    for digit in range(10):
        sure = False
        while not sure:
            strokes = draw(digit, rng)
            [(label, confidence)] = net.classify(board.render(strokes), 1)
            sure = label == str(digit) and confidence > 0.99
        points = np.concatenate([stroke.points for stroke in strokes])
        low, size = points.min(axis=0), np.ptp(points, axis=0)
        scale = 36 / size[1] * 448 / desktop.box("#board canvas")["width"]
        desktop.draw([((stroke.points - low) * scale + (180, 200)).tolist() for stroke in strokes])
        shown = desktop.settle()
        assert shown["digit"] == str(digit), shown["sentence"]
        desktop.press("#clear")


def test_the_broadest_pen_decides_how_much_a_small_drawing_is_enlarged(desktop):
    strokes = [{"points": [[200, 200]], "radius": 5}, {"points": [[200, 236]], "radius": 10}]
    fit = "strokes => import('./read/small.js').then(({ fitted }) => fitted(strokes).scale)"
    assert desktop.page.evaluate(fit, strokes) == pytest.approx(10 / (0.065 * 36))


def test_a_stroke_may_leave_the_board(desktop):
    """It goes on beside the board, and ends where the button is released."""
    desktop.stroke([(224, 60), (224, 200), (600, 300)])
    desktop.page.mouse.move(*desktop.at((224, 390)))
    desktop.settle()
    [stroke] = desktop.read[-1]["strokes"]
    assert stroke["points"][-1] == pytest.approx([600, 300], abs=2)


def test_a_drawing_is_spoken_of_once(desktop):
    desktop.page.evaluate(
        """() => { window.spoken = []; const line = document.querySelector('.spoken');
          const note = () => window.spoken.push(line.textContent);
          new MutationObserver(note).observe(line, {childList: true}); }"""
    )
    desktop.draw(DRAWINGS["2"])
    until(desktop.page, "window.spoken.length > 0")
    desktop.page.wait_for_timeout(800)
    assert desktop.page.evaluate("window.spoken") == [desktop.settle()["sentence"]] == ["This is a 2."]
    assert desktop.page.locator("#prediction [role=status], #prediction [aria-live]").count() == 1


@pytest.mark.parametrize("root", [100, 150, 200])
@pytest.mark.parametrize("size", ["phone", "desktop"])
def test_nothing_moves_under_the_pen_whatever_is_said(size, root, visit, site):
    """Every sentence has its room, also with letters of twice the size."""
    visitor = visit(f"{site.url}?lang=es", size)
    visitor.page.evaluate("size => { document.documentElement.style.fontSize = `${size}%`; }", root)
    places = """() => [...document.querySelectorAll('#board, .bars')].map((part) => {
        const { left, top, width } = part.getBoundingClientRect();
        return [left, top, width].map(Math.round); })"""
    before = visitor.page.evaluate(places)
    assert visitor.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    keys = ["reading.probably", "reading.torn", "reading.none", "reading.apart", "reading.moving"]
    for key in [*keys, "teach.sending", "teach.saved", "teach.waiting"]:
        say = "const said = document.querySelector('.sentence'), both = { digit: '8', other: '3' };"
        say += " return import('./words.js').then(({ write }) => write(said, key, both));"
        visitor.page.evaluate(f"(key) => {{ {say} }}", key)
        assert visitor.page.evaluate(places) == before, key


@pytest.mark.thorough
def test_nothing_is_sent_while_digits_are_drawn(desktop):
    sent = []
    network = desktop.context.new_cdp_session(desktop.page)
    network.send("Network.enable")
    network.on("Network.webSocketFrameSent", lambda event: sent.append("a websocket"))
    # The worker's requests are among these.
    desktop.page.on("request", lambda request: sent.append(request.url))
    # Opening the page may still fetch something.
    desktop.page.wait_for_timeout(500)
    sent.clear()
    for seed, digit in enumerate(DRAWINGS):
        desktop.draw(varied(digit, seed))
        assert desktop.settle()["bars"]
        desktop.page.click("#clear")
    assert sent == [] and "stays there" in desktop.page.locator(".notes").inner_text()


@pytest.mark.thorough
def test_drawing_goes_on_when_the_server_is_gone(visit):
    running = Server()
    person = visit(running.url)
    running.kill()
    for digit in ("5", "2"):
        person.draw(DRAWINGS[digit])
        shown = person.settle()
        assert (shown["digit"], shown["sentence"]) == (digit, f"This is a {digit}.")
        person.page.click("#clear")
    person.open_picture(np.asarray(picture("3", 900)))
    person.reads("3")
    # Gradio notices after a while that its server is gone.
    person.page.wait_for_timeout(3000)
    assert person.page.locator(".toast-body, [role=alert]").count() == 0
    person.errors = [error for error in person.errors if "net::ERR" not in error]


def test_the_static_page_opens_without_a_network(visit, site):
    running = StaticSite(site.root)
    person = visit(running.url)
    person.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    until(person.page, "navigator.serviceWorker.controller !== null")
    running.kill()
    person.reload()
    person.draw(DRAWINGS["7"])
    assert person.settle()["digit"] == "7"


DEAF = """
window.workers = 0;
const Real = window.Worker;
window.Worker = class extends Real {
  constructor(...options) {
    super(...options);
    this.deaf = ++window.workers <= %d;
  }
  postMessage(message, ...rest) {
    if (!this.deaf || !message.board) super.postMessage(message, ...rest);
  }
};
const wait = window.setTimeout;
window.setTimeout = (action, time) => wait(action, time === 10_000 ? 500 : time);
"""


@pytest.mark.parametrize(("deaf", "digit"), [(1, "2"), (2, "")])
def test_a_worker_that_does_not_answer_is_replaced(deaf, digit, visit, site):
    """If the second one does not answer either, the page says that it cannot read the drawing."""
    person = visit(site.url, before=DEAF % deaf)
    person.draw(DRAWINGS["2"])
    until(person.page, "(count) => window.workers > count", deaf)
    if not digit:
        person.says("I cannot read this one.")
        person.press("#clear")
        person.draw(DRAWINGS["2"])
    assert person.settle()["digit"] == "2"


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


def test_an_answer_to_an_older_drawing_is_never_shown(visit, site):
    """It may come after the board was cleared, or after a newer answer."""
    person = visit(site.url, before=HELD)
    for newer in (None, "3"):
        person.page.evaluate("window.hold = true")
        person.draw(DRAWINGS["4"])
        until(person.page, "window.held.length > 0")
        drawn = person.shown()["board"]
        person.press("#undo")
        assert person.shown()["board"] == drawn + 1, "a change waits for its answer"
        person.page.evaluate("window.hold = false")
        person.press("#clear")
        if newer:
            person.draw(DRAWINGS[newer])
        before = person.settle()
        assert before["digit"] == (newer or "")
        person.page.evaluate("window.deliver()")
        assert person.shown() == before
        assert person.page.evaluate("document.querySelector('.bars .best') !== null") is bool(newer)


@pytest.mark.thorough
def test_a_browser_that_cannot_run_the_network_is_told_so(visit, site):
    unable = "window.Worker = class { constructor() { throw new Error('none'); } };"
    person = visit(site.url, before=unable, ready=False)
    person.page.wait_for_selector("#board[data-engine=none]")
    person.draw(DRAWINGS["2"])
    person.says("This browser cannot run the neural network.")
    assert person.shown()["board"] > 0, "it can be drawn on all the same"


WEIGHTS = (ROOT / "weights" / "model.safetensors").read_bytes()
ALTERED = WEIGHTS[:-1] + bytes([WEIGHTS[-1] ^ 1])


@pytest.mark.parametrize(
    ("file", "content", "sentence"),
    [
        ("model.safetensors", ALTERED, "arrived damaged. Trying again."),
        ("model.safetensors", None, "has not loaded yet. Trying again."),
        ("current.json", b"null", "has not loaded yet. Trying again."),
    ],
    ids=["altered", "missing", "not named"],
)
def test_weights_that_do_not_come_whole_are_waited_for(file, content, sentence, browser, site):
    # A service worker would answer from its cache.
    page = browser.new_page(service_workers="block")
    page.route(f"**/{file}", lambda route: route.abort() if content is None else route.fulfill(body=content))
    page.goto(site.url)
    until(page, "end => document.querySelector('.sentence').textContent.endsWith(end)", sentence)
    assert page.locator("#board").get_attribute("data-engine") == "loading"
    page.unroute(f"**/{file}")
    page.wait_for_selector("#board[data-engine=ready]")
    assert page.locator(".sentence").inner_text() == "Draw a digit, 0 to 9."
    page.close()
