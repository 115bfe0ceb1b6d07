"""An ECG that was opened outside of worklists, where open worklists ask for it as well.

Whoever opens it takes a free slot of it, as if by the worklist. Where colleagues hold all that are
left, nobody else may begin it: the record would get a reader more than was asked for.
"""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from feedback.catalogue import find_record
from feedback.claims import Claim, held, hold
from feedback.errors import HeldByColleague
from feedback.slots import held_by_colleagues, lock
from feedback.tables import Reading, RecordRow, Worklist, WorklistSlot


def is_asked_for(session: Session, ecg_id: int) -> bool:
    """Whether an open worklist waits for a reader of the ECG; raises UnknownRecord."""
    return bool(_asking_for(session, find_record(session, ecg_id)))


def hold_open(
    session: Session, reader_id: int, ecg_id: int, worklist_id: int | None = None
) -> Claim | None:
    """Hold the ECG that a reader has open, by ``worklist_id`` if it is one of that worklist.

    Else by the first open worklist that has a slot for them; None where none waits for them, and
    no lease is needed. Raises UnknownRecord, NotIndependent as ``claims.hold`` does, and
    HeldByColleague.
    """
    record = find_record(session, ecg_id)
    asking = _asking_for(session, record)
    named = [] if worklist_id is None else [worklist_id]
    lock(session, [*named, *asking])  # all at once: answers lock them in order too
    if worklist_id is not None and (claim := hold(session, reader_id, worklist_id, ecg_id)):
        return claim
    if _has_read(session, reader_id, record):
        return held(session, reader_id, record.id)
    for other in asking:
        if claim := hold(session, reader_id, other, ecg_id):
            return claim
    refuse_held(session, reader_id, record)
    return None


def refuse_held(session: Session, reader_id: int, record: RecordRow) -> None:
    """Raise HeldByColleague where colleagues hold the record and this reader has no slot of it."""
    theirs = held_by_colleagues(reader_id).where(WorklistSlot.record_id == record.id)
    name = session.scalar(theirs.with_only_columns(Worklist.name).order_by(Worklist.id).limit(1))
    if name is not None:
        raise HeldByColleague(
            f"a colleague is reading ECG {record.ecg_id} for '{name}', which asks for nobody else "
            "now: you can answer it if they leave it unanswered"
        )


def _has_read(session: Session, reader_id: int, record: RecordRow) -> bool:
    mine = Reading.record_id == record.id, Reading.reader_id == reader_id
    return session.scalar(select(Reading.id).where(*mine).limit(1)) is not None


def _asking_for(session: Session, record: RecordRow) -> Sequence[int]:
    """The open worklists that wait for a reader of the record."""
    query = (
        select(Worklist.id)
        .join(WorklistSlot, WorklistSlot.worklist_id == Worklist.id)
        .where(
            Worklist.open,
            WorklistSlot.record_id == record.id,
            WorklistSlot.reading_id.is_(None),
        )
    )
    return session.scalars(query.distinct().order_by(Worklist.id)).all()
