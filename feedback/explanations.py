"""Explanations for a reader: asked for, and read once they are there.

A row is request and result in one, and the same question has one row: (record, model, method,
class, settings). ``feedback.explanation_queue`` is how the answer comes into it.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session, undefer

from core.ecg import Superclass
from core.explain.background import BACKGROUND
from core.explain.explanation import Explanation, Method
from feedback.catalogue import find_record
from feedback.db import insert_of, now
from feedback.errors import NothingToExplain
from feedback.explanation_queue import OPEN, explanation_of
from feedback.readings import opinion_for
from feedback.tables import ExplanationRow, JobState, Json, RecordRow, Source

REVISION = 4  # raise it where a method is computed otherwise: what is stored is then left alone
BACKGROUND_SEED = 1
RETRY = timedelta(minutes=1)  # a failure this old is tried again when it is asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """What there is of an explanation so far."""

    id: int
    state: JobState
    requested_at: datetime
    message: str  # what is being done
    error: str | None
    explanation: Explanation | None
    sentence: str | None
    report: Json | None

    @property
    def pending(self) -> bool:
        """Whether more of it is to come."""
        return self.state in OPEN


def request(
    session: Session, reader_id: int, ecg_id: int, method: Method, superclass: Superclass
) -> None:
    """Ask for an explanation; asked for already, it is not computed twice.

    Raises NotRevealed before the reader's blind answer, NothingToExplain where the model has no
    opinion, UnknownRecord.
    """
    key = _key(session, reader_id, ecg_id, method, superclass)
    waiting = {"state": JobState.QUEUED, "requested_at": now(), "attempts": 0, "message": ""}
    session.execute(
        insert_of(session, ExplanationRow).values(key | waiting).on_conflict_do_nothing()
    )
    failed = ExplanationRow.state == JobState.FAILED, ExplanationRow.finished_at < now() - RETRY
    session.execute(
        update(ExplanationRow)
        .where(*_is(key), *failed)
        .values(waiting | {"error": None, "finished_at": None})
    )


def find(
    session: Session, reader_id: int, ecg_id: int, method: Method, superclass: Superclass
) -> Explained | None:
    """What there is of an explanation, None where nobody has asked; raises as ``request``."""
    key = _key(session, reader_id, ecg_id, method, superclass)
    row = session.scalar(
        select(ExplanationRow).where(*_is(key)).options(undefer(ExplanationRow.attribution))
    )
    if row is None:
        return None
    return Explained(
        id=row.id,
        state=row.state,
        requested_at=row.requested_at,
        message=row.message,
        error=row.error,
        explanation=explanation_of(row),
        sentence=row.sentence,
        report=row.report,
    )


def _key(
    session: Session, reader_id: int, ecg_id: int, method: Method, superclass: Superclass
) -> Json:
    """The columns by which a question is known, for a reader who may ask it."""
    opinion = opinion_for(session, reader_id, ecg_id)  # the blind rule is in there
    if opinion.unavailable:
        raise NothingToExplain(f"there is nothing to explain: {opinion.unavailable}")
    record = find_record(session, ecg_id)
    return {
        "record_id": record.id,
        "model_id": opinion.model_id,
        "method": method,
        "superclass": superclass,
        "settings": _settings(session, record),
    }


def _settings(session: Session, record: RecordRow) -> str:
    """Digest of what decides the result besides record, model, method and class."""
    source = session.get_one(Source, record.source_id)
    content = [REVISION, BACKGROUND, BACKGROUND_SEED, source.digest]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


def _is(key: Json) -> list[ColumnElement[bool]]:
    return [getattr(ExplanationRow, name) == value for name, value in key.items()]
