"""Which explanation is computed next, by whom, and what became of it.

A row is claimed as a job is, by one UPDATE with a WHERE and a look at the row count: first for
the attribution, which a reader waits for, then once more for its report, by another process: a
report takes seconds, and whoever asks for the next attribution must not wait for it. A process
that dies loses its lease, and another takes the row up.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, and_, or_, select, update
from sqlalchemy.orm import undefer

from core.ecg import Superclass
from core.explain.explanation import Explanation, Method
from feedback import attributions
from feedback.db import Sessions, now
from feedback.errors import LostLease
from feedback.tables import ExplanationRow, JobState, Json

LEASE = timedelta(seconds=20)  # what a dead process held waits this long
MAX_ATTEMPTS = 3  # a method that kills its process must not do so for ever
OPEN = (JobState.QUEUED, JobState.RUNNING)

_PLAIN = ("unit", "baseline", "samples", "seed", "residual", "logit", "seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """What a process has taken on itself to compute."""

    id: int
    record_id: int
    model_id: int
    method: Method
    superclass: Superclass
    explanation: Explanation | None  # None: it is to be computed; else its report is


def claim(sessions: Sessions, owner: str, *, reports: bool = False) -> Claimed | None:
    """Take the attribution last asked for that waits, or the report; None where none does.

    The last one, because it is on somebody's screen.
    """
    query = (
        select(ExplanationRow.id, ExplanationRow.attempts)
        .where(_claimable(reports))
        .order_by(ExplanationRow.requested_at.desc(), ExplanationRow.id.desc())
        .limit(1)
    )
    while True:
        with sessions.read() as session:
            row = session.execute(query).first()
        if row is None:
            return None
        if row.attempts >= MAX_ATTEMPTS:
            error = f"given up after {row.attempts} attempts: its process died each time"
            values = _ended(JobState.FAILED) | {"error": error}
            _settle(sessions, row.id, _claimable(reports), values)
        elif _take(sessions, row.id, owner, reports):
            return _claimed(sessions, row.id)


def waits(sessions: Sessions, *, reports: bool = False) -> bool:
    """Whether an attribution, or a report, is to be computed that no living process holds."""
    query = select(ExplanationRow.id).where(_claimable(reports)).limit(1)
    with sessions.read() as session:
        return session.scalar(query) is not None


def anybody_waits(sessions: Sessions) -> bool:
    """Whether an attribution is to be computed, or is being computed."""
    query = select(ExplanationRow.id).where(
        ExplanationRow.state.in_(OPEN), ExplanationRow.seconds.is_(None)
    )
    with sessions.read() as session:
        return session.scalar(query.limit(1)) is not None


def keep(sessions: Sessions, explanation_id: int, owner: str, message: str | None = None) -> None:
    """Renew the lease, and say what is being done; raises LostLease."""
    values: Json = {"lease_until": now() + LEASE}
    if message is not None:
        values["message"] = message
    if not _settle(sessions, explanation_id, _held_by(owner), values):
        raise LostLease(
            f"explanation {explanation_id} is no longer held by {owner}: another process has it"
        )


def store(
    sessions: Sessions, explanation_id: int, owner: str, found: Explanation, sentence: str
) -> bool:
    """Store what was found; its report waits. False if it is no longer this owner's."""
    values = {
        **_free(JobState.QUEUED),
        **{name: getattr(found, name) for name in _PLAIN},
        "attribution": attributions.pack(found.attribution),
        "sentence": sentence,
        "attempts": 0,
        "message": "",
    }
    return _settle(sessions, explanation_id, _held_by(owner), values)


def finish(sessions: Sessions, explanation_id: int, owner: str, report: Json) -> bool:
    """Store the report and mark the row done; False if it is no longer this owner's."""
    values = _ended(JobState.DONE) | {"report": report}
    return _settle(sessions, explanation_id, _held_by(owner), values)


def fail(sessions: Sessions, explanation_id: int, owner: str, error: str) -> bool:
    """Mark the row failed, its attribution kept; False if it is no longer this owner's."""
    values = _ended(JobState.FAILED) | {"error": error}
    return _settle(sessions, explanation_id, _held_by(owner), values)


def release(sessions: Sessions, owner: str, *, died: bool) -> None:
    """Let go of all that an ended process held, so that the next one takes it up at once.

    The attempt counts where the process ``died`` of it, not where it was told to stop.
    """
    values = _free(JobState.QUEUED)
    if not died:
        values["attempts"] = ExplanationRow.attempts - 1
    with sessions.begin() as session:
        session.execute(update(ExplanationRow).where(_held_by(owner)).values(values))


def explanation_of(row: ExplanationRow) -> Explanation | None:
    """The explanation that a row holds; its attribution must have been loaded."""
    if row.attribution is None:
        return None
    plain: dict[str, Any] = {name: getattr(row, name) for name in _PLAIN}
    return Explanation(
        superclass=row.superclass,
        method=row.method,
        attribution=attributions.unpack(row.attribution),
        **plain,
    )


def _claimed(sessions: Sessions, explanation_id: int) -> Claimed:
    with sessions.read() as session:
        with_attribution = [undefer(ExplanationRow.attribution)]
        row = session.get_one(ExplanationRow, explanation_id, options=with_attribution)
    return Claimed(
        id=row.id,
        record_id=row.record_id,
        model_id=row.model_id,
        method=row.method,
        superclass=row.superclass,
        explanation=explanation_of(row),
    )


def _claimable(reports: bool) -> ColumnElement[bool]:
    computed = ExplanationRow.seconds.is_not(None)
    abandoned = and_(ExplanationRow.state == JobState.RUNNING, ExplanationRow.lease_until < now())
    free = or_(ExplanationRow.state == JobState.QUEUED, abandoned)
    return and_(free, computed if reports else ~computed)


def _held_by(owner: str) -> ColumnElement[bool]:
    return and_(ExplanationRow.owner == owner, ExplanationRow.state == JobState.RUNNING)


def _take(sessions: Sessions, explanation_id: int, owner: str, reports: bool) -> bool:
    values = {
        "state": JobState.RUNNING,
        "owner": owner,
        "lease_until": now() + LEASE,
        "attempts": ExplanationRow.attempts + 1,
    }
    return _settle(sessions, explanation_id, _claimable(reports), values)


def _free(state: JobState) -> Json:
    return {"state": state, "owner": None, "lease_until": None}


def _ended(state: JobState) -> Json:
    return _free(state) | {"finished_at": now(), "message": ""}


def _settle(
    sessions: Sessions, explanation_id: int, where: ColumnElement[bool], values: Json
) -> bool:
    """One UPDATE .. WHERE; whether it found the row as expected."""
    statement = update(ExplanationRow).where(ExplanationRow.id == explanation_id, where)
    with sessions.begin() as session:
        found = cast(CursorResult[Any], session.execute(statement.values(values))).rowcount
    return found == 1
