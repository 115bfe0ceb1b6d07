"""How far a figure would move with other patients: the bootstrap, and differences paired by it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.arrays import Bools, Floats

BOOTSTRAPS = 1000
_PARTS = 10  # of the resamples, one after the other: all at once, 20,000 records take 1.3 GB

Interval = tuple[float, float]
Ids = NDArray[np.int64]


def patient_weights(patient: Ids, *, bootstraps: int = BOOTSTRAPS, seed: int = 0) -> Floats:
    """How often each record is drawn when whole patients are: (bootstraps, records).

    Patients are resampled with all of their records, since those are alike.
    """
    if not len(patient):
        return np.empty((bootstraps, 0))
    _, index = np.unique(patient, return_inverse=True)
    count = int(index.max()) + 1
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(count, np.full(count, 1 / count), size=bootstraps)
    return drawn[:, index].astype(np.float64)


class Ranked:
    """Scores sorted once, so that a thousand reweighted areas cost one sort."""

    def __init__(self, score: Floats, label: Bools) -> None:
        self.order = np.argsort(score, kind="stable")
        ordered = score[self.order]
        self.label = label[self.order]
        new = np.r_[True, ordered[1:] != ordered[:-1]] if len(ordered) else np.array([], bool)
        self.starts = np.flatnonzero(new)  # of every run of tied scores, lowest score first

    def auroc(self, weight: Floats) -> Floats:
        """Areas under the ROC curve, ties counted half: (bootstraps, records) -> (bootstraps,)."""
        if not len(self.starts):
            return np.full(len(weight), np.nan)
        positive, negative = self._tied(weight)
        total = positive.sum(1) * negative.sum(1)
        below = np.cumsum(negative, axis=1) - negative / 2
        return _ratio((positive * below).sum(1), total)

    def average_precision(self, weight: Floats) -> Floats:
        """Areas under the steps of the precision-recall curve, as scikit-learn sums them."""
        if not len(self.starts):
            return np.full(len(weight), np.nan)
        found, false = self.caught(weight)
        called = found + false
        precision = np.divide(found, called, out=np.zeros_like(found), where=called > 0)
        positive = np.diff(found, axis=1, prepend=0)
        return _ratio((precision * positive).sum(1), positive.sum(1))

    def caught(self, weight: Floats) -> tuple[Floats, Floats]:
        """What each distinct score would catch as a threshold, highest first.

        Weight of the records that have the class and of those that do not: two of
        (bootstraps, distinct scores).
        """
        if not len(self.starts):
            return np.empty((len(weight), 0)), np.empty((len(weight), 0))
        positive, negative = (tied[:, ::-1] for tied in self._tied(weight))
        return np.cumsum(positive, axis=1), np.cumsum(negative, axis=1)

    def _tied(self, weight: Floats) -> tuple[Floats, Floats]:
        """Weight of the records that have the class and of those that do not, by tied score."""
        w = weight[:, self.order]
        positive: Floats = np.add.reduceat(w * self.label, self.starts, axis=1)
        negative: Floats = np.add.reduceat(w * ~self.label, self.starts, axis=1)
        return positive, negative


def auroc_draws(score: Floats, label: Bools, weight: Floats) -> Floats:
    """The area of every class on every resample: (classes, bootstraps), NaN where undefined."""
    parts = np.array_split(weight, _PARTS)
    ranked = [Ranked(score[:, k], label[:, k]) for k in range(label.shape[1])]
    return np.array([np.concatenate([one.auroc(part) for part in parts]) for one in ranked])


def macro(draws: Floats) -> Floats:
    """The mean over the classes of a resample, NaN left out: (classes, n) -> (n,)."""
    drawn = ~np.isnan(draws).all(axis=0)  # a resample of few may hold one class only
    means = np.full(draws.shape[1], np.nan)
    means[drawn] = np.nanmean(draws[:, drawn], axis=0)
    return means


def interval(draws: Floats) -> Interval:
    """The middle 95 % of a figure's resamples (percentile bootstrap); NaN where none has one."""
    drawn = draws[~np.isnan(draws)]
    if not drawn.size:
        return float("nan"), float("nan")
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


def intervals(draws: Floats) -> Floats:
    """``interval`` of many figures at once: (figures, resamples) -> (figures, low and high)."""
    found = np.empty((len(draws), 2))
    partly = np.isnan(draws).any(axis=1)
    found[~partly] = np.quantile(draws[~partly], [0.025, 0.975], axis=1).T
    for row in np.flatnonzero(partly):
        found[row] = interval(draws[row])
    return found


def macro_auroc_interval(score: Floats, label: Bools, patient: Ids, *, seed: int = 0) -> Interval:
    """95 % interval of the macro AUROC of (records, classes) scores, by patient."""
    return interval(macro(auroc_draws(score, label, patient_weights(patient, seed=seed))))


@dataclass(frozen=True, slots=True)
class Difference:
    """How much higher one model's figure is, with a 95 % interval paired by patient."""

    difference: float
    low: float
    high: float

    @classmethod
    def of(cls, figure: float, draws: Floats) -> "Difference":
        """The difference ``figure`` and what it was on every resample, (bootstraps,)."""
        return cls(figure, *interval(draws))


def _ratio(part: Floats, total: Floats) -> Floats:
    ratio: Floats = np.divide(part, total, out=np.full(len(part), np.nan), where=total > 0)
    return ratio
