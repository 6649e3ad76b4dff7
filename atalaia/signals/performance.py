"""Performance: how good a model's answers were, now that their labels are known. Pure functions of what profiles keep.

Rates are shares, 0 to 1. Where a definition divides by zero there is no number: None, never NaN or infinity. The rows
that a value rests on are those that it is a share of; of a mean over classes, as many as make its error no larger than
that of a share: the number of classes times the rows of the smallest.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Collection

import numpy as np

from atalaia.monitor_answers import CLASS_METRICS, NUMBER_METRICS
from atalaia.profile import NumericSummary
from atalaia.profile.answers import MOST_CLASSES, STEP, ClassAnswers, NumberAnswers
from atalaia.signals.quality import Measured, share

_POSITIVES = {"0": "1", "1": "1", "false": "true", "true": "true"}
_ROOT_BITS = 64

MOST_UNKNOWN = 0.1
"""Of an area whose bounds are further apart nothing is said."""


def positive_of(classes: Collection[str]) -> str | None:
    """Return which class is the positive one: `1` of 0 and 1, `true` of false and true; None where none is told.

    Example:
        >>> positive_of(["false", "true"]), positive_of(["0"]), positive_of(["no", "yes"])
        ('true', '1', None)
    """
    positives = {_POSITIVES.get(name) for name in classes}
    return positives.pop() if len(positives) == 1 else None


def measure_classes(answers: ClassAnswers, positive: str | None) -> dict[str, Measured]:
    """Measure predicted classes.

    Args:
        answers: What is kept of them.
        positive: The class that precision, recall and F1 are about; None for the plain mean over all classes that occur
            as label or prediction, where a class without predictions has precision 0, one without labels recall 0.

    Returns:
        `accuracy`, the share of rows that are right; `precision`, of those predicted so; `recall`, of those labelled
        so; `f1`, the harmonic mean of the two. The last three of a mean over more than `MOST_CLASSES` have no value.

    Source: van Rijsbergen (1979), "Information retrieval"; means over classes as scikit-learn has them (`macro`).
    """
    measured = {"accuracy": share(answers.right, answers.rows)}
    if positive is not None:
        right, labelled, predicted = answers.classes.get(positive, (0, 0, 0))
        harmonic = 2 * right / (labelled + predicted) if labelled + predicted else None
        one = {"precision": share(right, predicted), "recall": share(right, labelled)}
        return measured | one | {"f1": Measured(harmonic, labelled)}
    return measured | _means(answers)


def _means(answers: ClassAnswers) -> dict[str, Measured]:
    if not answers.classes or len(answers.classes) > MOST_CLASSES:
        return dict.fromkeys(CLASS_METRICS[1:], Measured(None, answers.rows))
    right, labelled, predicted = np.array(list(answers.classes.values()), np.int64).T
    many = len(right)
    rates = {
        "precision": (right / np.maximum(predicted, 1), predicted),
        "recall": (right / np.maximum(labelled, 1), labelled),
        "f1": (2 * right / (labelled + predicted), labelled),
    }
    return {name: Measured(float(each.mean()), many * int(rows.min())) for name, (each, rows) in rates.items()}


def measure_numbers(answers: NumberAnswers) -> dict[str, Measured]:
    """Measure predicted numbers.

    Returns:
        `mean_absolute_error` and `root_mean_square_error` in the label's unit, from 0; `r_squared`, 1 less the mean
        squared error over the variance of the labels: at most 1, None where all labels are the same.
    """
    rows = answers.rows
    if not rows:
        return dict.fromkeys(NUMBER_METRICS, Measured(None, 0))
    root = math.isqrt((answers.squares << 2 * _ROOT_BITS) // rows)
    spread = rows * answers.label_squares - answers.labels**2
    values = {
        "mean_absolute_error": answers.absolute / (rows << -STEP),
        "root_mean_square_error": root / (1 << _ROOT_BITS - STEP),
        "r_squared": _ratio(spread - rows * answers.squares, spread) if spread else None,
    }
    return {name: Measured(value, rows) for name, value in values.items()}


def _ratio(part: int, whole: int) -> float:
    """Return the share of a positive whole; the least float where errors are so much larger that there is none."""
    try:
        return part / whole
    except OverflowError:
        return -sys.float_info.max


def measure_scores(negatives: NumericSummary, positives: NumericSummary) -> tuple[Measured, tuple[float, float]]:
    """Measure how well a score tells positive rows from negative ones, by the area under the ROC curve.

    The probability that a positive row scores higher than a negative one, equal scores counting half: 1 if it tells all
    of them apart, 0.5 if none. Exact but for pairs within one cell of the grid, which count half, too.

    Args:
        negatives: Scores of the rows with a negative label.
        positives: Scores of those with a positive one, on the same grid.

    Returns:
        The area, None where too many scores lie in one cell to tell, and bounds on the exact one. It rests on the rows
        of the smaller side.

    Source: Hanley and McNeil (1982), "The meaning and use of the area under a receiver operating characteristic curve".
    """
    rows = min(negatives.finite, positives.finite)
    if not rows:
        return Measured(None, 0), (0.0, 1.0)
    p, q = negatives.cells / negatives.finite, positives.cells / positives.finite
    area = float((q * (np.cumsum(p) - p / 2)).sum())
    unknown = float((p[::2] * q[::2]).sum()) / 2
    value = min(max(area, 0.0), 1.0) if 2 * unknown <= MOST_UNKNOWN else None
    return Measured(value, rows), (max(area - unknown, 0.0), min(area + unknown, 1.0))
