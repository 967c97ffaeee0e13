"""Teaching the page, by people in real browsers: the bars, what is remembered, and the tab Your digits."""

from __future__ import annotations

import copy
import io
import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import board
from contributions.store import Store
from tests.harness import engines, without
from tests.harness.languages import foreign
from tests.harness.person import DRAWINGS, HEART, Person, on_screen, until
from tests.harness.servers import Server

# A 7 with a short flag that hangs down, which the network takes for a 1.
SEVEN = [[(160, 130), (220, 90), (200, 350)]]
LINE = [[(224, 90), (224, 220), (224, 350)]]
# Two upright lines side by side.
ELEVEN = [[(140, 90), (140, 350)], [(320, 90), (320, 350)]]
SIZES = pytest.mark.parametrize(
    ("size", "touch"), [("desktop", False), ("phone", True)], ids=["mouse at a desk", "finger on a phone"]
)


def again(strokes, seed: int) -> list[list[tuple[float, float]]]:
    """The same shape as the same hand draws it another time: a little larger, turned, and moved."""
    rng = np.random.default_rng(seed)
    scale, angle = rng.uniform(0.8, 1.1), rng.uniform(-0.1, 0.1)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    shift = 224 + rng.uniform(-20, 20, 2)
    return [((np.array(stroke) - 224) @ turn.T + shift).clip(4, 444).tolist() for stroke in strokes]


class Visitor(Person):
    """Somebody who teaches the page."""

    def say(self) -> str:
        return self.page.locator("#prediction .sentence").inner_text()

    def known(self) -> int:
        """How many drawings the page says that it knows."""
        return int(self.page.locator("#memory").get_attribute("data-count"))

    def show(self, strokes) -> dict:
        """Draw on an empty board; returns what the page shows then."""
        if self.page.locator("#clear").is_enabled():
            self.press("#clear")
        self.draw(strokes)
        return self.settle()

    def teach(self, digit: str) -> None:
        """Tap a digit's bar, and wait until the page answers with what it has learnt."""
        self.press(f'#prediction [data-digit="{digit}"]')
        self.reads(digit)

    def reads(self, digit: str) -> None:
        until(self.page, "digit => document.querySelector('#prediction').dataset.digit === digit", arg=digit)

    def stored(self) -> list[str]:
        """The names under which the browser keeps something about lessons."""
        names = self.page.evaluate("Object.keys(localStorage)")
        return [name for name in names if "lesson" in name]


class Student(Visitor):
    """Somebody on the tab Your digits."""

    board = "#digits-board"

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.open_tab()

    def open_tab(self) -> None:
        self.page.locator("#tab-your-digits").click()
        self.page.wait_for_selector("#digits-board[data-target]", state="attached")

    def open_draw(self) -> None:
        """The first tab, on whose board this person draws from now on."""
        self.page.locator("#tab-draw").click()
        self.board = "#board"

    def at(self, point):
        return on_screen(self.page.locator(f"{self.board} canvas").bounding_box(), point)

    def asked(self) -> str:
        return self.page.locator("#digits-board").get_attribute("data-target")

    def draw_asked(self, digit: str | None = None) -> str:
        """Draw the digit that is asked for, an upright line where there is no example; returns it."""
        digit = digit or self.asked()
        self.draw(DRAWINGS.get(digit, LINE))
        return digit

    def press_next(self) -> None:
        self.press(".my-digits .next")

    def draw_ten(self, skip: str = "") -> None:
        """All ten, without those in `skip`, until the page says what it has learnt."""
        for _ in range(10):
            if self.asked() in skip:
                self.press(".my-digits .skip")
            else:
                self.draw_asked()
                self.press_next()
        self.page.wait_for_selector(".learnt:not([hidden])")

    def give(self) -> None:
        """Agree, and wait until all is stored."""
        self.press(".my-digits .agree")
        until(self.page, "document.querySelector('.news').textContent.startsWith('Thank you')")

    def words(self, selector: str) -> str:
        return self.page.locator(f".my-digits {selector}").inner_text()


# --- the bars ---


@SIZES
def test_a_heart_is_taught_as_a_seven(size, touch, edition, browser):
    """Refused, taught, and read when it is drawn again; digits are read as before, and not a byte is sent."""
    visitor = Visitor(browser, edition.url, size, touch)
    sent = []
    visitor.page.on("request", lambda request: sent.append(request.url))
    assert visitor.show(HEART)["digit"] == ""
    assert visitor.say() == "I don't know this one. What is it? Tap a digit."
    place = visitor.page.locator("#board").bounding_box()
    visitor.teach("7")
    assert visitor.say() == "Learnt: this is a 7. Draw it again!" and visitor.known() == 1
    assert visitor.page.locator("#board").bounding_box() == place, "the board has moved"
    visitor.draw(again(HEART, 1))  # at once, over the taught one
    assert visitor.settle()["digit"] == "7"
    assert visitor.say() == "A 7, as you taught me."
    assert visitor.page.locator("#prediction").get_attribute("data-taught") == "true"
    assert visitor.page.locator("#prediction .lesson canvas").is_visible()
    assert visitor.page.locator("#board").bounding_box() == place, "the board has moved"
    for digit in "2358":
        shown = visitor.show(DRAWINGS[digit])
        assert shown["digit"] == digit and "taught" not in visitor.say()
        assert visitor.page.locator("#prediction").get_attribute("data-taught") != "true"
        assert not visitor.page.locator("#prediction .lesson canvas").is_visible()
    assert sent == [] and visitor.errors == []
    visitor.leave()


def test_a_seven_that_is_taken_for_a_one(browser, site):
    visitor = Visitor(browser, site.url)
    assert visitor.show(SEVEN)["digit"] == "1"
    visitor.teach("7")
    assert visitor.show(again(SEVEN, 2))["digit"] == "7" and visitor.say() == "A 7, as you taught me."
    assert visitor.show(LINE)["digit"] == "1", "a line is still a 1"
    tiny = [[(300 + x / 9, 300 + y / 9) for x, y in stroke] for stroke in HEART]
    assert visitor.show(tiny)["digit"] != "4"
    visitor.teach("4")
    assert visitor.show(tiny)["digit"] == "4", "a small drawing is taught, too"
    visitor.leave()


def test_a_slip_of_the_finger_is_taken_back(browser, site):
    """Undo until the next stroke; another bar corrects the lesson; an empty board teaches nothing."""
    visitor = Visitor(browser, site.url)
    undo = visitor.page.locator(".unteach")
    visitor.press('#prediction [data-digit="4"]')
    assert visitor.known() == 0 and visitor.say() == "Draw something first, then tap the digit that it is."
    visitor.show(HEART)
    visitor.teach("4")
    undo.click()
    visitor.reads("")
    assert visitor.known() == 0 and not undo.is_visible() and visitor.stored() == []
    visitor.teach("4")
    visitor.teach("7")
    assert visitor.known() == 1, "one drawing is one lesson"
    undo.click()
    visitor.reads("4")
    visitor.teach("8")
    assert visitor.say() == "Learnt: this is an 8. Draw it again!"
    visitor.draw([[(40, 40), (60, 60)]])
    visitor.settle()
    assert not undo.is_visible() and "Learnt" not in visitor.say()
    assert len(visitor.read[-1]["strokes"]) == 1, "the taught drawing is finished"
    visitor.press("#undo")
    visitor.settle()
    visitor.teach("7")
    assert visitor.known() == 1, "undoing the stroke brings the taught drawing back"
    visitor.leave()


def test_a_lesson_is_forgotten_where_it_is_used_or_listed(browser, site):
    visitor = Visitor(browser, site.url)
    visitor.show(HEART)
    visitor.teach("7")
    visitor.show(again(HEART, 3))
    visitor.page.get_by_role("button", name="Forget it").click()
    visitor.reads("")
    assert visitor.known() == 0 and visitor.say() == "Forgotten." and visitor.stored() == []
    visitor.press(".unteach")
    visitor.reads("7")
    visitor.show(SEVEN)
    visitor.teach("7")
    memory = visitor.page.locator("#memory")
    memory.locator("summary").click()
    assert memory.locator("summary").inner_text() == "Knows 2 drawings of yours"
    memory.locator("li canvas").nth(1).wait_for()
    assert memory.locator("li canvas").count() == 2 and "Only in this browser." in memory.inner_text()

    memory.get_by_label("Use them").click()
    visitor.reads("1")
    assert memory.locator("summary").inner_text() == "2 drawings of yours, not in use"
    visitor.page.reload()
    visitor.page.wait_for_selector("#board[data-engine=ready]")
    assert visitor.show(SEVEN)["digit"] == "1"
    memory.locator("summary").click()
    memory.get_by_label("Use them").click()
    visitor.reads("7")

    memory.get_by_role("button", name="Forget this 7").first.click()  # the newest: the 7
    visitor.reads("1")
    assert visitor.known() == 1
    memory.locator("#forget").click()
    memory.get_by_role("button", name="Keep").click()
    assert visitor.known() == 1, "it asks first"
    memory.locator("#forget").click()
    assert "Forget it?" in memory.inner_text()
    memory.get_by_role("button", name="Forget", exact=True).click()
    assert visitor.known() == 0 and visitor.stored() == [] and not memory.is_visible()
    visitor.leave()


def test_a_lesson_outlives_reload_and_server_and_is_shared_by_tabs(browser, tmp_path):
    server = Server(CONTRIBUTIONS_DIR=str(tmp_path))
    try:
        visitor = Visitor(browser, server.url)
        other = visitor.context.new_page()
        other.goto(server.url)
        other.wait_for_selector("#board[data-engine=ready]")
        visitor.show(HEART)
        visitor.teach("7")
        until(other, "document.querySelector('#memory').dataset.count === '1'")
        server.kill(signal.SIGKILL)
        server.start()
        visitor.page.reload()
        visitor.page.wait_for_selector("#board[data-engine=ready]")
        assert visitor.show(again(HEART, 4))["digit"] == "7" and visitor.say() == "A 7, as you taught me."
        other.locator("#memory summary").click()
        other.locator("#forget").click()
        other.get_by_role("button", name="Forget", exact=True).click()
        visitor.reads("")
        assert visitor.known() == 0 and visitor.stored() == []
        visitor.leave()
    finally:
        server.kill()


def test_a_picture_is_taught(browser, site, tmp_path):
    heart = board.render([board.Stroke(np.array(points, dtype=np.float64), 15) for points in HEART])
    Image.fromarray(255 - heart).save(tmp_path / "heart.png")
    visitor = Visitor(browser, site.url)
    visitor.page.set_input_files(".picture input", tmp_path / "heart.png")
    until(visitor.page, "document.querySelector('#board').dataset.revision === '1'")
    assert visitor.settle()["digit"] == ""
    visitor.teach("7")
    visitor.page.reload()
    visitor.page.wait_for_selector("#board[data-engine=ready]")
    visitor.page.set_input_files(".picture input", tmp_path / "heart.png")
    visitor.reads("7")
    assert visitor.say() == "A 7, as you taught me."
    visitor.leave()


def test_why_and_inside_and_sharing_name_the_lesson(browser, site):
    visitor = Visitor(browser, site.url)
    visitor.show(SEVEN)
    visitor.teach("7")
    visitor.show(again(SEVEN, 2))
    visitor.press("#why")
    until(
        visitor.page, "document.querySelector('.pro').textContent === 'It looks like a 7 that you taught me.'"
    )
    assert visitor.page.locator(".versus").inner_text().startswith("Why 1"), "the network's own reading"
    visitor.press("#share")
    visitor.page.wait_for_selector("dialog.share[data-ready]")
    alternative = visitor.page.locator("dialog.share canvas").get_attribute("aria-label")
    assert alternative == "A picture to share. I taught it that this is a 7."
    visitor.leave()


def test_what_is_not_one_readable_digit_is_not_learnt(browser, site, tmp_path):
    """A picture without a digit that can be read, and two digits on either board: the page says why."""
    eleven = board.render([board.Stroke(np.array(points, dtype=np.float64), 15) for points in ELEVEN])
    pictures = {
        "blank": (np.full((200, 200), 255, np.uint8), "I cannot read this one, so I cannot learn it."),
        "two": (255 - eleven, "One digit at a time, please."),
    }
    visitor = Student(browser, site.url)
    visitor.draw(ELEVEN)
    visitor.press_next()
    assert visitor.words(".remark") == "One digit at a time, please."
    assert visitor.page.locator(".steps").get_attribute("aria-label") == "digit 1 of 10"
    visitor.open_draw()
    visitor.draw(ELEVEN)
    visitor.press('#prediction [data-digit="4"]')
    visitor.settle()
    assert visitor.say() == "One digit at a time, please." and visitor.known() == 0
    for name, (pixels, sentence) in pictures.items():
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
        revision = visitor.settle()["board"]
        visitor.page.set_input_files(".picture input", tmp_path / f"{name}.png")
        until(visitor.page, f"Number(document.querySelector('#board').dataset.revision) > {revision}")
        visitor.settle()
        visitor.press('#prediction [data-digit="4"]')
        assert visitor.say() == sentence and visitor.known() == 0, name
    assert visitor.stored() == [] and not visitor.page.locator(".unteach").is_visible()
    visitor.leave()


def test_nothing_comes_back_after_all_was_forgotten(browser, site):
    visitor = Visitor(browser, site.url)
    visitor.show(HEART)
    visitor.teach("7")
    assert visitor.page.locator(".unteach").is_visible()
    visitor.page.locator("#memory summary").click()
    visitor.page.locator("#forget").click()
    visitor.page.get_by_role("button", name="Forget", exact=True).click()
    visitor.reads("")
    assert not visitor.page.locator(".unteach").is_visible() and "Learnt" not in visitor.say()
    assert visitor.known() == 0 and visitor.stored() == []
    visitor.leave()


def test_a_drawing_from_a_link_draws_itself_once(browser, site):
    visitor = Visitor(browser, site.url, reduced_motion="reduce")
    visitor.show(SEVEN)
    visitor.press("#share")
    visitor.page.wait_for_selector("dialog.share[data-ready]")
    url = visitor.page.locator("dialog.share").get_attribute("data-ready")
    visitor.press("dialog.share .close")
    visitor.page.goto(url)
    until(visitor.page, "document.querySelector('#prediction').dataset.digit === '1'")
    visitor.page.locator("#tab-your-digits").click()
    visitor.page.locator("#tab-draw").click()
    visitor.show(DRAWINGS["2"])
    revision = visitor.settle()["board"]
    for _ in range(2):
        visitor.page.go_back()
    until(visitor.page, "location.hash.startsWith('#d=')")
    assert visitor.settle()["digit"] == "2" and visitor.shown()["board"] == revision
    visitor.leave()


# What a browser does that stores nothing for the page.
DENIED = "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException(); } });"


def test_where_nothing_is_stored_it_is_known_until_the_page_is_closed(browser, site):
    visitor = Visitor(browser, site.url, before=DENIED)
    visitor.show(HEART)
    visitor.teach("7")
    assert visitor.show(again(HEART, 5))["digit"] == "7"
    visitor.page.locator("#memory summary").click()
    assert "Kept until you close this page." in visitor.page.locator("#memory").inner_text()
    assert visitor.errors == []
    visitor.leave()


def test_the_newest_lessons_are_kept(browser, site):
    """A hundred, at most twenty a digit. What is damaged is passed over, and the rest is used."""
    visitor = Visitor(browser, site.url)
    kept = visitor.page.evaluate(
        """async () => {
          const { lessons } = await import(new URL('teach/lessons.js', document.baseURI));
          const strokes = [{ points: [[100, 100], [200.123, 300]], radius: 15 }];
          for (let i = 0; i < 130; i += 1)
            lessons.add([{ id: `lesson-${i}`, label: i < 30 ? '0' : String(i % 10), strokes }]);
          return lessons.all.map(({ id, label }) => [Number(id.slice(7)), label]);
        }"""
    )
    assert [number for number, _ in kept] == list(range(30, 130)), (
        "all of the last hundred, none of the first 0s"
    )
    visitor.page.evaluate(
        """async () => {
          const { lessons } = await import(new URL('teach/lessons.js', document.baseURI));
          lessons.clear();
          const strokes = [{ points: [[100, 100], [200, 300]], radius: 15 }];
          for (let i = 0; i < 25; i += 1) lessons.add([{ id: `lesson-${i}`, label: '3', strokes }]);
        }"""
    )
    assert visitor.known() == 20
    visitor.page.locator("#memory summary").click()
    visitor.page.locator("#forget").click()
    visitor.page.get_by_role("button", name="Forget", exact=True).click()
    visitor.show(HEART)
    visitor.teach("7")
    [name] = visitor.stored()
    visitor.page.evaluate(
        """name => {
          const [lesson] = JSON.parse(localStorage.getItem(name));
          const unread = { ...lesson, id: 'b', strokes: ['x'] };
          localStorage.setItem(name, JSON.stringify([null, { ...lesson, label: '12' }, unread, lesson]));
        }""",
        name,
    )
    visitor.page.reload()
    visitor.page.wait_for_selector("#board[data-engine=ready]")
    assert visitor.show(again(HEART, 1))["digit"] == "7"
    visitor.page.evaluate("name => localStorage.setItem(name, '{')", name)
    visitor.page.reload()
    visitor.page.wait_for_selector("#board[data-engine=ready]")
    assert visitor.known() == 0 and visitor.show(DRAWINGS["2"])["digit"] == "2" and visitor.errors == []
    visitor.leave()


@pytest.mark.thorough
@pytest.mark.parametrize("driver", [engines.firefox, engines.webkit], ids=["Firefox", "WebKit"])
def test_the_main_path_in_other_browsers(driver, site):
    """Draw, teach, reload, read."""

    def draw(strokes) -> str:
        for stroke in strokes:
            box = window.run(
                "const box = document.querySelector('#board canvas').getBoundingClientRect();"
                "return { x: box.x, y: box.y, width: box.width, height: box.height };"
            )
            window.drag([on_screen(box, point) for point in stroke])
        revision = "document.querySelector('#{}').dataset.revision"
        window.until(f"{revision.format('prediction')} === {revision.format('board')}")
        return window.run("return document.querySelector('.sentence').textContent")

    def open_page() -> None:
        window.open(site.url)
        window.until("document.querySelector('#board').dataset.engine === 'ready'")

    try:
        with driver() as window:
            open_page()
            assert draw(HEART) == "I don't know this one. What is it? Tap a digit."
            window.run("document.querySelector('#prediction [data-digit=\"7\"]').click()")
            window.until("document.querySelector('#prediction').dataset.digit === '7'")
            open_page()
            assert draw(again(HEART, 1)) == "A 7, as you taught me."
            window.run("document.querySelector('#clear').click()")
            assert draw(DRAWINGS["2"]) == "This is a 2."
    except LookupError as missing:
        without(str(missing))


# --- your digits ---


@SIZES
def test_ten_digits_teach_a_hand(size, touch, edition, browser):
    student = Student(browser, edition.url, size, touch)
    sent = []
    student.page.on("request", lambda request: sent.append(request.url))
    assert student.words(".lead") == "Draw each digit once. It learns your hand; nothing is sent."
    assert student.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    student.press_next()
    a = "an" if student.asked() == "8" else "a"
    assert student.words(".remark") == f"The board is empty. Draw {a} {student.asked()}, or skip it."
    student.draw([[(200, 200), (204, 204)]])
    student.press_next()
    assert student.words(".remark").startswith("That is only a dot.")
    student.press(".my-digits .clear")
    place = student.page.locator("#digits-board").bounding_box()
    asked = []
    for number in range(10):
        assert student.page.locator(".steps").get_attribute("aria-label") == f"digit {number + 1} of 10"
        if number == 3:
            asked.append(student.asked())
            student.page.locator(".my-digits .skip").dblclick()  # once
            continue
        asked.append(student.draw_asked())
        assert student.page.locator("#digits-board").bounding_box() == place, "the board has moved"
        student.press_next()
    assert sorted(asked) == list("0123456789")
    student.page.wait_for_selector(".learnt:not([hidden])")
    drawn = sorted({*asked} - {asked[3]})
    right = sum(digit in DRAWINGS or digit == "1" for digit in drawn)
    assert student.words(".done") == f"It read {right} of your 9 before. Now it knows your hand."
    assert student.known() == 9 and student.page.locator(".learnt .thumbs canvas").count() == 9
    assert student.page.locator(".learnt .misread").count() == 9 - right
    student.page.locator(".learnt .misread button").first.click()
    assert student.known() == 8, "a drawing that went wrong is left out"
    assert sent == [] and student.errors == []
    student.page.get_by_role("link", name="Try it").click()
    assert student.page.locator("#board").is_visible()
    student.page.locator("#tab-your-digits").click()
    student.press(".my-digits .again")
    assert student.page.locator(".steps").get_attribute("aria-label") == "digit 1 of 10"
    student.leave()


@pytest.mark.parametrize(("size", "theme"), [("phone", "dark"), ("desktop", "light")])
def test_axe_finds_nothing(size, theme, browser, axe, running):
    """In each state of teaching, of Your digits and of contributing, in either language."""
    options = {"before": axe, "color_scheme": theme, "reduced_motion": "reduce"}
    student = Student(browser, running.url, size, **options)
    student.draw_ten(skip="0123456")
    student.check_with_axe("an invitation")
    student.give()
    student.page.locator(".delete summary").click()
    student.page.locator(".delete [type=submit]").click()
    student.check_with_axe("given, and about to be deleted")
    student.press(".my-digits .other")
    student.check_with_axe("before the next person")
    student.press(".handover .no")
    student.open_draw()
    student.page.locator("#memory summary").click()
    student.press("#forget")
    student.show(HEART)
    student.teach("7")
    student.check_with_axe("just taught")
    student.show(again(HEART, 1))
    student.check_with_axe("a lesson that decided")
    student.leave()


def test_by_keyboard_alone(browser, site):
    student = Student(browser, site.url)
    student.page.locator("#digits-board canvas").focus()
    for key in [" ", *["ArrowDown"] * 15, *["ArrowRight"] * 9, " ", "Enter"]:
        student.page.keyboard.press(key)
    assert student.page.locator(".steps").get_attribute("aria-label") == "digit 2 of 10"
    assert student.page.evaluate("document.activeElement.closest('#digits-board') !== null")
    student.leave()


def test_next_is_in_sight_on_a_phone_held_sideways(browser, site):
    student = Student(browser, site.url, (844, 390))
    for name in ("#digits-board", ".my-digits .next", ".my-digits .skip", ".my-digits .target"):
        box = student.page.locator(name).bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= 390, name
    student.leave()


def test_in_spanish(browser, site):
    visitor = Visitor(browser, site.url, locale="es-CO")
    visitor.show(HEART)
    assert visitor.say() == "Este no lo conozco. ¿Qué es? Toca un dígito."
    visitor.teach("7")
    assert visitor.say() == "Aprendido: es un 7. ¡Dibújalo otra vez!"
    visitor.show(again(HEART, 1))
    assert visitor.say() == "Un 7, como me enseñaste."
    assert visitor.page.locator("#memory summary").inner_text() == "Conoce 1 dibujo tuyo"
    visitor.page.locator("#tab-your-digits").click()
    lead = "Dibuja cada dígito una vez. Aprende tu letra; no se envía nada."
    assert visitor.page.locator(".lead").inner_text() == lead
    visitor.leave()


# --- contributing ---


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    server = Server(CONTRIBUTIONS_DIR=str(tmp_path_factory.mktemp("contributions")))
    yield server
    server.kill(signal.SIGKILL)


@pytest.fixture
def kept(running):
    """What the page's store holds, in the order in which it came; nothing is left of other tests."""
    store = Store(Path(running.environment["CONTRIBUTIONS_DIR"]))
    with store.writing() as database:
        for table in ("drawings", "writers", "deleted_receipts"):
            database.execute(f"DELETE FROM {table}")

    def drawings() -> list:
        return [drawing for drawing, _ in store.each()]

    drawings.store = store
    return drawings


def sheet(student: Student) -> list[np.ndarray]:
    """The tiles of the picture that "Save my digits" gives, row by row."""
    with student.page.expect_download() as download:
        student.page.locator(".my-digits .png").click()
    assert download.value.suggested_filename == "my-digits.png"
    pixels = np.asarray(Image.open(io.BytesIO(download.value.path().read_bytes())).convert("L")).astype(int)
    places = [range(8, length - 8, 168) for length in pixels.shape]
    return [pixels[y : y + 160, x : x + 160] for y in places[0] for x in places[1]]


def rendered(strokes: list[dict]) -> np.ndarray:
    """Stored strokes as a tile of the sheet."""
    drawn = [
        board.Stroke(np.array(stroke["points"], dtype=np.float64), stroke["radius"]) for stroke in strokes
    ]
    return np.asarray(Image.fromarray(np.uint8(board.render(drawn))).resize((160, 160))).astype(int)


def test_ten_digits_are_given(browser, running, kept, tmp_path):
    """Draw, read the terms, agree, take the digits home, stop, delete them."""
    student = Student(browser, running.url)
    student.draw_ten(skip="9")
    assert kept() == [], "nothing is sent before the visitor has agreed"
    lines, fold = student.page.locator(".terms li"), student.page.locator(".give details p")
    assert "the next network reads more people" in student.words(".give")
    assert lines.count() == 5 and "CC BY 4.0" in lines.nth(2).inner_text() and not fold.is_visible()
    student.page.locator(".give summary").click()
    assert "a random number that stands for you" in fold.inner_text()
    student.give()
    assert not student.page.locator(".give").is_visible()
    assert student.words(".count") == "Saved so far: 9."
    drawn = kept()
    assert [drawing.label for drawing in drawn] == list("012345678")
    assert {drawing.source for drawing in drawn} == {"collector"}
    assert all(stroke["times"] == sorted(stroke["times"]) for d in drawn for stroke in d.strokes)

    tiles = sheet(student)
    assert len(tiles) == 10 and tiles[9].min() == 255, "nine, and white paper"
    for tile, drawing in zip(tiles, drawn, strict=False):
        assert np.abs(tile - rendered(drawing.strokes)).mean() < 8, drawing.label
    with student.page.expect_download() as download:
        student.page.locator(".my-digits .npz").click()
    download.value.save_as(tmp_path / download.value.suggested_filename)
    file = np.load(tmp_path / "MNIST.npz")
    assert file["X"].shape == (9, 28, 28) and file["y"].tolist() == list(range(9))

    code = student.words(".code")
    student.page.locator(".my-digits .stop").click()
    assert student.words(".news").startswith("You have stopped: nothing more is sent.") and len(kept()) == 9
    assert student.page.locator(".my-digits .receipt").input_value() == code
    student.page.locator(".delete [type=submit]").click()
    student.page.locator(".delete .sure .no").click()
    assert len(kept()) == 9, "nothing goes without a second word"
    student.page.locator(".delete [type=submit]").click()
    student.page.locator(".delete .sure .yes").click()
    until(
        student.page, "document.querySelector('.deleted').textContent.startsWith('9 drawings were deleted')"
    )
    assert kept() == [] and student.known() == 9, "what the page has learnt stays in the browser"
    assert student.errors == []
    student.leave()


def test_a_contributor_s_correction_is_sent_and_the_page_says_so(browser, running, kept):
    student = Student(browser, running.url)
    student.draw_ten(skip="012345678")
    student.give()
    assert [drawing.label for drawing in kept()] == ["9"]
    student.open_draw()
    student.show(SEVEN)
    student.teach("7")
    assert student.say() == "Learnt: this is a 7. Saving it for the dataset in a moment."
    student.press(".unteach")
    student.reads("1")
    student.teach("7")
    until(
        student.page,
        "document.querySelector('.sentence').textContent === 'Learnt, and saved for the dataset.'",
    )
    assert not student.page.locator(".unteach").is_visible()
    assert [(d.label, d.source) for d in kept()][1:] == [("7", "recognise")]
    student.show(HEART)
    student.teach("4")
    student.draw([[(40, 40), (60, 60)]])  # the next stroke settles it
    until(student.page, "document.querySelector('.count').textContent === 'Saved so far: 3.'")
    assert [d.label for d in kept()] == ["9", "7", "4"]
    student.press("#clear")
    student.press("#example")
    until(student.page, "document.querySelector('#prediction.resting[data-reading=digit]') !== null")
    student.press('#prediction [data-digit="1"]')
    assert student.say() == "Learnt: this is a 1. Draw it again!", (
        "an example is not a contributor's handwriting"
    )
    student.leave()


def test_the_digits_outlive_the_server(browser, running, kept):
    """The server dies before it has answered: the digits stay on the page, and are stored once."""
    student = Student(browser, running.url)
    student.draw_ten(skip="0123456")
    student.give()
    student.press(".my-digits .again")
    student.draw_ten(skip="3456789")
    running.kill(signal.SIGKILL)
    student.press(".my-digits .agree")
    until(student.page, "document.querySelector('.news').textContent.includes('are sent again')")
    running.start()
    given = "document.querySelector('.news').textContent.startsWith('Thank you')"
    until(student.page, f"{given} || !document.querySelector('.agree').disabled", seconds=120)
    if student.page.locator(".my-digits .agree").is_visible():  # it took longer than the page waits
        student.give()
    assert [drawing.label for drawing in kept()] == list("789") + list("012")
    student.leave()


def test_the_receipt_to_delete_is_the_newest_or_the_one_that_was_typed(browser, running, kept):
    """After stopping and agreeing again the field follows, unless the visitor wrote into it."""
    student = Student(browser, running.url)
    field = student.page.locator(".my-digits .receipt")
    codes = []
    for typed in ("", "AAAA-AAAA-AAAA-AAAA", ""):
        student.draw_ten(skip="012345678")
        student.give()
        codes.append(student.words(".code"))
        assert field.input_value() == (codes[-1] if len(codes) != 3 else "AAAA-AAAA-AAAA-AAAA")
        student.page.locator(".my-digits .stop").click()
        if typed:
            field.fill(typed)
        student.press(".my-digits .again")
    assert len({*codes}) == 3
    student.leave()


def test_undo_of_a_correction_ends_when_it_is_being_sent(browser, running, kept):
    """A server that keeps silent: the correction is on its way, and is stored once it answers again."""
    student = Student(browser, running.url)
    student.draw_ten(skip="012345678")
    student.give()
    student.open_draw()
    student.show(SEVEN)
    student.page.route("**/contributions/submit", lambda route: route.abort())
    student.teach("7")
    # A visitor who leaves the page has it sent at once.
    student.page.evaluate(
        "Object.defineProperty(document, 'hidden', { value: true });"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    until(student.page, "document.querySelector('.sentence').textContent.includes('on its way')")
    assert not student.page.locator(".unteach").is_visible() and student.known() == 2
    student.page.unroute("**/contributions/submit")
    until(student.page, "document.querySelector('.sentence').textContent.includes('saved for the dataset')")
    assert [drawing.label for drawing in kept()] == ["9", "7"]
    student.leave()


def test_what_the_server_may_have_cannot_be_left_out(browser, running, kept):
    """The drawing is stored, but the answer is lost: the page does not say that it can be left out."""
    student = Student(browser, running.url)
    student.draw_ten(skip="1234567")
    crosses = student.page.locator(".learnt .thumbs button")
    assert crosses.count() == 3

    def lose_the_answer(route):
        route.fetch()
        route.abort()

    student.page.route("**/contributions/submit", lose_the_answer)
    student.press(".my-digits .agree")
    until(student.page, "document.querySelector('.news').textContent.includes('are sent again')")
    student.page.locator(".my-digits .stop").click()
    until(student.page, "!document.querySelector('.agree').disabled")
    assert [drawing.label for drawing in kept()] == ["0"]
    assert crosses.count() == 2, "what was not sent can still be left out"
    student.leave()


def test_the_next_person_is_another_writer_and_another_hand(browser, running, kept):
    student = Student(browser, running.url)
    student.draw_ten(skip="01234567")
    student.give()
    code = student.words(".code")
    student.press(".my-digits .other")
    assert code in student.words(".handover")
    student.press(".handover .no")
    assert student.words(".code") == code and student.known() == 2
    other = copy.copy(student)
    other.page = student.context.new_page()
    other.page.goto(running.url)
    other.open_tab()
    other.draw_ten(skip="01234567")
    for tab in (other, student):
        tab.page.bring_to_front()
        tab.open_draw()
        tab.show(SEVEN)
    student.teach("7")
    student.open_tab()
    student.board = Student.board
    student.press(".my-digits .other")
    student.press(".handover .yes")
    assert student.known() == 0 and student.stored() == []
    until(other.page, "document.querySelector('.my-digits .steps').ariaLabel === 'digit 1 of 10'")
    for tab in (student, other):
        assert tab.page.locator("#undo").is_disabled() and tab.page.locator("#clear").is_disabled()
        assert not tab.page.locator(".give").is_visible()
        assert tab.page.locator(".learnt .thumbs li").count() == 0
        assert not tab.page.locator(".unteach").is_visible()
    assert code not in student.words("") and student.page.locator(".my-digits .receipt").input_value() == ""
    student.draw_ten(skip="01234567")
    assert student.page.locator(".terms").is_visible(), "the next person agrees, too"
    student.give()
    assert student.words(".code") != code and sum(tile.min() == 0 for tile in sheet(student)) == 2
    assert len({drawing.writer for drawing in kept()}) == 2 and len(kept()) == 4
    student.leave()


@pytest.mark.thorough
def test_contributing_is_in_spanish(browser, running, kept):
    """In every state that a visitor comes through, also what the server says."""
    student = Student(browser, running.url, locale="es-CO")
    untranslated = foreign(student.page)
    student.press_next()
    assert student.words(".remark") == f"El tablero está vacío. Dibuja un {student.asked()} o sáltalo."
    student.draw_ten(skip="01234567")
    assert student.words(".done") == "Antes leía 1 de tus 2. Ahora ya conoce tu letra."
    untranslated += foreign(student.page)
    student.press(".my-digits .agree")
    until(student.page, "document.querySelector('.news').textContent === '¡Gracias! Ya están guardados.'")
    assert student.words(".count") == "Guardados: 2."
    untranslated += foreign(student.page)
    student.open_draw()
    student.show(HEART)
    student.teach("7")
    sentence = "Aprendido: es un 7. En un momento se guarda también para el conjunto de datos."
    assert student.say() == sentence
    untranslated += foreign(student.page)
    saved = "document.querySelector('.sentence').textContent"
    until(student.page, f"{saved} === 'Aprendido, y guardado para el conjunto de datos.'")
    student.open_tab()
    student.page.locator(".my-digits .stop").click()
    assert student.words(".news").startswith("Dejaste de aportar")
    code = student.page.locator(".my-digits .receipt").input_value()
    for typed, says in (("AAAA-AAAA-AAAA-AAAA", "No hay nada guardado"), (code, "Se borraron 3 dibujos.")):
        student.page.locator(".my-digits .receipt").fill(typed)
        student.page.locator(".delete [type=submit]").click()
        untranslated += foreign(student.page)
        student.page.locator(".delete .sure .yes").click()
        until(
            student.page, "says => document.querySelector('.deleted').textContent.startsWith(says)", arg=says
        )
        untranslated += foreign(student.page)
    assert untranslated == []
    student.page.locator(".languages [lang=en]").click()
    assert student.words(".deleted") == "3 drawings were deleted."
    student.leave()


@pytest.mark.thorough
def test_two_tabs_are_one_contributor(browser, running, kept):
    """Who agrees in one tab has agreed in both, and who stops in one has stopped in both."""
    first = Student(browser, running.url)
    first.draw_ten(skip="012345678")
    second = first.context.new_page()
    second.goto(running.url + "#your-digits")
    second.wait_for_selector("#digits-board[data-target]")
    first.give()
    second.wait_for_selector(".mine:not([hidden])")
    assert second.locator(".code").inner_text() == first.words(".code")
    second.locator(".my-digits .stop").click()
    until(first.page, "document.querySelector('.mine').hidden")
    first.open_draw()
    first.show(HEART)
    first.teach("7")
    assert first.say() == "Learnt: this is a 7. Draw it again!", "it would still be sent"
    first.leave()


@pytest.mark.thorough
def test_a_receipt_that_the_server_does_not_know_any_more(browser, running, kept):
    student = Student(browser, running.url)
    student.draw_ten(skip="012345678")
    student.give()
    code = student.words(".code")
    kept.store.delete(code)
    student.press(".my-digits .again")
    student.draw_ten(skip="123456789")
    student.press(".my-digits .agree")
    until(student.page, "document.querySelector('.news').textContent.includes('no longer knows')")
    assert code in student.words(".news")
    student.give()
    assert [drawing.label for drawing in kept()] == ["0"]
    student.leave()


@pytest.mark.thorough
def test_a_page_that_takes_none_says_why(browser):
    server = Server(CONTRIBUTIONS="off")
    try:
        student = Student(browser, server.url)
        student.draw_ten(skip="012345678")
        assert student.words(".news") == "Contributions are switched off here."
        assert not student.page.locator(".give").is_visible() and student.known() == 1
        student.leave()
    finally:
        server.kill()
