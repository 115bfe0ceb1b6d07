"""What the readers of the active data set answered, as arrays: the input of every statistic.

A reader has one answer a record here. It is their blind answer, given before the model's opinion
was shown; what they changed afterwards is no independent word and is left out. An assisted answer
stands in where it is asked for and the reader has no blind one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, exists, or_, select
from sqlalchemy.orm import Session, aliased

from core.ecg import SUPERCLASSES, Superclass
from feedback.agreement import MISSING
from feedback.answers import column_of
from feedback.catalogue import active_source
from feedback.tables import Reading, ReadingMode, RecordRow, Stage, User, Verdict

ABSENT, PRESENT, UNSURE = 0, 1, 2
_CODES = {Verdict.ABSENT: ABSENT, Verdict.PRESENT: PRESENT, Verdict.UNSURE: UNSURE, None: MISSING}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordKey:
    """Which record a row is about."""

    record_id: int
    ecg_id: int
    patient_id: int
    fold: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Answers of readers to records; rows are records, columns readers."""

    records: Sequence[RecordKey]  # by ecg_id
    readers: Sequence[str]  # e-mail addresses in alphabetical order
    verdict: NDArray[np.int64]  # (records, readers, 5) ABSENT, PRESENT, UNSURE or MISSING
    unreadable: NDArray[np.bool_]  # (records, readers) the reader could not read it
    reading: NDArray[np.int64]  # (records, readers) id of the answer, 0: none
    assisted: NDArray[np.bool_]  # (records, readers) the model's opinion was on screen

    def decided(self, name: Superclass) -> NDArray[np.int64]:
        """The answers that say something, (records, readers): unsure is MISSING."""
        verdict = self.verdict[:, :, SUPERCLASSES.index(name)]
        return np.where(verdict == UNSURE, MISSING, verdict)

    def readability(self) -> NDArray[np.int64]:
        """Whether each answer was that the record cannot be read: 1, 0 or MISSING."""
        return np.where(self.reading > 0, self.unreadable.astype(np.int64), MISSING)


def panel(session: Session, *, include_assisted: bool = False) -> Panel:
    """The standing answers to the active data set; raises NoDataset."""
    chosen: dict[tuple[int, str], Reading] = {}
    keys: dict[int, RecordKey] = {}
    for reading, record, email in session.execute(_standing(active_source(session).id)):
        if reading.mode is ReadingMode.ASSISTED and not include_assisted:
            continue
        keys[record.id] = _key(record)
        first = chosen.setdefault((record.id, email), reading)
        if first.mode is ReadingMode.ASSISTED:  # a blind answer goes before it
            chosen[record.id, email] = reading
    return _arrays(sorted(keys.values(), key=lambda key: key.ecg_id), chosen)


def reading_ids(session: Session, record: RecordRow) -> tuple[int, ...]:
    """The answers to one record that a panel without assisted ones holds, in ascending order."""
    given = session.execute(_standing(record.source_id).where(RecordRow.id == record.id))
    return tuple(one.id for one, _, _ in given if one.mode is not ReadingMode.ASSISTED)


def _standing(source_id: int) -> Select[Reading, RecordRow, str]:
    later = aliased(Reading)
    return (
        select(Reading, RecordRow, User.email)
        .join(RecordRow, RecordRow.id == Reading.record_id)
        .join(User, User.id == Reading.reader_id)
        .where(
            RecordRow.source_id == source_id,
            ~exists().where(later.supersedes_id == Reading.id),
            or_(Reading.stage == Stage.BLIND, Reading.mode == ReadingMode.ASSISTED),
        )
        .order_by(Reading.id)
    )


def _key(record: RecordRow) -> RecordKey:
    return RecordKey(
        record_id=record.id,
        ecg_id=record.ecg_id,
        patient_id=record.patient_id,
        fold=record.fold,
    )


def _arrays(records: Sequence[RecordKey], chosen: dict[tuple[int, str], Reading]) -> Panel:
    readers = sorted({email for _, email in chosen})
    row = {key.record_id: place for place, key in enumerate(records)}
    column = {email: place for place, email in enumerate(readers)}
    shape = (len(records), len(readers))
    made = Panel(
        records=records,
        readers=readers,
        verdict=np.full((*shape, len(SUPERCLASSES)), MISSING, dtype=np.int64),
        unreadable=np.zeros(shape, dtype=bool),
        reading=np.zeros(shape, dtype=np.int64),
        assisted=np.zeros(shape, dtype=bool),
    )
    for (record_id, email), reading in chosen.items():
        at = row[record_id], column[email]
        made.verdict[at] = [_CODES[getattr(reading, column_of(name))] for name in SUPERCLASSES]
        made.unreadable[at], made.reading[at] = reading.unreadable, reading.id
        made.assisted[at] = reading.mode is ReadingMode.ASSISTED
    return made
