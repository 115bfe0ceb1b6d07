"""The last layer alone, taught on frozen features: quick enough to be taught hundreds of times.

One logistic regression a class, and what it could as well believe: its posterior as a Gaussian
(Laplace's approximation), which was found better here than dropout
(``docs/decisions/0002-uncertainty-from-calibrated-calls.md``).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_expit
from scipy.stats import norm

from core.arrays import Bools, Floats

DIRECTIONS = 64  # of the features that a small last layer sees
_ROUNDS = 25  # of Newton's method, most of which are never needed
_ENOUGH = 1e-4  # change of a weight


@dataclass(frozen=True, slots=True)
class Projection:
    """Features turned to their main directions, and scaled: what a small last layer can take."""

    mean: Floats  # (F,)
    scale: Floats  # (F,)
    direction: Floats  # (F, D)
    length: float

    @classmethod
    def of(cls, features: NDArray[np.floating], directions: int) -> "Projection":
        """Fit to (N, F) features; no label is looked at."""
        x = np.asarray(features, dtype=np.float64)
        mean, scale = x.mean(0), np.maximum(x.std(0), 1e-9)
        x = (x - mean) / scale
        _, vectors = np.linalg.eigh(x.T @ x)
        direction = vectors[:, ::-1][:, :directions]
        length = float(np.sqrt(np.mean((x @ direction) ** 2)))
        return cls(mean, scale, direction, length)

    def __call__(self, features: NDArray[np.floating]) -> Floats:
        """(N, F) -> (N, D + 1), a mean square of 1 and a constant."""
        x = (np.asarray(features, dtype=np.float64) - self.mean) / self.scale
        turned: Floats = np.c_[x @ self.direction / self.length, np.ones(len(x))]
        return turned


@dataclass(frozen=True, slots=True)
class LastLayer:
    """Logistic regressions on (N, D + 1) features, the last of which is constant."""

    weight: Floats  # (classes, D + 1)
    covariance: Floats  # (classes, D + 1, D + 1) of the weights, by Laplace's approximation

    @classmethod
    def teach(
        cls, features: Floats, label: Bools, *, penalty: float, start: "LastLayer | None" = None
    ) -> "LastLayer":
        """Fit every class by Newton's method, with ``penalty`` / 2 on the square of each weight.

        The constant is all but free of it. ``start`` saves rounds and changes nothing else.
        """
        ridge = np.diag([*([penalty] * (features.shape[1] - 1)), 1e-3])
        fits = [
            _newton(features, label[:, k], ridge, None if start is None else start.weight[k])
            for k in range(label.shape[1])
        ]
        return cls(np.array([w for w, _ in fits]), np.array([c for _, c in fits]))

    def logits(self, features: Floats) -> Floats:
        """(N, D + 1) -> (N, classes)."""
        z: Floats = features @ self.weight.T
        return z

    def probability(self, features: Floats) -> Floats:
        """(N, D + 1) -> (N, classes)."""
        p: Floats = expit(self.logits(features))
        return p

    def sampled(self, features: Floats, samples: int = 11) -> Floats:
        """Probabilities at even quantiles of each logit's posterior: (samples, N, classes).

        Quantiles in place of draws: a record's mutual information needs no more, and has no noise.
        """
        quantile = norm.ppf((np.arange(samples) + 0.5) / samples)
        spread = np.sqrt(
            [
                np.einsum("nd,de,ne->n", features, c, features, optimize=True)
                for c in self.covariance
            ]
        ).T
        p: Floats = expit(self.logits(features) + quantile[:, None, None] * spread)
        return p


def _newton(x: Floats, y: Bools, ridge: Floats, start: Floats | None) -> tuple[Floats, Floats]:
    """Weights and the inverse of the curvature where they came to rest.

    A step that would raise the loss is halved: from a start that is sure of itself and wrong, the
    curvature is next to nothing, and whole steps fly off.
    """
    weight = np.zeros(x.shape[1]) if start is None else start
    loss = _loss(x, y, ridge, weight)
    for _ in range(_ROUNDS):
        step = np.linalg.solve(
            _curvature(x, ridge, weight), x.T @ (expit(x @ weight) - y) + ridge @ weight
        )
        share = 1.0
        while (lower := _loss(x, y, ridge, weight - share * step)) > loss and share > _ENOUGH:
            share /= 2
        weight, loss = weight - share * step, lower
        if np.abs(step).max() < _ENOUGH:
            break
    covariance = np.asarray(np.linalg.inv(_curvature(x, ridge, weight)), dtype=np.float64)
    return weight, covariance


def _curvature(x: Floats, ridge: Floats, weight: Floats) -> Floats:
    p = expit(x @ weight)
    curvature: Floats = (x * (p * (1 - p))[:, None]).T @ x + ridge
    return curvature


def _loss(x: Floats, y: Bools, ridge: Floats, weight: Floats) -> float:
    margin = np.where(y, 1.0, -1.0) * (x @ weight)
    return float(-log_expit(margin).sum() + weight @ ridge @ weight / 2)
