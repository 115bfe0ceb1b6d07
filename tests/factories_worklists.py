"""Worklists as an admin would make them."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import update

from feedback import claims, readings, worklists
from feedback.claims import Claim
from feedback.db import Sessions, now
from feedback.pool import PoolFilter
from feedback.sampling import Strategy
from feedback.tables import Reading, User, Worklist, WorklistSlot
from feedback.worklists import WorklistPlan
from tests.factories_readings import answer

ADMIN = "admin@example.org"


def plan(**settings: Any) -> WorklistPlan:
    """A random worklist of all records, once each, with these settings."""
    usual = {"name": "Morning", "records": 100, "strategy": Strategy.RANDOM}
    return WorklistPlan(**(usual | {"pool": PoolFilter(folds=tuple(range(1, 11)))} | settings))


def worklist(sessions: Sessions, **settings: Any) -> Worklist:
    """That worklist, made."""
    with sessions.begin() as session:
        return worklists.make(session, plan(**settings), actor=ADMIN)


def close_all(sessions: Sessions) -> None:
    """Close every worklist, so that the next one may ask for the same records."""
    with sessions.begin() as session:
        session.execute(update(Worklist).values(open=False))


def claimed(sessions: Sessions, reader_id: int, worklist_id: int) -> Claim:
    """The reader's next record."""
    with sessions.begin() as session:
        return claims.claim_next(session, reader_id, worklist_id)


def submit(
    sessions: Sessions, reader: User, ecg_id: int, worklist_id: int | None = None
) -> Reading:
    """A blind answer to an ECG that was opened by a worklist, or from the grid; stored."""
    with sessions.begin() as session:
        return readings.submit_blind(
            session,
            reader.id,
            ecg_id,
            answer(),
            key=uuid4().hex,
            started_at=now(),
            worklist_id=worklist_id,
        )


def expire(sessions: Sessions) -> None:
    """What a quarter of an hour does to every lease."""
    with sessions.begin() as session:
        session.execute(
            update(WorklistSlot)
            .where(WorklistSlot.lease_until.is_not(None))
            .values(lease_until=now() - timedelta(seconds=1))
        )
