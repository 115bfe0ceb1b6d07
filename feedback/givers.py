"""Who has given the answers to gold records: they neither read those nor are judged by them.

A record has every giver that it ever had, whoever gave answers last. Who takes an adjudicator's
answers over, unseen, has given none: the giver is the adjudicator.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from feedback.catalogue import active_source
from feedback.columns import PersonId
from feedback.errors import NotIndependent
from feedback.tables import Adjudication, GoldGiver, RecordRow, User

Givers = Mapping[int, Collection[str]]  # e-mails, by record id


def note_givers(session: Session, givers: Givers) -> None:
    """Keep for good who gave answers; who has given some before is on record already."""
    noted = select(GoldGiver).where(GoldGiver.record_id.in_(givers))
    known = {(one.record_id, one.email) for one in session.scalars(noted)}
    session.add_all(
        GoldGiver(record_id=record_id, email=email)
        for record_id, emails in givers.items()
        for email in emails
        if (record_id, email) not in known
    )


def gold_givers(session: Session) -> Givers:
    """Who has given answers to each gold record; raises NoDataset."""
    query = select(GoldGiver.record_id, GoldGiver.email).join(
        RecordRow, RecordRow.id == GoldGiver.record_id
    )
    query = query.where(RecordRow.source_id == active_source(session).id)
    return _by_record((record_id, email) for record_id, email in session.execute(query))


def adjudicators(session: Session) -> Givers:
    """Everybody who settled a record: the adjudication that stands keeps verdicts of others."""
    query = select(Adjudication.record_id, User.email).join(
        User, User.id == Adjudication.adjudicator_id
    )
    return _by_record((record_id, email) for record_id, email in session.execute(query))


def given_by(reader_id: PersonId, record_id: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    """Whether this person has given gold answers to a record, which they may not read then."""
    return exists().where(
        GoldGiver.record_id == record_id, GoldGiver.email == User.email, User.id == reader_id
    )


def refuse_who_gave(session: Session, reader_id: int, record_id: int, ecg_id: int) -> None:
    """Raise NotIndependent where this person has given gold answers to the record."""
    theirs = select(RecordRow.id).where(given_by(reader_id, RecordRow.id))
    if session.scalar(theirs.where(RecordRow.id == record_id)) is not None:
        raise NotIndependent(
            f"you have given the gold answers to ECG {ecg_id}, and yours would be held against "
            "them: read another one"
        )


def _by_record(pairs: Iterable[tuple[int, str]]) -> Givers:
    found: defaultdict[int, set[str]] = defaultdict(set)
    for record_id, email in pairs:
        found[record_id].add(email)
    return found
