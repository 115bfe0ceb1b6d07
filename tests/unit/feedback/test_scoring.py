"""Scoring shards: every record gets its opinion once, whatever dies on the way."""

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from core.checkpoint import read_card
from core.ptbxl import Ptbxl
from feedback import catalogue, importing, jobs, runner, scoring
from feedback.db import Sessions
from feedback.errors import Cancelled
from feedback.executors.local import LocalExecutor, work
from feedback.jobs import JobContext
from feedback.tables import Job, JobState, Prediction
from tests.factories_dataset import dataset, write_samples

RECORDS = 6


@pytest.fixture
def data(sessions: Sessions, tmp_path: Path, checkpoint: Path) -> Ptbxl:
    """Six imported records and a registered model."""
    found = dataset(tmp_path / "data", RECORDS)
    importing.import_dataset(sessions, found)
    with sessions.begin() as session:
        catalogue.register_model(session, read_card(checkpoint), checkpoint)
    return found


def enqueue(sessions: Sessions, shard: int = scoring.SHARD) -> list[int]:
    with sessions.begin() as session:
        return [job.id for job in scoring.enqueue_scoring(session, actor="eve", shard=shard)]


def run_all(sessions: Sessions) -> None:
    while (job_id := jobs.claim(sessions, "a")) is not None:
        runner.run(sessions, job_id, "a")


def predictions(sessions: Sessions) -> list[Prediction]:
    with sessions.read() as session:
        return list(session.scalars(select(Prediction).order_by(Prediction.record_id)))


def job(sessions: Sessions, job_id: int) -> Job:
    with sessions.read() as session:
        return session.get_one(Job, job_id)


def test_every_record_gets_an_opinion(sessions: Sessions, data: Ptbxl) -> None:
    enqueue(sessions)
    run_all(sessions)
    rows = predictions(sessions)
    assert [row.record_id for row in rows] == list(range(1, RECORDS + 1))
    assert all(row.acceptable and 0 < row.p_norm < 1 and row.error is None for row in rows)


def test_what_is_stored_is_what_the_model_says(
    sessions: Sessions, data: Ptbxl, checkpoint: Path
) -> None:
    from core.predict import Predictor

    enqueue(sessions)
    run_all(sessions)
    opinion = Predictor.load(checkpoint).predict([data.read(4)])[0]
    row = predictions(sessions)[3]
    stored = (row.p_norm, row.p_mi, row.p_sttc, row.p_cd, row.p_hyp)
    assert stored == pytest.approx(tuple(opinion.probabilities), abs=1e-5)
    assert (row.labels, row.abstained) == (" ".join(opinion.labels), list(opinion.abstained))


def test_the_work_is_cut_into_shards(sessions: Sessions, data: Ptbxl) -> None:
    first, second = enqueue(sessions, shard=4)
    assert job(sessions, first).payload == {"source": 1, "model": 1, "first": 1, "last": 4}
    assert job(sessions, second).payload == {"source": 1, "model": 1, "first": 5, "last": 6}


def test_asking_twice_does_not_double_the_work(sessions: Sessions, data: Ptbxl) -> None:
    enqueue(sessions, shard=4)
    assert enqueue(sessions) == []
    run_all(sessions)
    assert enqueue(sessions) == []


def test_a_file_that_cannot_be_read_stops_no_other_and_is_tried_again(
    sessions: Sessions, data: Ptbxl
) -> None:
    damaged = data.root / "records100" / "00000" / "00003_lr.hea"
    damaged.unlink()
    (job_id,) = enqueue(sessions)
    run_all(sessions)
    assert job(sessions, job_id).state is JobState.DONE
    row = predictions(sessions)[2]
    assert row.error is not None and row.error.startswith(f"{damaged} is not there")
    assert (row.acceptable, row.p_norm, row.labels) == (False, None, None)

    write_samples(data.root, 3)
    assert len(enqueue(sessions)) == 1
    run_all(sessions)
    rows = predictions(sessions)
    assert [row.record_id for row in rows] == list(range(1, RECORDS + 1))
    assert all(row.error is None and row.acceptable for row in rows)


def test_a_shard_passes_over_what_is_scored(
    sessions: Sessions, data: Ptbxl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "BATCH", 2)
    (job_id,) = enqueue(sessions)
    jobs.claim(sessions, "a")
    with pytest.raises(Cancelled):
        scoring.score_shard(cut_off_after(sessions, job_id, batches=2))
    assert len(before := predictions(sessions)) == 4
    jobs.release(sessions, job_id, "a")
    with sessions.begin() as session:
        session.execute(update(Job).values(cancel_requested=False))
    run_all(sessions)
    after = predictions(sessions)
    assert len(after) == RECORDS
    assert [row.predicted_at for row in after[:4]] == [row.predicted_at for row in before]


def cut_off_after(sessions: Sessions, job_id: int, *, batches: int) -> JobContext:
    """The context of a job that is cancelled at a heartbeat between two batches."""

    class Cut(JobContext):
        beats: list[float] = []

        def heartbeat(self, progress: float, *rest: object) -> None:
            self.beats.append(progress)
            if len(self.beats) > batches:
                raise Cancelled("enough")

    payload = job(sessions, job_id).payload
    return Cut(sessions=sessions, job_id=job_id, owner="a", payload=payload, checkpoint=None)


def test_another_checkpoint_at_the_path_is_not_passed_off_as_the_model(
    sessions: Sessions, data: Ptbxl
) -> None:
    from feedback.tables import ModelVersion

    (job_id,) = enqueue(sessions)
    with sessions.begin() as session:
        session.execute(update(ModelVersion).values(version="2026.01-old"))
    run_all(sessions)
    found = job(sessions, job_id)
    assert found.state is JobState.FAILED
    assert "not 2026.01-old: restart TrustECG" in found.error
    assert predictions(sessions) == []


def test_scoring_whose_process_is_killed_is_completed(
    sessions: Sessions, data: Ptbxl, tmp_path: Path
) -> None:
    slow = tmp_path / "slow.py"  # the real thing, with time to be killed between its batches
    slow.write_text(
        "import sys, time\n"
        "from feedback import jobs, runner, scoring\n"
        "beat = jobs.JobContext.heartbeat\n"
        "jobs.JobContext.heartbeat = lambda *given: (time.sleep(0.5), beat(*given))\n"
        "scoring.BATCH = 1\n"
        "sys.exit(runner.main())\n"
    )
    (job_id,) = enqueue(sessions)
    url = sessions.engine.url.render_as_string(hide_password=False)
    started: list[int] = []

    class Noting(LocalExecutor):
        def start(self, job_id: int, owner: str):  # type: ignore[no-untyped-def]
            child = super().start(job_id, owner)
            started.append(child.process.pid)
            return child

    executor = Noting(url, tmp_path / "jobs.log", command=(sys.executable, str(slow)))
    options = {"stop": threading.Event(), "finished": lambda: True}
    worker = threading.Thread(target=work, args=(sessions, executor), kwargs=options)
    worker.start()
    deadline = time.monotonic() + 180
    while len(predictions(sessions)) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(started[0], signal.SIGKILL)
    kept = {row.id for row in predictions(sessions)}
    worker.join(180)
    assert job(sessions, job_id).state is JobState.DONE
    assert len(started) == 2
    ids = [row.id for row in predictions(sessions)]
    assert len(ids) == RECORDS and kept <= set(ids)
    with sessions.read() as session:
        assert session.scalar(select(func.count(Prediction.record_id.distinct()))) == RECORDS
