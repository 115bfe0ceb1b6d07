"""From logits to probabilities, thresholds and a miss rate that holds: all fitted on 9a."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import OptimizeResult, minimize
from scipy.special import expit, log_expit
from scipy.stats import binom

from core.arrays import Bools, Floats
from core.ecg import SUPERCLASSES
from core.errors import TrainingError

MISS_RATE = 0.05  # of the records that have the class, how many may be ruled out wrongly
CONFIDENCE = 0.95  # with which that rate is certified
_FLAT = 1e-3  # a loss a record with no more slope than this is at its least


@dataclass(frozen=True, slots=True)
class Platt:
    """p = expit(slope * logit + offset) for each class; both (5,)."""

    slope: Floats
    offset: Floats

    def __call__(self, logits: NDArray[np.floating]) -> Floats:
        """Calibrated probabilities of (records, 5) logits."""
        p: Floats = expit(np.asarray(logits, dtype=np.float64) * self.slope + self.offset)
        return p


def fit_platt(logits: NDArray[np.floating], labels: Bools) -> Platt:
    """Fit Platt's sigmoid to every class of (records, 5) logits by maximum likelihood.

    Platt, "Probabilistic outputs for support vector machines" (1999), on the labels as they are,
    without the prior that he adds to them. The slope is kept positive, so that calibration never
    turns the ranking round. Raises TrainingError where there is no such sigmoid to be found.
    """
    fits = [
        _fit_sigmoid(name, logits[:, k], labels[:, k])
        for k, name in enumerate(SUPERCLASSES[: labels.shape[1]])
    ]
    return Platt(np.array([f[0] for f in fits]), np.array([f[1] for f in fits]))


def _fit_sigmoid(name: str, logit: NDArray[np.floating], label: Bools) -> tuple[float, float]:
    z = np.asarray(logit, dtype=np.float64)
    for middle, spread in ((0.0, 1.0), (z.mean(), z.std() or 1.0)):
        fit = _likeliest((z - middle) / spread, label)
        # it also gives up where rounding alone keeps it from the last digit
        if fit.success or np.abs(fit.jac).max() < _FLAT:
            slope = float(np.exp(fit.x[0]) / spread)
            return slope, float(fit.x[1] - slope * middle)
        # logits that lie close together or far off lead it astray: again, in their own unit
    raise TrainingError(
        f"{name} cannot be calibrated on 9a ({fit.message.rstrip('.')}): the log of the run "
        "tells whether it diverged; lower its learning rate"
    )


def _likeliest(z: Floats, label: Bools) -> OptimizeResult:
    """The logarithm of the slope, and the offset, with which the labels are most likely."""

    def loss(theta: Floats) -> float:
        margin = np.exp(theta[0]) * z + theta[1]
        return float(-np.mean(np.where(label, log_expit(margin), log_expit(-margin))))

    return minimize(loss, np.zeros(2), method="BFGS")


def best_f1_threshold(probability: Floats, label: Bools) -> float:
    """The threshold with the highest F1 on (records,), halfway between the two that it parts."""
    order = np.argsort(-probability, kind="stable")
    p, hits = probability[order], np.cumsum(label[order])
    called = np.arange(1, len(p) + 1)
    f1 = 2 * hits / (called + label.sum())
    f1[:-1][p[:-1] == p[1:]] = -1  # records of equal probability are called together
    best = int(np.argmax(f1))
    below = p[best + 1] if best + 1 < len(p) else 0.0
    return float((p[best] + below) / 2)


def rule_out_threshold(
    probability: Floats,
    label: Bools,
    *,
    miss_rate: float = MISS_RATE,
    confidence: float = CONFIDENCE,
) -> float | None:
    """The highest probability below which the class may be called absent, or None.

    Of the records that have the class, at most ``miss_rate`` lie below it, with the given
    confidence: Learn-then-Test with a binomial p-value and fixed-sequence testing from 0
    upwards (Angelopoulos et al., 2021, https://arxiv.org/abs/2110.01052). It takes the records
    for independent draws that nothing else was chosen on; those of one patient and the choice of
    the best epoch make it somewhat less sure. How many of other records are ruled out though they
    have the class, 'trustecg evaluate' counts; the misses on the card are another thing, those
    below the threshold of the call, which is never lower. None where the positives are too few to
    certify any threshold.
    """
    positives = np.sort(probability[label])
    n = len(positives)
    certified = None
    for missed in range(n):  # a threshold at the k-th positive rules k of them out
        if binom.cdf(missed, n, miss_rate) > 1 - confidence:
            break
        certified = float(positives[missed])
    return certified
