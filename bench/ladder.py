"""The README's ladder: what each change is worth on MNIXEL's 116 test images, in misses over several seeds.

    python -m bench.ladder                   run every rung, five seeds each, and rewrite the table
    python -m bench.ladder ours upstream     run these rungs again and keep the others as they were measured
    python -m bench.ladder --read ...        take what `python train.py` has left behind instead of running it

With FREEHAND_DIR set, each network is also shown the strangers' digits of bench.accuracy. A rung is one command, which stands beside it; docs/ladder.json keeps what was measured.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
STORE, README = ROOT / "docs" / "ladder.json", ROOT / "README.md"
BEGIN, END = "<!-- ladder: written by python -m bench.ladder -->", "<!-- /ladder -->"

RUNGS = {
    "nearest-pixels": ("1-nearest-neighbour on the pixels as they are", 1),
    "nearest-normalised": ("1-nearest-neighbour after our preprocessing", 1),
    "upstream": ("upstream's network, preprocessing and recipe", 5),
    "mnixel-only": ("our network on MNIXEL alone, normalised and augmented", 3),
    "drawn-only": ("our network on drawn digits alone, no MNIXEL", 3),
    "quick": ("our network on both, in three minutes", 3),
    "ours": ("our network on both: what ships", 10),
}


def command(recipe: str) -> list[str]:
    """The arguments of train.py that measure a rung."""
    seeds = RUNGS[recipe][1]
    return ["--recipe", recipe, *(["--seeds", str(seeds)] if seeds > 1 else [])]


def measure(recipe: str, read: bool) -> dict:
    """Run a rung's command (or read what it left behind) and return what the table needs."""
    out = ROOT / "runs" / recipe
    if read and recipe == "ours":
        out = ROOT / "weights"  # where train.py leaves the shipped network
    if not read:
        subprocess.run([sys.executable, "train.py", *command(recipe), "--out", str(out)], cwd=ROOT, check=True)
    report = json.loads((out / "metrics.json").read_text())
    seeds = RUNGS[recipe][1]
    if (report["recipe"], report.get("test_set"), len(report["seeds"])) != (recipe, "MNIXEL test", seeds):
        sys.exit(
            f"{out} holds no {recipe} on MNIXEL's test images with {seeds} seeds: python train.py {' '.join(command(recipe))}"
        )
    row = {"rights": list(report["seeds"].values()), "total": report["test"]["total"], "seconds": report["seconds"]}
    if (right := strangers(out)) is not None:
        row["strangers"] = right
    return row


def strangers(out: Path) -> list[int] | None:
    """Right and total of the network in `out` on strangers' digits at natural sizes; None without a network or their strokes."""
    from bench import freehand, readers, sets
    from model import DigitCNN

    if freehand.folder() is None:
        return None
    if (out / "config.json").is_file():
        read = readers.our_reader(DigitCNN.from_pretrained(out))
    else:
        read = readers.upstream_reader(out)
    if read is None:
        return None
    pictures, labels, _ = sets.pendigits(freehand.folder(), freehand.NATURAL)
    return [int((read(pictures)[0].argmax(1) == labels).sum()), len(labels)]


def table(store: dict) -> str:
    """The ladder as a Markdown table, lowest rung first."""
    lines = [
        "| rung | misses of 116, mean over seeds | each seed | strangers, first seed | command |",
        "| --- | ---: | --- | ---: | --- |",
    ]
    for recipe, (title, _) in RUNGS.items():
        if recipe in store:
            row = store[recipe]
            misses = [row["total"] - right for right in row["rights"]]
            mean = sum(misses) / len(misses)
            each = ", ".join(map(str, misses)) if len(misses) > 1 else "nothing random"
            right, total = row.get("strangers", (0, 0))
            others = f"{100 * right / total:.1f} %" if total else ""
            lines.append(
                f"| {title} | {mean:.2g} | {each} | {others} | `python train.py {' '.join(command(recipe))}` |"
            )
    return "\n".join(lines)


def between(text: str, begin: str, end: str, new: str) -> str:
    """`text` with what stands between the lines `begin` and `end` replaced."""
    head, rest = text.split(begin)
    return f"{head}{begin}\n\n{new}\n\n{end}{rest.split(end)[1]}"


def main() -> None:
    """Measure the named rungs, or all, and rewrite the README's table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("recipes", nargs="*", metavar="RUNG", help=f"one of {', '.join(RUNGS)} (default: all)")
    parser.add_argument("--read", action="store_true", help="read what train.py left behind instead")
    options = parser.parse_args()
    if unknown := set(options.recipes) - set(RUNGS):
        parser.error(f"there is no rung {', '.join(sorted(unknown))}")
    store = json.loads(STORE.read_text()) if STORE.exists() else {}
    for recipe in options.recipes or RUNGS:
        store[recipe] = measure(recipe, options.read)
        STORE.write_text(json.dumps(store, indent=1) + "\n")
    README.write_text(between(README.read_text(), BEGIN, END, table(store)))
    print(table(store))


if __name__ == "__main__":
    main()
