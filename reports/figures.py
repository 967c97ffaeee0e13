"""Charts: confusion matrix, learning curve and the network's layers, drawn by matplotlib from weights/."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402

ORANGE, DARK, PALE = "#e2572b", "#27272a", "#f4d9cf"


def confusion(test: dict, path: Path) -> None:
    """The confusion matrix of a report's `test` part, counts written in."""
    matrix = np.array(test["confusion"])
    figure, axes = plt.subplots(figsize=(4.6, 4.6))
    axes.imshow(np.sqrt(matrix), cmap="Oranges")
    for (row, column), count in np.ndenumerate(matrix):
        if count:
            axes.text(
                column, row, count, ha="center", va="center", fontsize=9, color="white" if count > 6 else DARK
            )
    axes.set(xticks=range(10), yticks=range(10), xlabel="answered", ylabel="drawn")
    axes.set_title(f"MNIXEL test: {test['right']}/{test['total']} right", fontsize=11)
    save(figure, path)


def learning_curve(history: list[dict], best: int, path: Path) -> None:
    """Training and validation loss of every round, and the round whose weights were kept."""
    rounds = np.arange(1, len(history) + 1)
    figure, axes = plt.subplots(figsize=(6, 3.4))
    axes.semilogy(rounds, [r["training_loss"] for r in history], color=DARK, label="training")
    axes.semilogy(rounds, [r["validation_loss"] for r in history], color=ORANGE, label="validation")
    axes.axvline(best + 1, color=ORANGE, linewidth=0.8, linestyle=":", label="weights kept")
    axes.set(xlabel="round", ylabel="cross-entropy")
    axes.legend(frameon=False, fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    save(figure, path)


def network(weights: Path, path: Path) -> None:
    """The layers as boxes, with the shapes and parameters that the network itself reports."""
    import torch
    from matplotlib.patches import FancyBboxPatch

    from model import DigitCNN

    net = DigitCNN.from_pretrained(weights)
    steps, shape = [("input", (1, 28, 28), 0)], torch.zeros(1, 1, 28, 28)
    layers = [*net.features, net.dropout, net.dense]
    number = 0
    while number < len(layers):
        layer = layers[number]
        parts = layers[number : number + 3] if type(layer) is torch.nn.Conv2d else [layer]
        for part in parts:
            shape = part(shape)
        name = {
            "Conv2d": "conv 3x3\nbatch norm\nReLU",
            "MaxPool2d": "max pool 2",
            "AdaptiveAvgPool2d": f"averages of\n{net.config.places}x{net.config.places} places",
            "Flatten": "",
            "Dropout": f"dropout {net.config.dropout:g}",
            "Linear": "dense\nsoftmax",
        }[type(layer).__name__]
        if name:
            steps.append(
                (name, tuple(shape.shape[1:]), sum(p.numel() for q in parts for p in q.parameters()))
            )
        number += len(parts)

    figure, axes = plt.subplots(figsize=(12, 2.6))
    for x, (name, size, parameters) in enumerate(steps):
        side = size[-1] if len(size) == 3 else 1
        height = 0.45 + 1.25 * side / 28
        colour = ORANGE if parameters else PALE
        axes.add_patch(
            FancyBboxPatch(
                (x - 0.4, -height / 2), 0.8, height, boxstyle="round,pad=0.03", fc=colour, ec="none"
            )
        )
        axes.text(x, 0, name, ha="center", va="center", fontsize=7.5, color="white" if parameters else DARK)
        squeezed = [n for n in size if n > 1] if len(size) == 3 and size[-1] == 1 else size
        axes.text(x, 1.12, "x".join(map(str, squeezed)), ha="center", fontsize=8, color=DARK)
        if parameters:
            axes.text(x, -1.2, f"{parameters:,}", ha="center", fontsize=8, color=DARK)
    total = sum(p.numel() for p in net.parameters())
    axes.text(-0.6, 1.12, "shape", ha="right", fontsize=8, color=DARK)
    axes.text(-0.6, -1.2, f"parameters ({total:,})", ha="right", fontsize=8, color=DARK)
    axes.set(xlim=(-1.6, len(steps) - 0.4), ylim=(-1.45, 1.35))
    axes.axis("off")
    save(figure, path)


def save(figure, path: Path) -> None:
    """Write a PNG without the date and version that would change it each time."""
    figure.savefig(path, dpi=130, bbox_inches="tight", metadata={"Software": None})
    plt.close(figure)
