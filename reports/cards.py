"""Fills templates/*.md, the cards of the repositories on the Hub, with results."""

import json
import re
from pathlib import Path

import jinja2
import yaml

from reports import tables
from training import metrics

ENVIRONMENT = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
MNIXEL = "the 270 digits of MNIXEL's training part, which volunteers of a deep-learning course drew"
DRAWN = (
    "{drawn:,} digits, in {ways} ways to write them, and {nondigits:,} non-digits that the project's own "
    "program drew"
)


def fill(template: str, front: dict | None = None, **values) -> str:
    """A filled template, with `front` as its YAML front matter."""
    head = yaml.safe_dump(front, sort_keys=False, allow_unicode=True) if front else ""
    return re.sub(r"\n{3,}", "\n\n", ENVIRONMENT.get_template(template).render(front=head, **values))


def model_card(result: dict, name: str | None = None, dataset: str | None = None) -> str:
    """The card for the metrics of train.py. It quotes docs/accuracy.json if that measured the same weights.

    `name` is the model repository, or None for the project's own folder. `dataset` is the dataset's
    repository if everybody can see it and MNIXEL is in it.
    """
    settings = result["settings"]
    sources = [MNIXEL] if settings["drawn_share"] < 1 else []
    if settings["drawn"]:
        sources.append(DRAWN.format(ways=result["ways"], **settings))
    if result.get("contributed"):
        sources.append(f"{result['contributed']:,} digits that visitors of the page contributed")
    accuracy = tables.stored("accuracy")
    if accuracy.get("sha256") != result["sha256"]:
        accuracy = {}
    unseen = accuracy.get("sets", {}).get(tables.UNSEEN, {}).get(tables.OURS)
    return fill(
        "model.md",
        front_matter(result, name or "mnixel-cnn", dataset, accuracy),
        title=(name or "mnixel-cnn").split("/")[-1],
        name=name,
        dataset=dataset,
        result=result,
        test=metrics.describe(result["test"]),
        sources="; ".join(sources),
        unseen=metrics.describe(unseen) if unseen else None,
        table=tables.accuracy(accuracy) if accuracy else None,
        summary=tables.summary(accuracy) if accuracy else None,
    )


def front_matter(result: dict, name: str, dataset: str | None, accuracy: dict) -> dict:
    """The model card's YAML. Its `model-index` lists every set that was measured."""
    tested = result["test_set"]
    rows = {title: row[tables.OURS] for title, row in accuracy.get("sets", {}).items()}
    measured = []
    for title, row in ({tested: result["test"]} | rows).items():
        about = {"name": title, "type": title.partition(",")[0].lower()}
        if title == tested:
            about["type"] = dataset or "mnixel"
        if title == tables.MNIXEL:
            about |= {"config": "clean", "split": "test"}
        accurate = {"type": "accuracy", "name": "accuracy", "value": round(row["right"] / row["total"], 4)}
        task = {"type": "image-classification", "name": "Image classification"}
        measured.append({"task": task, "dataset": about, "metrics": [accurate]})
    return {
        # The Hub does not know a library called "pytorch", so the card names none.
        "pipeline_tag": "image-classification",
        "license": "apache-2.0",
        "tags": ["digits", "handwriting", "mnixel"],
        "metrics": ["accuracy"],
        **({"datasets": [dataset]} if dataset else {}),
        "model-index": [{"name": name.split("/")[-1], "results": measured}],
    }


def notebook(name: str, dataset: str) -> str:
    """templates/notebook.md as a Jupyter notebook without outputs. Its blocks of Python become code cells."""
    kinds: list[dict] = [
        {"cell_type": "markdown"},
        {"cell_type": "code", "execution_count": None, "outputs": []},
    ]
    # The parts are text and code in turn.
    parts = re.split(r"```python\n(.*?)```\n", fill("notebook.md", name=name, dataset=dataset), flags=re.S)
    cells = [
        {"id": f"cell-{number}", "metadata": {}, "source": part.strip().splitlines(keepends=True)}
        | kinds[number % 2]
        for number, part in enumerate(parts)
        if part.strip()
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    about = {"kernelspec": kernel, "language_info": {"name": "python"}}
    book = {"cells": cells, "metadata": about, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(book, indent=1) + "\n"
