"""Answers and submissions as a reader would give them."""

from datetime import timedelta
from uuid import uuid4

from sqlalchemy import select

from core.ecg import SUPERCLASSES, Superclass
from feedback import readings
from feedback.answers import column_of
from feedback.catalogue import find_record
from feedback.db import Sessions, now
from feedback.readings import Answer
from feedback.tables import Confidence, Reading, ReadingMode, Stage, Verdict


def answer(*present: Superclass, comment: str = "", confidence: Confidence | None = None) -> Answer:
    """These classes present, the others absent."""
    verdicts = {
        name: Verdict.PRESENT if name in present else Verdict.ABSENT for name in SUPERCLASSES
    }
    return Answer(verdicts=verdicts, comment=comment, confidence=confidence)


def blind(
    sessions: Sessions, reader: int, ecg_id: int, given: Answer | None = None, key: str = ""
) -> Reading:
    """A blind answer, stored."""
    with sessions.begin() as session:
        return readings.submit_blind(
            session,
            reader,
            ecg_id,
            given or answer(),
            key=key or uuid4().hex,
            started_at=now() - timedelta(seconds=30),
        )


def final(
    sessions: Sessions,
    reader: int,
    ecg_id: int,
    given: Answer | None = None,
    agreement: dict[Superclass, bool] | None = None,
    key: str = "",
    opinion_digest: str | None = None,
) -> Reading:
    """A final answer, stored."""
    with sessions.begin() as session:
        return readings.submit_final(
            session,
            reader,
            ecg_id,
            given or answer(),
            agreement,
            key=key or uuid4().hex,
            started_at=now() - timedelta(seconds=10),
            opinion_digest=opinion_digest,
        )


def amended(
    sessions: Sessions,
    reader: int,
    ecg_id: int,
    given: Answer,
    key: str = "",
    stands: int | None = None,
) -> Reading:
    """An amendment of the final answer, stored."""
    with sessions.begin() as session:
        return readings.amend(
            session,
            reader,
            ecg_id,
            given,
            None,
            key=key or uuid4().hex,
            started_at=now(),
            stands=stands,
        )


def answered(sessions: Sessions, reader: int, ecg_id: int, given: Answer | None = None) -> Reading:
    """A blind and a final answer of the same words, stored; the final one."""
    blind(sessions, reader, ecg_id, given)
    return final(sessions, reader, ecg_id, given)


def assisted(
    sessions: Sessions, reader: int, ecg_id: int, given: Answer, *, amends: bool = False
) -> Reading:
    """A final answer with the model on screen from the start, stored; or its amendment."""
    with sessions.begin() as session:
        record = find_record(session, ecg_id)
        before = session.scalar(
            select(Reading)
            .where(Reading.record_id == record.id, Reading.reader_id == reader)
            .order_by(Reading.sequence.desc())
        )
        reading = Reading(
            key=uuid4().hex,
            record_id=record.id,
            reader_id=reader,
            mode=ReadingMode.ASSISTED,
            stage=Stage.FINAL,
            sequence=before.sequence + 1 if amends and before else 0,
            supersedes_id=before.id if amends and before else None,
            **{column_of(name): (given.verdicts or {}).get(name) for name in SUPERCLASSES},
            unreadable=given.unreadable,
            comment=given.comment,
            started_at=now(),
            submitted_at=now(),
        )
        session.add(reading)
    return reading
