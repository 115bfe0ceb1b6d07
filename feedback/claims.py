"""Who reads which record of a worklist: a slot is claimed for a quarter of an hour, then filled.

A claim is one UPDATE with a WHERE and a look at the row count, so that two readers never get the
same slot. A lease that ran out is another reader's to take; until somebody does, the reader who
held it may still answer. A slot is filled by the first answer that is stored, for good.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, Select, and_, exists, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from feedback.catalogue import find_record
from feedback.db import now
from feedback.errors import ClaimLost, NothingToRead, UnknownWorklist
from feedback.tables import (
    Adjudication,
    AssistedView,
    Reading,
    ReadingMode,
    RecordRow,
    User,
    Worklist,
    WorklistSlot,
)

LEASE = timedelta(minutes=15)
_TRIES = 8  # slots that are looked at before the list is read again


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A record that is one reader's to read until the lease runs out."""

    worklist_id: int
    worklist: str
    mode: ReadingMode
    ecg_id: int
    until: datetime
    answered: bool = False  # for good: no lease runs any more


def claim_next(session: Session, reader_id: int, worklist_id: int) -> Claim:
    """The reader's next record of the worklist, held for ``LEASE``.

    What they hold already comes first, so that a reload gives the same record. Raises
    UnknownWorklist, or NothingToRead with the reason.
    """
    worklist = open_worklist(session, worklist_id)
    _lock(session, [worklist_id])
    held = _open_slots(worklist_id).where(WorklistSlot.reader_id == reader_id).limit(1)
    if slot := session.scalar(held):
        return _take(session, slot.id, reader_id) or claim_next(session, reader_id, worklist_id)
    while offered := session.scalars(_claimable(worklist_id, reader_id).limit(_TRIES)).all():
        for slot in offered:
            if claim := _take(session, slot.id, reader_id):
                return claim
    raise NothingToRead(why_nothing(session, worklist, reader_id))


def pass_over(session: Session, reader_id: int, worklist_id: int, ecg_id: int) -> Claim:
    """The record behind this one, which is given back if it was not answered.

    Where nothing else is to be had, this one again. Raises as ``claim_next`` does.
    """
    open_worklist(session, worklist_id)
    _lock(session, [worklist_id])
    here = session.scalar(
        _open_slots(worklist_id)
        .join(RecordRow, RecordRow.id == WorklistSlot.record_id)
        .where(WorklistSlot.reader_id == reader_id, RecordRow.ecg_id == ecg_id)
    )
    if here is None:
        return claim_next(session, reader_id, worklist_id)
    slots = _claimable(worklist_id, reader_id).order_by(None)
    behind = slots.order_by(
        WorklistSlot.position < here.position, WorklistSlot.position, WorklistSlot.number
    )
    for slot in session.scalars(behind.limit(_TRIES)).all():
        if claim := _take(session, slot.id, reader_id):
            release(session, reader_id, here.record_id)
            return claim
    return claim_next(session, reader_id, worklist_id)


def hold(session: Session, reader_id: int, worklist_id: int, ecg_id: int) -> Claim | None:
    """Hold on to the very record that is open, or take it again after a reload.

    None where the worklist does not have it for this reader (any more). An assisted worklist
    gives only what it has shown already: the page may have been made to be answered blind.
    """
    _lock(session, [worklist_id])
    record = find_record(session, ecg_id)
    mine = held(session, reader_id, record.id, worklist_id)
    if mine and mine.answered:
        return mine
    if mine:
        slots = _open_slots(worklist_id).where(WorklistSlot.reader_id == reader_id)
    elif _may_take(session, reader_id, worklist_id, record.id):
        slots = _claimable(worklist_id, reader_id)
    else:
        return None
    slot = session.scalar(slots.where(WorklistSlot.record_id == record.id).limit(1))
    return _take(session, slot.id, reader_id) if slot else None


def _may_take(session: Session, reader_id: int, worklist_id: int, record_id: int) -> bool:
    worklist = session.get(Worklist, worklist_id)
    if worklist is None or not worklist.open:
        return False
    blind = worklist.mode is ReadingMode.BLIND_FIRST
    return blind or mode_of(session, reader_id, record_id) is ReadingMode.ASSISTED


def mode_of(session: Session, reader_id: int, record_id: int) -> ReadingMode:
    """How this reader reads the record: blind first, unless an assisted worklist showed it."""
    seen = select(AssistedView.id).where(
        AssistedView.record_id == record_id, AssistedView.reader_id == reader_id
    )
    assisted = session.scalar(seen) is not None
    return ReadingMode.ASSISTED if assisted else ReadingMode.BLIND_FIRST


def upcoming(session: Session, reader_id: int, worklist_id: int, count: int) -> list[int]:
    """The ECGs that would come next for this reader; nothing is claimed."""
    slots = _claimable(worklist_id, reader_id).limit(count).subquery()
    query = (
        select(RecordRow.ecg_id)
        .join(slots, slots.c.record_id == RecordRow.id)
        .order_by(slots.c.position)
    )
    return list(session.scalars(query))


def held(
    session: Session, reader_id: int, record_id: int, worklist_id: int | None = None
) -> Claim | None:
    """The claim by which this reader has the record open, whether or not it has been answered.

    A record outside of worklists, or one whose lease went to a colleague, has none.
    """
    mine = and_(WorklistSlot.reader_id == reader_id, WorklistSlot.record_id == record_id)
    if worklist_id is not None:
        mine = and_(mine, WorklistSlot.worklist_id == worklist_id)
    found = session.execute(
        _claims()
        .where(mine)
        # an open claim tells more of what the reader does now than one that was filled
        .order_by(WorklistSlot.reading_id.is_not(None), Worklist.id)
    ).first()
    return _claim(*found) if found else None


def renew(session: Session, reader_id: int, record_id: int) -> datetime | None:
    """Hold the record for another ``LEASE``; None where this reader does not hold it."""
    until = now() + LEASE
    mine = and_(WorklistSlot.reader_id == reader_id, WorklistSlot.record_id == record_id)
    renewed = _changed(session, and_(mine, WorklistSlot.reading_id.is_(None)), lease_until=until)
    return until if renewed else None


def release(session: Session, reader_id: int, record_id: int | None = None) -> int:
    """Give back what the reader holds and has not answered, or one record of it; how many."""
    mine = and_(WorklistSlot.reader_id == reader_id, WorklistSlot.reading_id.is_(None))
    if record_id is not None:
        mine = and_(mine, WorklistSlot.record_id == record_id)
    return _changed(session, mine, reader_id=None, lease_until=None)


def fill(session: Session, reading: Reading, worklist_id: int | None = None) -> None:
    """Enter a first answer in the slots that its reader holds, and in free ones of its mode.

    With the ``worklist_id`` by which the record was opened, raises ClaimLost where the lease ran
    out and the record has got all its readers since: one answer more was not asked for.
    """
    of_record = WorklistSlot.record_id == reading.record_id
    _lock(session, session.scalars(select(WorklistSlot.worklist_id).where(of_record)).all())
    filled = set(_fill_own(session, reading))
    filled |= {w for w in _lists_of(session, reading) - filled if _fill_free(session, reading, w)}
    if worklist_id is None or worklist_id in filled:
        return
    worklist = session.get(Worklist, worklist_id)
    if worklist is None or not worklist.open:
        return  # closed while it was being read: the answer is welcome, nobody waits for it
    raise ClaimLost(
        f"you held this ECG for {LEASE.seconds // 60} minutes without a sign, and colleagues have "
        f"read it since: '{worklist.name}' has its {worklist.readers_each} answers. Yours was not "
        "stored; go on with the next one"
    )


def open_worklist(session: Session, worklist_id: int) -> Worklist:
    """A worklist that is open, or UnknownWorklist."""
    worklist = session.get(Worklist, worklist_id)
    if worklist is None:
        raise UnknownWorklist(f"there is no worklist {worklist_id}: choose one of the first page")
    if not worklist.open:
        raise UnknownWorklist(f"the worklist '{worklist.name}' was closed: choose another one")
    return worklist


def _lock(session: Session, worklist_ids: Sequence[int]) -> None:
    """Let claims and answers of a worklist go one after the other, until the transaction ends.

    On PostgreSQL, updates of several slots deadlocked where leases ran out in mid-answer; SQLite
    has one writer anyway.
    """
    which = Worklist.id.in_(set(worklist_ids))
    session.execute(select(Worklist.id).where(which).order_by(Worklist.id).with_for_update())


def _open_slots(worklist_id: int) -> Select[WorklistSlot]:
    """Slots without a reading, in the order of the list."""
    return (
        select(WorklistSlot)
        .where(WorklistSlot.worklist_id == worklist_id, WorklistSlot.reading_id.is_(None))
        .order_by(WorklistSlot.position, WorklistSlot.number)
    )


def _free() -> ColumnElement[bool]:
    return or_(WorklistSlot.reader_id.is_(None), WorklistSlot.lease_until < now())


def _claimable(worklist_id: int, reader_id: int) -> Select[WorklistSlot]:
    """Free slots of records that this reader has neither read nor a slot of."""
    other = aliased(WorklistSlot)
    taken = exists().where(
        other.worklist_id == WorklistSlot.worklist_id,
        other.record_id == WorklistSlot.record_id,
        other.reader_id == reader_id,
    )
    return _open_slots(worklist_id).where(
        _free(), ~taken, ~_read_by(reader_id), ~_spoiled_for(reader_id)
    )


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
    """Whether this reader has answered the record, or settled it between its readers."""
    answered = exists().where(
        Reading.record_id == WorklistSlot.record_id, Reading.reader_id == reader_id
    )
    settled = exists().where(
        Adjudication.record_id == WorklistSlot.record_id,
        Adjudication.adjudicator_id == reader_id,
    )
    return or_(answered, settled)


def _take(session: Session, slot_id: int, reader_id: int) -> Claim | None:
    """Claim a slot if it is still to be had; None where another one was quicker."""
    mine_or_free = or_(_free(), WorklistSlot.reader_id == reader_id)
    which = and_(WorklistSlot.id == slot_id, WorklistSlot.reading_id.is_(None), mine_or_free)
    try:
        with session.begin_nested():
            if not _changed(session, which, reader_id=reader_id, lease_until=now() + LEASE):
                return None
    except IntegrityError:  # another window of this reader has taken a slot of this record
        return None
    slot, worklist, ecg_id = session.execute(
        _claims().where(WorklistSlot.id == slot_id).execution_options(populate_existing=True)
    ).one()
    if worklist.mode is ReadingMode.ASSISTED:
        _note_view(session, slot)
    return _claim(slot, worklist, ecg_id)


def _claims() -> Select[WorklistSlot, Worklist, int]:
    return (
        select(WorklistSlot, Worklist, RecordRow.ecg_id)
        .join(Worklist, Worklist.id == WorklistSlot.worklist_id)
        .join(RecordRow, RecordRow.id == WorklistSlot.record_id)
    )


def _note_view(session: Session, slot: WorklistSlot) -> None:
    """From here on the opinion may be on screen; a claim that is renewed has it noted already."""
    assert slot.reader_id is not None
    if mode_of(session, slot.reader_id, slot.record_id) is ReadingMode.ASSISTED:
        return
    session.add(
        AssistedView(
            record_id=slot.record_id,
            reader_id=slot.reader_id,
            worklist_id=slot.worklist_id,
            at=now(),
        )
    )
    session.flush()


def _claim(slot: WorklistSlot, worklist: Worklist, ecg_id: int) -> Claim:
    return Claim(
        worklist_id=worklist.id,
        worklist=worklist.name,
        mode=worklist.mode,
        ecg_id=ecg_id,
        until=slot.lease_until or now(),
        answered=slot.reading_id is not None,
    )


def _fill_own(session: Session, reading: Reading) -> Sequence[int]:
    """The worklists in which the reader held the record; their lease does not matter.

    Told by the update itself: a colleague may take a slot between a look at it and the update.
    """
    filled = (
        update(WorklistSlot)
        .where(
            WorklistSlot.reader_id == reading.reader_id,
            WorklistSlot.record_id == reading.record_id,
            WorklistSlot.reading_id.is_(None),
        )
        .values(reading_id=reading.id, lease_until=None)
        .returning(WorklistSlot.worklist_id)
    )
    return session.scalars(filled, execution_options={"synchronize_session": False}).all()


def _lists_of(session: Session, reading: Reading) -> set[int]:
    """The open worklists with this record whose mode is that of the answer."""
    query = (
        select(WorklistSlot.worklist_id)
        .join(Worklist, Worklist.id == WorklistSlot.worklist_id)
        .where(
            WorklistSlot.record_id == reading.record_id,
            Worklist.open,
            Worklist.mode == reading.mode,
        )
    )
    return set(session.scalars(query))


def _fill_free(session: Session, reading: Reading, worklist_id: int) -> bool:
    """Enter the reading in a free slot of the record, if the list has one."""
    free = _open_slots(worklist_id).where(WorklistSlot.record_id == reading.record_id, _free())
    return any(
        _changed(
            session,
            and_(WorklistSlot.id == slot.id, WorklistSlot.reading_id.is_(None), _free()),
            reader_id=reading.reader_id,
            reading_id=reading.id,
            lease_until=None,
        )
        for slot in session.scalars(free).all()
    )


def _changed(session: Session, which: ColumnElement[bool], **values: Any) -> int:
    statement = update(WorklistSlot).where(which).values(**values)
    result = session.execute(statement, execution_options={"synchronize_session": False})
    assert isinstance(result, CursorResult)
    return result.rowcount


def why_nothing(session: Session, worklist: Worklist, reader_id: int) -> str:
    """Why the worklist has no record for this reader now."""
    unfilled = and_(WorklistSlot.worklist_id == worklist.id, WorklistSlot.reading_id.is_(None))
    left = session.scalar(select(func.count()).select_from(WorklistSlot).where(unfilled)) or 0
    if not left:
        return f"all of '{worklist.name}' is read: there is nothing left in it for anyone"
    others = session.execute(
        select(func.count(), func.min(WorklistSlot.lease_until)).where(
            unfilled, WorklistSlot.reader_id != reader_id, ~_read_by(reader_id)
        )
    ).one()
    if others[0]:
        return (
            f"colleagues are reading the last {others[0]} of '{worklist.name}' that you have not "
            f"read: the first is free again at {others[1]:%H:%M} UTC, if it is not answered by then"
        )
    return (
        f"you have read all that '{worklist.name}' has for you: its {left} open readings are for "
        "colleagues, since no record is read twice by one person"
    )


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
