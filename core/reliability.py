"""Whether probabilities mean what they say: of records given 0.3, three in ten have the class."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.arrays import Bools, Floats
from core.rates import Rate

ECE_BINS = 15
_DRAWS = 200


@dataclass(frozen=True, slots=True)
class Bin:
    """Records of similar probability: what was predicted of them and what was observed."""

    predicted: float  # mean probability
    observed: float  # share that has the class
    n: int
    low: float  # exact 95 % interval of ``observed``
    high: float
    left: float  # the probabilities that it holds, from ``left`` to below ``right``
    right: float


def reliability_bins(probability: Floats, label: Bools, bins: int = ECE_BINS) -> list[Bin]:
    """The bins of equal width that hold any record, lowest first."""
    which = _bin_of(probability, bins)
    return [
        _bin(probability[which == k], label[which == k], (k / bins, (k + 1) / bins))
        for k in np.unique(which).tolist()
    ]


def expected_calibration_error(probability: Floats, label: Bools, bins: int = ECE_BINS) -> float:
    """Mean |observed - predicted| over equal-width bins, weighted by their records.

    Naeini et al., AAAI 2015, for one class against the rest.
    """
    if not len(label):
        return float("nan")
    gap = np.bincount(_bin_of(probability, bins), weights=label - probability, minlength=bins)
    return float(np.abs(gap).sum() / len(label))


def ece_floor(probability: Floats, bins: int = ECE_BINS, *, seed: int = 0) -> float:
    """The error that honest probabilities would show on as many records, by sampling alone.

    The mean over labels drawn from the probabilities themselves. An error near it is noise; only
    what lies above it speaks of the calibration.
    """
    rng = np.random.default_rng(seed)
    errors = [
        expected_calibration_error(probability, rng.random(len(probability)) < probability, bins)
        for _ in range(_DRAWS)
    ]
    return float(np.mean(errors))


def brier(probability: Floats, label: Bools) -> float:
    """Mean squared distance of the probability from what was there (Brier, 1950)."""
    return float(np.mean((probability - label) ** 2)) if len(label) else float("nan")


def _bin_of(probability: Floats, bins: int) -> NDArray[np.int64]:
    return np.minimum((probability * bins).astype(np.int64), bins - 1)


def _bin(probability: Floats, label: Bools, edges: tuple[float, float]) -> Bin:
    rate = Rate.of_counts(int(label.sum()), len(label))
    return Bin(float(probability.mean()), rate.value, rate.of, rate.low, rate.high, *edges)
