"""Which jobs are shown among hundreds: nothing that failed is ever hidden."""

import pytest

from feedback import finetune, jobs, scoring
from feedback.db import Sessions
from feedback.job_list import MOST, Show, job_list
from feedback.tables import JobState

DONE, FAILED, CANCELLED = JobState.DONE, JobState.FAILED, JobState.CANCELLED
QUEUED, RUNNING = JobState.QUEUED, JobState.RUNNING
SCORE, RETRAIN = scoring.KIND, finetune.KIND


def queue(sessions: Sessions, *asked: tuple[str, JobState]) -> None:
    """Jobs of these kinds in these states, numbered from 1."""
    for kind, state in asked:
        with sessions.begin() as session:
            jobs.enqueue(session, kind, {}, actor="eve").state = state


def shown(sessions: Sessions, show: Show, **how: int) -> tuple[list[int], int]:
    """Which are listed, and how many more there are."""
    with sessions.read() as session:
        found = job_list(session, show, **how)
        return [job.id for job in found.jobs], found.more


def test_three_retrainings_are_found_among_what_each_of_them_has_had_scored(
    sessions: Sessions,
) -> None:
    shards = [(SCORE, DONE)] * 22
    queue(sessions, (SCORE, FAILED), *shards, *3 * [(RETRAIN, DONE), *shards])
    assert shown(sessions, Show.NOTABLE) == ([70, 47, 24, 1], 88)
    found, more = shown(sessions, Show.EVERY)
    assert (len(found), more) == (MOST + 1, 92 - MOST - 1)
    assert found[-1] == 1  # it failed, 91 jobs ago


@pytest.mark.parametrize(
    ("show", "numbers"),
    [
        (Show.NOTABLE, [10, 9, 8, 7, 6, 3]),
        (Show.RETRAINING, [10, 9, 8, 7, 3]),
        (Show.EVERY, [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]),
    ],
)
def test_what_is_listed(sessions: Sessions, show: Show, numbers: list[int]) -> None:
    scored = [(SCORE, state) for state in (DONE, CANCELLED, FAILED, QUEUED, DONE, RUNNING)]
    queue(sessions, *scored, *((RETRAIN, state) for state in (DONE, CANCELLED, FAILED, QUEUED)))
    assert shown(sessions, show) == (numbers, 10 - len(numbers))
    with sessions.read() as session:
        assert job_list(session, show).waiting == (4 not in numbers)


@pytest.mark.parametrize("show", list(Show))
def test_what_failed_is_shown_however_many_jobs_have_come_since(
    sessions: Sessions, show: Show
) -> None:
    queue(sessions, *[(SCORE, FAILED)] * 3, *[(RETRAIN, DONE)] * 3)
    assert shown(sessions, show, most=1) == ([6, 3, 2, 1], 2)


def test_what_waits_can_be_cancelled_however_much_has_ended_since(sessions: Sessions) -> None:
    queue(sessions, (SCORE, QUEUED), *[(SCORE, DONE)] * 3)
    assert shown(sessions, Show.EVERY, most=1) == ([4, 1], 2)
