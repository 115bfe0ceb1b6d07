"""How good a model is: discrimination, calibration and errors, with intervals by patient."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

from core.calibration import Bools, Floats
from core.ecg import SUPERCLASSES, Superclass

BOOTSTRAPS = 1000
ECE_BINS = 15
_PARTS = 10  # of the resamples, one after the other: all at once, 20,000 records take 1.3 GB


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Figures on the labelled records of a set.

    AUROC is NaN for a class that all or none of them have; F1 of a class that none of them has is
    0 if it is called all the same, else NaN. A mean leaves NaN out.
    """

    n: int  # records that the model scored
    n_labelled: int  # of these, the ones with at least one superclass: all figures are on them
    n_refused: int  # records that the quality gate kept from the model
    macro_auroc: float
    macro_auroc_ci: tuple[float, float]  # 95 %, bootstrap by patient
    auroc: dict[Superclass, float]
    f1: dict[Superclass, float]
    macro_f1: float
    ece: dict[Superclass, float]
    thresholds: dict[Superclass, float]


def evaluate(
    probability: Floats,
    label: Bools,
    patient: NDArray[np.int64],
    thresholds: Floats,
    *,
    refused: int = 0,
    seed: int = 0,
) -> Evaluation:
    """Evaluate (records, 5) probabilities against labels; ``patient`` is (records,) of their ids.

    ``thresholds`` (5,) are those from which a class is called.
    """
    counted = label.any(axis=1)
    p, y, who = probability[counted], label[counted], patient[counted]
    called = p >= thresholds
    f1 = _by_class(lambda k: f1_score(called[:, k], y[:, k]))
    area = _by_class(lambda k: auroc(p[:, k], y[:, k]))
    return Evaluation(
        n=len(label),
        n_labelled=len(y),
        n_refused=refused,
        macro_auroc=_mean(area),
        macro_auroc_ci=macro_auroc_interval(p, y, who, seed=seed),
        auroc=area,
        f1=f1,
        macro_f1=_mean(f1),
        ece=_by_class(lambda k: expected_calibration_error(p[:, k], y[:, k])),
        thresholds=_by_class(lambda k: float(thresholds[k])),
    )


def auroc(score: Floats, label: Bools, weight: Floats | None = None) -> float:
    """Area under the ROC curve of (records,) scores, ties counted half; NaN for one class only.

    ``weight`` counts a record several times or not at all, as a bootstrap does.
    """
    weight = np.ones(len(score)) if weight is None else weight
    return float(_Ranked(score, label).auroc(weight[None])[0])


def macro_auroc_interval(
    score: Floats, label: Bools, patient: NDArray[np.int64], *, seed: int = 0
) -> tuple[float, float]:
    """95 % interval of the macro AUROC of (records, 5) scores: the percentile bootstrap.

    Patients are resampled with all of their records, since those are alike.
    """
    if not len(label):
        return float("nan"), float("nan")
    weight = patient_weights(patient, seed=seed)
    parts = np.array_split(weight, _PARTS)
    ranked = [_Ranked(score[:, k], label[:, k]) for k in range(label.shape[1])]
    areas = np.array([np.concatenate([one.auroc(part) for part in parts]) for one in ranked])
    drawn = areas[:, ~np.isnan(areas).all(axis=0)]  # a resample of few may hold one class only
    if not drawn.size:
        return float("nan"), float("nan")
    low, high = np.quantile(np.nanmean(drawn, axis=0), [0.025, 0.975])
    return float(low), float(high)


def patient_weights(
    patient: NDArray[np.int64], *, bootstraps: int = BOOTSTRAPS, seed: int = 0
) -> Floats:
    """How often each record is drawn when whole patients are: (bootstraps, records)."""
    _, index = np.unique(patient, return_inverse=True)
    count = int(index.max()) + 1
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(count, np.full(count, 1 / count), size=bootstraps)
    return drawn[:, index].astype(np.float64)


class _Ranked:
    """Scores sorted once, so that a thousand reweighted areas cost one sort."""

    def __init__(self, score: Floats, label: Bools) -> None:
        self.order = np.argsort(score, kind="stable")
        ordered = score[self.order]
        self.label = label[self.order]
        new = np.r_[True, ordered[1:] != ordered[:-1]] if len(ordered) else np.array([], bool)
        self.starts = np.flatnonzero(new)

    def auroc(self, weight: Floats) -> Floats:
        """Areas under (bootstraps, records) weights: (bootstraps,)."""
        w = weight[:, self.order]
        positive, negative = w * self.label, w * ~self.label
        total = positive.sum(1) * negative.sum(1)
        if not len(self.starts):
            return np.full(len(weight), np.nan)
        tied_positive = np.add.reduceat(positive, self.starts, axis=1)
        tied_negative = np.add.reduceat(negative, self.starts, axis=1)
        below = np.cumsum(tied_negative, axis=1) - tied_negative / 2
        won = (tied_positive * below).sum(1)
        areas: Floats = np.divide(won, total, out=np.full(len(weight), np.nan), where=total > 0)
        return areas


def f1_score(called: Bools, label: Bools) -> float:
    """Harmonic mean of precision and recall; NaN where nothing is called and nothing is there."""
    total = int(called.sum() + label.sum())
    return 2 * int((called & label).sum()) / total if total else float("nan")


def expected_calibration_error(probability: Floats, label: Bools, bins: int = ECE_BINS) -> float:
    """Mean |observed - predicted| over equal-width bins, weighted by their records.

    Naeini et al., AAAI 2015, for one class against the rest.
    """
    if not len(label):
        return float("nan")
    which = np.minimum((probability * bins).astype(int), bins - 1)
    gap = np.bincount(which, weights=label - probability, minlength=bins)
    return float(np.abs(gap).sum() / len(label))


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of records with its exact 95 % interval (Clopper and Pearson, 1934)."""

    count: int
    of: int
    low: float
    high: float

    @classmethod
    def of_counts(cls, count: int, of: int) -> "Rate":
        """The share ``count / of``; the interval is [0, 1] where there is nothing to count."""
        low = float(beta.ppf(0.025, count, of - count + 1)) if count else 0.0
        high = float(beta.ppf(0.975, count + 1, of - count)) if count < of else 1.0
        return cls(count, of, low, high)


def _by_class(figure: Callable[[int], float]) -> dict[Superclass, float]:
    return {name: figure(k) for k, name in enumerate(SUPERCLASSES)}


def _mean(figures: dict[Superclass, float]) -> float:
    values = np.array(list(figures.values()))
    return float(np.nanmean(values)) if not np.isnan(values).all() else float("nan")
