"""Sessions that were signed out: their cookies are good for nothing, whoever has them."""

from datetime import timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from feedback.db import insert_of, now
from feedback.tables import EndedSession

KEPT = timedelta(days=2)  # longer than any cookie is good for: dashboard.security


def end(session: Session, mark: str) -> None:
    """End the session with this mark for good."""
    session.execute(delete(EndedSession).where(EndedSession.at < now() - KEPT))
    ended = insert_of(session, EndedSession).values(mark=mark, at=now())
    session.execute(ended.on_conflict_do_nothing())  # two windows may sign out at once


def has_ended(session: Session, mark: str) -> bool:
    """Whether somebody signed out of the session with this mark."""
    return session.get(EndedSession, mark) is not None
