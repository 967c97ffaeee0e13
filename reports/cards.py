"""Fills the cards of the repositories on the Hub, templates/*.md, with results."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import jinja2
import yaml

from reports import tables
from training import metrics

TEMPLATES = Path(__file__).parent / "templates"
ABOUT = {"license": "apache-2.0", "tags": ["digits", "handwriting", "mnixel"]}

MNIXEL = (
    "the 270 digits of MNIXEL's training part, which volunteers of a deep-learning course drew, "
    "and augmented copies of them"
)
DRAWN = (
    "{drawn:,} digits in {ways} ways of writing that the project's own program draws, "
    "and {nondigits:,} of its non-digit drawings"
)


@cache
def _templates() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def fill(template: str, front: dict | None = None, **values) -> str:
    """A template of this package with its values, and with `front` as its YAML front matter."""
    head = yaml.safe_dump(front, sort_keys=False, allow_unicode=True) if front else ""
    return re.sub(r"\n{3,}", "\n\n", _templates().get_template(template).render(front=head, **values))


def model_card(
    result: dict, name: str | None = None, dataset: str | None = None, onnx: int | None = None
) -> str:
    """The card for a report of train.py that has weights.

    `name` is the model repository, None for the folder in the project, `dataset` the repository of MNIXEL's
    drawings, and `onnx` the opset of model.onnx. The card quotes bench.accuracy if that measured these
    weights.
    """
    settings = result["settings"]
    sources = [MNIXEL] if settings["drawn_share"] < 1 else []
    if settings["drawn"]:
        sources.append(DRAWN.format(ways=result["ways"], **settings))
    if result.get("contributed"):
        sources.append(f"{result['contributed']:,} digits that visitors of the page contributed")
    accuracy, recipes = tables.stored("accuracy"), tables.stored("recipes")
    if accuracy.get("sha256") != result["sha256"]:
        accuracy = {}
    unseen = accuracy.get("sets", {}).get(tables.UNSEEN, {}).get(tables.OURS)
    return fill(
        "model.md",
        front_matter(result, name or "mnixel-cnn", dataset, accuracy),
        title=(name or "mnixel-cnn").split("/")[-1],
        name=name,
        dataset=dataset,
        onnx=onnx,
        result=result,
        test=metrics.describe(result["test"]),
        sources="; ".join(sources),
        unseen=metrics.describe(unseen) if unseen else None,
        table=tables.accuracy(accuracy) if accuracy else None,
        summary=tables.summary(accuracy) if accuracy else None,
        ablation=tables.recipes(recipes) if recipes else None,
    )


def front_matter(result: dict, name: str, dataset: str | None, accuracy: dict) -> dict:
    """The model card's YAML; its `model-index` has every set that was measured."""
    mnixel = {"name": result["test_set"], "type": dataset or "mnixel"}
    if result["test_set"] == "MNIXEL test":
        mnixel |= {"config": "clean", "split": "test"}
    sets = {result["test_set"]: (mnixel, result["test"]["right"], result["test"]["total"])}
    for title, row in accuracy.get("sets", {}).items():
        if title not in sets:
            about, ours = {"name": title, "type": title.partition(",")[0].lower()}, row[tables.OURS]
            sets[title] = (about, ours["right"], ours["total"])
    measured = [
        {
            "task": {"type": "image-classification", "name": "Image classification"},
            "dataset": about,
            "metrics": [{"type": "accuracy", "name": "accuracy", "value": round(right / total, 4)}],
        }
        for about, right, total in sets.values()
    ]
    return {
        # The Hub knows no library called "pytorch", so the card names none.
        "pipeline_tag": "image-classification",
        **ABOUT,
        "metrics": ["accuracy"],
        **({"datasets": [dataset]} if dataset else {}),
        "model-index": [{"name": name.split("/")[-1], "results": measured}],
    }


NOTEBOOK = re.compile(r"```python\n(.*?)```\n", re.S)


def notebook(name: str, dataset: str) -> str:
    """templates/notebook.md as a Jupyter notebook without outputs; its blocks of Python become code cells."""
    text = fill("notebook.md", name=name, dataset=dataset)
    cells: list[dict] = []
    # Parts with an even number are text, the others code.
    for number, part in enumerate(NOTEBOOK.split(text)):
        if not part.strip():
            continue
        source = part.strip().splitlines(keepends=True)
        kind = "code" if number % 2 else "markdown"
        cell: dict = {"cell_type": kind, "id": f"cell-{number}", "metadata": {}, "source": source}
        cells.append(cell | ({"execution_count": None, "outputs": []} if number % 2 else {}))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    about = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return (
        json.dumps({"cells": cells, "metadata": about, "nbformat": 4, "nbformat_minor": 5}, indent=1) + "\n"
    )
