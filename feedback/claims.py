"""Who reads which record of a worklist: a slot is claimed for a quarter of an hour, then filled.

A claim is one UPDATE with a WHERE and a look at the row count, so that two readers never get the
same slot. A lease that ran out is another reader's to take; until somebody does, the reader who
held it may still answer (``feedback.filling``). What is held by somebody who may not answer it any
more is free at once. Of a closed worklist no lease is prolonged, and none is needed.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from feedback.catalogue import find_record
from feedback.db import now
from feedback.errors import NothingToRead, UnknownWorklist
from feedback.independence import knows, refuse_who_knows
from feedback.slots import (
    change,
    claimable,
    free,
    lock,
    open_slots,
    theirs_to_read,
    why_nothing,
)
from feedback.tables import (
    AssistedView,
    Reading,
    ReadingMode,
    RecordRow,
    Source,
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
    closed: bool = False  # the worklist: the answer is welcome, whatever the lease


def claim_next(session: Session, reader_id: int, worklist_id: int) -> Claim:
    """The reader's next record of the worklist, held for ``LEASE``.

    What they hold already comes first, so that a reload gives the same record; what they have
    settled since, or given gold answers to, is left to colleagues. Raises UnknownWorklist, or
    NothingToRead with the reason.
    """
    lock(session, [worklist_id])
    worklist = _readable(session, worklist_id)
    mine = open_slots(worklist_id).where(
        WorklistSlot.reader_id == reader_id, theirs_to_read(reader_id)
    )
    if slot := session.scalar(mine.limit(1)):
        return _take(session, slot.id, reader_id) or claim_next(session, reader_id, worklist_id)
    while offered := session.scalars(claimable(worklist_id, reader_id).limit(_TRIES)).all():
        for slot in offered:
            if claim := _take(session, slot.id, reader_id):
                return claim
    raise NothingToRead(why_nothing(session, worklist, reader_id))


def pass_over(session: Session, reader_id: int, worklist_id: int, ecg_id: int) -> Claim:
    """The record behind this one, which is given back if it was not answered.

    Where nothing else is to be had, this one again. Raises as ``claim_next`` does.
    """
    lock(session, [worklist_id])
    _readable(session, worklist_id)
    here = session.scalar(
        open_slots(worklist_id)
        .join(RecordRow, RecordRow.id == WorklistSlot.record_id)
        .where(WorklistSlot.reader_id == reader_id, RecordRow.ecg_id == ecg_id)
    )
    if here is None:
        return claim_next(session, reader_id, worklist_id)
    slots = claimable(worklist_id, reader_id).order_by(None)
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

    None where the worklist does not have it for this reader (any more); raises UnknownRecord, and
    NotIndependent where they may not answer it. An assisted worklist gives only what it has shown
    already: the page may have been made to be answered blind.
    """
    lock(session, [worklist_id])
    record = find_record(session, ecg_id)
    mine = held(session, reader_id, record.id, worklist_id)
    if mine and (mine.answered or mine.closed):
        return mine
    refuse_who_knows(session, reader_id, record.id, ecg_id)
    if mine:
        slots = open_slots(worklist_id).where(
            WorklistSlot.reader_id == reader_id, theirs_to_read(reader_id)
        )
    elif _may_take(session, reader_id, worklist_id, record.id):
        slots = claimable(worklist_id, reader_id)
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
    """The ECGs that would probably come next for this reader; nothing is claimed.

    None of an assisted worklist: its pages show the opinion, which is noted when it is claimed.
    """
    worklist = session.get(Worklist, worklist_id)
    if worklist is None or not worklist.open or not _is_current(session, worklist):
        return []
    if worklist.mode is ReadingMode.ASSISTED:
        return []
    slots = claimable(worklist_id, reader_id).subquery()
    query = (
        select(RecordRow.ecg_id)
        .join(slots, slots.c.record_id == RecordRow.id)
        .group_by(RecordRow.ecg_id)  # a record has a slot for each of its readers
        .order_by(func.min(slots.c.position))
        .limit(count)
    )
    return list(session.scalars(query))


def held(
    session: Session, reader_id: int, record_id: int, worklist_id: int | None = None
) -> Claim | None:
    """The claim by which this reader has the record open, whether or not it has been answered.

    A record outside of worklists, one whose lease went to a colleague, and one that the reader may
    not answer any more have none.
    """
    mine = and_(
        WorklistSlot.reader_id == reader_id,
        WorklistSlot.record_id == record_id,
        or_(WorklistSlot.reading_id.is_not(None), ~knows(reader_id, WorklistSlot.record_id)),
    )
    if worklist_id is not None:
        mine = and_(mine, WorklistSlot.worklist_id == worklist_id)
    found = session.execute(
        _claims()
        .where(mine)
        # an open claim tells more of what the reader does now than one that was filled
        .order_by(WorklistSlot.reading_id.is_not(None), Worklist.id)
    ).first()
    return _claim(*found) if found else None


def release(session: Session, reader_id: int, record_id: int | None = None) -> int:
    """Give back what the reader holds and has not answered, or one record of it; how many."""
    mine = and_(WorklistSlot.reader_id == reader_id, WorklistSlot.reading_id.is_(None))
    if record_id is not None:
        mine = and_(mine, WorklistSlot.record_id == record_id)
    return change(session, mine, reader_id=None, lease_until=None)


def find_worklist(session: Session, worklist_id: int) -> Worklist:
    """A worklist, open or closed; or UnknownWorklist."""
    worklist = session.get(Worklist, worklist_id)
    if worklist is None:
        raise UnknownWorklist(f"there is no worklist {worklist_id}: choose one of the first page")
    return worklist


def open_worklist(session: Session, worklist_id: int) -> Worklist:
    """A worklist that is open, or UnknownWorklist."""
    worklist = find_worklist(session, worklist_id)
    if not worklist.open:
        raise UnknownWorklist(f"the worklist '{worklist.name}' was closed: choose another one")
    return worklist


def _readable(session: Session, worklist_id: int) -> Worklist:
    """A worklist that is open, of the data set that is read now; or UnknownWorklist."""
    worklist = open_worklist(session, worklist_id)
    if not _is_current(session, worklist):
        raise UnknownWorklist(
            f"the worklist '{worklist.name}' is of another data set than the one that is read "
            "now: choose another one"
        )
    return worklist


def _is_current(session: Session, worklist: Worklist) -> bool:
    return session.get_one(Source, worklist.source_id).active


def _take(session: Session, slot_id: int, reader_id: int) -> Claim | None:
    """Claim a slot if it is still to be had; None where another one was quicker."""
    mine_or_free = or_(free(), WorklistSlot.reader_id == reader_id)
    to_take = and_(mine_or_free, theirs_to_read(reader_id))  # gold may have been given just now
    which = and_(WorklistSlot.id == slot_id, WorklistSlot.reading_id.is_(None), to_take)
    try:
        with session.begin_nested():
            if not change(session, which, reader_id=reader_id, lease_until=now() + LEASE):
                return None
    except IntegrityError:  # another window of this reader has taken a slot of this record
        return None
    slot, worklist, ecg_id = session.execute(
        _claims().where(WorklistSlot.id == slot_id).execution_options(populate_existing=True)
    ).one()
    if worklist.mode is ReadingMode.ASSISTED:
        note_views(session, reader_id, slot.worklist_id, [slot.record_id])
    return _claim(slot, worklist, ecg_id)


def _claims() -> Select[WorklistSlot, Worklist, int]:
    return (
        select(WorklistSlot, Worklist, RecordRow.ecg_id)
        .join(Worklist, Worklist.id == WorklistSlot.worklist_id)
        .join(RecordRow, RecordRow.id == WorklistSlot.record_id)
    )


def note_views(
    session: Session, reader_id: int, worklist_id: int, record_ids: Collection[int]
) -> None:
    """From here on this reader may know the opinion on these records, by that worklist.

    Of what they have answered it was revealed, or noted, before: that is left as it is.
    """
    known: set[int] = set()
    for table in (AssistedView, Reading):
        of_reader = table.reader_id == reader_id, table.record_id.in_(record_ids)
        known |= set(session.scalars(select(table.record_id).where(*of_reader)))
    session.add_all(
        AssistedView(record_id=one, reader_id=reader_id, worklist_id=worklist_id, at=now())
        for one in sorted(set(record_ids) - known)
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
        closed=not worklist.open,
    )
