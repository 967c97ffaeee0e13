"""The model card: weights/README.md, written from metrics.json."""

from __future__ import annotations

import metrics

CARD = """\
---
library_name: pytorch
pipeline_tag: image-classification
tags: [digits, handwriting, mnixel]
metrics: [accuracy]
license: apache-2.0
---

# mnixel-cnn

A convolutional network of {parameters:,} parameters that reads one hand-drawn digit. It was trained on the 270 digits of MNIXEL's
training part, which volunteers of the course "Deep Learning (2023-2) UIS" drew, and on changed copies of them.

```python
from model import DigitCNN
from PIL import Image
print(DigitCNN.from_pretrained("weights").classify(Image.open("digit.png"), top_k=3))
```

`model.py` travels with the weights. A picture may be white on black or dark on light, of 8 to 4096 pixels a side.

## Figures

Written by `{command}`; the test images are looked at once per run, never to choose anything.

- MNIXEL test: {test}
{seeds}- temperature {temperature}, fitted on changed copies of held-out training images; calibration error on the test images {calibration:.3f}
- trained in {seconds:.0f} s on {threads} CPU threads, seed {seed}

| digit | recall on MNIXEL test |
| --- | --- |
{recall}

## What it cannot do

It always sees one digit: two digits, letters and scribbles get an answer too, though "not sure" where the best probability is under
{threshold:.2f}. It was measured on few 7s (five in the test part). It knows the shapes that 29 people draw, and has to guess at others.

## Credits

Data and idea: MNIXEL and the course project "Deep Learning Digit Classifier" by Konat23 and the volunteers. The archives state no
licence and are not part of this repository; the code is under Apache-2.0.
"""


def model_card(result: dict) -> str:
    """The card for a report of train.py that has weights."""
    test, seeds = result["test"], ""
    if len(result["seeds"]) > 1:
        counts = ", ".join(str(right) for right in result["seeds"].values())
        spread = f"{result['mean_right']:.1f} +- {result['deviation_right']:.1f} of {test['total']}"
        seeds = f"- over {len(result['seeds'])} seeds: {spread} right ({counts})\n"
    return CARD.format(
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
