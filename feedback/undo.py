"""The way back: the ECGs of a reader's last answers, or an adjudicator's verdicts, newest first.

Nothing is taken back by going there: the answer stands until its change is saved, and the change
supersedes it (``readings.amend``).
"""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from feedback.catalogue import active_source
from feedback.errors import NothingToUndo
from feedback.tables import Reading, RecordRow, Stage

STEPS = 10  # answers, or verdicts, that undo goes back through


def undo_from(session: Session, reader_id: int, ecg_id: int | None) -> int:
    """The ECG of the answer before the one on screen, of the last one where none of them is.

    Raises NothingToUndo past the last ten, or where there is no answer; NoDataset.
    """
    last = last_answered(session, reader_id)
    if (found := _before(last, ecg_id)) is not None:
        return found
    if not last:
        raise NothingToUndo("you have not answered an ECG here yet: there is nothing to undo")
    if len(last) < STEPS:
        raise NothingToUndo(f"ECG {ecg_id} was your first answer here: undo goes no further back")
    raise NothingToUndo(
        f"undo goes back {STEPS} answers and no further: open an older one from the worklist"
    )


def undo_settled_from(last: Sequence[int], ecg_id: int | None) -> int:
    """The same of the cases that an adjudicator settled ``last``; raises NothingToUndo."""
    if (found := _before(last, ecg_id)) is not None:
        return found
    if not last:
        raise NothingToUndo("no verdict of yours stands here: there is nothing to undo")
    if len(last) < STEPS:
        raise NothingToUndo(f"ECG {ecg_id} was your first verdict here: undo goes no further back")
    raise NothingToUndo(f"undo goes back {STEPS} verdicts and no further")


def _before(last: Sequence[int], ecg_id: int | None) -> int | None:
    step = last.index(ecg_id) + 1 if ecg_id in last else 0
    return last[step] if step < len(last) else None


def last_answered(session: Session, reader_id: int) -> list[int]:
    """The ECGs this reader gave a final answer to last, newest first; changes move none."""
    return list(
        session.scalars(
            select(RecordRow.ecg_id)
            .join(Reading, Reading.record_id == RecordRow.id)
            .where(
                RecordRow.source_id == active_source(session).id,
                Reading.reader_id == reader_id,
                Reading.stage == Stage.FINAL,
                Reading.sequence == 0,
            )
            .order_by(Reading.submitted_at.desc(), Reading.id.desc())
            .limit(STEPS)
        )
    )
