"""What was measured, as tables, cards and charts: each from its JSON alone, and in its place."""

from __future__ import annotations

import json

import pytest
from PIL import Image

import train
from model import DigitCNN
from reports import figures, tables
from reports.__main__ import main
from tests.harness import ROOT


def test_tables():
    ours = {"title": "all", "command": "python train.py", "rights": [116, 114], "total": 116}
    ours["people"] = {"pendigits": [984, 1000]}
    one = {
        "title": "one",
        "command": "python train.py --recipe one",
        "rights": [76],
        "total": 116,
        "people": {},
    }
    text = tables.recipes({"one": one, "ours": ours})
    assert "| one | 40 | nothing random |  | `python train.py --recipe one` |" in text
    assert "| all | 1 | 0, 2 | 98.4 % | `python train.py` |" in text
    assert tables.between("a <b> old </b> c", "<b>", "</b>", "new") == "a <b>\n\nnew\n\n</b> c"
    assert tables.markdown(["", "x"], [["row", "1"]], right=1).splitlines()[1:] == [
        "| --- | ---: |",
        "| row | 1 |",
    ]
    assert tables.boot({"`import gradio`": [2.0, 3.0], "the page": [4.0]}).endswith(
        "| the page | 4.0 | 2.00 |"
    )


@pytest.mark.parametrize("name", tables.TABLES)
def test_the_documents_have_the_tables_of_what_was_measured(name):
    draw, document, results = tables.TABLES[name]
    text, (begin, end) = (ROOT / document).read_text(), tables.markers(name)
    assert text.count(begin) == text.count(end) == 1
    if measured := tables.stored(results):
        assert tables.between(text, begin, end, draw(measured)) == text, "run: python -m reports tables"


def test_the_figures_are_of_the_shipped_weights():
    sha256 = DigitCNN.from_pretrained(train.ROOT / "weights").config.sha256
    assert tables.stored("accuracy")["sha256"] == sha256
    assert tables.accuracy(tables.stored("accuracy")) in (ROOT / "weights" / "README.md").read_text()


def test_charts_are_drawn(tmp_path):
    report = json.loads((ROOT / "weights" / "metrics.json").read_text())
    figures.confusion(report["test"], tmp_path / "a.png")
    figures.learning_curve(report["history"], report["best_round"], tmp_path / "b.png")
    figures.network(ROOT / "weights", tmp_path / "c.png")
    for path in tmp_path.iterdir():
        with Image.open(path) as picture:
            assert picture.width > 300 and len(picture.convert("L").getcolors(4096)) > 10


def test_an_unknown_part_is_refused(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["pictrues"])
    assert stopped.value.code == 2 and "there is no part pictrues" in capsys.readouterr().err
