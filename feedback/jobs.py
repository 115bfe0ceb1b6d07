"""Background jobs as rows: queued -> running (owner, lease) -> done, failed or cancelled.

A claim is one UPDATE with a WHERE and a look at the row count, so that no two workers hold
the same job. A worker that dies loses its lease; another goes on from the job's checkpoint.
``python -m feedback.runner ID`` runs one job and is all that an executor has to start.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, and_, case, or_, select, update
from sqlalchemy.orm import Session

from feedback import audit
from feedback.db import Sessions, now
from feedback.errors import Cancelled, LostLease, NothingToCancel, UnknownJob
from feedback.tables import Job, JobState, Json

HANDLERS = {  # kind -> where its handler is: imported by the process that runs the job alone
    "score": "feedback.scoring:score_shard",
    "retrain": "feedback.retraining:retrain",
}
LEASE = timedelta(seconds=60)  # a dead worker's job waits this long
MAX_ATTEMPTS = 3  # since the last checkpoint: a job must not kill its workers for ever
ATTEMPTS = {"retrain": 12}  # a long job meets more restarts than it causes
OPEN = (JobState.QUEUED, JobState.RUNNING)


@dataclass(frozen=True, kw_only=True)
class JobContext:
    """What a handler is given: its work, where to go on, and how to say that it lives."""

    sessions: Sessions
    job_id: int
    owner: str
    payload: Json
    checkpoint: Json | None  # what the last heartbeat stored, by whatever worker

    def heartbeat(self, progress: float, message: str = "", checkpoint: Json | None = None) -> None:
        """Store progress (0..1) and checkpoint; raises LostLease or Cancelled: end at once."""
        values: Json = {"progress": progress, "message": message}
        if checkpoint is not None:
            values |= {"checkpoint": checkpoint, "attempts": 1}  # it came further: counts anew
        heartbeat(self.sessions, self.job_id, self.owner, **values)


def enqueue(session: Session, kind: str, payload: Json, *, actor: str, priority: int = 0) -> Job:
    """Add a job, and its audit entry in the same transaction; higher priority runs first."""
    if kind not in HANDLERS:
        raise UnknownJob(f"no handler for jobs of kind {kind!r}: use one of {', '.join(HANDLERS)}")
    job = Job(
        kind=kind,
        payload=payload,
        state=JobState.QUEUED,
        priority=priority,
        progress=0.0,
        message="",
        cancel_requested=False,
        attempts=0,
        enqueued_by=actor,
        enqueued_at=now(),
    )
    session.add(job)
    session.flush()
    audit.record(session, actor, "job.enqueue", f"job {job.id}", kind=kind, payload=payload)
    return job


def cancel(session: Session, job_id: int, *, actor: str) -> None:
    """End a queued job now, a running one at its next heartbeat.

    Raises UnknownJob; NothingToCancel where it has ended.
    """
    job = session.get(Job, job_id)
    if job is None:
        raise UnknownJob(f"no job {job_id}: choose one that the list of jobs shows")
    if not _told_to_end(session, job):
        raise NothingToCancel(f"job {job_id} is {job.state}: there is nothing left to cancel")
    _note_cancelled(session, job, actor)


def cancel_all(session: Session, found: Sequence[Job], *, actor: str) -> None:
    """End these jobs as ``cancel`` does, but for those that have ended meanwhile.

    Every row is changed before the first audit entry: who cancels one of them holds its row and
    waits for the head of the chain, so that whoever holds the head must not wait for a row. On
    PostgreSQL the two would wait for each other.
    """
    for job in [job for job in found if _told_to_end(session, job)]:
        _note_cancelled(session, job, actor)


def claim(sessions: Sessions, owner: str, *, job_id: int | None = None) -> int | None:
    """Take the next job that waits or whose worker died (or ``job_id``); None if there is none."""
    wanted = [] if job_id is None else [Job.id == job_id]
    query = select(Job.id, Job.attempts, Job.cancel_requested, _most().label("most")).where(
        _claimable(), *wanted
    )
    while True:
        with sessions.read() as session:
            row = session.execute(query.order_by(Job.priority.desc(), Job.id).limit(1)).first()
        if row is None:
            return None
        if row.cancel_requested:
            _end(sessions, row.id, _claimable(), JobState.CANCELLED)
        elif row.attempts >= row.most:
            error = f"given up after {row.attempts} attempts: its worker died each time"
            _end(sessions, row.id, _claimable(), JobState.FAILED, error=error)
        elif _take(sessions, row.id, owner):
            return int(row.id)


def heartbeat(sessions: Sessions, job_id: int, owner: str, **values: Any) -> None:
    """Renew the lease and store ``values`` (progress, message, checkpoint) of a running job.

    Raises LostLease if the job is no longer this owner's, Cancelled if someone asked for it.
    """
    moment = now()
    renewed = {"heartbeat_at": moment, "lease_until": moment + LEASE}
    statement = (
        update(Job)
        .where(Job.id == job_id, _held_by(owner))
        .values(renewed | values)
        .returning(Job.cancel_requested)
    )
    with sessions.begin() as session:
        cancel_requested = session.execute(statement).scalar_one_or_none()
    if cancel_requested is None:
        raise LostLease(f"job {job_id} is no longer held by {owner}: another worker has it")
    if cancel_requested:
        raise Cancelled(f"job {job_id} was cancelled")


def finish(sessions: Sessions, job_id: int, owner: str, message: str = "") -> bool:
    """Mark the job done; False if it is no longer this owner's."""
    values = {"progress": 1.0, "message": message}
    return _end(sessions, job_id, _held_by(owner), JobState.DONE, **values)


def fail(sessions: Sessions, job_id: int, owner: str, error: str) -> bool:
    """Mark the job failed, for good; False if it is no longer this owner's."""
    return _end(sessions, job_id, _held_by(owner), JobState.FAILED, error=error)


def give_up(sessions: Sessions, job_id: int, owner: str) -> bool:
    """Mark the job cancelled, as its heartbeat said; False if it is no longer this owner's."""
    return _end(sessions, job_id, _held_by(owner), JobState.CANCELLED)


def retry(sessions: Sessions, job_id: int, owner: str, error: str) -> bool:
    """Queue the job again, or fail it after too many attempts; False if no longer this owner's."""
    again = _held_by(owner) & (Job.attempts < _most())
    if _settle(sessions, job_id, again, _queued() | {"error": error}):
        return True
    with sessions.read() as session:
        spent = session.scalar(select(Job.attempts).where(Job.id == job_id))
    return fail(sessions, job_id, owner, f"given up after {spent} attempts: {error}")


def release(sessions: Sessions, job_id: int, owner: str) -> bool:
    """Queue the job again without counting the attempt: its worker was told to stop."""
    values = _queued() | {"attempts": Job.attempts - 1}
    return _settle(sessions, job_id, _held_by(owner), values)


def _most() -> ColumnElement[int]:
    """How many attempts a job has."""
    return case(ATTEMPTS, value=Job.kind, else_=MAX_ATTEMPTS)


def _claimable() -> ColumnElement[bool]:
    abandoned = and_(Job.state == JobState.RUNNING, Job.lease_until < now())
    return or_(Job.state == JobState.QUEUED, abandoned)


def _held_by(owner: str) -> ColumnElement[bool]:
    return and_(Job.owner == owner, Job.state == JobState.RUNNING)


def _take(sessions: Sessions, job_id: int, owner: str) -> bool:
    moment = now()
    values = {
        "state": JobState.RUNNING,
        "owner": owner,
        "lease_until": moment + LEASE,
        "heartbeat_at": moment,
        "started_at": moment,
        "attempts": Job.attempts + 1,
        "error": None,
    }
    return _settle(sessions, job_id, _claimable(), values)


def _queued() -> Json:
    return {"state": JobState.QUEUED, "owner": None, "lease_until": None}


def _end(
    sessions: Sessions, job_id: int, where: ColumnElement[bool], state: JobState, **values: Any
) -> bool:
    ended = {"state": state, "owner": None, "lease_until": None, "finished_at": now()}
    return _settle(sessions, job_id, where, ended | values)


def _settle(sessions: Sessions, job_id: int, where: ColumnElement[bool], values: Json) -> bool:
    """One UPDATE .. WHERE; whether it found the row as expected."""
    with sessions.begin() as session:
        return _change(session, job_id, where, values)


def _told_to_end(session: Session, job: Job) -> bool:
    """Cancel a job that waits, ask one that runs to end; False where there is neither."""
    changes: dict[JobState, Json] = {
        JobState.QUEUED: {"state": JobState.CANCELLED, "finished_at": now()},
        JobState.RUNNING: {"cancel_requested": True},
    }
    changed = [_change(session, job.id, Job.state == at, to) for at, to in changes.items()]
    session.refresh(job)
    return any(changed)


def _note_cancelled(session: Session, job: Job, actor: str) -> None:
    audit.record(session, actor, "job.cancel", f"job {job.id}", state=job.state)


def _change(session: Session, job_id: int, where: ColumnElement[bool], values: Json) -> bool:
    statement = update(Job).where(Job.id == job_id, where).values(values)
    return cast(CursorResult[Any], session.execute(statement)).rowcount == 1
