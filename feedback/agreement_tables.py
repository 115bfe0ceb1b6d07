"""Tables of agreement: by class, by reader, by pair of readers.

For every class, unsure and unreadable answers are missing: they say neither present nor absent.
Whether a record can be read at all is a question of its own, with the same statistics.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from core.ecg import SUPERCLASSES, Superclass
from core.resampling import BOOTSTRAPS
from feedback.agreement import (
    MISSING,
    Estimate,
    Ratings,
    cohen_kappa,
    counts_of,
    estimate,
    fleiss_kappa,
    gwet_ac1,
    krippendorff_alpha,
    raw_agreement,
)
from feedback.panel import UNSURE, Panel


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far readers agree on one question, present or absent."""

    records: int  # with two answers or more
    answers: int  # present or absent, on all records
    present: float  # share of the answers; NaN without any
    raw: Estimate
    ac1: Estimate
    fleiss: Estimate
    alpha: Estimate
    cohen: Estimate | None  # where exactly two readers answered


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderRow:
    """One reader against the others on one class."""

    reader: str
    superclass: Superclass
    answers: int  # present or absent
    present: float  # share of them; NaN without any
    unsure: int
    compared: int  # records on which the others have a majority
    agrees: float  # share of those on which this reader says the same; NaN without any


@dataclass(frozen=True, slots=True, kw_only=True)
class PairRow:
    """Two readers on one class, on the records that both answered."""

    first: str
    second: str
    superclass: Superclass
    records: int
    raw: Estimate
    ac1: Estimate
    cohen: Estimate


def by_class(answers: Panel, *, bootstraps: int = BOOTSTRAPS) -> Mapping[Superclass, Agreement]:
    """The agreement of all readers on every class."""
    return {name: _agreement(answers.decided(name), bootstraps) for name in SUPERCLASSES}


def on_readability(answers: Panel, *, bootstraps: int = BOOTSTRAPS) -> Agreement:
    """The agreement of all readers on whether a record is unreadable."""
    return _agreement(answers.readability(), bootstraps)


def by_reader(answers: Panel) -> list[ReaderRow]:
    """Every reader who answered, on every class, against the majority of the others."""
    return [
        _reader(answers, reader, name)
        for reader in range(len(answers.readers))
        for name in SUPERCLASSES
    ]


def by_pair(answers: Panel, *, bootstraps: int = BOOTSTRAPS) -> list[PairRow]:
    """Every two readers who share a record, on every class on which they do."""
    pairs = combinations(range(len(answers.readers)), 2)
    rows = (_pair(answers, pair, name, bootstraps) for pair in pairs for name in SUPERCLASSES)
    return [row for row in rows if row.records]


def _agreement(ratings: Ratings, bootstraps: int) -> Agreement:
    counts = counts_of(ratings, 2)
    answering = (ratings != MISSING).any(0)
    two = ratings[:, answering] if answering.sum() == 2 else None
    return Agreement(
        records=int((counts.sum(1) > 1).sum()),
        answers=int(counts.sum()),
        present=_share(int(counts[:, 1].sum()), int(counts.sum())),
        raw=estimate(raw_agreement, counts, bootstraps=bootstraps),
        ac1=estimate(gwet_ac1, counts, bootstraps=bootstraps),
        fleiss=estimate(fleiss_kappa, counts, bootstraps=bootstraps),
        alpha=estimate(krippendorff_alpha, counts, bootstraps=bootstraps),
        cohen=None if two is None else estimate(cohen_kappa, two, bootstraps=bootstraps),
    )


def _reader(answers: Panel, reader: int, name: Superclass) -> ReaderRow:
    decided = answers.decided(name)
    own = decided[:, reader]
    others = counts_of(np.delete(decided, reader, axis=1), 2)
    majority = others[:, 1] > others[:, 0]
    compared = (own != MISSING) & (others[:, 1] != others[:, 0])
    said = int((own != MISSING).sum())
    return ReaderRow(
        reader=answers.readers[reader],
        superclass=name,
        answers=said,
        present=_share(int((own == 1).sum()), said),
        unsure=int((answers.verdict[:, reader, SUPERCLASSES.index(name)] == UNSURE).sum()),
        compared=int(compared.sum()),
        agrees=_share(int(((own == 1) == majority)[compared].sum()), int(compared.sum())),
    )


def _pair(answers: Panel, pair: tuple[int, int], name: Superclass, bootstraps: int) -> PairRow:
    ratings = answers.decided(name)[:, pair]
    both = ratings[(ratings != MISSING).all(1)]
    counts = counts_of(both, 2)
    return PairRow(
        first=answers.readers[pair[0]],
        second=answers.readers[pair[1]],
        superclass=name,
        records=len(both),
        raw=estimate(raw_agreement, counts, bootstraps=bootstraps),
        ac1=estimate(gwet_ac1, counts, bootstraps=bootstraps),
        cohen=estimate(cohen_kappa, both, bootstraps=bootstraps),
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
