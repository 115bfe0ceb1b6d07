"""Deletion and insertion: what the logit does while parts of a record go, or come back.

Samek et al., "Evaluating the visualization of what a deep neural network has learned", IEEE
TNNLS 28:2660 (2017); Petsiuk et al., "RISE", BMVC 2018. A part is a wave of a lead over all
beats; what is removed becomes what the explanation holds for a record without evidence.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

from core.arrays import Floats
from core.ecg import Signal
from core.explain.segments import Segments

Orders = NDArray[np.intp]  # (orders, parts): the parts in the order in which they go
Score = Callable[[Signal], Floats]  # (records, 12, 1000) -> the logits (records,) of one class

STEPS = 10
RANDOM_ORDERS = 16  # their mean is known to a quarter of their spread
_BATCH = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """The logit after each step, for the order of an explanation and for random ones.

    ``advantage`` is the area between both in units of the logit, positive where the explanation
    does better; ``low`` and ``high`` are its 95 % interval over random orders (Student's t).
    """

    logits: tuple[float, ...]  # STEPS + 1
    random: tuple[float, ...]  # STEPS + 1, the mean of all random orders
    advantage: float
    low: float
    high: float


@dataclass(frozen=True)
class Removal:
    """A record of which parts can be removed, and the network's word on what is left.

    The random orders are scored once, however many explanations are compared with them.
    """

    signal: Signal  # (12, 1000)
    baseline: Signal  # (12, 1000): what a removed sample becomes
    segments: Segments
    score: Score
    seed: int = 0

    def curves(self, worth: Floats) -> tuple[Curve, Curve]:
        """Deletion and insertion of the parts, the most worth (parts,) first."""
        order = self._falling(worth)
        # what comes back in this order is what is left when the others go in reverse
        gone, back = self.logits(np.stack([order, order[::-1]]))
        return _curve(gone, self._random, sign=1), _curve(back[::-1], self._random[:, ::-1], -1)

    def logits(self, orders: Orders) -> Floats:
        """The logit while parts are removed in each order: (orders, STEPS + 1)."""
        parts = orders.shape[1]
        taken = np.rint(np.linspace(0, parts, STEPS + 1)).astype(int)
        place = np.argsort(orders, axis=1)
        removed = place[:, None, :] < taken[1:-1, None]  # (orders, STEPS - 1, parts)
        whole, none = self.score(np.stack([self.signal, self.baseline]))
        between = self._scored(removed.reshape(-1, parts)).reshape(len(orders), STEPS - 1)
        ends = np.ones((len(orders), 1))
        return np.hstack([whole * ends, between, none * ends])

    @cached_property
    def _random(self) -> Floats:
        rng = np.random.default_rng(self.seed)
        parts = len(self.segments.parts)
        return self.logits(np.stack([rng.permutation(parts) for _ in range(RANDOM_ORDERS)]))

    def _falling(self, worth: Floats) -> Orders:
        """The most worth first; ties at random, else they would follow the order of the leads."""
        tie = np.random.default_rng(self.seed).random(len(worth))
        return np.lexsort((tie, -worth))

    def _scored(self, removed: NDArray[np.bool_]) -> Floats:
        """Logits without the parts that are True in each row of (records, parts)."""
        rows = (removed[i : i + _BATCH] for i in range(0, len(removed), _BATCH))
        return np.concatenate([self.score(self._without(part)) for part in rows])

    def _without(self, removed: NDArray[np.bool_]) -> Signal:
        return np.where(removed[:, self.segments.ids], self.baseline, self.signal)


def _curve(own: Floats, random: Floats, sign: int) -> Curve:
    ahead = sign * (_area(random) - _area(own))
    mean = float(ahead.mean())
    half = float(t.ppf(0.975, len(ahead) - 1) * ahead.std(ddof=1) / np.sqrt(len(ahead)))
    return Curve(
        logits=tuple(map(float, own)),
        random=tuple(map(float, random.mean(0))),
        advantage=mean,
        low=mean - half,
        high=mean + half,
    )


def _area(logits: Floats) -> Floats:
    """The mean height of a curve, its ends counted half: (..., steps) -> (...)."""
    area: Floats = np.trapezoid(logits, axis=-1) / (logits.shape[-1] - 1)
    return area
