"""Tables of agreement: by class, by reader, by pair of readers.

For every class, unsure and unreadable answers are missing: they say neither present nor absent.
Whether a record can be read at all is a question of its own, with the same statistics.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

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
    estimates,
    fleiss_kappa,
    gwet_ac1,
    krippendorff_alpha,
    raw_agreement,
)
from feedback.panel import UNSURE, Panel

# what two readers may answer, and how many of them say absent and present then
_ANSWERS = np.array([(0, 0), (0, 1), (1, 0), (1, 1)])
_COUNTS = np.array([(2, 0), (1, 1), (1, 1), (0, 2)])
_OF_TWO = ((raw_agreement, _COUNTS), (gwet_ac1, _COUNTS), (cohen_kappa, _ANSWERS))


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
    classes = [_readers(answers, name) for name in SUPERCLASSES]
    return [row for rows in zip(*classes, strict=True) for row in rows]


def by_pair(answers: Panel, *, bootstraps: int = BOOTSTRAPS) -> list[PairRow]:
    """Every two readers who share a record, on every class on which they do."""
    shared = {name: _shared(answers.decided(name)) for name in SUPERCLASSES}
    places = combinations(range(len(answers.readers)), 2)
    rows = [(pair, name, _Table(*shared[name][pair])) for pair in places for name in SUPERCLASSES]
    # of the pairs of a hundred readers, who share few records, many have one table
    figures = _of_two(sorted({table for _, _, table in rows if any(table)}), bootstraps)
    return [
        PairRow(
            first=answers.readers[first],
            second=answers.readers[second],
            superclass=name,
            records=sum(table),
            **figures[table],
        )
        for (first, second), name, table in rows
        if any(table)
    ]


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


def _readers(answers: Panel, name: Superclass) -> list[ReaderRow]:
    """Every reader on one class, all of them at once: (records, readers) at each step."""
    decided = answers.decided(name)
    absent, present = decided == 0, decided == 1
    lead = present.astype(np.int64) - absent
    lead = lead.sum(1, keepdims=True) - lead  # of present over absent, among the others
    compared = (absent | present) & (lead != 0)
    agrees = compared & (present == (lead > 0))
    unsure = answers.verdict[:, :, SUPERCLASSES.index(name)] == UNSURE
    counts = (one.sum(0).tolist() for one in (absent, present, unsure, compared, agrees))
    return [
        ReaderRow(
            reader=reader,
            superclass=name,
            answers=said_absent + said_present,
            present=_share(said_present, said_absent + said_present),
            unsure=said_unsure,
            compared=held,
            agrees=_share(agreed, held),
        )
        for reader, said_absent, said_present, said_unsure, held, agreed in zip(
            answers.readers, *counts, strict=True
        )
    ]


class _Table(NamedTuple):
    """How often two readers gave which answers to the records that both answered."""

    neither: int
    second: int  # the second one alone said present
    first: int
    both: int


def _shared(decided: Ratings) -> Mapping[tuple[int, int], Sequence[int]]:
    """The table of every two readers, by their columns."""
    said = [(decided == answer).astype(np.float64) for answer in (0, 1)]
    counts = np.array([[one.T @ other for other in said] for one in said]).astype(np.int64)
    return {
        (first, second): counts[:, :, first, second].ravel().tolist()
        for first, second in combinations(range(decided.shape[1]), 2)
    }


def _of_two(tables: Sequence[_Table], bootstraps: int) -> Mapping[_Table, Mapping[str, Estimate]]:
    """Raw agreement, AC1 and Cohen's kappa of two readers, by their table."""
    if not tables:
        return {}
    found = estimates(_OF_TWO, np.array(tables), bootstraps=bootstraps)
    return {
        table: {"raw": raw, "ac1": ac1, "cohen": cohen}
        for table, raw, ac1, cohen in zip(tables, *found, strict=True)
    }


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
