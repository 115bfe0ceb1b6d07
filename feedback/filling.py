"""A first answer fills the slots of its record that ask for its mode: its reader's, and free ones.

A slot of the other mode that its reader holds is given back: no worklist counts as read by an
answer that it did not ask for.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, exists, select, update
from sqlalchemy.orm import Session

from feedback.colleagues import refuse_held
from feedback.errors import ClaimLost
from feedback.slots import change, free, lock, open_slots
from feedback.tables import Reading, RecordRow, Worklist, WorklistSlot


def fill(session: Session, reading: Reading, worklist_id: int | None = None) -> None:
    """Enter a first answer in the slots of its mode: those that its reader holds, and free ones.

    One of a reader who held no slot, and that enters in none, was not asked for: with the
    ``worklist_id`` by which the record was opened, raises ClaimLost where the lease ran out and
    colleagues have taken every slot since; without one, raises HeldByColleague where colleagues
    hold the record.
    """
    of_record = WorklistSlot.record_id == reading.record_id
    lock(session, session.scalars(select(WorklistSlot.worklist_id).where(of_record)).all())
    filled = set(_fill_own(session, reading))
    # of a blind worklist whose opinion the reader has been shown since: the answer is welcome
    given_back = change(session, _held(reading), reader_id=None, lease_until=None)
    filled |= {w for w in _lists_of(session, reading) - filled if _fill_free(session, reading, w)}
    if filled or given_back:
        return
    if worklist_id is None:
        record = session.get_one(RecordRow, reading.record_id)
        refuse_held(session, reading.reader_id, record)
        return
    worklist = session.get(Worklist, worklist_id)
    if worklist is None or not worklist.open:
        return  # closed while it was being read: the answer is welcome, nobody waits for it
    raise ClaimLost(
        f"your hold on this ECG has ended, and colleagues have taken it since: '{worklist.name}' "
        "has all the readers of it that it asks for. Yours was not stored; go on with the next one"
    )


def _fill_own(session: Session, reading: Reading) -> Sequence[int]:
    """The worklists of its mode in which the reader held the record; their lease does not matter.

    Told by the update itself: a colleague may take a slot between a look at it and the update.
    """
    of_mode = exists().where(Worklist.id == WorklistSlot.worklist_id, Worklist.mode == reading.mode)
    filled = (
        update(WorklistSlot)
        .where(_held(reading), of_mode)
        .values(reading_id=reading.id, lease_until=None)
        .returning(WorklistSlot.worklist_id)
    )
    return session.scalars(filled, execution_options={"synchronize_session": False}).all()


def _held(reading: Reading) -> ColumnElement[bool]:
    """The slots that the reader of an answer holds of its record."""
    return and_(
        WorklistSlot.reader_id == reading.reader_id,
        WorklistSlot.record_id == reading.record_id,
        WorklistSlot.reading_id.is_(None),
    )


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
    of_record = WorklistSlot.record_id == reading.record_id
    slots = session.scalars(open_slots(worklist_id).where(of_record, free())).all()
    return any(
        change(
            session,
            and_(WorklistSlot.id == slot.id, WorklistSlot.reading_id.is_(None), free()),
            reader_id=reading.reader_id,
            reading_id=reading.id,
            lease_until=None,
        )
        for slot in slots
    )
