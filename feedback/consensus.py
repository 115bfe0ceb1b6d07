"""What the readers of a record agree on, class by class, and what may be taught of it.

An adjudicator's verdict settles a class. Else, of the answers that say present or absent (unsure
says neither):

- one answer alone is taken as it is;
- two or more that are all alike are a majority;
- of three or more that are not, Dawid-Skene decides where enough records have three answers to
  learn the readers' error rates from, else the majority by count;
- what is left is a conflict, for the adjudication page; on a gold record it goes to nobody.

The classes of a record have to go together, too. What no adjudicator has looked at is a conflict

- as normal, as long as another class is a conflict;
- as normal and as anything beside it, where no reader has said both;
- whatever anybody found, where every reader found something and none of it has a majority: that
  they outvoted each other is no finding.

A record that at least half of its readers could not read has no consensus on any class unless
adjudicated: where some could, every class of it is a conflict. One that no reader or not even its
adjudicator could read is unreadable.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import isnan

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sqlalchemy.orm import Session

from core.arrays import Floats
from core.ecg import SUPERCLASSES, Superclass
from core.roles import TRAINING_FOLDS
from feedback.adjudications import Adjudicated, Settled, adjudicated_verdicts
from feedback.agreement import MISSING, Ratings
from feedback.dawid_skene import dawid_skene
from feedback.gold import gold_verdicts
from feedback.panel import ABSENT, PRESENT, UNSURE, Panel, RecordKey, panel
from feedback.tables import Verdict

SURE = 0.9  # posterior from which Dawid-Skene's word is taken; between it and 0.1 is a conflict
OVERLAP = 30  # records with three answers, below which there is no Dawid-Skene
ASSISTED_WEIGHT = 0.5  # of a label that an assisted answer had a part in: readers follow the model
_NOTHING = Settled({})
_SMOOTHING = 1.0  # answers of each kind that every reader is credited with beforehand


class LabelSource(StrEnum):
    """What a consensus rests on, the weakest first."""

    SINGLE = "single reader"
    MAJORITY = "majority"
    DAWID_SKENE = "Dawid-Skene"
    ADJUDICATED = "adjudicated"


class Outcome(StrEnum):
    """How a class of a record stands."""

    AGREED = "agreed"
    CONFLICT = "conflict"  # readers contradict each other, or half could not read it
    GOLD = "gold"  # likewise on a record whose answers are known: nobody is asked
    OPEN = "open"  # nobody said present or absent
    UNREADABLE = "unreadable"


_UNSETTLED = (Outcome.CONFLICT, Outcome.GOLD)
_NORM = SUPERCLASSES.index(Superclass.NORM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Where one class of one record stands, and the answers behind it."""

    outcome: Outcome
    label: float | None = None  # 1.0 present, 0.0 absent, None: no consensus
    source: LabelSource | None = None
    probability: float | None = None  # that it is present, where Dawid-Skene was asked
    present: int = 0  # answers
    absent: int = 0
    unsure: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordConsensus:
    """Where one record stands."""

    record_id: int
    ecg_id: int
    patient_id: int
    fold: int
    classes: Mapping[Superclass, Decision]
    unreadable: bool  # to all of its readers, or to its adjudicator
    could_not_read: int  # of its readers
    hardly_readable: bool  # half of its readers or more could not read it
    assisted: bool  # an assisted answer is among them
    reading_ids: tuple[int, ...]

    @property
    def conflicts(self) -> tuple[Superclass, ...]:
        """The classes that wait for an adjudicator."""
        return tuple(
            name for name in SUPERCLASSES if self.classes[name].outcome is Outcome.CONFLICT
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingLabel:
    """What a record may teach: a label for every class that has a consensus."""

    record_id: int
    ecg_id: int
    patient_id: int
    fold: int
    labels: Mapping[Superclass, float | None]  # 1.0 present, 0.0 absent, None: do not teach it
    weight: float  # 1, or ASSISTED_WEIGHT
    source: LabelSource  # the weakest that a label of this record rests on
    reading_ids: tuple[int, ...]  # in ascending order


def training_labels(
    session: Session,
    *,
    include_assisted: bool = False,
    adjudicated: Adjudicated | None = None,
) -> list[TrainingLabel]:
    """What readers of the active data set agree on and folds 1-8 may be taught, by ecg_id.

    ``adjudicated`` stands in for the verdicts that adjudicators have stored.
    Records of folds 9 and 10 judge models, gold ones judge readers: neither are ever among them.
    Raises NoDataset.
    """
    settled = adjudicated_verdicts(session) if adjudicated is None else adjudicated
    gold = gold_verdicts(session)
    everything = consensus(panel(session, include_assisted=include_assisted), settled)
    taught = [o for o in everything if o.fold in TRAINING_FOLDS and o.record_id not in gold]
    return [_label(one) for one in taught if _sources(one)]


def standing_consensus(session: Session, answers: Panel) -> list[RecordConsensus]:
    """Where every record stands by what is stored now.

    The agreement page, the list of the adjudication page and the archive count conflicts by it.
    Raises NoDataset.
    """
    return consensus(answers, adjudicated_verdicts(session), gold_verdicts(session))


def consensus(
    answers: Panel,
    adjudicated: Adjudicated | None = None,
    gold: Collection[int] = frozenset(),
) -> list[RecordConsensus]:
    """Where every record that has an answer stands, by ecg_id; verdicts of adjudicators first.

    ``gold`` are the ids of records whose conflicts nobody settles.
    """
    settled, said = adjudicated or {}, answers.once(_tally)
    return [
        _record(said, row, settled.get(one.record_id, _NOTHING), one.record_id in gold)
        if one.record_id in settled or one.record_id in gold
        else one
        for row, one in enumerate(answers.once(_by_readers))
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tally:
    """The answers to each record, counted; what Dawid-Skene believes of them."""

    keys: Sequence[RecordKey]
    counts: NDArray[np.int64]  # (records, 5, absent / present / unsure)
    believed: Floats  # (records, 5)
    could_not_read: NDArray[np.int64]  # (records,) readers
    found_something: NDArray[np.int64]  # (records,) readers who call a class present
    normal_and_more: NDArray[np.bool_]  # (records,) a reader calls it normal and something else
    assisted: NDArray[np.bool_]  # (records,)
    reading_ids: Sequence[tuple[int, ...]]  # of each record, in ascending order


def _tally(answers: Panel) -> _Tally:
    found = answers.verdict == PRESENT
    decided = [answers.decided(name) for name in SUPERCLASSES]
    said = [(answers.verdict == code).sum(1) for code in (ABSENT, PRESENT, UNSURE)]
    return _Tally(
        keys=answers.records,
        counts=np.stack(said, axis=2),
        believed=np.stack([_presence(one) for one in decided], axis=1),
        could_not_read=answers.unreadable.sum(1),
        found_something=found.any(2).sum(1),
        normal_and_more=(found[:, :, _NORM] & (found.sum(2) > 1)).any(1),
        assisted=np.logical_or.reduce(answers.assisted, axis=1),
        reading_ids=[tuple(sorted(row[row > 0].tolist())) for row in answers.reading],
    )


def _by_readers(answers: Panel) -> Sequence[RecordConsensus]:
    """Where every record stands by the answers alone: most records stay at that."""
    said = answers.once(_tally)
    return tuple(_record(said, row, _NOTHING, False) for row in range(len(said.keys)))


def _record(said: _Tally, row: int, settled: Settled, gold: bool) -> RecordConsensus:
    key, ids = said.keys[row], said.reading_ids[row]
    readers, could_not = len(ids), int(said.could_not_read[row])
    unreadable = could_not == readers or settled.unreadable
    hardly_readable = 2 * could_not >= readers
    counts, believed = said.counts[row].tolist(), said.believed[row].tolist()
    cases = {
        name: _Case(
            absent=counts[k][ABSENT],
            present=counts[k][PRESENT],
            unsure=counts[k][UNSURE],
            probability=believed[k],
            unreadable=unreadable,
            hardly_readable=hardly_readable,
            verdict=None if settled.unreadable else settled.verdicts.get(name),
            gold=gold,
        )
        for k, name in enumerate(SUPERCLASSES)
    }
    said_both = bool(said.normal_and_more[row])
    all_found = int(said.found_something[row]) == readers - could_not
    return RecordConsensus(
        record_id=key.record_id,
        ecg_id=key.ecg_id,
        patient_id=key.patient_id,
        fold=key.fold,
        classes=_together(cases, said_both=said_both, all_found=all_found),
        unreadable=unreadable,
        could_not_read=could_not,
        hardly_readable=hardly_readable,
        assisted=bool(said.assisted[row]),
        reading_ids=ids,
    )


def _together(
    cases: Mapping[Superclass, "_Case"], *, said_both: bool, all_found: bool
) -> dict[Superclass, Decision]:
    """Each class by itself, but for what cannot be so beside the others.

    ``said_both``: a reader has called it normal and something else; ``all_found``: every reader
    who could read it has called a class present.
    """
    alone = {name: case.decide() for name, case in cases.items()}
    present = [name for name, one in alone.items() if one.label == 1]
    again: Collection[Superclass] = ()
    if Superclass.NORM in present:
        if any(one.outcome in _UNSETTLED for one in alone.values()):
            again = [Superclass.NORM]
        elif len(present) > 1 and not said_both:
            again = present
    elif all_found and not present and all(case.verdict is None for case in cases.values()):
        again = [name for name, case in cases.items() if case.present and not case.unreadable]
    disputed = {name: cases[name].dispute() for name in again if cases[name].verdict is None}
    return alone | disputed


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """What is known of one class of one record."""

    present: int
    absent: int
    unsure: int
    probability: float  # NaN where Dawid-Skene was not asked
    unreadable: bool
    hardly_readable: bool  # half of its readers or more could not read it
    verdict: Verdict | None  # of an adjudicator
    gold: bool

    def decide(self) -> Decision:
        if self.verdict in (Verdict.PRESENT, Verdict.ABSENT):
            return self._agreed(self.verdict is Verdict.PRESENT, LabelSource.ADJUDICATED)
        if self.verdict is Verdict.UNSURE:  # the adjudicator looked and left it open
            return self._undecided(Outcome.OPEN)
        if self.unreadable:
            return self._undecided(Outcome.UNREADABLE)
        if self.hardly_readable:  # and yet somebody has read it: neither answer is believed alone
            return self.dispute()
        said = self.present + self.absent
        if said == 0:
            return self._undecided(Outcome.OPEN)
        if said == 1:
            return self._agreed(self.present == 1, LabelSource.SINGLE)
        return self._of_several()

    def _of_several(self) -> Decision:
        if not self.present or not self.absent:
            return self._agreed(bool(self.present), LabelSource.MAJORITY)
        if self.present + self.absent < 3:
            return self.dispute()
        if not isnan(self.probability):
            if 1 - SURE < self.probability < SURE:
                return self.dispute()
            return self._agreed(self.probability >= SURE, LabelSource.DAWID_SKENE)
        if self.present == self.absent:
            return self.dispute()
        return self._agreed(self.present > self.absent, LabelSource.MAJORITY)

    def dispute(self) -> Decision:
        """A conflict, whatever the counts say."""
        return self._undecided(Outcome.GOLD if self.gold else Outcome.CONFLICT)

    def _agreed(self, present: bool, source: LabelSource) -> Decision:
        return self._decision(Outcome.AGREED, float(present), source)

    def _undecided(self, outcome: Outcome) -> Decision:
        return self._decision(outcome, None, None)

    def _decision(
        self, outcome: Outcome, label: float | None, source: LabelSource | None
    ) -> Decision:
        return Decision(
            outcome=outcome,
            label=label,
            source=source,
            probability=None if isnan(self.probability) else self.probability,
            present=self.present,
            absent=self.absent,
            unsure=self.unsure,
        )


def _presence(decided: Ratings) -> Floats:
    """Dawid-Skene's probability that a class is present, (records,).

    NaN for records with fewer than three answers, and for all where too few have three.
    """
    answers = (decided != MISSING).sum(1)
    believed = np.full(len(decided), np.nan)
    if int((answers >= 3).sum()) < OVERLAP:
        return believed
    some = answers > 0
    fit = dawid_skene(_sparse(decided[some]), 2, smoothing=_SMOOTHING)
    believed[some] = fit.posterior[:, PRESENT]
    believed[answers < 3] = np.nan
    return believed


def _sparse(decided: Ratings) -> csr_array:
    """The answers as Dawid-Skene takes them: (records, readers * 2)."""
    record, reader = np.nonzero(decided != MISSING)
    column = 2 * reader + decided[record, reader]
    shape = (decided.shape[0], 2 * decided.shape[1])
    return csr_array((np.ones(len(record)), (record, column)), shape=shape)


def _sources(one: RecordConsensus) -> list[LabelSource]:
    return [decision.source for decision in one.classes.values() if decision.source]


def _label(one: RecordConsensus) -> TrainingLabel:
    strength = list(LabelSource)
    return TrainingLabel(
        record_id=one.record_id,
        ecg_id=one.ecg_id,
        patient_id=one.patient_id,
        fold=one.fold,
        labels={name: decision.label for name, decision in one.classes.items()},
        weight=ASSISTED_WEIGHT if one.assisted else 1.0,
        source=min(_sources(one), key=strength.index),
        reading_ids=one.reading_ids,
    )
