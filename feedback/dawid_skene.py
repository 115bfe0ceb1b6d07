"""What is most likely true, when readers of unknown quality overlap: Dawid-Skene by EM.

Dawid and Skene, "Maximum likelihood estimation of observer error-rates using the EM algorithm",
Journal of the Royal Statistical Society C 28 (1979). Readers are taken to err independently of
each other, given the truth: where hard records are hard for all of them, it is too sure.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from core.arrays import Floats

_TOLERANCE = 1e-7  # of the posteriors, between two rounds
_MOST_ROUNDS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """What EM came to."""

    posterior: Floats  # (records, categories): how likely each is the truth
    prevalence: Floats  # (categories,)
    error: Floats  # (readers, true category, answer): how often each answers what
    rounds: int
    converged: bool


def dawid_skene(counts: csr_array, categories: int, *, smoothing: float = 0.0) -> Fit:
    """Fit to counts (records, readers * categories): how often a reader gave a record an answer.

    A reader's categories are columns side by side. The counts are sparse since few of a hundred
    readers have read one record. ``smoothing`` is added to every cell of the error rates, so that
    a reader of few records is not taken to be infallible; 0 is the method as published. The first
    guess is how often each answer was given, as in the paper.
    """
    readers = counts.shape[1] // categories
    given: Floats = counts @ np.tile(np.eye(categories), (readers, 1))
    posterior = given / np.maximum(given.sum(1, keepdims=True), 1)
    moved, rounds = np.inf, 0
    while moved > _TOLERANCE and rounds < _MOST_ROUNDS:
        prevalence, error = _maximise(counts, posterior, smoothing)
        before, posterior = posterior, _expect(counts, prevalence, error)
        moved, rounds = float(np.abs(posterior - before).max(initial=0)), rounds + 1
    return Fit(
        posterior=posterior,
        prevalence=prevalence,
        error=error,
        rounds=rounds,
        converged=moved <= _TOLERANCE,
    )


def _maximise(counts: csr_array, posterior: Floats, smoothing: float) -> tuple[Floats, Floats]:
    """Equations 2.3 and 2.4: error rates and prevalence, were the posteriors the truth."""
    prevalence: Floats = posterior.mean(0)
    categories = len(prevalence)
    answered: Floats = counts.T @ posterior  # (readers * answers, true categories)
    error = answered.reshape(-1, categories, categories).transpose(0, 2, 1) + smoothing
    total = error.sum(2, keepdims=True)
    even = np.full_like(error, 1 / categories)  # of a category that a reader never met
    return prevalence, np.divide(error, total, out=even, where=total > 0)


def _expect(counts: csr_array, prevalence: Floats, error: Floats) -> Floats:
    """Equation 2.5: the posteriors, were prevalence and error rates known."""
    with np.errstate(divide="ignore"):
        log_error, log_prevalence = np.log(error), np.log(prevalence)
    # 0 times the logarithm of 0 is 0 here: an answer that was not given says nothing
    finite = np.maximum(log_error, -1e9)
    by_answer = finite.transpose(0, 2, 1).reshape(-1, len(prevalence))
    likelihood: Floats = log_prevalence + counts @ by_answer
    likelihood -= likelihood.max(1, keepdims=True)
    joint = np.exp(likelihood)
    posterior: Floats = joint / joint.sum(1, keepdims=True)
    return posterior
