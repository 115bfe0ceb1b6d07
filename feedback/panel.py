"""What the readers of the active data set answered, as arrays: the input of every statistic.

A reader has one answer a record here. It is their blind answer, given before the model's opinion
was shown; what they changed afterwards is no independent word and is left out. An assisted answer
stands in where it is asked for and the reader has no blind one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row, Select, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from core.ecg import SUPERCLASSES, Superclass
from feedback.agreement import MISSING, Ratings
from feedback.answers import column_of
from feedback.catalogue import active_source
from feedback.kept import KEPT, Kept, Once
from feedback.tables import Reading, ReadingMode, RecordRow, Stage, User, Verdict

T = TypeVar("T")
ABSENT, PRESENT, UNSURE = 0, 1, 2
_CODES = {Verdict.ABSENT: ABSENT, Verdict.PRESENT: PRESENT, Verdict.UNSURE: UNSURE, None: MISSING}
_VERDICTS = [getattr(Reading, column_of(name)) for name in SUPERCLASSES]
_Chosen = Mapping[tuple[int, int], Row[*tuple[Any, ...]]]  # by record and reader


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordKey:
    """Which record a row is about."""

    record_id: int
    ecg_id: int
    patient_id: int
    fold: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Answers of readers to records; rows are records, columns readers. Nobody changes it."""

    records: Sequence[RecordKey]  # by ecg_id
    readers: Sequence[str]  # e-mail addresses in alphabetical order
    verdict: Ratings  # (records, readers, 5) ABSENT, PRESENT, UNSURE or MISSING
    unreadable: NDArray[np.bool_]  # (records, readers) the reader could not read it
    reading: NDArray[np.int64]  # (records, readers) id of the answer, 0: none
    assisted: NDArray[np.bool_]  # (records, readers) the model's opinion was on screen
    _results: Once = field(default_factory=Once, repr=False, compare=False)

    def once(self, work: "Callable[[Panel], T]") -> T:
        """What ``work`` makes of this panel alone, worked out once as long as it is kept."""
        return self._results.of(work, self)

    def decided(self, name: Superclass) -> Ratings:
        """The answers that say something, (records, readers): unsure is MISSING."""
        verdict = self.verdict[:, :, SUPERCLASSES.index(name)]
        return np.where(verdict == UNSURE, MISSING, verdict)

    def readability(self) -> Ratings:
        """Whether each answer was that the record cannot be read: 1, 0 or MISSING."""
        return np.where(self.reading > 0, self.unreadable.astype(np.int8), MISSING)


def panel(session: Session, *, include_assisted: bool = False) -> Panel:
    """The standing answers to the active data set; raises NoDataset.

    A process keeps the last one without assisted answers for read transactions, until anything
    that it is made of is different. What a write transaction sees may yet be rolled back.
    """
    source_id = active_source(session).id
    records, emails = _records(session, source_id), _emails(session)
    kept: Kept | None = session.info.get(KEPT)

    def load() -> Panel:
        return _arrays(records, emails, _chosen(session, source_id, include_assisted))

    if kept is None or include_assisted:
        return load()
    return kept.of((tuple(records), tuple(emails), _last_reading(session)), load)


def reading_ids(session: Session, record: RecordRow) -> tuple[int, ...]:
    """The answers to one record that a panel without assisted ones holds, in ascending order."""
    given = session.execute(_standing(record.source_id).where(RecordRow.id == record.id))
    return tuple(one.id for one in given if one.mode is not ReadingMode.ASSISTED)


def _records(session: Session, source_id: int) -> Sequence[tuple[int, int, int, int]]:
    """Record, number, patient and fold of the whole data set, by number.

    They are looked at each time: an import changes them in pieces, and says so at its end.
    """
    query = select(RecordRow.id, RecordRow.ecg_id, RecordRow.patient_id, RecordRow.fold)
    found = session.execute(
        query.where(RecordRow.source_id == source_id).order_by(RecordRow.ecg_id)
    )
    return [(number, ecg_id, patient_id, fold) for number, ecg_id, patient_id, fold in found]


def _emails(session: Session) -> Sequence[tuple[int, str]]:
    query = select(User.id, User.email).order_by(User.id)
    return [(number, email) for number, email in session.execute(query)]


def _last_reading(session: Session) -> tuple[int, int, str | None]:
    """What is another one wherever there is another answer, an amendment too.

    Answers are only ever added: triggers refuse to change or delete one. The number of the last
    one alone would miss an answer of a transaction that began earlier and ended later. The last
    one's random key tells a database that was restored and has gone on differently.
    """
    count, last = session.execute(select(func.count(), func.max(Reading.id))).one()
    return count, last or 0, session.scalar(select(Reading.key).where(Reading.id == last))


def _chosen(session: Session, source_id: int, include_assisted: bool) -> _Chosen:
    chosen: dict[tuple[int, int], Row[*tuple[Any, ...]]] = {}
    for one in session.execute(_standing(source_id)):
        if one.mode is ReadingMode.ASSISTED and not include_assisted:
            continue
        first = chosen.setdefault((one.record_id, one.reader_id), one)
        if first.mode is ReadingMode.ASSISTED:  # a blind answer goes before it
            chosen[one.record_id, one.reader_id] = one
    return chosen


def _standing(source_id: int) -> Select[*tuple[Any, ...]]:
    later = aliased(Reading)
    return (
        select(
            Reading.id,
            Reading.record_id,
            Reading.reader_id,
            Reading.mode,
            Reading.unreadable,
            *_VERDICTS,
        )
        .join(RecordRow, RecordRow.id == Reading.record_id)
        .where(
            RecordRow.source_id == source_id,
            ~exists().where(later.supersedes_id == Reading.id),
            or_(Reading.stage == Stage.BLIND, Reading.mode == ReadingMode.ASSISTED),
        )
        .order_by(Reading.id)
    )


def _arrays(
    records: Sequence[tuple[int, int, int, int]], emails: Sequence[tuple[int, str]], chosen: _Chosen
) -> Panel:
    answered, answering = {record for record, _ in chosen}, {reader for _, reader in chosen}
    keys = [_key(one) for one in records if one[0] in answered]
    people = sorted((email, number) for number, email in emails if number in answering)
    row = {key.record_id: place for place, key in enumerate(keys)}
    column = {number: place for place, (_, number) in enumerate(people)}
    shape = (len(keys), len(people))
    made = Panel(
        records=keys,
        readers=[email for email, _ in people],
        verdict=np.full((*shape, len(SUPERCLASSES)), MISSING, dtype=np.int8),
        unreadable=np.zeros(shape, dtype=bool),
        reading=np.zeros(shape, dtype=np.int64),
        assisted=np.zeros(shape, dtype=bool),
    )
    for (record_id, reader_id), (number, _, _, mode, unreadable, *verdicts) in chosen.items():
        at = row[record_id], column[reader_id]
        made.verdict[at] = [_CODES[one] for one in verdicts]
        made.unreadable[at], made.reading[at] = unreadable, number
        made.assisted[at] = mode is ReadingMode.ASSISTED
    for kept in (made.verdict, made.unreadable, made.reading, made.assisted):
        kept.flags.writeable = False  # it may be another request's too
    return made


def _key(record: tuple[int, int, int, int]) -> RecordKey:
    record_id, ecg_id, patient_id, fold = record
    return RecordKey(record_id=record_id, ecg_id=ecg_id, patient_id=patient_id, fold=fold)
