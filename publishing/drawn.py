"""The dataset's configuration `drawn`: what publishing adds for it to a bundle and to its card."""

from __future__ import annotations

from pathlib import Path

from handwriting import dataset

CARD = Path(__file__).with_name("drawn_card.md")
CONFIGURATION = """\
- config_name: drawn
  data_files:
  - split: train
    path: drawn/train-*
  - split: test
    path: drawn/test-*
"""
SECTION = """\
## Drawn digits

```python
drawn = load_dataset("OWNER/mnixel", "drawn")
```

The configuration `drawn` has 60,000 and 10,000 digits of 28x28 pixels that a program drew: a table of shapes
that were set by hand, random hands that keep their shapes, slant, size and habits over twenty digits, and
MNIST's arrangement of the picture (the longer side 20 pixels, the centre of mass in the middle). No digit of
MNIXEL or of anybody else is in it, traced or fitted. It is given away under
[CC0](https://creativecommons.org/publicdomain/zero/1.0/).

| feature | what |
| --- | --- |
| `image`, `label` | the picture, white on black, and the digit |
| `allograph` | the name of its shape in the program's table |
| `hand` | the number of the hand that drew it; no hand is in both train and test |

"""


def add(out: Path, card: str | None = None, sizes: dict[str, int] = dataset.SIZES) -> str:
    """Build `drawn` in the dataset's folder `out`, and return the dataset's card with it.

    card: the card of the other configurations, or None if `drawn` is the dataset's first one.
    """
    dataset.build(out / dataset.CONFIG, sizes=sizes)
    if card is None:
        text = CARD.read_text(encoding="utf-8")
    else:
        text = card.replace("dataset_info:\n", f"{CONFIGURATION}dataset_info:\n", 1)
    return text.replace("## Limits\n", f"{SECTION}## Limits\n", 1)
