"""How often a model is wrong, estimated on ECGs that worklists drew at random.

What a strategy picks is harder or rarer than the rest, a random draw is not.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from core.ecg import SUPERCLASSES, Superclass
from core.rates import Rate
from core.roles import TRAINING_FOLDS
from feedback.catalogue import active_source
from feedback.consensus import RecordConsensus, standing_consensus
from feedback.finetune import patients_taught
from feedback.panel import panel
from feedback.pool import PoolFilter
from feedback.tables import ModelVersion, Prediction, RecordRow, Worklist, WorklistSlot


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRates:
    """A model's calls against what readers have settled, class by class."""

    records: int  # drawn at random, settled in some class, with an opinion of the model
    missed: Mapping[Superclass, Rate]  # of those that have the class
    overcalled: Mapping[Superclass, Rate]  # of those that have not


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """The error rates on records that the model was taught, and on others."""

    taught: ErrorRates  # folds 1-8, whose published labels a model knows
    held_out: ErrorRates


@dataclass(frozen=True, slots=True)
class _Case:
    settled: RecordConsensus
    predicted: frozenset[str]
    abstained: frozenset[str]

    def call(self, name: Superclass) -> bool | None:
        """Whether the model calls the class present; None where it makes no call."""
        return None if name in self.abstained else name in self.predicted


def estimated_errors(session: Session, model: ModelVersion) -> Estimate:
    """The error rates of a model on the active data set; raises NoDataset.

    Patients of whom its own runs were taught answers are left out: it would mark its own work.
    """
    cases = _cases(session, model)
    return Estimate(
        taught=_rates([one for one in cases if one.settled.fold in TRAINING_FOLDS]),
        held_out=_rates([one for one in cases if one.settled.fold not in TRAINING_FOLDS]),
    )


def _cases(session: Session, model: ModelVersion) -> list[_Case]:
    opinions = _opinions_on_drawn(session, model)
    if not opinions:  # a consensus of all that was ever answered is not free
        return []
    known = patients_taught(session, model, active_source(session).id)
    return [
        _Case(one, *opinions[one.record_id])
        for one in standing_consensus(session, panel(session))
        if one.record_id in opinions and one.patient_id not in known and _is_settled(one)
    ]


def _opinions_on_drawn(
    session: Session, model: ModelVersion
) -> dict[int, tuple[frozenset[str], frozenset[str]]]:
    """The classes called and left open, of the records that were drawn and have been read."""
    drawn = exists().where(
        WorklistSlot.record_id == RecordRow.id,
        WorklistSlot.worklist_id.in_(_unbiased(session)),
        WorklistSlot.audit,
        WorklistSlot.reading_id.is_not(None),
    )
    query = (
        select(RecordRow.id, Prediction.labels, Prediction.abstained)
        .join(Prediction, Prediction.record_id == RecordRow.id)
        .where(
            RecordRow.source_id == active_source(session).id,
            Prediction.model_id == model.id,
            drawn,
        )
    )
    return {
        record: (frozenset(labels.split()), frozenset(abstained))
        for record, labels, abstained in session.execute(query)
        if labels is not None  # else it has no opinion
    }


def _unbiased(session: Session) -> list[int]:
    """The worklists that draw from more than what has a label, or a finding of the model.

    Among what it found, a model misses nothing.
    """
    pools = session.execute(select(Worklist.id, Worklist.pool))
    return [number for number, pool in pools if not PoolFilter.model_validate(pool).telling]


def _is_settled(one: RecordConsensus) -> bool:
    return any(decision.label is not None for decision in one.classes.values())


def _rates(cases: Sequence[_Case]) -> ErrorRates:
    return ErrorRates(
        records=len(cases),
        missed=_by_class(cases, 1.0, lambda call: not call),
        overcalled=_by_class(cases, 0.0, lambda call: call),
    )


def _by_class(
    cases: Iterable[_Case], label: float, wrong: Callable[[bool], bool]
) -> Mapping[Superclass, Rate]:
    """The share of wrong calls among the cases whose class is settled so."""
    found = {}
    for name in SUPERCLASSES:
        calls = [one.call(name) for one in cases if one.settled.classes[name].label == label]
        made = [call for call in calls if call is not None]
        found[name] = Rate.of_counts(sum(map(wrong, made)), len(made))
    return found
