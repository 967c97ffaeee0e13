"""What was measured, as tables and cards, in their places, and of the weights that ship."""

import json

import pytest

from reports import cards, tables
from reports.__main__ import main
from reports.tables import NONDIGITS, OURS, UPSTREAM
from tests.harness import ROOT
from training import metrics


@pytest.fixture
def docs(tmp_path, monkeypatch):
    """A folder for results, and one for those that are not published."""
    monkeypatch.setattr(tables, "DOCS", tmp_path / "docs")
    monkeypatch.setattr(tables, "ELSEWHERE", tmp_path / "elsewhere")
    return tmp_path / "docs"


def test_the_table_of_accuracy():
    matrix = [[0] * 10 for _ in range(10)]
    matrix[3][3], matrix[4][4], matrix[4][9] = 5, 3, 2
    results = {
        "sets": {"people": {OURS: metrics.counted(8, 10), UPSTREAM: metrics.counted(5, 10)}},
        "details": {"people": {"confusion": matrix, "reliability": [[4, 0.5, 0.75], [6, 0.9, 0.8]]}},
        "worst_writers": {"people": {"writers": 2, "right": 3, "total": 4}},
        "refused": {"people": {"refused": 1, "total": 10}, NONDIGITS: {"refused": 19, "total": 20}},
        "more": {"Teaching": [{"name": "ten taught", "right": 9, "total": 10, "taught_wrongly": 1}]},
    }
    *_, people, refused, _, title, _, columns, _, taught = tables.accuracy(results).splitlines()
    half, most = "5/10 = 50.0 % (95 % interval 23.7 to 76.3)", "8/10 = 80.0 % (95 % interval 49.0 to 94.3)"
    assert (
        people == f"| people | {most} | {half} | 60.0 % (of the 4s) | 0.160 | 75.0 % (2 writers) | 10.0 % |"
    )
    assert refused.startswith("| non-digits refused | 19/20 = 95.0 % (95 % interval 76.4 to 99.1) |")
    assert (title, columns) == ("Teaching:", "|  | right | taught wrongly |")
    assert taught.startswith("| ten taught | 9/10 = 90.0 % (") and taught.endswith(" | 1 |")


def test_only_complete_results_of_the_shipped_weights_are_published(docs):
    shipped = {"sha256": tables.shipped()}
    assert tables.store("accuracy", {"n": 1, **shipped}).parent == docs
    assert tables.store("accuracy", {"n": 2, **shipped}, complete=False).parent == docs.parent / "elsewhere"
    assert tables.store("accuracy", {"n": 3, "sha256": "0" * 64}).parent == docs.parent / "elsewhere"
    assert tables.stored("accuracy")["n"] == 1 and tables.stored("accuracy")["measured"]


@pytest.mark.parametrize("document", tables.DOCUMENTS)
def test_the_documents_have_the_tables_of_what_was_measured(document):
    assert tables.drawn(document) == (ROOT / document).read_text(encoding="utf-8"), "python -m reports tables"


@pytest.mark.parametrize("name", ["accuracy", "latency"])
def test_figures_of_other_weights_are_refused(name, docs, monkeypatch, capsys):
    """Nothing is written then, and one sentence says what to run."""
    published = {
        each: json.loads((ROOT / "docs" / f"{each}.json").read_text()) for each in ("accuracy", "latency")
    }
    assert {results["sha256"] for results in published.values()} == {tables.shipped()}
    published[name]["sha256"] = "0" * 64
    docs.mkdir()
    for each, results in published.items():
        (docs / f"{each}.json").write_text(json.dumps(results))
    before = (ROOT / "README.md").read_bytes(), (ROOT / "docs" / "results.md").read_bytes()
    assert main(["tables"]) == 1
    assert f"docs/{name}.json is of other weights: run `python -m bench.{name}`." in capsys.readouterr().err
    assert before == ((ROOT / "README.md").read_bytes(), (ROOT / "docs" / "results.md").read_bytes())


def test_a_card_of_other_weights_has_none_of_the_published_figures():
    report = json.loads((ROOT / "weights" / "metrics.json").read_text(encoding="utf-8"))
    card = (ROOT / "weights" / "README.md").read_text(encoding="utf-8")
    assert cards.model_card(report) == card and tables.accuracy(tables.stored("accuracy")) in card
    other = cards.model_card(report | {"sha256": "0" * 64})
    assert "these weights have not been measured" in other
    figure = f"{tables.stored('accuracy')['sets']['pendigits'][OURS]['right']}/7494"
    assert figure in card and figure not in other
