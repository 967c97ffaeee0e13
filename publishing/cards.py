"""The cards of the model and the Space on the Hub, written from what was measured."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from bench import ladder
from training import metrics

DOCS = Path(__file__).parent.parent / "docs"

CARD = """\
---
{front}---

# mnixel-cnn

A convolutional network of {parameters:,} parameters that reads one hand-drawn digit, and says when it is not sure.

{get}```python
from PIL import Image
from model import DigitCNN

net = DigitCNN.from_pretrained("{name}")
print(net.classify(Image.open("{picture}"), top_k=3))
```

A picture is a PIL image or a numpy array, white on black or dark on light, of 8 to 4096 pixels a side; the preprocessing is part of the
network. `model.py` travels with the weights and needs torch, numpy, pillow, safetensors and huggingface_hub. Weights are loaded from
safetensors only, and their SHA-256 is checked. `from_pretrained` takes `revision=`, a branch, a tag or a commit.

## Training data

{training_data}

## Figures

Written by `{command}`; the test images are looked at once per run, never to choose anything.

- {test_set}: {test}
{seeds}- calibration error on those images: {calibration:.3f}, with temperature {temperature}
- cost of training: {seconds:.0f} s in {threads} thread{s}, no GPU (seed {seed}); the drawings are made on all cores

| digit | recall, {test_set} |
| --- | --- |
{recall}
{table}{ladder}
## "Not sure"

When the best logit stands less than {threshold:.2f} above the mean logit, the page says that it is not sure. Temperature and threshold were
set on digits that were held out of training, so that {refused:g} % of them are refused. {nondigits}

## What it cannot do

It reads one digit at a time: of two it makes one, or says that it is not sure. It knows the digits 0 to 9 as they are written with Western
Arabic numerals, and no other sign. MNIXEL's test part is small and has five 7s only. Shapes that neither the volunteers nor the drawing
program know have to be guessed at. It is a toy to learn from, not a reader of cheques or forms.

## Credits

Data and idea: MNIXEL and the course project "Deep Learning Digit Classifier" by Konat23 and the volunteers of "Deep Learning (2023-2) UIS".
Their archives state no licence and are not part of this repository; the code is under Apache-2.0.
"""

GET = """```
hf download {name} model.py --local-dir .
```

"""

TABLE = """
On people whom it has never seen, beside the network and recipe of the course project:

{table}
"""

LADDER = """
What each step is worth, in misses on MNIXEL's 116 test images:

{table}
"""

SPACE = """\
# Draw a digit

Draw a digit, with mouse, finger, pen or keys, and see a small convolutional network read it while you draw. It learnt from 270 digits that
students in Bucaramanga drew with a program called MNIXEL, and from digits that a program draws.

The weights come from `{model}`, whose card says how good they are; this Space serves the ones in `weights/` while the Hub cannot be
reached. MNIXEL's drawings are in `{dataset}`. What is drawn here is sent to the Space to be read; it is kept only if you contribute it.

To call it from a program:

```python
from gradio_client import Client, handle_file

client = Client("{name}")
print(client.predict(handle_file("digit.png"), 3, api_name="/predict"))
```

After [MNIXEL](https://github.com/Konat23/MNIXEL) and the course project by Konat23 and the volunteers of "Deep Learning (2023-2) UIS". The code is
under Apache-2.0.
"""

STATIC = """# Draw a digit

Draw a digit and see a small convolutional network read it while you draw. The network runs in your browser: what you draw stays there,
and once the page is open it needs no network.

{weights}{gradio}
A page of your own can read digits, too: copy `digit.js` and the folder `weights`.

```js
import {{ DigitCNN }} from "./digit.js";

const net = await DigitCNN.fromPretrained("weights/");
console.log(await net.classify(document.querySelector("canvas"), 3));
```

After [MNIXEL](https://github.com/Konat23/MNIXEL) and the course project by Konat23 and the volunteers of "Deep Learning (2023-2) UIS". The code is
under Apache-2.0.
"""

MNIXEL = "The 270 digits of MNIXEL's training part, which volunteers of a deep-learning course drew, and changed copies of them"
DRAWN = "{drawn:,} digits in {ways} ways of writing that the project's own program draws, and {nondigits:,} of its drawings that are no digits"
TAUGHT = "It was taught so with two digits at once, letters, shapes and\nscribbles; how many it lets through is in the project's table."
UNTAUGHT = "It has never been shown anything that is no digit."


def model_card(result: dict, name: str | None = None, dataset: str | None = None) -> str:
    """The card for a report of train.py that has weights: of the model repository `name`, or of the folder in the project.

    `dataset` is the repository of the drawings. Of other people's digits it tells what bench.accuracy measured of these very weights.
    """
    test, seeds = result["test"], ""
    if len(result["seeds"]) > 1:
        counts = ", ".join(str(right) for right in result["seeds"].values())
        spread = f"{result['mean_right']:.1f} +- {result['deviation_right']:.1f} of {test['total']}"
        seeds = f"- over {len(result['seeds'])} seeds: {spread} right ({counts})\n"
    settings = result["settings"]
    sources = [MNIXEL] if settings["drawn_share"] < 1 else []
    if settings["drawn"]:
        sources.append(DRAWN.format(ways=result["ways"], **settings))
    if result.get("contributed"):
        sources.append(f"{result['contributed']:,} digits that visitors of the page contributed")
    accuracy, rungs = stored("accuracy.json"), stored("ladder.json")
    table = accuracy.get("table") if accuracy.get("sha256") == result["sha256"] else None
    return CARD.format(
        front=front_matter(result, name or "mnixel-cnn", dataset),
        get=GET.format(name=name) if name else "",
        name=name or "weights",
        picture="digit.png" if name else "docs/images/digit.png",
        table=TABLE.format(table=table) if table else "",
        ladder=LADDER.format(table=ladder.table(rungs)) if rungs else "",
        training_data=f"{'; '.join(sources)}.",
        test_set=result["test_set"],
        refused=100 * settings["refused"],
        nondigits=TAUGHT if settings["nondigits"] else UNTAUGHT,
        parameters=result["parameters"],
        command=result["command"],
        test=metrics.describe(test),
        seeds=seeds,
        temperature=result["temperature"],
        threshold=result["threshold"],
        calibration=test["calibration_error"],
        seconds=result["seconds"],
        threads=result["machine"]["threads"],
        s="s"[: result["machine"]["threads"] - 1],
        seed=next(iter(result["seeds"])),
        recall="\n".join(
            f"| {d} | {'--' if r is None else f'{100 * r:.1f} %'} |" for d, r in enumerate(test["recall"])
        ),
    )


def space_card(name: str, model: str, dataset: str) -> str:
    """What stands under the front matter of the Space `name`."""
    return SPACE.format(name=name, model=model, dataset=dataset)


def static_card(names: dict[str, str], commit: str | None, gradio: str | None) -> str:
    """What stands under the front matter of the static Space."""
    weights = "The weights lie beside the page, in the folder `weights`.\n"
    if commit:
        weights = f"The weights are those of [{names['model']}](https://huggingface.co/{names['model']}) at commit {commit}; a copy lies beside the page.\n"
    link = (
        f"[{gradio}](https://huggingface.co/spaces/{gradio}) takes digits of your own for training.\n" if gradio else ""
    )
    return STATIC.format(weights=weights, gradio=link)


def stored(file: str) -> dict:
    """What a benchmark has left in docs/; empty when it has not been run."""
    path = DOCS / file
    return json.loads(path.read_text()) if path.exists() else {}


def front_matter(result: dict, name: str, dataset: str | None) -> str:
    """The card's YAML, with the figures as the Hub's `model-index`."""
    front = {
        "library_name": "pytorch",
        "pipeline_tag": "image-classification",
        "tags": ["digits", "handwriting", "mnixel"],
        "metrics": ["accuracy"],
        "license": "apache-2.0",
    }
    if dataset:
        front["datasets"] = [dataset]
    drawn = result["test_set"] != "MNIXEL test"
    tested = {"name": result["test_set"], "type": dataset or "mnixel"} | (
        {} if drawn else {"config": "clean", "split": "test"}
    )
    accuracy = {"type": "accuracy", "name": "accuracy", "value": round(result["test"]["accuracy"], 4)}
    task = {"type": "image-classification", "name": "Image classification"}
    front["model-index"] = [
        {"name": name.split("/")[-1], "results": [{"task": task, "dataset": tested, "metrics": [accuracy]}]}
    ]
    return yaml.safe_dump(front, sort_keys=False)
