"""The pool of a worklist: which records it may pick from."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, Select, Subquery, and_, func, select
from sqlalchemy.orm import Session

from core.ecg import SUPERCLASSES, Superclass
from core.ptbxl import AGE_OVER_89
from core.roles import TRAINING_FOLDS
from feedback.catalogue import active_source
from feedback.gold import gold_ids
from feedback.tables import (
    ModelVersion,
    Prediction,
    Reading,
    RecordRow,
    Worklist,
    WorklistSlot,
)

_PROBABILITIES = tuple(f"p_{name.lower()}" for name in SUPERCLASSES)
_LABELS = tuple(f"label_{name.lower()}" for name in SUPERCLASSES)

Fold = Annotated[int, Field(ge=1, le=10)]
Years = Annotated[int, Field(ge=0, le=AGE_OVER_89)]  # 300 stands for any age above 89


class PoolFilter(BaseModel):
    """Which records a worklist may pick from; what is None lets every record in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folds: tuple[Fold, ...] = TRAINING_FOLDS  # 9 and 10 judge models and teach none
    sex: str | None = None
    age_from: Years | None = None
    age_to: Years | None = None
    device: str | None = None  # part of its name
    labelled: Superclass | None = None  # as published
    found: Superclass | None = None  # above the model's threshold

    @property
    def telling(self) -> bool:
        """Whether a record that is let in has told its label, or the model's opinion."""
        return self.labelled is not None or self.found is not None


def unread(
    session: Session, wanted: PoolFilter, model: ModelVersion | None, readers_each: int
) -> Select[int]:
    """Records that fit the filters and wait for a reader: id, probabilities, labels.

    A reader that an open worklist has yet to find counts as one: of two lists made alike, the
    second would else be the first. Gold ones are left out: they come in by a share of their own.
    """
    coming = _readers_to_come()
    query = _filtered(session, wanted, model).where(RecordRow.id.not_in(gold_ids()))
    return query.outerjoin(coming, coming.c.record_id == RecordRow.id).where(
        readers_of_record() + func.coalesce(coming.c.count, 0) < readers_each
    )


def gold(session: Session, wanted: PoolFilter, model: ModelVersion | None) -> Select[int]:
    """Gold records that fit the same filters, so that they look like the others."""
    return _filtered(session, wanted, model).where(RecordRow.id.in_(gold_ids()))


def readers_of_record() -> ColumnElement[int]:
    """How many people have answered a record."""
    return (
        select(func.count(Reading.reader_id.distinct()))
        .where(Reading.record_id == RecordRow.id)
        .correlate(RecordRow)
        .scalar_subquery()
    )


def _readers_to_come() -> Subquery:
    """How many more people the open worklists ask for each record that is in them.

    Counted once for all records: asked of each one, 5,000 of them nine times took minutes.
    """
    return (
        select(WorklistSlot.record_id, func.count().label("count"))
        .join(Worklist, Worklist.id == WorklistSlot.worklist_id)
        .where(WorklistSlot.reading_id.is_(None), Worklist.open)
        .group_by(WorklistSlot.record_id)
        .subquery()
    )


def _filtered(session: Session, wanted: PoolFilter, model: ModelVersion | None) -> Select[int]:
    prediction = and_(
        Prediction.record_id == RecordRow.id,
        Prediction.model_id == (model.id if model else None),
        Prediction.acceptable,
    )
    columns = [getattr(Prediction, name) for name in _PROBABILITIES]
    columns += [getattr(RecordRow, name) for name in _LABELS]
    query = (
        select(RecordRow.id, *columns)
        .outerjoin(Prediction, prediction)
        .where(RecordRow.source_id == active_source(session).id)
        .order_by(RecordRow.ecg_id)
    )
    return query.where(*_conditions(wanted))


def _conditions(wanted: PoolFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [RecordRow.fold.in_(wanted.folds)]
    if wanted.sex:
        found.append(RecordRow.sex == wanted.sex)
    if wanted.age_from is not None:
        found.append(RecordRow.age >= wanted.age_from)
    if wanted.age_to is not None:  # beyond 89 nobody's age is known: none of them is left out
        found.append(RecordRow.age <= (AGE_OVER_89 if wanted.age_to > 89 else wanted.age_to))
    if wanted.device:
        device = func.lower(RecordRow.device)
        found.append(device.contains(wanted.device.lower(), autoescape=True))
    if wanted.labelled:
        found.append(getattr(RecordRow, f"label_{wanted.labelled.lower()}"))
    if wanted.found:
        found.append(Prediction.labels.contains(wanted.found.value))
    return found
