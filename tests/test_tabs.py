"""The tabs Data and Model: figures of the results, digits that may be shown, and the closest to a drawing."""

import json
import re

import numpy as np
import pytest
import torch
from PIL import Image

from contributions.service import ContributionService
from contributions.store import Store
from handwriting.allographs import ALLOGRAPHS
from model import DigitCNN
from publishing import bundles
from tests.harness import ROOT
from tests.harness.contributor import agree, submit
from tests.harness.person import DRAWINGS, Person, until
from tests.harness.servers import Server
from web import charts

WEIGHTS = ROOT / "weights"
METRICS, ACCURACY = (
    json.loads((ROOT / name).read_text()) for name in ("weights/metrics.json", "docs/accuracy.json")
)
SHOW = ROOT / "web" / "show"
DIGITS = json.loads((SHOW / "gallery.json").read_text())
WORDS = json.loads((ROOT / "web" / "words.json").read_text())


def tables(html: str) -> dict[str, list[list[str]]]:
    """Figure -> the rows of its table, without the headings."""
    found = {}
    for name, body in re.findall(r'<figure[^>]* data-chart="([^"]+)">(.*?)</figure>', html):
        rows = [re.findall(r"<t[dh].*?>(.*?)</t[dh]>", row) for row in re.findall(r"<tr>(.*?)</tr>", body)]
        found[name] = [[re.sub("<[^>]+>", "", cell) for cell in row] for row in rows[1:]]
    return found


def test_the_figures_say_what_was_measured():
    html = charts.model_tab(WEIGHTS)
    assert html.rindex("<section") < html.index('class="parameters"'), "the figures come first"
    figures = tables(html)
    details = ACCURACY["details"]["pendigits"]
    assert [[int(n or 0) for n in row[1:]] for row in figures["confusion: pendigits"]] == details["confusion"]
    bins = [(int(n.replace(",", "")), float(share[:-1])) for _, share, n in figures["reliability: pendigits"]]
    assert sum(n for n, _ in bins) == ACCURACY["sets"]["pendigits"][charts.OURS]["total"]
    assert min(n for n, _ in bins[:-1]) >= charts.FEWEST, "a dot stands for a handful of answers"
    right = sum(n * share / 100 for n, share in bins)
    assert right == pytest.approx(sum(n * share for n, _, share in details["reliability"]), rel=1e-3)
    people = {row[0]: row[1:] for row in figures["people"]}
    drawing = html.partition('data-chart="people"')[2].partition("</svg>")[0]
    assert len(people) == drawing.count("<circle")
    pendigits = ACCURACY["sets"]["pendigits"][charts.OURS]
    right, total = pendigits["right"], pendigits["total"]
    assert people["pendigits"][0] == f"{right:,} of {total:,}"
    low, high = (f"{100 * bound:.1f}%" for bound in pendigits["interval"])
    assert people["pendigits"][1:3] == [f"{100 * right / total:.1f}%", f"{low} to {high}"]
    rounds = {int(row[0]): row[1:] for row in figures["learning"]}
    assert METRICS["best_round"] + 1 in rounds
    for number, row in rounds.items():
        each = METRICS["history"][number - 1]
        assert row[:2] == [f"{each['training_loss']:,.3f}", f"{each['validation_loss']:,.3f}"]


def test_the_numbers_of_digits_are_the_archives(mnixel):
    from data.stats import all_counts

    train, test = (sum(counts) for counts in all_counts(mnixel)["clean"].values())
    assert f"{train} for training, {test} for testing" in re.sub("<[^>]+>", "", charts.data_tab(WEIGHTS))


def test_what_was_measured_of_other_weights_is_left_out(tmp_path):
    altered = {**METRICS, "sha256": "0" * 64}
    (tmp_path / "metrics.json").write_text(json.dumps(altered))
    html = charts.model_tab(tmp_path)
    unmeasured = "These weights have not been measured yet."
    assert unmeasured in html and set(tables(html)) == {"learning"}
    assert "cells mistakes" not in html
    # Now only the training has measured something.
    html = charts.model_tab(WEIGHTS, results=tmp_path)
    assert unmeasured in html and set(tables(html)) == {"learning"}
    assert "cells mistakes" in html and "counted above" not in html
    html = charts.model_tab(WEIGHTS)
    assert unmeasured not in html and "counted above" in html


def test_the_sprite_has_every_way_of_writing_and_what_these_weights_misread():
    """If this fails, run `python -m web gallery`."""
    ways = {(str(way.digit), way.name) for each in ALLOGRAPHS.values() for way in each}
    unnamed = {f"way.{name}" for _, name in ways} - set(WORDS["en"])
    assert not unnamed, f"web/words.json lacks {', '.join(sorted(unnamed))}"
    assert {(digit, way) for digit, way, _ in DIGITS["digits"]} == ways and len(ways) == len(DIGITS["digits"])
    mistakes, net = DIGITS["mistakes"], DigitCNN.from_pretrained(WEIGHTS)
    assert mistakes["sha256"] == net.config.sha256
    cells = sprite()
    assert len(cells) == len(DIGITS["digits"]) + len(mistakes["shown"])
    probabilities = net.predict(torch.from_numpy(np.stack(cells))[:, None])[0]
    read, right = probabilities.argmax(1), len(DIGITS["digits"])
    assert (read[:right] == [int(digit) for digit, *_ in DIGITS["digits"]]).mean() > 0.9
    answered = [int(answer) for _, _, answer, _ in mistakes["shown"]]
    assert (read[right:] == answered).mean() > 0.9, "a level of grey may turn one"


def sprite() -> list[np.ndarray]:
    """The gallery's pictures, 0..1."""
    sheet = np.asarray(Image.open(SHOW / "gallery.png").convert("L"), np.float32) / 255
    count, columns = len(DIGITS["digits"]) + len(DIGITS["mistakes"]["shown"]), DIGITS["columns"]
    places = [(28 * (i // columns), 28 * (i % columns)) for i in range(count)]
    return [sheet[top : top + 28, left : left + 28] for top, left in places]


def test_a_space_carries_the_digits_and_not_the_program(tmp_path):
    bundles.space(tmp_path, WEIGHTS, "OWNER/mnixel", "OWNER/mnixel-cnn", "OWNER/mnixel")
    there = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")}
    results = {f"docs/{name}" for name in charts.FILES}
    assert results | {"web/show/gallery.png", "web/show/gallery.json"} <= there
    assert not {name for name in there if name.startswith(("handwriting", "bench"))}
    assert "web/gallery.py" not in there


# --- in a browser ---


def open_tab(person: Person, name: str) -> None:
    person.page.get_by_role("tab", name=name, exact=True).click()
    person.says(name, "[role=tab][aria-selected=true]")


def shown(person: Person) -> list[str]:
    """The digits of the gallery that are shown."""
    until(person.page, "document.querySelectorAll('[data-set=gallery] li').length > 100")
    digits = "items => items.map((item) => item.dataset.digit)"
    return person.page.locator("[data-set=gallery] li:visible").evaluate_all(digits)


def closest(person: Person) -> list[str]:
    until(person.page, "document.querySelectorAll('.closest li').length === 6", seconds=90)
    return person.page.locator(".closest li:not(.yours) > span").all_text_contents()


def expected(preview: list[int]) -> list[str]:
    """The five allographs whose features, in Python, are closest to those of a picture."""
    net = DigitCNN.from_pretrained(WEIGHTS)
    pictures = [np.array(preview, np.uint8).reshape(28, 28), *sprite()[: len(DIGITS["digits"])]]
    with torch.no_grad():
        inputs = torch.stack([net.preprocess(picture) for picture in pictures])
        features = net.features(inputs).flatten(1).numpy()
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    best = [DIGITS["digits"][i] for i in np.argsort(-features[1:] @ features[0])[:5]]
    return [f"{digit}, {WORDS['en'][f'way.{way}']}" for digit, way, _ in best]


@pytest.mark.parametrize(("size", "touch"), [("desktop", False), ("phone", True)])
def test_a_visitor_looks_at_both_tabs(size, touch, edition, visit):
    person = visit(edition.url + "?lang=en", size, touch)
    page = person.page
    open_tab(person, "Data")
    person.says("Draw a digit", ".closest-says")
    page.locator(".filter label", has_text="7").click()
    ways = len({way.name for way in ALLOGRAPHS[7]})
    assert shown(person) == ["7"] * ways
    assert page.locator("#data .count").inner_text() == f"{ways} shown."
    assert "MNIXEL's own pictures are not shown" in page.locator("body").inner_text()
    assert not page.locator("[data-set=contributed]").is_visible()

    open_tab(person, "Draw")
    person.draw(DRAWINGS["7"])
    preview = person.settle()["preview"]
    open_tab(person, "Data")
    assert closest(person) == expected(preview)
    person.says(f"The closest drawing that we have: {closest(person)[0]}.", ".closest-says")
    mine = "document.querySelector('.closest .yours canvas').getContext('2d').getImageData(0, 0, 28, 28).data"
    # The visitor's own drawing stands in the same line.
    assert page.evaluate(f"Array.from({mine}).filter((_, i) => i % 4 === 0)") == preview
    tops = [canvas.bounding_box()["y"] for canvas in page.locator(".closest canvas").all()[:2]]
    assert tops[0] == tops[1]

    # This pretends that the answer is another digit.
    open_tab(person, "Draw")
    other = "{digit: '1', revision: 'another'}"
    page.evaluate(f"Object.assign(document.querySelector('#prediction').dataset, {other})")
    open_tab(person, "Data")
    person.says("The network answers 1, but", ".closest-says")
    person.says(f"another digit: {closest(person)[0]}.", ".closest-says")

    # The lesson decides, not the closest drawing.
    open_tab(person, "Draw")
    person.press('.bars [data-digit="1"]')
    until(page, "document.querySelector('#prediction').dataset.taught === 'true'")
    open_tab(person, "Data")
    person.says("You taught it that this is a 1. The program's closest drawing: 7, ", ".closest-says")

    open_tab(person, "Model")
    until(page, "document.querySelectorAll('.mistakes li').length > 0")
    said = page.locator(".mistakes li").first.inner_text()
    digit, way, read, sure = DIGITS["mistakes"]["shown"][0]
    assert said == f"{digit}, {WORDS['en'][f'way.{way}']}: read as {read}, {100 * sure:.1f}% sure"
    drawn = tables(charts.model_tab(WEIGHTS))
    assert page.locator("figure.chart:visible").count() == len(drawn)
    assert page.locator("figure.chart:visible svg").evaluate_all(
        "all => all.every((svg) => svg.getBoundingClientRect().height > 80)"
    )
    scrolls = "([...all]) => all.some((one) => one.scrollWidth > one.clientWidth)"
    for tab in ("Data", "Model"):
        open_tab(person, tab)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{tab} is too wide"
    assert not page.locator(".confusion .wide").evaluate_all(scrolls), "nobody knows that it scrolls"


def test_the_tabs_by_address_and_keyboard(edition, visit):
    person = visit(edition.url + "?lang=en#model")
    page = person.page
    assert page.locator("#model").is_visible() and not page.locator("#draw").is_visible()
    page.evaluate("location.hash = 'draw'")
    until(page, "!document.querySelector('#draw').hidden")
    page.get_by_role("tab", name="Draw").focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("document.activeElement.textContent.trim()") == "Data"
    assert page.url.endswith("#data")
    page.go_back()
    page.go_forward()
    assert shown(person)
    page.locator(".filter input").first.focus()
    # From "all" to 0, and from there to 1.
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert set(shown(person)) == {"1"}
    open_tab(person, "Model")
    page.locator("[data-chart=people] summary").focus()
    page.keyboard.press("Enter")
    assert page.locator("[data-chart=people] td").first.is_visible()


def test_the_tabs_speak_spanish(site, visit):
    person = visit(site.url + "?lang=es")
    open_tab(person, "Modelo")
    accuracy = ACCURACY["sets"]["pendigits"][charts.OURS]
    misread = f"{accuracy['total'] - accuracy['right']} de {accuracy['total']:,} mal leídos"
    person.says(misread.replace(",", "."), "#model")
    assert person.page.locator("[data-chart=people] text", has_text="100").text_content() == "100%"
    mnixel = ACCURACY["sets"]["MNIXEL test"][charts.OURS]
    share = f"{100 * mnixel['right'] / mnixel['total']:.1f}%".replace(".", ",")
    person.says(share, "[data-chart=people] table")
    open_tab(person, "Datos")
    person.says("0, ancho", "#data")


@pytest.mark.thorough
def test_accepted_drawings_are_shown_and_no_others(tmp_path, visit):
    service = ContributionService(Store(tmp_path))
    receipt = agree(service)
    for digit in "274":
        assert submit(service, receipt, label=digit, digit=digit, id=f"drawing-{digit}")["saved"]
    service.store.judge(["drawing-2", "drawing-4"], "accepted")
    service.store.judge(["drawing-7"], "rejected")
    assert [digit for digit, _ in service.accepted({})["digits"]] == ["2", "4"]
    server = Server(CONTRIBUTIONS_DIR=str(tmp_path))
    person = visit(server.url + "?lang=en")
    open_tab(person, "Data")
    until(person.page, "document.querySelectorAll('[data-set=contributed] li').length === 2")
    assert person.page.locator("[data-set=contributed] li").all_inner_texts() == ["2", "4"]
    ink = """() => [...document.querySelectorAll('[data-set=contributed] canvas')].map((canvas) => {
        const { data } = canvas.getContext('2d').getImageData(0, 0, 28, 28);
        return Math.max(...data.filter((_, i) => i % 4 === 0)); })"""
    assert min(person.page.evaluate(ink)) > 200
    server.kill()


# --- parts that do not come ---

# The script that each tab needs.
TABS = {"Your digits": "my-digits", "Data": "figures", "Model": "figures"}
LINE = "document.querySelector('[role=tabpanel]:not([hidden]) .away')"


@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ("network", "This part needs a connection. Trying again…"),
        ("update", "This page has a newer version. Please load it again."),
    ],
)
def test_a_tab_that_cannot_be_had_says_so_and_recovers(what, sentence, tab, site, visit):
    person = visit(site.url, service_workers="block")
    files = re.compile(rf"(show|teach)/({TABS[tab]}|gallery)\.")
    refuse = {"network": lambda route: route.abort(), "update": lambda route: route.fulfill(status=404)}[what]
    person.page.route(files, refuse)
    open_tab(person, tab)
    until(person.page, f"sentence => {LINE}.textContent === sentence", sentence)
    person.page.unroute(files)
    person.errors.clear()
    person.page.evaluate("dispatchEvent(new Event('online'))")
    until(person.page, f"{LINE}.hidden")
    open_tab(person, "Draw")
    person.draw(DRAWINGS["7"])
    assert person.settle()["digit"] == "7"


def test_drawing_goes_on_without_the_parts_that_are_blocked(site, visit):
    person = visit(site.url, service_workers="block")
    person.page.route(re.compile(r"/(share|inside|flight|memory)\.js"), lambda route: route.abort())
    person.reload()
    person.draw(DRAWINGS["7"])
    assert person.settle()["digit"] == "7"
    person.errors.clear()


def test_a_page_whose_scripts_do_not_come_says_so(edition, browser):
    page = browser.new_page(service_workers="block")
    page.route("**/main.js", lambda route: route.abort())
    page.goto(edition.url)
    page.locator(".unstarted", has_text="This page has not started").wait_for()
    page.close()
