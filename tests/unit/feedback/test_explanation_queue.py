"""Who computes an explanation, in which order, and what happens when they die."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from core.ecg import SUPERCLASSES, Superclass
from core.explain.explanation import Method
from feedback import explanation_queue as queue
from feedback import explanations
from feedback.db import Sessions, now
from feedback.errors import LostLease
from feedback.tables import ExplanationRow, JobState, User
from tests.factories_explanations import explanation


def ask(sessions: Sessions, reader: User, superclass: Superclass = Superclass.MI) -> int:
    with sessions.begin() as session:
        explanations.request(session, reader.id, 1, Method.SHAP, superclass)
        return session.scalars(
            select(ExplanationRow.id).where(ExplanationRow.superclass == superclass)
        ).one()


def row(sessions: Sessions, explanation_id: int) -> ExplanationRow:
    with sessions.read() as session:
        return session.get_one(ExplanationRow, explanation_id)


def claimed_id(sessions: Sessions, owner: str = "a") -> int | None:
    claimed = queue.claim(sessions, owner)
    return claimed and claimed.id


def expire(sessions: Sessions) -> None:
    """What time does to the lease of a process that died."""
    with sessions.begin() as session:
        session.execute(update(ExplanationRow).values(lease_until=now() - timedelta(seconds=1)))


def test_the_last_one_asked_for_comes_first_and_reports_apart_from_them(
    answered: Sessions, reader: User
) -> None:
    first, second = ask(answered, reader), ask(answered, reader, Superclass.CD)
    assert claimed_id(answered) == second
    queue.store(answered, second, "a", explanation(), "")
    assert queue.waits(answered) and queue.waits(answered, reports=True)
    assert claimed_id(answered) == first
    assert claimed_id(answered) is None
    reported = queue.claim(answered, "b", reports=True)
    assert reported is not None and reported.id == second
    assert queue.claim(answered, "b", reports=True) is None


def test_no_two_processes_get_the_same_one(answered: Sessions, reader: User) -> None:
    waiting = {ask(answered, reader, name) for name in SUPERCLASSES}
    with ThreadPoolExecutor(5) as pool:
        claimed = list(pool.map(lambda n: claimed_id(answered, f"process {n}"), range(5)))
    assert len(claimed) == 5 and set(claimed) == waiting


def test_another_takes_up_what_a_dead_process_held(answered: Sessions, reader: User) -> None:
    held = ask(answered, reader)
    assert claimed_id(answered, "dead") == held
    assert claimed_id(answered, "b") is None
    assert not queue.waits(answered)
    expire(answered)
    assert queue.waits(answered)
    assert claimed_id(answered, "b") == held
    assert not queue.store(answered, held, "dead", explanation(), "")
    with pytest.raises(LostLease) as lost:
        queue.keep(answered, held, "dead")
    assert (
        str(lost.value) == f"explanation {held} is no longer held by dead: another process has it"
    )


def test_what_an_ended_process_held_is_free_at_once(answered: Sessions, reader: User) -> None:
    held = ask(answered, reader)
    claimed_id(answered, "ended")
    queue.release(answered, "ended", died=False)
    assert claimed_id(answered, "b") == held


def test_a_lease_that_is_kept_is_not_lost(answered: Sessions, reader: User) -> None:
    held = ask(answered, reader)
    claimed_id(answered)
    expire(answered)
    queue.keep(answered, held, "a", "integrating")
    assert not queue.waits(answered)
    assert row(answered, held).message == "integrating"


def test_what_kills_its_process_each_time_is_given_up(answered: Sessions, reader: User) -> None:
    deadly = ask(answered, reader)
    for _ in range(queue.MAX_ATTEMPTS):
        assert claimed_id(answered) == deadly
        queue.release(answered, "a", died=True)
    assert claimed_id(answered) is None
    found = row(answered, deadly)
    assert (found.state, found.error) == (
        JobState.FAILED,
        "given up after 3 attempts: its process died each time",
    )


def test_a_process_that_was_told_to_stop_has_made_no_attempt(
    answered: Sessions, reader: User
) -> None:
    held = ask(answered, reader)
    for _ in range(queue.MAX_ATTEMPTS + 1):
        assert claimed_id(answered) == held
        queue.release(answered, "a", died=False)
    assert row(answered, held).attempts == 0
