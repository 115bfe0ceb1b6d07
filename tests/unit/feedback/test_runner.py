"""Running one job: whatever its handler does, the row tells how it ended."""

import sys
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from core.errors import CheckpointAltered
from feedback import jobs, runner
from feedback.db import Sessions
from feedback.jobs import JobContext
from feedback.tables import Job, JobState

Handler = Callable[[JobContext], str | None]


def run(monkeypatch: pytest.MonkeyPatch, sessions: Sessions, handler: Handler) -> Job:
    """The row of a job after one attempt with this handler."""
    monkeypatch.setitem(sys.modules, "toy_jobs", SimpleNamespace(work=handler))
    monkeypatch.setitem(jobs.HANDLERS, "toy", "toy_jobs:work")
    with sessions.begin() as session:
        job_id = jobs.enqueue(session, "toy", {"n": 3}, actor="eve").id
    jobs.claim(sessions, "a")
    runner.run(sessions, job_id, "a")
    with sessions.read() as session:
        return session.get_one(Job, job_id)


def test_a_job_that_returns_is_done(monkeypatch: pytest.MonkeyPatch, sessions: Sessions) -> None:
    job = run(monkeypatch, sessions, lambda context: f"{context.payload['n']} records")
    assert (job.state, job.message, job.progress) == (JobState.DONE, "3 records", 1.0)


def test_what_would_fail_again_fails_at_once(
    monkeypatch: pytest.MonkeyPatch, sessions: Sessions
) -> None:
    def altered(_: JobContext) -> None:
        raise CheckpointAltered("weights have digest 12: restore the file")

    job = run(monkeypatch, sessions, altered)
    assert (job.state, job.error) == (JobState.FAILED, "weights have digest 12: restore the file")


def test_what_nobody_foresaw_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, sessions: Sessions
) -> None:
    def broken(_: JobContext) -> None:
        raise MemoryError("no room")

    job = run(monkeypatch, sessions, broken)
    assert (job.state, job.error, job.attempts) == (JobState.QUEUED, "MemoryError: no room", 1)


def test_a_job_that_is_cancelled_ends_at_its_heartbeat(
    monkeypatch: pytest.MonkeyPatch, sessions: Sessions
) -> None:
    reached = []

    def cancelled(context: JobContext) -> None:
        with context.sessions.begin() as session:
            jobs.cancel(session, context.job_id, actor="eve")
        context.heartbeat(0.5, "half")
        reached.append("after the heartbeat")

    job = run(monkeypatch, sessions, cancelled)
    assert (job.state, reached) == (JobState.CANCELLED, [])


def test_a_job_that_another_worker_took_over_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, sessions: Sessions
) -> None:
    def stolen(context: JobContext) -> None:
        jobs.release(context.sessions, context.job_id, "a")
        jobs.claim(context.sessions, "b")
        context.heartbeat(0.5)

    job = run(monkeypatch, sessions, stolen)
    assert (job.state, job.owner) == (JobState.RUNNING, "b")


def test_the_next_attempt_goes_on_from_the_checkpoint(
    monkeypatch: pytest.MonkeyPatch, sessions: Sessions
) -> None:
    begun_at = []

    def work(context: JobContext) -> None:
        begun_at.append((context.checkpoint or {"epoch": 0})["epoch"])
        context.heartbeat(0.5, checkpoint={"epoch": 4})
        if len(begun_at) == 1:
            raise RuntimeError("struck by lightning")

    job = run(monkeypatch, sessions, work)
    jobs.claim(sessions, "b")
    runner.run(sessions, job.id, "b")
    assert begun_at == [0, 4]


def test_a_kind_of_another_version_is_refused(
    monkeypatch: pytest.MonkeyPatch, sessions: Sessions
) -> None:
    monkeypatch.setitem(jobs.HANDLERS, "new", "nowhere:nothing")
    with sessions.begin() as session:
        job_id = jobs.enqueue(session, "new", {}, actor="eve").id
    monkeypatch.delitem(jobs.HANDLERS, "new")
    jobs.claim(sessions, "a")
    runner.run(sessions, job_id, "a")
    with sessions.read() as session:
        job = session.get_one(Job, job_id)
    assert job.error == "no handler for jobs of kind 'new': update this worker"
