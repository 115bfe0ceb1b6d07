"""Jobs: who gets one, what becomes of it, and what a worker that has lost it is told."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from feedback import jobs
from feedback.db import Sessions, now
from feedback.errors import Cancelled, LostLease, NothingToCancel, UnknownJob
from feedback.jobs import JobContext
from feedback.tables import AuditEntry, Job, JobState


@pytest.fixture(autouse=True)
def toy_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(jobs.HANDLERS, "toy", "nowhere:nothing")


def enqueue(sessions: Sessions, priority: int = 0, **payload: object) -> int:
    with sessions.begin() as session:
        return jobs.enqueue(session, "toy", payload, actor="eve", priority=priority).id


def row(sessions: Sessions, job_id: int) -> Job:
    with sessions.read() as session:
        return session.get_one(Job, job_id)


def expire(sessions: Sessions, job_id: int) -> None:
    """What time does to the lease of a worker that died."""
    with sessions.begin() as session:
        past = now() - timedelta(seconds=1)
        session.execute(update(Job).where(Job.id == job_id).values(lease_until=past))


def cancel(sessions: Sessions, job_id: int) -> None:
    with sessions.begin() as session:
        jobs.cancel(session, job_id, actor="eve")


def test_enqueuing_writes_its_audit_entry_in_the_same_transaction(sessions: Sessions) -> None:
    job_id = enqueue(sessions, shard=7)
    with sessions.read() as session:
        entry = session.scalars(select(AuditEntry)).one()
    assert (entry.actor, entry.action, entry.subject) == ("eve", "job.enqueue", f"job {job_id}")
    assert entry.detail == {"kind": "toy", "payload": {"shard": 7}}


def test_a_kind_that_nobody_handles_is_refused(sessions: Sessions) -> None:
    with sessions.begin() as session, pytest.raises(UnknownJob) as caught:
        jobs.enqueue(session, "tea", {}, actor="eve")
    assert str(caught.value) == "no handler for jobs of kind 'tea': use one of score, retrain, toy"


def test_higher_priority_runs_first_then_the_older_one(sessions: Sessions) -> None:
    older, newer, urgent = enqueue(sessions), enqueue(sessions), enqueue(sessions, priority=5)
    claimed = [jobs.claim(sessions, "a") for _ in range(4)]
    assert claimed == [urgent, older, newer, None]


def test_no_two_workers_get_the_same_job(sessions: Sessions) -> None:
    waiting = {enqueue(sessions) for _ in range(12)}
    with ThreadPoolExecutor(6) as pool:
        claimed = list(pool.map(lambda n: jobs.claim(sessions, f"worker {n}"), range(12)))
    assert len(claimed) == 12 and set(claimed) == waiting


def test_a_heartbeat_stores_progress_and_renews_the_lease(sessions: Sessions) -> None:
    job_id = enqueue(sessions)
    jobs.claim(sessions, "a")
    expire(sessions, job_id)
    jobs.heartbeat(sessions, job_id, "a", progress=0.5, checkpoint={"epoch": 3})
    job = row(sessions, job_id)
    assert (job.progress, job.checkpoint) == (0.5, {"epoch": 3})
    assert jobs.claim(sessions, "b") is None


def test_a_dead_workers_job_goes_to_another_with_its_checkpoint(sessions: Sessions) -> None:
    job_id = enqueue(sessions)
    jobs.claim(sessions, "a")
    jobs.heartbeat(sessions, job_id, "a", checkpoint={"epoch": 3})
    expire(sessions, job_id)
    assert jobs.claim(sessions, "b") == job_id
    assert row(sessions, job_id).checkpoint == {"epoch": 3}


def test_a_worker_that_lost_its_job_can_neither_go_on_nor_settle_it(sessions: Sessions) -> None:
    job_id = enqueue(sessions)
    jobs.claim(sessions, "a")
    expire(sessions, job_id)
    jobs.claim(sessions, "b")
    with pytest.raises(LostLease) as caught:
        jobs.heartbeat(sessions, job_id, "a", progress=0.9)
    assert str(caught.value) == f"job {job_id} is no longer held by a: another worker has it"
    assert not jobs.finish(sessions, job_id, "a")
    assert not jobs.fail(sessions, job_id, "a", "late")
    assert not jobs.retry(sessions, job_id, "a", "late")
    assert not jobs.release(sessions, job_id, "a")
    job = row(sessions, job_id)
    assert (job.state, job.owner, job.progress) == (JobState.RUNNING, "b", 0.0)


def test_a_finished_job_is_over(sessions: Sessions) -> None:
    job_id = enqueue(sessions)
    jobs.claim(sessions, "a")
    assert jobs.finish(sessions, job_id, "a", "500 records")
    job = row(sessions, job_id)
    assert (job.state, job.progress, job.message) == (JobState.DONE, 1.0, "500 records")
    assert job.finished_at is not None
    assert jobs.claim(sessions, "b") is None


def test_a_job_that_kills_its_workers_is_given_up(sessions: Sessions) -> None:
    job_id = enqueue(sessions)
    for attempt in range(jobs.MAX_ATTEMPTS):
        assert jobs.claim(sessions, f"worker {attempt}") == job_id
        expire(sessions, job_id)
    assert jobs.claim(sessions, "the next") is None
    job = row(sessions, job_id)
    assert job.state is JobState.FAILED
    assert job.error == "given up after 3 attempts: its worker died each time"


def test_a_job_that_comes_further_each_time_is_not_given_up(sessions: Sessions) -> None:
    job_id = enqueue(sessions)
    for step in range(jobs.MAX_ATTEMPTS + 2):
        assert jobs.claim(sessions, "a") == job_id
        context = JobContext(
            sessions=sessions, job_id=job_id, owner="a", payload={}, checkpoint=None
        )
        context.heartbeat(0.1 * step, "", {"step": step})
        expire(sessions, job_id)
    assert row(sessions, job_id).state is JobState.RUNNING


def test_a_job_is_tried_three_times_and_says_why_it_failed(sessions: Sessions) -> None:
    job_id = enqueue(sessions)
    states = []
    for _ in range(jobs.MAX_ATTEMPTS):
        jobs.claim(sessions, "a")
        jobs.retry(sessions, job_id, "a", "out of memory")
        states.append(row(sessions, job_id).state)
    assert states == [JobState.QUEUED, JobState.QUEUED, JobState.FAILED]
    assert row(sessions, job_id).error == "given up after 3 attempts: out of memory"


def test_stopping_the_worker_costs_the_job_no_attempt(sessions: Sessions) -> None:
    job_id = enqueue(sessions)
    for _ in range(jobs.MAX_ATTEMPTS + 2):
        assert jobs.claim(sessions, "a") == job_id
        assert jobs.release(sessions, job_id, "a")
    job = row(sessions, job_id)
    assert (job.state, job.attempts) == (JobState.QUEUED, 0)


def test_a_queued_job_is_cancelled_at_once(sessions: Sessions) -> None:
    job_id = enqueue(sessions)
    cancel(sessions, job_id)
    assert row(sessions, job_id).state is JobState.CANCELLED
    assert jobs.claim(sessions, "a") is None


def test_a_running_job_is_cancelled_at_its_next_heartbeat(sessions: Sessions) -> None:
    job_id = enqueue(sessions)
    jobs.claim(sessions, "a")
    cancel(sessions, job_id)
    with pytest.raises(Cancelled) as caught:
        jobs.heartbeat(sessions, job_id, "a")
    assert str(caught.value) == f"job {job_id} was cancelled"


def test_a_cancelled_job_whose_worker_died_is_not_taken_up(sessions: Sessions) -> None:
    job_id = enqueue(sessions)
    jobs.claim(sessions, "a")
    cancel(sessions, job_id)
    expire(sessions, job_id)
    assert jobs.claim(sessions, "b") is None
    assert row(sessions, job_id).state is JobState.CANCELLED


def test_cancelling_does_not_undo_what_is_done(sessions: Sessions) -> None:
    job_id = enqueue(sessions)
    jobs.claim(sessions, "a")
    jobs.finish(sessions, job_id, "a")
    with pytest.raises(NothingToCancel) as refused:
        cancel(sessions, job_id)
    assert str(refused.value) == f"job {job_id} is done: there is nothing left to cancel"
    assert row(sessions, job_id).state is JobState.DONE


def test_cancelling_an_unknown_job_says_so(sessions: Sessions) -> None:
    with sessions.begin() as session, pytest.raises(UnknownJob) as caught:
        jobs.cancel(session, 404, actor="eve")
    assert str(caught.value) == "no job 404: choose one that the list of jobs shows"
