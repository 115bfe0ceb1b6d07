"""Sessions that were signed out: their cookies are good for nothing, whoever has them."""

from datetime import timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from feedback.db import now
from feedback.tables import EndedSession

_KEPT = timedelta(days=2)  # longer than any cookie is good for: dashboard.security


def end(session: Session, mark: str) -> None:
    """End the session with this mark for good."""
    session.execute(delete(EndedSession).where(EndedSession.at < now() - _KEPT))
    if not has_ended(session, mark):
        session.add(EndedSession(mark=mark, at=now()))


def has_ended(session: Session, mark: str) -> bool:
    """Whether somebody signed out of the session with this mark."""
    return session.get(EndedSession, mark) is not None
