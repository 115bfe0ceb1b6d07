"""Whether anybody is about to read: what takes a while to get ready is got ready then."""

from datetime import datetime

from sqlalchemy import select

from feedback.db import Sessions
from feedback.tables import Draft, LoginAttempt, Reading

# by primary key or in a small table, so that asking five times a second costs nothing
_LAST_SEEN = (
    select(Reading.submitted_at).order_by(Reading.id.desc()).limit(1),
    select(Draft.saved_at).order_by(Draft.saved_at.desc()).limit(1),
    select(LoginAttempt.at).where(LoginAttempt.succeeded).order_by(LoginAttempt.id.desc()).limit(1),
)


def anybody_since(sessions: Sessions, since: datetime) -> bool:
    """Whether anybody has signed in, typed or answered after ``since``."""
    with sessions.read() as session:
        seen = [session.scalar(query) for query in _LAST_SEEN]
    return any(at is not None and at > since for at in seen)
