"""The MNIXEL digits: found or downloaded, checked, and given as arrays or as a Hugging Face dataset.

    from data import arrays, load

    x_train, y_train, x_test, y_test = arrays("clean")   # numpy, (270, 28, 28) and (116, 28, 28)
    load("raw")["test"][0]                               # {"image": <PIL image 28x28>, "label": 8}

`python -m data --help` lists the commands.
"""

from .archives import CONFIGS, DataError
from .mnixel import Arrays, arrays, contributed, load

__all__ = ["CONFIGS", "Arrays", "DataError", "arrays", "contributed", "load"]
