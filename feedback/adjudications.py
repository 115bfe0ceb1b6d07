"""The adjudications that stand, as stored: what a consensus takes before the readers' answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, exists, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from core.ecg import SUPERCLASSES, Superclass
from feedback.answers import column_of
from feedback.catalogue import active_source
from feedback.columns import PersonId
from feedback.errors import NotIndependent
from feedback.tables import Adjudication, RecordRow, Verdict

Verdicts = Mapping[Superclass, Verdict]


@dataclass(frozen=True, slots=True)
class Settled:
    """What the adjudication that stands says of a record."""

    verdicts: Verdicts  # unsure of every class where it is unreadable: nobody else is asked then
    unreadable: bool = False  # to the adjudicator either: nothing is taught


Adjudicated = Mapping[int, Settled]  # by record id


def adjudicated_verdicts(session: Session) -> Adjudicated:
    """The verdicts that stand on records of the active data set; raises NoDataset."""
    query = standing_adjudications().join(RecordRow, RecordRow.id == Adjudication.record_id)
    found = session.scalars(query.where(RecordRow.source_id == active_source(session).id))
    return {one.record_id: Settled(verdicts_of(one), one.unreadable) for one in found}


def standing_adjudication(session: Session, record_id: int) -> Adjudication | None:
    """The adjudication of a record that no later one supersedes."""
    return session.scalar(standing_adjudications().where(Adjudication.record_id == record_id))


def standing_adjudications() -> Select[Adjudication]:
    """The last adjudication of each record."""
    later = aliased(Adjudication)
    superseded = exists().where(
        later.record_id == Adjudication.record_id, later.sequence > Adjudication.sequence
    )
    return select(Adjudication).where(~superseded)


def first_settled(session: Session) -> dict[int, datetime]:
    """When each record was adjudicated for the first time, by record id."""
    first = select(Adjudication.record_id, Adjudication.submitted_at)
    return dict(session.execute(first.where(Adjudication.sequence == 0)).all())


def verdicts_of(one: Adjudication) -> Verdicts:
    """What an adjudication says of the classes that it settles: unsure of an unreadable ECG's."""
    if one.unreadable:
        return dict.fromkeys(SUPERCLASSES, Verdict.UNSURE)
    given = {name: getattr(one, column_of(name)) for name in SUPERCLASSES}
    return {name: verdict for name, verdict in given.items() if verdict is not None}


def settled_by(reader_id: PersonId, record_id: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    """Whether this person has settled a record between its readers."""
    return exists().where(
        Adjudication.record_id == record_id, Adjudication.adjudicator_id == reader_id
    )


def refuse_who_settled(session: Session, reader_id: int, record_id: int, ecg_id: int) -> None:
    """Raise NotIndependent where this person has settled the record, its readers' answers seen."""
    settled = select(RecordRow.id).where(settled_by(reader_id, RecordRow.id))
    if session.scalar(settled.where(RecordRow.id == record_id)) is not None:
        raise NotIndependent(
            f"you have settled ECG {ecg_id} between its readers and saw their answers: "
            "read another one"
        )
