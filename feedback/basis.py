"""What the plan of a fine-tuning run rests on, in a few numbers.

Planning takes seconds in which readers go on: where the numbers are the same before and after,
so is the plan.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from feedback.catalogue import active_model, active_source
from feedback.tables import Adjudication, Base, GoldAnswer, Reading, ReadingMode, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """The model and the data set, and how many answers of each kind there are.

    Rows are counted, not looked at: none of them goes or changes in what is taught. A last id
    would not do, since on PostgreSQL the lower of two may be stored after the higher one.
    """

    parent_id: int
    source_id: int
    index: str  # digest: an index that was corrected may say other folds and patients
    readings: int
    adjudications: int
    gold: int  # records, which are not taught


def basis(session: Session, *, include_assisted: bool) -> Basis:
    """What a plan that is made now rests on; raises NoModel or NoDataset."""
    source = active_source(session)
    return Basis(
        parent_id=active_model(session).id,
        source_id=source.id,
        index=source.digest,
        readings=_count(session, Reading, _independent(include_assisted)),
        adjudications=_count(session, Adjudication),
        gold=_count(session, GoldAnswer),
    )


def _independent(include_assisted: bool) -> ColumnElement[bool]:
    """What ``feedback.panel`` takes: a reader's final answer after their blind one is not in it."""
    blind = Reading.stage == Stage.BLIND
    return or_(blind, Reading.mode == ReadingMode.ASSISTED) if include_assisted else blind


def _count(session: Session, table: type[Base], *which: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(table).where(*which)) or 0
