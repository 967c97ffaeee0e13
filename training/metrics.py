"""Metrics of a classifier: right/total with an interval, recall per digit, confusion matrix, calibration."""

import math

import numpy as np

DIGITS = 10


def wilson(right: int, total: int) -> tuple[float, float]:
    """The 95 % score interval (Wilson 1927) of right/total: two shares in 0..1."""
    if total == 0:
        return 0.0, 1.0
    share, z = right / total, 1.96
    middle = share + z * z / (2 * total)
    spread = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


def counted(right: int, total: int) -> dict:
    """`right` of `total` with the 95 % Wilson interval."""
    return {"right": right, "total": total, "interval": list(wilson(right, total))}


def confusion(truth: np.ndarray, guess: np.ndarray) -> np.ndarray:
    """Counts (10, 10): a row for each true digit, a column for each answer."""
    matrix = np.zeros((DIGITS, DIGITS), dtype=np.int64)
    np.add.at(matrix, (truth, guess), 1)
    return matrix


def recall(matrix: np.ndarray | list[list[int]]) -> list[float | None]:
    """The share of each digit that was read right, from a confusion matrix; None for a missing digit."""
    matrix = np.asarray(matrix)
    totals = matrix.sum(axis=1)
    return [float(matrix[d, d] / totals[d]) if totals[d] else None for d in range(len(matrix))]


def reliability(truth: np.ndarray, probabilities: np.ndarray) -> list[tuple[int, float, float]]:
    """Bins of confidence, at most 15: (number of answers, their mean confidence, the share that is right)."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    index = np.minimum((confidence * 15).astype(int), 14)
    inside = [index == b for b in np.unique(index)]
    return [(int(i.sum()), float(confidence[i].mean()), float(right[i].mean())) for i in inside]


def calibration_error(bins: list[tuple[int, float, float]]) -> float:
    """Expected calibration error in 0..1 (Guo et al. 2017), from the bins of `reliability`."""
    total = sum(count for count, _, _ in bins)
    return sum(count / total * abs(right - confidence) for count, confidence, right in bins)


def summary(truth: np.ndarray, probabilities: np.ndarray) -> dict:
    """All these metrics of probabilities (N, 10) for labels (N,), as plain numbers for metrics.json."""
    guess = probabilities.argmax(axis=1)
    right, total = int((guess == truth).sum()), len(truth)
    matrix = confusion(truth, guess)
    return {
        **counted(right, total),
        "accuracy": right / total,
        "recall": recall(matrix),
        "confusion": matrix.tolist(),
        "calibration_error": calibration_error(reliability(truth, probabilities)),
    }


def describe(result: dict) -> str:
    """One line for readers: `115/116 = 99.1 % (95 % interval 95.3 to 99.8)`."""
    low, high = result["interval"]
    return (
        f"{result['right']}/{result['total']} = {100 * result['right'] / result['total']:.1f} % "
        f"(95 % interval {100 * low:.1f} to {100 * high:.1f})"
    )
