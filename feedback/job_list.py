"""Which jobs are shown: whatever has failed always, the rest as asked for.

Scoring comes in parts of a thousand records: every version that the gate passes brings a score of
them, between which a retraining is not found.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, func, or_, select, true
from sqlalchemy.orm import Session

from feedback import finetune, scoring
from feedback.jobs import OPEN
from feedback.tables import Job, JobState

MOST = 50  # of those that have ended well, or were cancelled


class Show(StrEnum):
    """What is listed beside the jobs that have failed."""

    NOTABLE = "notable"  # all but the scoring that waits, or has ended well
    RETRAINING = "retraining"
    EVERY = "every"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobList:
    """Jobs, the latest first, and how many more there are; none of those has failed."""

    jobs: Sequence[Job]
    more: int
    waiting: int  # of those


def job_list(session: Session, show: Show, most: int = MOST) -> JobList:
    """The jobs that are asked for; whatever has failed is among them, however long ago."""
    failed, open_, wanted = Job.state == JobState.FAILED, Job.state.in_(OPEN), _wanted(show)
    ended = wanted & ~failed & ~open_
    latest = select(Job.id).where(ended).order_by(Job.id.desc()).limit(most)
    shown = or_(failed, open_ & wanted, Job.id.in_(latest))
    listed = session.scalars(select(Job).where(shown).order_by(Job.id.desc())).all()
    waits = Job.state == JobState.QUEUED
    left_out = select(func.count(), func.count().filter(waits)).select_from(Job).where(~shown)
    more, waiting = session.execute(left_out).one()
    return JobList(jobs=listed, more=more, waiting=waiting)


def _wanted(show: Show) -> ColumnElement[bool]:
    if show is Show.EVERY:
        return true()
    if show is Show.RETRAINING:
        return Job.kind == finetune.KIND
    return or_(Job.kind != scoring.KIND, Job.state == JobState.RUNNING)
