"""Do strategies earn their place? Labelled records are replayed as if nobody had read them.

A few random records are read first; then, round by round, a last layer is taught on what was read
and a strategy picks what is read next. Every strategy starts from the same records of a seed, and
pays for its own audit share.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.arrays import Bools, Floats
from core.ecg import SUPERCLASSES
from core.last_layer import LastLayer
from core.resampling import Ranked, interval
from feedback.sampling import Pool, Strategy, pick

# On the square of a weight, features having a mean square of 1. Of 1, 4, 16 and 64 the one with
# which random ends highest on 9a: against a baseline that overfits, every strategy looks good.
PENALTY = 16.0
_BOOTSTRAPS = 2000  # of the seeds


@dataclass(frozen=True, slots=True)
class Embedded:
    """Records as the last layer sees them."""

    features: Floats  # (N, D + 1)
    label: Bools  # (N, 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is read, and how often the last layer is taught anew."""

    start: int = 50  # random records before the first round
    batch: int = 50  # records a round
    rounds: int = 15
    penalty: float = PENALTY

    @property
    def labels(self) -> list[int]:
        """How many records have been read when each point of a curve is measured."""
        return [self.start + self.batch * done for done in range(self.rounds + 1)]

    @property
    def budget(self) -> int:
        """Records read in all."""
        return self.labels[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """Labels that a strategy needs for what random reaches with the whole budget."""

    needed: float  # labels; the budget where it does not get there
    saved: float  # share of the budget
    low: float  # 95 % interval of that share, seeds resampled in pairs
    high: float
    reached: bool  # within the budget

    def meets(self, bar: float) -> bool:
        """Whether it saves that much, and something for sure."""
        return self.saved >= bar and self.low > 0


def replay(
    strategy: Strategy,
    pool: Embedded,
    judges: Mapping[str, Embedded],
    plan: Plan,
    *,
    seed: int,
) -> dict[str, Floats]:
    """Macro AUROC on each of the ``judges`` after each round: (rounds + 1,)."""
    rng = np.random.default_rng(seed)
    read = rng.permutation(len(pool.label))[: plan.start]
    curve: dict[str, list[float]] = {name: [] for name in judges}
    layer: LastLayer | None = None
    for done in range(plan.rounds + 1):
        layer = LastLayer.teach(
            pool.features[read], pool.label[read], penalty=plan.penalty, start=layer
        )
        for name, judge in judges.items():
            curve[name].append(_macro_auroc(layer.logits(judge.features), judge.label))
        if done < plan.rounds:
            chosen = _next(strategy, pool, read, layer, plan.batch, int(rng.integers(2**31)))
            read = np.concatenate([read, chosen])
    return {name: np.array(points) for name, points in curve.items()}


def _next(
    strategy: Strategy,
    pool: Embedded,
    read: NDArray[np.int64],
    layer: LastLayer,
    count: int,
    seed: int,
) -> NDArray[np.int64]:
    """Rows of the pool to be read next; no label of a record that was not read is looked at."""
    left = np.setdiff1d(np.arange(len(pool.label)), read)
    features = pool.features[left]
    offered = Pool(
        probability=layer.probability(features),
        sampled=layer.sampled(features) if strategy is Strategy.BALD else None,
        features=features,
        read=pool.features[read],
    )
    return left[[one.row for one in pick(strategy, offered, count, seed=seed)]]


def _macro_auroc(score: Floats, label: Bools) -> float:
    once = np.ones((1, len(label)))
    areas = [Ranked(score[:, k], label[:, k]).auroc(once)[0] for k in range(len(SUPERCLASSES))]
    return float(np.nanmean(areas))


def saving(curves: Floats, random: Floats, labels: Sequence[int], *, seed: int = 0) -> Saving:
    """What a strategy saves against random: curves (seeds, points), a seed in the same row of both.

    Curves are averaged over seeds and made monotone before they are read off: the first crossing
    of a curve that shakes is too early.
    """
    drawn = np.random.default_rng(seed).integers(len(curves), size=(_BOOTSTRAPS, len(curves)))
    needed, reached = _needed(curves.mean(0), random.mean(0), labels)
    shares = [
        1 - _needed(curves[rows].mean(0), random[rows].mean(0), labels)[0] / labels[-1]
        for rows in drawn
    ]
    low, high = interval(np.array(shares))
    return Saving(needed=needed, saved=1 - needed / labels[-1], low=low, high=high, reached=reached)


def _needed(curve: Floats, random: Floats, labels: Sequence[int]) -> tuple[float, bool]:
    """Labels at which a curve reaches the end of random's, and whether it does."""
    rising, target = monotone(curve), monotone(random)[-1]
    above = np.flatnonzero(rising >= target)
    if not len(above):
        return float(labels[-1]), False
    first = int(above[0])
    if first == 0:
        return float(labels[0]), True
    share = (target - rising[first - 1]) / (rising[first] - rising[first - 1])
    return float(labels[first - 1] + share * (labels[first] - labels[first - 1])), True


def monotone(curve: Floats) -> Floats:
    """The rising curve that is nearest to it (pool adjacent violators): (points,)."""
    blocks: list[tuple[float, int]] = []
    for value in curve:
        mean, size = float(value), 1
        while blocks and blocks[-1][0] > mean:
            before, many = blocks.pop()
            mean, size = (before * many + mean * size) / (many + size), many + size
        blocks.append((mean, size))
    return np.concatenate([np.full(size, mean) for mean, size in blocks])


def replay_all(
    strategies: Sequence[Strategy],
    pool: Embedded,
    judges: Mapping[str, Embedded],
    plan: Plan,
    *,
    seeds: int,
    progress: Callable[[int], None] | None = None,
) -> dict[Strategy, dict[str, Floats]]:
    """Curves of every strategy on every judge: (seeds, rounds + 1)."""
    curves: dict[Strategy, dict[str, Floats]] = {}
    for strategy in strategies:
        runs = []
        for seed in range(seeds):
            runs.append(replay(strategy, pool, judges, plan, seed=seed))
            if progress:
                progress(len(curves) * seeds + seed + 1)
        curves[strategy] = {name: np.stack([run[name] for run in runs]) for name in judges}
    return curves
