"""The model card: weights/README.md, written from metrics.json."""

from __future__ import annotations

import metrics
from handwriting.allographs import ALLOGRAPHS

CARD = """\
---
library_name: pytorch
pipeline_tag: image-classification
tags: [digits, handwriting, mnixel]
metrics: [accuracy]
license: apache-2.0
---

# mnixel-cnn

A convolutional network of {parameters:,} parameters that reads one hand-drawn digit, and says when it is not sure.

```python
from PIL import Image
from model import DigitCNN

net = DigitCNN.from_pretrained("weights")
print(net.classify(Image.open("digit.png"), top_k=3))
```

`model.py` travels with the weights. A picture may be white on black or dark on light, of 8 to 4096 pixels a side.

## Training data

{training_data}

## Figures

Written by `{command}`; the test images are looked at once per run, never to choose anything.

- {test_set}: {test}
{seeds}- calibration error on those images: {calibration:.3f}, with temperature {temperature}
- trained in {seconds:.0f} s on {threads} CPU threads, seed {seed}

| digit | recall, {test_set} |
| --- | --- |
{recall}

## "Not sure"

When the best logit stands less than {threshold:.2f} above the mean logit, the page says that it is not sure. Temperature and threshold were
set on digits that were held out of training, so that {refused:g} % of them are refused. {nondigits}

## What it cannot do

It reads one digit at a time. MNIXEL's test part is small and has five 7s only. Shapes that neither the volunteers nor the drawing program
know have to be guessed at.

## Credits

Data and idea: MNIXEL and the course project "Deep Learning Digit Classifier" by Konat23 and the volunteers of "Deep Learning (2023-2) UIS".
Their archives state no licence and are not part of this repository; the code is under Apache-2.0.
"""

MNIXEL = "The 270 digits of MNIXEL's training part, which volunteers of a deep-learning course drew, and changed copies of them"
DRAWN = "{drawn:,} digits in {ways} ways of writing that the project's own program draws, and {nondigits:,} of its drawings that are no digits"
TAUGHT = "It was taught so with two digits at once, letters, shapes and\nscribbles; how many it lets through is in the project's table."
UNTAUGHT = "It has never been shown anything that is no digit."


def model_card(result: dict) -> str:
    """The card for a report of train.py that has weights."""
    test, seeds = result["test"], ""
    if len(result["seeds"]) > 1:
        counts = ", ".join(str(right) for right in result["seeds"].values())
        spread = f"{result['mean_right']:.1f} +- {result['deviation_right']:.1f} of {test['total']}"
        seeds = f"- over {len(result['seeds'])} seeds: {spread} right ({counts})\n"
    settings = result["settings"]
    sources = [MNIXEL] if settings["drawn_share"] < 1 else []
    if settings["drawn"]:
        sources.append(DRAWN.format(ways=sum(map(len, ALLOGRAPHS.values())), **settings))
    return CARD.format(
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
        seed=next(iter(result["seeds"])),
        recall="\n".join(
            f"| {d} | {'--' if r is None else f'{100 * r:.1f} %'} |" for d, r in enumerate(test["recall"])
        ),
    )
