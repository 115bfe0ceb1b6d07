"""What each reader said of each record first and last, and what the model's calls were between."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.ecg import SUPERCLASSES, Superclass
from feedback.adjudications import first_settled
from feedback.answers import column_of
from feedback.catalogue import active_source
from feedback.tables import Reading, RecordRow, Stage, User, Verdict
from feedback.users import as_stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """The answers of one reader to one record."""

    reader: str
    record_id: int
    blind: Reading | None
    final: Reading | None  # the one that stands, or stood as the record was adjudicated
    first: Reading

    def calls(self) -> Iterator[tuple[Superclass, Verdict, Verdict, Verdict]]:
        """Class, blind verdict, final verdict and the model's call that was on screen.

        Nothing without a blind and a final answer that could both be given, nor where the model
        made no call.
        """
        if not self.blind or not self.final or self.blind.unreadable or self.final.unreadable:
            return
        shown = self.final.shown or {}
        if "predicted" not in shown:
            return  # the model had no opinion
        for name in SUPERCLASSES:
            if name in shown["abstained"]:
                continue
            call = Verdict.PRESENT if name in shown["predicted"] else Verdict.ABSENT
            before, after = (getattr(x, column_of(name)) for x in (self.blind, self.final))
            yield name, before, after, call


def given_answers(
    session: Session, *, reader: str | None = None, until: datetime | None = None
) -> list[Given]:
    """The answers to the active data set, by reader and record; raises NoDataset.

    Of one reader where one is named, and as they stood at ``until``.
    """
    query = (
        select(Reading, User.email)
        .join(RecordRow, RecordRow.id == Reading.record_id)
        .join(User, User.id == Reading.reader_id)
        .where(RecordRow.source_id == active_source(session).id)
        .order_by(User.email, Reading.record_id, Reading.id)
    )
    if reader is not None:
        query = query.where(User.email == as_stored(reader))
    if until is not None:
        query = query.where(Reading.submitted_at < until)
    found: dict[tuple[str, int], list[Reading]] = {}
    for reading, email in session.execute(query):
        found.setdefault((email, reading.record_id), []).append(reading)
    settled = first_settled(session)
    return [
        _given(reader, record_id, readings, settled.get(record_id))
        for (reader, record_id), readings in found.items()
    ]


def _given(reader: str, record_id: int, readings: list[Reading], settled: datetime | None) -> Given:
    """``settled`` is when the record was first adjudicated, None where it was not.

    A change after that is no change of mind: the reader may have been told the verdict.
    """
    finals = [
        one
        for one in readings
        if one.stage is Stage.FINAL
        and (one.sequence == 0 or settled is None or one.submitted_at < settled)
    ]
    return Given(
        reader=reader,
        record_id=record_id,
        blind=next((one for one in readings if one.stage is Stage.BLIND), None),
        final=max(finals, key=lambda one: one.sequence, default=None),
        first=readings[0],
    )
