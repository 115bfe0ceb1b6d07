"""How far the readers of the active data set agree, on one sheet for administrators."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.orm import Session

from core.ecg import SUPERCLASSES, Superclass
from feedback import agreement_tables
from feedback.agreement_tables import Agreement, PairRow, ReaderRow
from feedback.consensus import (
    Decision,
    LabelSource,
    Outcome,
    RecordConsensus,
    standing_consensus,
)
from feedback.panel import panel

ENOUGH = 10  # shared ECGs, below which an interval spans most of the scale and misleads


class State(StrEnum):
    """How a class of a record stands, an adjudicator's verdict told from the readers' own."""

    AGREED = "agreed"
    SINGLE = "one reader"  # said present or absent, and nobody else did
    CONFLICT = "conflict"  # it waits on the adjudication page
    GOLD = "gold"  # in conflict, on a record that judges its readers
    ADJUDICATED = "adjudicated"
    UNREADABLE = "unreadable"
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementReport:
    """Every table of agreement, of blind answers alone."""

    records: int  # with an answer
    readers: int
    states: Mapping[Superclass, Mapping[State, int]]  # each class sums to ``records``
    waiting: int  # records in conflict on some class: those of the adjudication page
    classes: Mapping[Superclass, Agreement]
    readability: Agreement
    by_reader: Sequence[ReaderRow]
    by_pair: Sequence[PairRow]


def agreement_report(session: Session) -> AgreementReport:
    """The agreement of the standing blind answers as of now; raises NoDataset."""
    answers = panel(session)
    records = standing_consensus(session, answers)
    return AgreementReport(
        records=len(answers.records),
        readers=len(answers.readers),
        states=count_states(records),
        waiting=sum(bool(one.conflicts) for one in records),
        classes=answers.once(agreement_tables.by_class),
        readability=answers.once(agreement_tables.on_readability),
        by_reader=answers.once(agreement_tables.by_reader),
        by_pair=answers.once(agreement_tables.by_pair),
    )


def count_states(records: Sequence[RecordConsensus]) -> Mapping[Superclass, Mapping[State, int]]:
    """How many records stand in each state, class by class."""
    counted = {name: Counter(_state(one.classes[name]) for one in records) for name in SUPERCLASSES}
    return {name: {state: counts[state] for state in State} for name, counts in counted.items()}


def _state(decision: Decision) -> State:
    if decision.source is LabelSource.ADJUDICATED:
        return State.ADJUDICATED
    if decision.source is LabelSource.SINGLE:
        return State.SINGLE
    return _STATES[decision.outcome]


_STATES = {
    Outcome.AGREED: State.AGREED,
    Outcome.CONFLICT: State.CONFLICT,
    Outcome.GOLD: State.GOLD,
    Outcome.OPEN: State.OPEN,
    Outcome.UNREADABLE: State.UNREADABLE,
}
