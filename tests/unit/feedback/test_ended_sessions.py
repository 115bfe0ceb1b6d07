"""Sessions that were signed out: for good, and remembered no longer than their cookies."""

from datetime import timedelta

from sqlalchemy import select

from feedback import ended_sessions
from feedback.db import Sessions
from feedback.tables import EndedSession


def test_a_session_ends_once_and_no_other_with_it(sessions: Sessions) -> None:
    for _ in range(2):  # in one window and then in another
        with sessions.begin() as session:
            ended_sessions.end(session, "mine")
    with sessions.read() as session:
        assert ended_sessions.has_ended(session, "mine")
        assert not ended_sessions.has_ended(session, "another")


def test_what_no_cookie_outlives_is_forgotten(sessions: Sessions) -> None:
    with sessions.begin() as session:
        ended_sessions.end(session, "of long ago")
        session.get_one(EndedSession, "of long ago").at -= timedelta(days=3)
    with sessions.begin() as session:
        ended_sessions.end(session, "mine")
    with sessions.read() as session:
        assert session.scalars(select(EndedSession.mark)).all() == ["mine"]
