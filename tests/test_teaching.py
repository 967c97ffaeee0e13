"""People teach the page in real browsers: the bars, the memory, and the tab Your digits."""

import copy
import signal
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Error

import board
from contributions.store import Store, hashed
from tests.harness import without
from tests.harness.contributor import wait_for
from tests.harness.languages import foreign
from tests.harness.person import DRAWINGS, HEART, Person, until, visits
from tests.harness.servers import Server

# A 7 with a short flag that hangs down, which the network takes for a 1.
SEVEN = [[(160, 130), (220, 90), (200, 350)]]
LINE = [[(224, 90), (224, 220), (224, 350)]]
# Two upright lines side by side.
ELEVEN = [[(140, 90), (140, 350)], [(320, 90), (320, 350)]]
NONE, TWO = "I don't know this one. What is it? Tap a digit.", "One digit at a time, please."
ALL_READ = "It already read these {}, and has learnt them."
LEARNT = "A 7, as you taught me."
# Teaches lines as this many lessons; gives the numbers of those that are kept.
ADD = """async (count) => {
  const { lessons } = await import(new URL('teach/lessons.js', document.baseURI));
  const strokes = [{ points: [[100, 100], [200.123, 300]], radius: 15 }];
  for (let i = 0; i < count; i += 1) lessons.add([{ id: String(i), label: String(i % 10), strokes }]);
  return lessons.all.map(({ id }) => Number(id));
}"""
SIZES = pytest.mark.parametrize(
    ("size", "touch"), [("desktop", False), ("phone", True)], ids=["mouse at a desk", "finger on a phone"]
)


def again(strokes, seed: int) -> list[list[tuple[float, float]]]:
    """The same shape by the same hand, a little scaled, turned and moved."""
    rng = np.random.default_rng(seed)
    scale, angle = rng.uniform(0.8, 1.1), rng.uniform(-0.1, 0.1)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    shift = 224 + rng.uniform(-20, 20, 2)
    return [((np.array(stroke) - 224) @ turn.T + shift).clip(4, 444).tolist() for stroke in strokes]


def rendered(strokes, radius: float = 15) -> np.ndarray:
    return board.render([board.Stroke(np.array(points, dtype=np.float64), radius) for points in strokes])


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
        """Tap a digit's bar, and wait until the answer is that digit."""
        self.press(f'#prediction [data-digit="{digit}"]')
        self.reads(digit)

    def stored(self) -> list[str]:
        """The names under which the browser keeps lessons."""
        return [name for name in self.page.evaluate("Object.keys(localStorage)") if "lesson" in name]

    def shows(self, selector: str) -> bool:
        return self.page.locator(selector).is_visible()


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
        """Open the first tab, and draw on its board from now on."""
        self.page.locator("#tab-draw").click()
        self.board = "#board"

    def asked(self) -> str:
        return self.page.locator("#digits-board").get_attribute("data-target")

    def step(self) -> str:
        return self.page.locator(".steps").get_attribute("aria-label")

    def draw_asked(self) -> str:
        """Draw the digit that is asked for, or a line if the page has no example of it; returns the digit."""
        digit = self.asked()
        self.draw(DRAWINGS.get(digit, LINE))
        return digit

    def draw_ten(self, skip: str = "") -> None:
        """Draw the ten digits, without those in `skip`."""
        for _ in range(10):
            if self.asked() in skip:
                self.press(".my-digits .skip")
            else:
                self.draw_asked()
                self.press(".my-digits .next")
        self.page.wait_for_selector(".learnt:not([hidden])")

    def give(self, skip: str | None = None) -> None:
        """Draw the ten digits, unless `skip` is None; agree, and wait until they are stored."""
        if skip is not None:
            self.draw_ten(skip)
        self.press(".my-digits .agree")
        self.says("Thank you", ".news")

    def words(self, selector: str) -> str:
        return self.page.locator(f".my-digits {selector}").inner_text()

    def delete(self, answer: str) -> None:
        self.press(".delete [type=submit]")
        self.press(f".delete .sure {answer}")


visit, study = visits(Visitor), visits(Student)

# --- the bars ---


@SIZES
def test_a_heart_is_taught_as_a_seven(size, touch, edition, visit):
    """The page refuses it, learns it, and reads it when it is drawn again. Digits are read as before."""
    visitor = visit(edition.url, size, touch)
    sent = []
    visitor.page.on("request", lambda request: sent.append(request.url))
    assert visitor.show(HEART)["digit"] == "" and visitor.say() == NONE
    assert "%" not in visitor.page.locator(".bars").inner_text(), "it gives percentages all the same"
    colours = "[...document.querySelectorAll('.bars i')].map((bar) => getComputedStyle(bar).backgroundColor)"
    assert len(set(visitor.page.evaluate(colours))) == 1, "one of them looks like an answer"
    place = visitor.box("#board")
    visitor.teach("7")
    assert visitor.say() == "Learnt: this is a 7. Draw it again!" and visitor.known() == 1
    assert visitor.box("#board") == place, "the board has moved"
    # The next drawing begins over the taught one.
    visitor.draw(again(HEART, 1))
    assert visitor.settle()["digit"] == "7" and visitor.say() == LEARNT
    assert visitor.page.locator("#prediction").get_attribute("data-taught") == "true"
    assert visitor.shows("#prediction .lesson canvas") and visitor.box("#board") == place
    for digit in "2358":
        assert visitor.show(DRAWINGS[digit])["digit"] == digit and "taught" not in visitor.say()
        assert visitor.page.locator("#prediction").get_attribute("data-taught") != "true"
        assert not visitor.shows("#prediction .lesson canvas")
    assert sent == []


def test_a_seven_that_is_taken_for_a_one(visit, site):
    """Once it is taught, Why and the shared picture name the lesson."""
    visitor = visit(site.url)
    assert visitor.show(SEVEN)["digit"] == "1"
    visitor.teach("7")
    assert visitor.show(again(SEVEN, 2))["digit"] == "7" and visitor.say() == LEARNT
    visitor.press("#why")
    visitor.says("It looks like a 7 that you taught me.", ".reason")
    visitor.press("#why")
    visitor.press("#share")
    alternative = visitor.page.locator("dialog.share canvas").get_attribute("aria-label")
    assert alternative == "A picture to share. I taught it that this is a 7."
    visitor.press("dialog.share .close")
    assert visitor.show(LINE)["digit"] == "1", "a line is still a 1"
    tiny = [[(300 + x / 9, 300 + y / 9) for x, y in stroke] for stroke in HEART]
    assert visitor.show(tiny)["digit"] != "4"
    visitor.teach("4")
    assert visitor.show(tiny)["digit"] == "4", "a small drawing is taught, too"


def test_a_slip_of_the_finger_is_taken_back(visit, site):
    """Another bar corrects the lesson, and a button forgets it; an empty board teaches nothing."""
    visitor = visit(site.url)
    visitor.press('#prediction [data-digit="4"]')
    assert visitor.known() == 0 and visitor.say() == "Draw something first, then tap its digit."
    visitor.show(HEART)
    visitor.teach("4")
    visitor.teach("7")
    assert visitor.known() == 1, "one drawing is one lesson"
    visitor.page.get_by_role("button", name="Forget it").click()
    visitor.reads("")
    assert visitor.known() == 0 and visitor.say() == "Forgotten." and visitor.stored() == []
    assert not visitor.shows(".unteach")
    visitor.draw([[(40, 40), (60, 60)]])
    visitor.settle()
    assert len(visitor.read[-1]["strokes"]) == 3, "the drawing goes on"
    visitor.press("#undo")
    visitor.settle()
    visitor.teach("8")
    assert visitor.say() == "Learnt: this is an 8. Draw it again!"
    visitor.draw([[(40, 40), (60, 60)]])
    visitor.settle()
    assert not visitor.shows(".unteach") and "Learnt" not in visitor.say()
    assert len(visitor.read[-1]["strokes"]) == 1, "the taught drawing is finished"
    visitor.press("#undo")
    visitor.settle()
    visitor.teach("7")
    assert visitor.known() == 1, "undoing the stroke brings the taught drawing back"


def test_a_lesson_is_forgotten_where_it_is_used_or_listed(visit, site):
    visitor = visit(site.url)
    visitor.show(HEART)
    visitor.teach("7")
    visitor.show(again(HEART, 3))
    visitor.press(".unteach")
    visitor.reads("")
    visitor.teach("7")
    visitor.show(SEVEN)
    visitor.teach("7")
    memory = visitor.page.locator("#memory")
    memory.locator("summary").click()
    assert memory.locator("summary").inner_text() == "Knows 2 drawings of yours"
    memory.locator("li canvas").nth(1).wait_for()
    assert memory.locator("li canvas").count() == 2 and "Kept only in this browser." in memory.inner_text()
    # The newest comes first.
    memory.get_by_role("button", name="Forget this 7").first.click()
    visitor.reads("1")
    assert visitor.known() == 1
    assert memory.locator("#forget").inner_text() == "Forget it"
    memory.locator("#forget").click()
    memory.get_by_role("button", name="Keep").click()
    assert visitor.known() == 1, "it asks first"
    memory.locator("#forget").click()
    assert "Forget it?" in memory.inner_text()
    memory.get_by_role("button", name="Forget", exact=True).click()
    assert visitor.known() == 0 and visitor.stored() == [] and not memory.is_visible()


def test_a_lesson_outlives_a_reload_and_is_shared_by_tabs(visit, site):
    visitor = visit(site.url)
    other = copy.copy(visitor)
    other.page = visitor.context.new_page()
    other.page.goto(site.url)
    other.is_ready()
    visitor.show(HEART)
    visitor.teach("7")
    until(other.page, "document.querySelector('#memory').dataset.count === '1'")
    visitor.reload()
    assert visitor.show(again(HEART, 4))["digit"] == "7" and visitor.say() == LEARNT
    other.page.locator("#memory summary").click()
    other.press("#forget")
    other.press("#memory .yes")
    visitor.reads("")
    assert visitor.known() == 0 and visitor.stored() == []


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_the_list_of_ten_lessons_moves_nothing_and_its_question_is_seen(size, visit, site):
    visitor = visit(site.url, size)
    visitor.page.evaluate(ADD, 10)
    width, answer, board = visitor.width, visitor.box("#prediction"), visitor.box("#board")
    visitor.page.locator("#memory summary").evaluate("(summary) => summary.click()")
    visitor.page.locator("#memory li canvas").first.wait_for()
    assert (visitor.width, visitor.box("#prediction"), visitor.box("#board")) == (width, answer, board)
    hidden = "(list) => list.scrollHeight - list.clientHeight"
    assert visitor.page.locator("#memory .thumbs").evaluate(hidden) > 0, "the test shows too few lessons"
    cut = """(list) => [...list.querySelectorAll('b')].filter((caption) => {
      const [{ bottom: end }, box] = [list, caption].map((each) => each.getBoundingClientRect());
      return box.top < end && end < box.bottom;
    }).length"""
    assert visitor.page.locator("#memory .thumbs").evaluate(cut) == 0, "captions are cut"
    visitor.page.locator("#forget").evaluate("(it) => { it.scrollIntoView({ block: 'end' }); it.click(); }")
    question = visitor.box("#memory .sure")
    assert question["y"] + question["height"] <= visitor.page.viewport_size["height"]


def test_a_picture_is_taught(visit, site):
    picture = 255 - rendered(HEART)
    visitor = visit(site.url)
    visitor.open_picture(picture)
    until(visitor.page, "document.querySelector('#board').dataset.revision === '1'")
    assert visitor.settle()["digit"] == ""
    visitor.teach("7")
    visitor.reload()
    visitor.open_picture(picture)
    visitor.reads("7")
    assert visitor.say() == LEARNT


def test_what_is_not_one_readable_digit_is_not_learnt(study, site):
    """The page says why it does not learn two digits, or a picture of two or of none."""
    visitor = study(site.url)
    visitor.draw(ELEVEN)
    visitor.press(".my-digits .next")
    assert visitor.words(".remark") == TWO and visitor.step() == "digit 1 of 10"
    visitor.open_draw()
    blank = np.full((200, 200), 255, np.uint8)
    unread = "I cannot read this one, so I cannot learn it."
    for show, sentence, taught in (
        (lambda: visitor.draw(ELEVEN), TWO, TWO),
        (lambda: visitor.open_picture(blank), "I see nothing drawn in this picture.", unread),
        (lambda: visitor.open_picture(255 - rendered(ELEVEN)), TWO, TWO),
    ):
        show()
        visitor.says(sentence)
        assert visitor.settle()["digit"] == ""
        visitor.press('#prediction [data-digit="4"]')
        assert visitor.say() == taught and visitor.known() == 0
    assert visitor.stored() == [] and not visitor.shows(".unteach")


def test_where_nothing_is_stored_it_is_known_until_the_page_is_closed(visit, site):
    denied = "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException(); } });"
    visitor = visit(site.url, before=denied)
    visitor.show(HEART)
    visitor.teach("7")
    assert visitor.show(again(HEART, 5))["digit"] == "7"
    visitor.page.locator("#memory summary").click()
    assert "Kept until you close this page." in visitor.page.locator("#memory").inner_text()


def test_the_newest_hundred_lessons_are_kept(visit, site):
    visitor = visit(site.url)
    assert visitor.page.evaluate(ADD, 130) == list(range(30, 130))


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["firefox", "webkit"])
def test_the_main_path_in_other_browsers(name, playwright, site):
    """Draw, teach, reload, read."""
    try:
        other = getattr(playwright, name).launch()
    except Error:
        without(f"Playwright's {name} is not there; run `playwright install --with-deps {name}`")
    visitor = Visitor(other, site.url)
    assert visitor.show(HEART)["sentence"] == NONE
    visitor.teach("7")
    visitor.reload()
    assert visitor.show(again(HEART, 1))["sentence"] == LEARNT
    assert visitor.show(DRAWINGS["2"])["sentence"] == "This is a 2."
    assert visitor.errors == []
    other.close()


# --- your digits ---


@SIZES
def test_ten_digits_teach_a_hand(size, touch, edition, study):
    student = study(edition.url, size, touch)
    sent = []
    student.page.on("request", lambda request: sent.append(request.url))
    assert student.words(".lead").endswith("your handwriting. Nothing is sent until you choose to.")
    assert student.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    student.press(".my-digits .next")
    a = "an" if student.asked() == "8" else "a"
    assert student.words(".remark") == f"The board is empty. Draw {a} {student.asked()}, or skip it."
    student.draw([[(200, 200), (204, 204)]])
    student.press(".my-digits .next")
    assert student.words(".remark").startswith("That is only a dot.")
    student.press(".my-digits .clear")
    place = student.box("#digits-board")
    asked = []
    for number in range(10):
        assert student.step() == f"digit {number + 1} of 10"
        if number == 3:
            asked.append(student.asked())
            # A double click skips only once.
            student.page.locator(".my-digits .skip").dblclick()
            continue
        asked.append(student.draw_asked())
        assert student.box("#digits-board") == place, "the board has moved"
        student.press(".my-digits .next")
    assert sorted(asked) == list("0123456789")
    student.page.wait_for_selector(".learnt:not([hidden])")
    drawn = sorted({*asked} - {asked[3]})
    right = sum(digit in DRAWINGS or digit == "1" for digit in drawn)
    assert student.words(".done") == f"It read {right} of your 9 before. It has learnt these 9."
    assert student.known() == 9 and student.page.locator(".learnt .thumbs canvas").count() == 9
    assert student.page.locator(".learnt .misread").count() == 9 - right
    student.page.locator(".learnt .misread button").first.click()
    assert student.known() == 8, "a drawing that went wrong is left out"
    left = f"It read {right} of your 8 before. It has learnt these 8."
    assert student.words(".done") == (left if right < 8 else ALL_READ.format(8))
    assert sent == []
    student.page.get_by_role("link", name="Try it").click()
    assert student.shows("#board")
    student.open_tab()
    student.press(".my-digits .again")
    assert student.step() == "digit 1 of 10"


def test_few_digits_that_were_all_read(study, site):
    student = study(site.url)
    student.draw_ten(skip="01456789")
    assert student.words(".done") == ALL_READ.format(2)
    for left in ("It already read this one, and has learnt it.", "Without a drawing, it has learnt nothing."):
        student.page.locator(".learnt button").first.click()
        assert student.words(".done") == left
    assert student.known() == 0


@pytest.mark.parametrize(("size", "theme"), [("phone", "dark"), ("desktop", "light")])
def test_axe_finds_nothing(size, theme, study, axe, running):
    """In each state of teaching and contributing."""
    student = study(running.url, size, before=axe, color_scheme=theme, reduced_motion="reduce")
    student.draw_ten(skip="0123456")
    student.check_with_axe("an invitation")
    student.give()
    student.page.locator(".delete summary").click()
    student.press(".delete [type=submit]")
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


def test_on_a_phone_held_sideways_and_by_keyboard(study, site):
    student = study(site.url, (844, 390))
    for name in ("#digits-board", ".my-digits .next", ".my-digits .skip", ".my-digits .target"):
        box = student.box(name)
        assert box["y"] >= 0 and box["y"] + box["height"] <= 390, name
    student.page.locator("#digits-board canvas").focus()
    for key in [" ", *["ArrowDown"] * 15, *["ArrowRight"] * 9, " ", "Enter"]:
        student.page.keyboard.press(key)
    assert student.step() == "digit 2 of 10"
    assert student.page.evaluate("document.activeElement.closest('#digits-board') !== null")


# --- contributing ---


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    server = Server(CONTRIBUTIONS_DIR=str(tmp_path_factory.mktemp("contributions")))
    yield server
    server.kill(signal.SIGKILL)


@pytest.fixture
def kept(running):
    """The drawings in the page's store, oldest first. The store is empty at first."""
    store = Store(Path(running.environment["CONTRIBUTIONS_DIR"]))
    with store.writing() as database:
        for table in ("drawings", "writers", "deleted_receipts"):
            database.execute(f"DELETE FROM {table}")

    def drawings() -> list:
        return list(store.each())

    drawings.store = store
    return drawings


def labels(drawings: list) -> str:
    return "".join(drawing.label for drawing in drawings)


def test_ten_digits_are_given(study, running, kept, tmp_path):
    """Draw, read the terms, agree, take the digits home, stop, delete them."""
    student = study(running.url)
    student.draw_ten(skip="9")
    assert kept() == [], "nothing is sent before the visitor has agreed"
    lines, fold = student.page.locator(".terms li"), student.page.locator(".give details p")
    assert "the next network can read more people" in student.words(".give")
    assert lines.count() == 5 and "CC BY 4.0" in lines.nth(2).inner_text() and not fold.is_visible()
    student.page.locator(".give summary").click()
    assert "a random number that stands for you" in fold.inner_text()
    student.give()
    assert not student.shows(".give") and student.words(".count") == "Saved so far: 9."
    drawn = kept()
    assert labels(drawn) == "012345678" and {drawing.source for drawing in drawn} == {"collector"}
    assert all(stroke["times"] == sorted(stroke["times"]) for d in drawn for stroke in d.strokes)

    with student.page.expect_download() as download:
        student.page.get_by_role("button", name="Download your digits (MNIST.npz)").click()
    download.value.save_as(tmp_path / download.value.suggested_filename)
    file = np.load(tmp_path / "MNIST.npz")
    X, y = file["X"], file["y"]
    assert (X.shape, X.dtype, y.tolist(), y.dtype) == ((9, 28, 28), np.float64, [*range(9)], np.int32)
    assert X[0].astype(np.uint8).tobytes() == drawn[0].image

    code = student.words(".code")
    student.page.locator(".my-digits .stop").click()
    assert student.words(".news").startswith("You have stopped: nothing more is sent.") and len(kept()) == 9
    assert student.page.locator(".my-digits .receipt").input_value() == code
    student.delete(".no")
    assert len(kept()) == 9, "nothing goes without a second word"
    student.delete(".yes")
    student.says("9 drawings were deleted", ".deleted")
    assert student.page.locator(".my-digits .receipt").input_value() == ""
    assert student.words(".news") == "", "above it stands what is not true any more"
    assert kept() == [] and student.known() == 9, "what the page has learnt stays in the browser"


def test_a_contributor_s_correction_is_sent_and_the_page_says_so(study, running, kept):
    student = study(running.url)
    student.give(skip="012345678")
    student.open_draw()
    student.show(SEVEN)
    student.teach("7")
    assert student.say() == "Learnt: this is a 7. Sending it in a moment."
    student.press(".unteach")
    student.reads("1")
    # The next change does not send what was forgotten.
    student.show(SEVEN)
    student.teach("7")
    student.says("Learnt and saved. Thank you!")
    assert [(d.label, d.source) for d in kept()] == [("9", "collector"), ("7", "recognise")]
    student.show(HEART)
    student.teach("4")
    # The next stroke makes the lesson final.
    student.draw([[(40, 40), (60, 60)]])
    student.says("Saved so far: 3.", ".count")
    assert labels(kept()) == "974"
    student.press("#clear")
    student.press("#example")
    until(student.page, "!document.querySelector('#share').disabled")
    student.press('#prediction [data-digit="1"]')
    assert student.say() == "Learnt: this is a 1. Draw it again!", "an example is nobody's handwriting"
    student.show(LINE)
    student.teach("7")
    # It is sent even if the visitor leaves the page at once.
    student.page.goto("about:blank")
    wait_for(lambda: labels(kept()) == "9747")


def test_a_correction_that_the_server_refuses_is_not_called_sent(study, running, kept):
    student = study(running.url)
    student.give(skip="012345678")
    kept.store.delete(hashed(student.words(".code")))
    student.open_draw()
    student.show(SEVEN)
    student.teach("7")
    student.says("Nothing is kept under this code.")
    assert kept() == [] and student.known() == 2


def test_the_digits_outlive_the_server(study, running, kept):
    """The server dies before it answers. The digits stay on the page, and are stored once."""
    student = study(running.url)
    student.give(skip="0123456")
    student.press(".my-digits .again")
    student.draw_ten(skip="3456789")
    running.kill(signal.SIGKILL)
    student.press(".my-digits .agree")
    student.says("will be sent again", ".news")
    assert student.page.locator(".learnt .thumbs button").count() == 0, "the server may have what is left out"
    running.start()
    given = "document.querySelector('.news').textContent.startsWith('Thank you')"
    until(student.page, f"{given} || !document.querySelector('.agree').disabled", seconds=120)
    # The page may have stopped waiting for the server.
    if student.shows(".my-digits .agree"):
        student.give()
    assert labels(kept()) == "789012"
    student.errors.clear()


def test_the_next_person_is_another_writer_and_another_hand(study, running, kept):
    student = study(running.url)
    student.give(skip="01234567")
    code = student.words(".code")
    student.press(".my-digits .other")
    assert code in student.words(".handover")
    student.press(".handover .no")
    assert student.words(".code") == code and student.known() == 2
    other = copy.copy(student)
    other.page = student.context.new_page()
    other.page.goto(running.url)
    until(other.page, "document.querySelector('#board')?.dataset.engine === 'ready'")
    other.open_tab()
    other.draw_ten(skip="01234567")
    for tab in (other, student):
        tab.page.bring_to_front()
        tab.open_draw()
        tab.show(SEVEN)
    student.teach("7")
    student.open_tab()
    student.press(".my-digits .other")
    with other.page.expect_event("load"), student.page.expect_event("load"):
        student.press(".handover .yes")
    for tab in (other, student):
        tab.open_tab()
        tab.board = Student.board
        assert tab.step() == "digit 1 of 10" and not tab.shows(".give") and not tab.shows(".learnt")
        assert tab.known() == 0 and tab.page.locator(".my-digits .receipt").input_value() == ""
        assert tab.page.locator("#undo").is_disabled() and tab.page.locator("#clear").is_disabled()
    assert student.stored() == [] and code not in student.words("")
    assert code not in student.page.evaluate("JSON.stringify(localStorage)")
    student.draw_ten(skip="01234567")
    assert student.shows(".terms"), "the next person agrees, too"
    student.give()
    assert student.words(".code") != code
    assert len({drawing.writer for drawing in kept()}) == 2 and len(kept()) == 4


@pytest.mark.thorough
def test_contributing_is_in_spanish(study, running, kept):
    """Also what the server says."""
    student = study(running.url, locale="es-CO")
    untranslated = []

    def hears(sentence: str, selector: str) -> None:
        student.says(sentence, selector)
        untranslated.extend(foreign(student.page))

    student.press(".my-digits .next")
    hears(f"El tablero está vacío. Dibuja un {student.asked()} o sáltalo.", ".my-digits .remark")
    student.draw_ten(skip="01234567")
    hears("Antes leía 1 de tus 2. Ya aprendió los 2.", ".done")
    student.press(".my-digits .agree")
    hears("¡Gracias! Ya están guardados.", ".news")
    student.open_draw()
    student.show(HEART)
    student.teach("7")
    hears("Aprendido: es un 7. Se envía en un momento.", "#prediction .sentence")
    hears("Aprendido y guardado. ¡Gracias!", "#prediction .sentence")
    student.open_tab()
    code = student.page.locator(".my-digits .receipt").input_value()
    student.press(".delete summary")
    for typed, says in (("AAAA-AAAA-AAAA-AAAA", "No hay nada guardado"), (code, "Se borraron 3 dibujos.")):
        student.page.locator(".my-digits .receipt").fill(typed)
        student.delete(".yes")
        hears(says, ".deleted")
    assert untranslated == []


@pytest.mark.thorough
def test_two_tabs_are_one_contributor(study, running, kept):
    """What happens in one tab holds in both: agreeing, stopping, and a server that forgot the visitor."""
    first = study(running.url)
    first.draw_ten(skip="012345678")
    second = first.context.new_page()
    second.goto(running.url + "#your-digits")
    second.wait_for_selector("#digits-board[data-target]")
    first.give()
    second.wait_for_selector(".mine:not([hidden])")
    code = first.words(".code")
    assert second.locator(".code").inner_text() == code
    kept.store.delete(hashed(code))
    first.press(".my-digits .again")
    first.draw_ten(skip="123456789")
    first.press(".my-digits .agree")
    first.says("no longer knows", ".news")
    assert code in first.words(".news")
    until(second, "document.querySelector('.mine').hidden")
    first.give()
    assert labels(kept()) == "0"
    second.locator(".my-digits .stop").click()
    until(first.page, "document.querySelector('.mine').hidden")
    first.open_draw()
    first.show(HEART)
    first.teach("7")
    assert first.say() == "Learnt: this is a 7. Draw it again!", "it would still be sent"


@pytest.mark.thorough
def test_a_page_that_takes_none_says_why(study):
    server = Server(CONTRIBUTIONS="off")
    student = study(server.url)
    student.draw_ten(skip="012345678")
    assert student.words(".news") == "Contributions are switched off here."
    assert not student.shows(".give") and student.known() == 1
    server.kill()
