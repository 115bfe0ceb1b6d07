"""How far readers agree beyond chance: statistics of nominal answers, missing ones allowed.

All but Cohen's kappa are functions of counts (records, categories): how many readers gave each
answer. ``weight`` (draws, records) counts a record several times or not at all, as a bootstrap
does; a statistic comes back as (draws,), NaN where it is not defined.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.arrays import Floats
from core.resampling import BOOTSTRAPS, intervals

Ratings = NDArray[np.signedinteger[Any]]
Statistic = Callable[[Any, Floats], Floats]
_AT_ONCE = 250  # tables whose draws are in memory together, 8 MB
MISSING = -1  # no answer, or none that can be compared


@dataclass(frozen=True, slots=True)
class Estimate:
    """A statistic with the middle 95 % of its bootstrap; NaN where it is not defined."""

    value: float
    low: float
    high: float


def estimate(
    statistic: Statistic, rows: Ratings, *, bootstraps: int = BOOTSTRAPS, seed: int = 0
) -> Estimate:
    """The statistic of (records, columns) rows, with an interval that resamples records.

    Records with the same row are drawn together by one multinomial: the same distribution as
    drawing them one by one, at a cost that hangs on the kinds of rows and not on the records.
    """
    if not len(rows):
        return Estimate(np.nan, np.nan, np.nan)
    kinds, count = np.unique(rows, axis=0, return_counts=True)
    ((found,),) = estimates([(statistic, kinds)], count[None], bootstraps=bootstraps, seed=seed)
    return found


def estimates(
    statistics: Sequence[tuple[Statistic, Ratings]],
    counts: NDArray[np.int64],
    *,
    bootstraps: int = BOOTSTRAPS,
    seed: int = 0,
) -> list[list[Estimate]]:
    """Each statistic of several tables, in their order, as ``estimate`` gives it of one.

    ``counts`` (tables, kinds) says how often a table has each kind of row; with a statistic come
    the rows that the kinds are to it. All statistics have the same draws, those of many tables in
    one call: what thousands of small tables cost is to draw.
    """
    found: list[list[Estimate]] = [[] for _ in statistics]
    for part in np.split(counts, range(_AT_ONCE, len(counts), _AT_ONCE)):
        drawn = np.concatenate([_drawn(one, bootstraps, seed) for one in part])
        for (statistic, kinds), estimated in zip(statistics, found, strict=True):
            values = statistic(kinds, part.astype(np.float64))
            ends = intervals(statistic(kinds, drawn).reshape(len(part), bootstraps))
            figures = np.column_stack([values, ends]).tolist()
            estimated += [Estimate(value, low, high) for value, low, high in figures]
    return found


def _drawn(count: NDArray[np.int64], bootstraps: int, seed: int) -> Floats:
    """How often each kind is drawn: (bootstraps, kinds)."""
    there, total = count > 0, int(count.sum())
    share = count[there] / total
    drawn = np.zeros((bootstraps, len(count)))
    drawn[:, there] = np.random.default_rng(seed).multinomial(total, share, size=bootstraps)
    return drawn


def counts_of(ratings: Ratings, categories: int) -> NDArray[np.int64]:
    """How many readers gave each answer: (records, readers) of 0.. or MISSING -> counts."""
    return np.stack([(ratings == k).sum(1) for k in range(categories)], axis=1).astype(np.int64)


def raw_agreement(counts: NDArray[np.int64], weight: Floats) -> Floats:
    """The share of pairs of readers that agree, averaged over records with two answers or more."""
    answers = counts.sum(1)
    paired = answers > 1
    agreeing = (counts * (counts - 1)).sum(1)[paired]
    share = agreeing / (answers * (answers - 1))[paired]
    w = weight[:, paired]
    return _ratio(w @ share, w.sum(1))


def gwet_ac1(counts: NDArray[np.int64], weight: Floats) -> Floats:
    """Gwet's AC1, which does not collapse where a class is rare.

    Gwet, "Computing inter-rater reliability and its variance in the presence of high agreement",
    British Journal of Mathematical and Statistical Psychology 61 (2008); records with one answer
    count for how common the answers are, as in his Handbook (4th edition, 2014).
    """
    share = _shares(counts, weight)
    chance = (share * (1 - share)).sum(1) / (counts.shape[1] - 1)
    return _beyond(raw_agreement(counts, weight), chance)


def fleiss_kappa(counts: NDArray[np.int64], weight: Floats) -> Floats:
    """Fleiss' kappa for readers who may differ from record to record.

    Fleiss, "Measuring nominal scale agreement among many raters", Psychological Bulletin 76
    (1971); where the number of answers differs, as Gwet's Handbook generalises it.
    """
    return _beyond(raw_agreement(counts, weight), (_shares(counts, weight) ** 2).sum(1))


def krippendorff_alpha(counts: NDArray[np.int64], weight: Floats) -> Floats:
    """Krippendorff's alpha for nominal answers; records with a single answer say nothing.

    Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011).
    """
    answers = counts.sum(1)
    paired = answers > 1
    n, w = counts[paired], weight[:, paired]
    coincident = (n * (n - 1)).sum(1) / (answers[paired] - 1)
    given = w @ n  # (draws, categories)
    total = given.sum(1)
    observed = 1 - _ratio(w @ coincident, total)
    expected = 1 - _ratio((given * (given - 1)).sum(1), total * (total - 1))
    return 1 - _ratio(observed, expected)


def cohen_kappa(ratings: Ratings, weight: Floats) -> Floats:
    """Cohen's kappa of two readers, (records, 2), on the records that both answered.

    Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological
    Measurement 20 (1960). Not defined where one of them gives one answer alone: whatever the other
    says it would be 0, of which no bootstrap doubts.
    """
    both = (ratings != MISSING).all(1)
    pair, w = ratings[both], weight[:, both]
    categories = np.arange(pair.max(initial=0) + 1)
    share = [_ratio_rows(w @ (pair[:, [r]] == categories), w.sum(1)) for r in (0, 1)]
    agreed = _ratio(w @ (pair[:, 0] == pair[:, 1]), w.sum(1))
    varied = np.logical_and(*((one.max(1, initial=0) < 1 - 1e-12) for one in share))
    return np.where(varied, _beyond(agreed, (share[0] * share[1]).sum(1)), np.nan)


def _shares(counts: NDArray[np.int64], weight: Floats) -> Floats:
    """How common each answer is, every answered record alike: (draws, categories)."""
    answered = counts.sum(1) > 0
    share = counts[answered] / counts[answered].sum(1, keepdims=True)
    w = weight[:, answered]
    return _ratio_rows(w @ share, w.sum(1))


def _beyond(agreed: Floats, chance: Floats) -> Floats:
    """Agreement beyond chance as a share of what was possible."""
    return _ratio(agreed - chance, 1 - chance)


def _ratio(part: Floats, total: Floats) -> Floats:
    """NaN where the total is nothing; what rounding leaves of it is nothing too."""
    there = np.abs(total) > 1e-12
    ratio: Floats = np.divide(part, total, out=np.full(part.shape, np.nan), where=there)
    return ratio


def _ratio_rows(part: Floats, total: Floats) -> Floats:
    return _ratio(part, np.broadcast_to(total[:, None], part.shape))
