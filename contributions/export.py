"""Exports drawings as MNIXEL's own archive and as parquet."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from typing import BinaryIO

import numpy as np

from contributions.rows import Drawing

DIGITS = list("0123456789")
TEXTS = ("strokes", "writer", "source", "licence", "day")
# The columns as `datasets` reads them.
FEATURES = {
    "image": {"_type": "Image"},
    "label": {"names": DIGITS, "_type": "ClassLabel"},
    **{name: {"dtype": "string", "_type": "Value"} for name in TEXTS},
}


def npz(drawings: Iterable[Drawing]) -> bytes:
    """`MNIST.npz` as MNIXEL writes it: `X` float64 (n, 28, 28) 0..255, `y` int32 (n,)."""
    digits = [(int(drawing.label), drawing.image) for drawing in drawings]
    levels = np.frombuffer(b"".join(image for _, image in digits), dtype=np.uint8).reshape(-1, 28, 28)
    labels, file = np.array([label for label, _ in digits], dtype=np.int32), io.BytesIO()
    np.savez_compressed(file, X=levels.astype("<f8"), y=labels)
    return file.getvalue()


def write_parquet(drawings: Iterable[Drawing], file: BinaryIO) -> int:
    """Write a `contributed` split, without receipts and times of day; returns how many rows."""
    import pyarrow
    from pyarrow import parquet

    image = pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])
    columns = [("image", image), ("label", pyarrow.int64()), *((name, pyarrow.string()) for name in TEXTS)]
    schema = pyarrow.schema(columns, metadata={"huggingface": json.dumps({"info": {"features": FEATURES}})})
    table = pyarrow.Table.from_pylist([_row(drawing) for drawing in drawings], schema)
    parquet.write_table(table, file, use_dictionary=False)
    return len(table)


def _row(drawing: Drawing) -> dict:
    """One row of the parquet file."""
    from PIL import Image

    png = io.BytesIO()
    Image.frombytes("L", (28, 28), drawing.image).save(png, "PNG")
    return {
        "image": {"bytes": png.getvalue(), "path": None},
        "label": int(drawing.label),
        "strokes": json.dumps(drawing.strokes, separators=(",", ":")),
        "writer": drawing.writer,
        "source": drawing.source,
        "licence": drawing.licence,
        "day": drawing.utc[:10],
    }
