"""What a threshold buys: ROC and precision-recall curves, and where the shipped one lies."""

from dataclasses import dataclass

import numpy as np

from core.arrays import Bools, Floats
from core.resampling import Ranked


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A curve with one point a distinct probability, as the threshold falls."""

    x: Floats
    y: Floats
    at: tuple[float, float] | None  # where the threshold in use lies; None: it has no such point


def roc_curve(probability: Floats, label: Bools, threshold: float) -> Curve:
    """False against true positive rates of (records,) probabilities, from (0, 0) to (1, 1)."""
    true, false, calls = _caught(probability, label, threshold)
    x = np.r_[0, false] / max(int((~label).sum()), 1)
    y = np.r_[0, true] / max(int(label.sum()), 1)
    return Curve(x, y, (float(x[calls]), float(y[calls])))


def precision_recall_curve(probability: Floats, label: Bools, threshold: float) -> Curve:
    """Recall against precision; it begins at recall 0 with the precision of the first point.

    A threshold that nothing reaches has no precision, hence no point.
    """
    true, false, calls = _caught(probability, label, threshold)
    recall, precision = true / max(int(label.sum()), 1), true / (true + false)
    at = (float(recall[calls - 1]), float(precision[calls - 1])) if calls else None
    start = np.zeros(min(len(recall), 1))
    return Curve(np.r_[start, recall], np.r_[precision[:1], precision], at)


def _caught(probability: Floats, label: Bools, threshold: float) -> tuple[Floats, Floats, int]:
    """True and false calls of each distinct probability, and how many of them are called."""
    true, false = Ranked(probability, label).caught(np.ones((1, len(label))))
    return true[0], false[0], len(np.unique(probability[probability >= threshold]))
