"""The Contribute tab, used by people in a real browser: by mouse, touch and keyboard, at desktop and phone size."""

from __future__ import annotations

import base64
import io
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import board
from contributions.store import Store
from tests.harness.person import DRAWINGS, HEART, Contributor, Person, drag, until
from tests.harness.servers import Server


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    server = Server(CONTRIBUTIONS_DIR=str(tmp_path_factory.mktemp("contributions")))
    yield server
    server.kill(signal.SIGKILL)


@pytest.fixture
def store(running) -> Path:
    """The folder of the page's store, in which nothing is left of other tests."""
    folder = Path(running.environment["CONTRIBUTIONS_DIR"])
    with Store(folder).writing() as database:
        for table in ("drawings", "writers", "newcomers", "forgotten"):
            database.execute(f"DELETE FROM {table}")
    return folder


@pytest.fixture
def page(running, store):
    return running


@pytest.mark.parametrize(
    ("size", "touch"), [("desktop", False), ("phone", True)], ids=["mouse at a desk", "finger on a phone"]
)
def test_a_package_of_ten(size, touch, browser, page, store, tmp_path):
    """Agree, draw ten digits (one skipped, one questioned), see them, take them home, delete them."""
    visitor = Contributor(browser, page.url, size, touch)
    visitor.open_tab()
    lines, fold = (
        visitor.page.locator(".collector .terms li"),
        visitor.page.locator(".collector .consent details p"),
    )
    assert lines.count() == 4 and all(len(line) < 100 for line in lines.all_inner_texts())
    assert "CC BY 4.0" in lines.nth(2).inner_text() and not fold.is_visible()
    visitor.page.locator(".collector .consent summary").click()
    assert "a random number that stands for you" in fold.inner_text()
    visitor.agree()
    place = visitor.page.locator("#collector-board").bounding_box()
    assert visitor.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    seen = []
    for number in range(10):
        digit = visitor.asked_for()
        seen.append(digit)
        if number == 3:
            visitor.page.locator(".collector .skip").click()
            continue
        visitor.draw_digit(digit)
        assert visitor.page.locator("#collector-board").bounding_box() == place, "the board has moved"
        visitor.next()
    assert sorted(seen) == list("0123456789")
    visitor.page.wait_for_selector(".collector .package:not([hidden])")
    assert visitor.words(".done") == "Thank you! 9 drawn, 1 skipped."
    kept = list(Store(store).each())
    drawn = sorted((drawing for drawing, _ in kept), key=lambda drawing: drawing.label)
    thumbs = visitor.page.locator(".collector .thumbs")
    assert thumbs.get_attribute("aria-label") == "Your digits: " + ", ".join(d.label for d in drawn)
    assert thumbs.locator("canvas").count() == 9 and thumbs.locator("canvas").last.is_visible()
    assert visitor.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")

    tiles = sheet(visitor)
    assert len(tiles) == 10 and tiles[9].min() == 255, "nine, and white paper"
    for tile, drawing in zip(tiles, drawn, strict=False):
        assert np.abs(tile - rendered(drawing.strokes)).mean() < 8, drawing.label
    assert [drawing.label for drawing, _ in kept] == [
        digit for number, digit in enumerate(seen) if number != 3
    ]
    assert all(
        stroke["times"] == sorted(stroke["times"]) for drawing, _ in kept for stroke in drawing.strokes
    )

    with visitor.page.expect_download() as download:
        visitor.page.locator(".collector .npz").click()
    download.value.save_as(tmp_path / download.value.suggested_filename)
    file = np.load(tmp_path / "MNIST.npz")
    assert file["X"].shape == (9, 28, 28) and file["y"].tolist() == [int(d.label) for d, _ in kept]

    code = visitor.words(".code")
    visitor.page.locator(".collector .stop").click()
    assert visitor.page.locator(".collector .receipt").input_value() == code
    visitor.page.locator(".collector .delete [type=submit]").click()
    visitor.page.locator(".collector .sure .no").click()
    assert len(list(Store(store).each())) == 9, "nothing goes without a second word"
    visitor.page.locator(".collector .delete [type=submit]").click()
    visitor.page.locator(".collector .sure .yes").click()
    until(
        visitor.page, "document.querySelector('.deleted').textContent.startsWith('9 drawings were deleted')"
    )
    assert list(Store(store).each()) == []
    assert visitor.errors == []
    visitor.leave()


def sheet(visitor) -> list[np.ndarray]:
    """The tiles of the picture that "Save my digits" gives, row by row."""
    with visitor.page.expect_download() as download:
        visitor.page.locator(".collector .png").click()
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


@pytest.mark.thorough
@pytest.mark.parametrize(("size", "touch"), [("desktop", False), ("phone", True)])
def test_the_next_person_is_another_writer(size, touch, browser, page, store):
    """On the same device: another agreement and receipt, and nothing on the page of who was there before."""
    visitor = Contributor(browser, page.url, size, touch)
    visitor.agree()
    code, other = visitor.words(".code"), visitor.page.locator(".collector .mine .other")
    visitor.draw_digit(visitor.asked_for())
    visitor.next()
    visitor.draw_digit(visitor.asked_for())  # and not saved: it is nobody's
    other.click()
    assert visitor.words(".handover code") == code, "to be written down first"
    visitor.page.locator(".handover .no").click()
    assert visitor.words(".code") == code and visitor.page.locator("#collector-board").is_visible()
    other.click()
    visitor.page.locator(".handover .yes").click()
    visitor.page.wait_for_selector(".collector .consent:not([hidden])")
    assert visitor.page.evaluate("document.activeElement.classList.contains('agree')")
    assert visitor.page.locator(".collector .terms").is_visible() and not other.is_visible()
    assert code not in visitor.page.locator(".collector").inner_text()
    assert visitor.page.locator(".collector .receipt").input_value() == ""

    visitor.agree()
    assert visitor.words(".code") != code
    assert visitor.page.locator(".collector .steps").get_attribute("aria-label") == "digit 1 of 10"
    assert (
        visitor.page.locator(".collector .clear").is_disabled() and visitor.page.locator(".png").is_disabled()
    )
    visitor.draw_digit(visitor.asked_for())
    visitor.next()
    (first, _), (second, _) = list(Store(store).each())
    assert first.writer != second.writer and first.receipt_hash != second.receipt_hash
    assert sum(tile.min() == 0 for tile in sheet(visitor)) == 1, "only this person's"
    assert visitor.errors == []
    visitor.leave()


@pytest.mark.thorough
def test_ten_skips_are_not_thanked(browser, page):
    visitor = Contributor(browser, page.url)
    visitor.agree()
    for _ in range(10):
        visitor.page.locator(".collector .skip").click()
    visitor.page.wait_for_selector(".collector .package:not([hidden])")
    assert visitor.words(".done") == "All ten skipped: nothing was saved."
    assert not visitor.page.locator(".collector .thumbs").is_visible()
    assert visitor.page.locator(".collector .png").is_disabled()
    visitor.leave()


@pytest.mark.thorough
def test_by_keyboard_alone(browser, page, store):
    visitor = Contributor(browser, page.url)
    visitor.page.get_by_role("tab", name="Contribute").focus()
    visitor.page.keyboard.press("Enter")
    visitor.page.wait_for_selector(".collector .agree:enabled")
    visitor.page.locator(".collector .agree").focus()
    visitor.page.keyboard.press("Enter")
    visitor.page.wait_for_selector("#collector-board[data-target]")
    digit = visitor.asked_for()
    visitor.page.locator("#collector-board canvas").focus()
    for key in [" ", *["ArrowDown"] * 15, *["ArrowRight"] * 9, " "]:
        visitor.page.keyboard.press(key)
    visitor.page.keyboard.press("Enter")
    until(
        visitor.page,
        "document.querySelector('.collector').dataset.saved === '1' || !document.querySelector('.question').hidden",
    )
    if visitor.page.locator(".question").is_visible():
        visitor.page.keyboard.press("Enter")  # once too often: it answers nothing
        assert visitor.page.locator(".question").is_visible() and list(Store(store).each()) == []
        for key in ("Tab", "Tab", "Enter"):  # Change it, Keep it
            visitor.page.keyboard.press(key)
        until(visitor.page, "document.querySelector('.collector').dataset.saved === '1'")
    assert [drawing.label for drawing, _ in list(Store(store).each())] == [digit]
    assert visitor.errors == []
    visitor.leave()


@pytest.mark.thorough
def test_blank_and_wrong_drawings_are_asked_about(browser, page, store):
    visitor = Contributor(browser, page.url)
    visitor.agree()
    asked = visitor.asked_for()
    visitor.page.locator(".collector .next").click()
    visitor.page.wait_for_selector(".question:not([hidden])")
    assert visitor.words(".question p").startswith("The board is empty.")
    assert not visitor.page.locator(".question .keep").is_visible()
    visitor.page.locator(".question .again").click()
    other = next(digit for digit in "2345" if digit != asked)
    visitor.draw_digit(other)
    visitor.page.locator(".collector .next").click()
    visitor.page.wait_for_selector(".question:not([hidden])")
    assert (
        visitor.words(".question p")
        == f"This looks like a {other}. Keep it as {'an' if asked == '8' else 'a'} {asked}?"
    )
    visitor.page.locator(".question .again").click()
    assert visitor.asked_for() == asked and list(Store(store).each()) == []
    visitor.leave()


@pytest.mark.thorough
def test_what_is_no_digit_is_asked_about(browser, page, store):
    """The network sees none: the page asks, and what the visitor insists on is stored."""
    visitor = Contributor(browser, page.url)
    visitor.agree()
    asked = visitor.asked_for()
    visitor.draw(HEART)
    visitor.page.locator(".collector .next").click()
    visitor.page.wait_for_selector(".question:not([hidden])")
    a = f"{'an' if asked == '8' else 'a'} {asked}"
    assert visitor.words(".question p") == f"I can't see {a} here. Keep it as {a}?"
    assert list(Store(store).each()) == []
    visitor.page.locator(".question .keep").click()
    until(visitor.page, "document.querySelector('.collector').dataset.saved === '1'")
    assert [drawing.label for drawing, _ in list(Store(store).each())] == [asked]
    visitor.leave()


# Notes the revision of the collector's drawing whose answer the page has last been given, once it has shown it.
ANSWERED = """
const hear = Object.getOwnPropertyDescriptor(Worker.prototype, "onmessage");
Object.defineProperty(Worker.prototype, "onmessage", {
  set(listener) {
    hear.set.call(this, (event) => {
      listener(event);
      if (event.data.board === "collector") setTimeout(() => { window.answered = event.data.revision; });
    });
  },
});
"""


@pytest.mark.thorough
def test_what_is_stored_is_what_was_shown(browser, page, store):
    """The 28x28 that the page makes of the strokes is the one that the server makes of them."""
    visitor = Contributor(browser, page.url, before=ANSWERED)
    visitor.agree()
    visitor.draw_digit("5")
    until(
        visitor.page,
        "window.read.at(-1)?.board === 'collector' && window.answered === window.read.at(-1).revision",
    )
    shown = visitor.page.evaluate(
        """() => { const data = document.querySelector('.seen canvas').getContext('2d').getImageData(0, 0, 28, 28).data;
             return Array.from({length: 784}, (_, i) => data[4 * i]); }"""
    )
    visitor.next()
    [(drawing, _)] = list(Store(store).each())
    stored = np.frombuffer(base64.b64decode(drawing.pixels), np.uint8)
    assert np.abs(stored.astype(int) - shown).max() <= 1 and stored.any()  # coordinates are stored to a tenth
    visitor.leave()


@pytest.mark.thorough
def test_a_drawing_outlives_the_server(browser, page, store):
    """The server dies before Next is answered: the drawing stays on the board and is saved once when it is back."""
    visitor = Contributor(browser, page.url)
    visitor.agree()
    visitor.draw_digit(visitor.asked_for())
    page.kill(signal.SIGKILL)
    visitor.page.locator(".collector .next").click()
    until(
        visitor.page,
        "document.querySelector('.count').textContent.includes('sent again') || !document.querySelector('.question').hidden",
    )
    if visitor.page.locator(".question").is_visible():  # the page asks without the server
        visitor.page.locator(".question .keep").click()
        until(visitor.page, "document.querySelector('.count').textContent.includes('sent again')")
    page.start()
    until(visitor.page, "document.querySelector('.collector').dataset.saved === '1'", seconds=60)
    assert len(list(Store(store).each())) == 1
    visitor.leave()


@pytest.mark.thorough
def test_who_comes_back_goes_on_with_the_same_receipt(browser, page):
    visitor = Contributor(browser, page.url)
    visitor.agree()
    code = visitor.words(".code")
    visitor.draw_digit(visitor.asked_for())
    visitor.next()
    visitor.page.reload()
    visitor.page.wait_for_selector(".examples button")
    visitor.open_tab()
    until(visitor.page, "document.querySelector('.collector').dataset.saved === '1'")
    assert visitor.words(".code") == code
    visitor.leave()


@pytest.mark.thorough
def test_right_and_wrong_under_the_answer(browser, page, store):
    visitor = Contributor(browser, page.url)
    assert not visitor.page.locator(".feedback").is_visible()  # only for who has agreed
    visitor.agree()
    visitor.page.get_by_role("tab", name="Recognise").click()
    drawer = Person.at.__get__(visitor)
    for points in DRAWINGS["2"]:
        drag(visitor.page, [drawer(point) for point in points])
    assert visitor.settle()["digit"] == "2"
    visitor.page.locator(".right").click()
    assert visitor.shown()["sentence"] == "Will be saved as a 2."
    assert visitor.page.locator(".right").is_disabled()  # once for a drawing
    until(visitor.page, "document.querySelector('.sentence').textContent === 'Saved as a 2, thanks.'")
    drag(visitor.page, [drawer((60, 60)), drawer((60, 90))])
    visitor.page.locator("#undo").click()  # the same drawing again
    visitor.settle()
    assert visitor.page.locator(".right").is_disabled() and visitor.page.locator(".wrong").is_disabled()
    drag(visitor.page, [drawer((60, 60)), drawer((90, 60))])
    visitor.settle()
    visitor.page.locator(".wrong").click()
    visitor.page.get_by_role("button", name="It was a 4").click()
    visitor.page.locator(".unsay").click()  # a slip of the finger
    assert visitor.shown()["sentence"] == "Taken back: nothing was sent."
    visitor.page.locator(".wrong").click()
    visitor.page.get_by_role("button", name="It was a 7").click()
    drag(
        visitor.page, [drawer((60, 90)), drawer((90, 90))]
    )  # the next drawing does not lose the label of the last
    deadline = time.monotonic() + 60
    while len(list(Store(store).each())) < 2 and time.monotonic() < deadline:
        visitor.page.wait_for_timeout(200)
    assert [(d.label, d.source) for d, _ in list(Store(store).each())] == [
        ("2", "recognise"),
        ("7", "recognise"),
    ]
    visitor.open_tab()  # whose count knows of them
    until(visitor.page, "document.querySelector('.count').textContent.startsWith('2 digits of yours saved')")
    visitor.page.get_by_role("tab", name="Recognise").click()
    visitor.page.locator("#clear").click()
    visitor.page.locator(".examples button").first.click()  # an example is nobody's handwriting
    until(visitor.page, "document.querySelector('#prediction').dataset.digit === '2'")
    visitor.settle()
    assert visitor.page.locator(".right").is_disabled()
    assert visitor.errors == []
    visitor.leave()


@pytest.mark.thorough
def test_a_page_that_takes_none_says_why(browser):
    server = Server(CONTRIBUTIONS="off")
    try:
        visitor = Contributor(browser, server.url)
        visitor.open_tab()
        visitor.page.wait_for_selector(".collector .closed:not([hidden])")
        assert visitor.words(".closed") == "Contributions are switched off here."
        assert not visitor.page.locator(".collector .agree").is_visible()
        visitor.leave()
    finally:
        server.kill()


@pytest.mark.thorough
def test_next_is_in_sight_on_a_phone_held_sideways(browser, page):
    context = browser.new_context(viewport={"width": 844, "height": 390})
    visitor = context.new_page()
    visitor.goto(page.url)
    visitor.get_by_role("tab", name="Contribute").click()
    visitor.locator(
        ".collector .consent summary"
    ).click()  # what it says is long: the page is scrolled to the button
    visitor.locator(".collector .agree").click()
    visitor.wait_for_selector("#collector-board[data-target]")
    assert visitor.evaluate("document.activeElement.closest('#collector-board') !== null"), (
        "the focus goes on to the board"
    )
    for name in ("#collector-board", ".collector .next", ".collector .skip", ".collector .target"):
        box = visitor.locator(name).bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= 390, name
    visitor.locator(".collector .mine .other").click()
    box = visitor.locator(".handover").bounding_box()
    assert box["y"] >= 0 and box["y"] + box["height"] <= 390, "the question before the next person"
    context.close()


@pytest.mark.thorough
def test_who_stops_in_one_tab_has_stopped_in_all(browser, page, store):
    first = Contributor(browser, page.url)
    first.agree()
    second = first.context.new_page()
    second.goto(page.url)
    second.get_by_role("tab", name="Contribute").click()
    second.wait_for_selector("#collector-board[data-target]")
    second.locator(".collector .stop").click()
    first.page.wait_for_selector(".collector .consent:not([hidden])")
    assert first.page.evaluate("localStorage.getItem('draw-a-digit receipt')") is None
    assert not first.page.locator(".collector .next").is_visible()
    first.page.get_by_role("tab", name="Recognise").click()
    assert not first.page.locator(".feedback").is_visible(), "a label could still be sent"
    first.leave()


@pytest.mark.thorough
def test_two_tabs_are_one_person(browser, page):
    first = Contributor(browser, page.url)
    first.open_tab()
    second = first.context.new_page()
    second.goto(page.url)
    second.get_by_role("tab", name="Contribute").click()
    second.locator(".collector .agree").click()
    second.wait_for_selector("#collector-board[data-target]")
    code = second.locator(".collector .code").inner_text()
    first.page.locator(".collector .agree").click()
    first.page.wait_for_selector("#collector-board[data-target]")
    assert first.words(".code") == code
    first.leave()


@pytest.mark.thorough
def test_a_receipt_that_the_server_no_longer_knows_is_not_thrown_away(browser, page, store):
    visitor = Contributor(browser, page.url)
    visitor.agree()
    code = visitor.words(".code")
    visitor.draw_digit(visitor.asked_for())
    Store(store).delete(code)
    visitor.page.locator(".collector .next").click()
    until(
        visitor.page,
        "!document.querySelector('.collector .closed').hidden || !document.querySelector('.question').hidden",
    )
    if visitor.page.locator(".question").is_visible():
        visitor.page.locator(".question .keep").click()
    visitor.page.wait_for_selector(".collector .closed:not([hidden])")
    assert code in visitor.words(".closed")
    visitor.page.locator(".collector .agree").click()  # the drawing is still on the board
    visitor.page.wait_for_selector(".collector .work:not([hidden])")
    visitor.next()
    assert len(list(Store(store).each())) == 1
    visitor.leave()


@pytest.mark.thorough
def test_a_double_click_skips_one_digit(browser, page):
    visitor = Contributor(browser, page.url)
    visitor.agree()
    visitor.page.locator(".collector .skip").dblclick()
    assert visitor.page.locator(".collector .steps").get_attribute("aria-label") == "digit 2 of 10"
    visitor.leave()


@pytest.mark.thorough
def test_who_stops_is_told_what_becomes_of_the_digits(browser, page, store):
    visitor = Contributor(browser, page.url)
    visitor.agree()
    visitor.draw_digit(visitor.asked_for())
    visitor.next()
    visitor.page.locator(".collector .stop").click()
    assert visitor.words(".closed").startswith("You have stopped: nothing more is sent. What you gave stays")
    assert len(list(Store(store).each())) == 1
    visitor.page.locator(".collector .agree").click()
    visitor.page.wait_for_selector(".collector .work:not([hidden])")
    assert visitor.page.locator(".collector .closed").get_attribute("hidden") is not None
    visitor.leave()
