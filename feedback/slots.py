"""The slots of worklists: which are free, whom they are for, and how they change."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, Select, and_, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from feedback.adjudications import settled_by
from feedback.db import now
from feedback.givers import given_by
from feedback.independence import knows
from feedback.tables import (
    AssistedView,
    Reading,
    ReadingMode,
    User,
    Worklist,
    WorklistSlot,
)


def lock(session: Session, worklist_ids: Sequence[int]) -> None:
    """Let claims and answers of a worklist go one after the other, until the transaction ends.

    On PostgreSQL, updates of several slots deadlocked where leases ran out in mid-answer; SQLite
    has one writer anyway.
    """
    which = Worklist.id.in_(set(worklist_ids))
    session.execute(select(Worklist.id).where(which).order_by(Worklist.id).with_for_update())


def open_slots(worklist_id: int) -> Select[WorklistSlot]:
    """Slots without a reading, in the order of the list."""
    return (
        select(WorklistSlot)
        .where(WorklistSlot.worklist_id == worklist_id, WorklistSlot.reading_id.is_(None))
        .order_by(WorklistSlot.position, WorklistSlot.number)
    )


def free(slot: type[WorklistSlot] = WorklistSlot) -> ColumnElement[bool]:
    """Whether a slot is nobody's: its lease has run out, or whoever holds it may not answer now."""
    let_in = exists().where(User.id == slot.reader_id, User.active)
    return or_(
        slot.reader_id.is_(None),
        slot.lease_until < now(),
        ~let_in,
        knows(slot.reader_id, slot.record_id),
    )


def held_by_colleagues(reader_id: int) -> Select[int]:
    """The records of which colleagues hold, for open worklists, every slot that is left.

    One that the reader holds is theirs, whatever has become of its worklist.
    """
    other, worklist = aliased(WorklistSlot), aliased(Worklist)
    left = (
        exists()
        .where(
            other.record_id == WorklistSlot.record_id,
            other.reading_id.is_(None),
            worklist.id == other.worklist_id,
            or_(other.reader_id == reader_id, and_(worklist.open, free(other))),
        )
        .correlate(WorklistSlot)
    )
    return (
        select(WorklistSlot.record_id)
        .join(Worklist, Worklist.id == WorklistSlot.worklist_id)
        .where(
            Worklist.open,
            WorklistSlot.lease_until.is_not(None),
            WorklistSlot.reader_id != reader_id,
            ~free(),
            ~left,
        )
    )


def claimable(worklist_id: int, reader_id: int) -> Select[WorklistSlot]:
    """Free slots of records that are this reader's to read and that they have no slot of."""
    other = aliased(WorklistSlot)
    taken = exists().where(
        other.worklist_id == WorklistSlot.worklist_id,
        other.record_id == WorklistSlot.record_id,
        other.reader_id == reader_id,
    )
    return open_slots(worklist_id).where(free(), ~taken, open_to(reader_id))


def open_to(reader_id: int) -> ColumnElement[bool]:
    """Whether this reader may answer the record as its worklist asks for it."""
    return and_(theirs_to_read(reader_id), ~_spoiled_for(reader_id))


def theirs_to_read(reader_id: int) -> ColumnElement[bool]:
    """Whether this reader may answer the record: not twice, nor with its answers known to them."""
    return and_(~_read_by(reader_id), ~knows(reader_id, WorklistSlot.record_id))


def _spoiled_for(reader_id: int) -> ColumnElement[bool]:
    """Whether the slot asks for a blind answer and this reader may have seen the opinion."""
    seen = exists().where(
        AssistedView.record_id == WorklistSlot.record_id, AssistedView.reader_id == reader_id
    )
    blind = exists().where(
        Worklist.id == WorklistSlot.worklist_id, Worklist.mode == ReadingMode.BLIND_FIRST
    )
    return and_(seen, blind)


def _read_by(reader_id: int) -> ColumnElement[bool]:
    """Whether this reader has answered the record."""
    return exists().where(
        Reading.record_id == WorklistSlot.record_id, Reading.reader_id == reader_id
    )


def change(session: Session, which: ColumnElement[bool], **values: Any) -> int:
    """Set these columns of the slots that it holds for; how many there were."""
    statement = update(WorklistSlot).where(which).values(**values)
    result = session.execute(statement, execution_options={"synchronize_session": False})
    assert isinstance(result, CursorResult)
    return result.rowcount


def why_nothing(session: Session, worklist: Worklist, reader_id: int) -> str:
    """Why the worklist has no record for this reader now."""
    unfilled = and_(WorklistSlot.worklist_id == worklist.id, WorklistSlot.reading_id.is_(None))
    left = _count(session, unfilled)
    if not left:
        return f"all of '{worklist.name}' is read: there is nothing left in it for anyone"
    for_reader = and_(unfilled, open_to(reader_id))
    others = session.execute(
        select(_records(), func.min(WorklistSlot.lease_until)).where(
            for_reader, WorklistSlot.reader_id != reader_id
        )
    ).one()
    if others[0]:
        return (
            f"colleagues are reading the last {others[0]} of '{worklist.name}' that you have not "
            f"read: the first is free again at {others[1]:%H:%M} UTC, if it is not answered by then"
        )
    spoiled = and_(unfilled, theirs_to_read(reader_id), _spoiled_for(reader_id))
    if seen := session.scalar(select(_records()).where(spoiled)):
        return (
            f"you were shown the model's opinion on the last {seen} of '{worklist.name}' that you "
            "have not read: they are for colleagues, since it asks for blind answers"
        )
    # an adjudicator is not told that what they settled was made gold
    of_record = (reader_id, WorklistSlot.record_id)
    if known := _count(session, and_(unfilled, given_by(*of_record), ~settled_by(*of_record))):
        return (
            f"you have given the gold answers to {known} of the {left} open readings of "
            f"'{worklist.name}', and none is left that you may read: they are for colleagues"
        )
    return (
        f"you have read all that '{worklist.name}' has for you: its {left} open readings are for "
        "colleagues, since no record is read twice by one person"
    )


def _records() -> ColumnElement[int]:
    """How many records the slots are of: what a reader counts."""
    return func.count(WorklistSlot.record_id.distinct())


def _count(session: Session, which: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(WorklistSlot).where(which)) or 0


def readers_of(session: Session, worklist_id: int) -> list[tuple[str, int]]:
    """Who has filled how many slots of a worklist, by e-mail."""
    query = (
        select(User.email, func.count())
        .join(WorklistSlot, WorklistSlot.reader_id == User.id)
        .where(WorklistSlot.worklist_id == worklist_id, WorklistSlot.reading_id.is_not(None))
        .group_by(User.email)
        .order_by(User.email)
    )
    return [(email, count) for email, count in session.execute(query)]
