"""A whole run: taught, judged, entered; killed at any moment, it ends with the same weights."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import select

from core import trial
from core.checkpoint import read_card
from core.ecg import SUPERCLASSES, Superclass
from core.ptbxl import Ptbxl, Record
from feedback import finetune, jobs, registry, runner
from feedback.db import Sessions
from feedback.errors import NotPromotable
from feedback.judging import judge_again, kept_out
from feedback.tables import AuditEntry, Job, JobState, ModelState, ModelVersion, Retraining
from tests.factories_retraining import CONFIG, furnish, ward, weights

REPOSITORY = Path(__file__).resolve().parents[3]
KILLS = 10


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Ptbxl:
    return ward(tmp_path_factory.mktemp("ward") / "data")


@pytest.fixture
def furnished(sessions: Sessions, data: Ptbxl, checkpoint: Path) -> Sessions:
    furnish(sessions, data, checkpoint)
    return sessions


@pytest.fixture(autouse=True)
def _few_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The metamorphic checks have tests of their own."""
    monkeypatch.setattr(trial, "PROBES", 6)


def enqueue(sessions: Sessions, folder: Path, **config: object) -> int:
    asked = CONFIG | config
    with sessions.begin() as session:
        planned = finetune.plan(session, seed=asked["seed"])
        return finetune.enqueue(session, planned, folder, actor="eve", config=asked).id


def again(sessions: Sessions) -> int:
    """The job of the same row once more."""
    with sessions.begin() as session:
        run = session.scalars(select(Retraining)).one()
        return finetune.enqueue_run(session, run, actor="eve").id


def run(sessions: Sessions, job_id: int) -> Job:
    assert jobs.claim(sessions, "a", job_id=job_id) == job_id
    runner.run(sessions, job_id, "a")
    return row(sessions, job_id)


def row(sessions: Sessions, job_id: int) -> Job:
    with sessions.read() as session:
        return session.get_one(Job, job_id)


def challenger(sessions: Sessions) -> ModelVersion:
    with sessions.read() as session:
        return session.scalars(
            select(ModelVersion).where(ModelVersion.retraining_id.is_not(None))
        ).one()


def test_a_run_leaves_a_version_with_its_lineage_and_the_words_of_the_gate(
    furnished: Sessions, checkpoint: Path, tmp_path: Path
) -> None:
    job = run(furnished, enqueue(furnished, tmp_path))
    assert job.state is JobState.DONE, job.error
    model = challenger(furnished)
    assert job.message == model.gate["sentence"]
    assert [epoch["epoch"] for epoch in job.checkpoint["epochs"]] == [1, 2, 3]
    assert read_card(tmp_path / model.version).version == model.version
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == [model.version]
    with furnished.read() as session:
        told = registry.describe(session, model)
        kept = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert kept[-2:] == ["model.register", "model.judge"]
    assert told["parent"] == read_card(checkpoint).version
    assert told["run"]["config"]["seed"] == CONFIG["seed"]
    assert told["run"]["config"]["learning_rate"] > 0  # completed, so that it can be repeated
    assert told["registered_by"] == "eve"
    # thirty records of 9b show little, and so the gate says
    assert model.state is ModelState.FAILED
    names = [check["name"] for check in model.gate["checks"]]
    assert names[0] == "early stopping on 9a"
    assert {"macro AUROC on 9b", "readings held out from the run", "200 ms later"} <= set(names)
    assert all(check["sentence"] for check in model.gate["checks"])


def test_a_correction_is_what_the_published_label_does_not_say(data: Ptbxl) -> None:
    def told(record: Record, corrects: Superclass | None = None) -> dict[str, object]:
        labels = {name: float(name in record.superclasses) for name in SUPERCLASSES}
        if corrects:
            labels[corrects] = 1 - labels[corrects]
        return {"ecg": record.ecg_id, "labels": labels}

    one, other, third = [record for record in data.records.values() if record.labelled][:3]
    taught = [told(one, Superclass.CD), told(other, Superclass.CD), told(other, Superclass.MI)]
    open_label = {"ecg": third.ecg_id, "labels": dict.fromkeys(SUPERCLASSES)}
    gone = told(third) | {"ecg": 10**9}
    found = kept_out(data, {"taught": [*taught, open_label, gone], "held_out": [told(third)]})
    assert found.corrected.tolist() == [0, 1, 0, 2, 0]
    assert found.records.ecg_id.tolist() == [third.ecg_id]


def test_nothing_is_taught_of_a_patient_who_judges_models_by_now(
    sessions: Sessions, data: Ptbxl, checkpoint: Path, tmp_path: Path
) -> None:
    """The index is corrected while the run waits: the first record to be taught is of fold 9."""
    root = tmp_path / "data"
    shutil.copytree(data.root, root)
    furnish(sessions, Ptbxl.open(root), checkpoint)
    waiting = enqueue(sessions, tmp_path / "versions")
    with sessions.read() as session:
        first = session.scalars(select(Retraining)).one().labels["taught"][0]["ecg"]
    index = pd.read_csv(root / "ptbxl_database.csv", index_col="ecg_id")
    index.loc[first, "strat_fold"] = 9
    index.to_csv(root / "ptbxl_database.csv")
    job = run(sessions, waiting)
    assert job.state is JobState.FAILED
    assert f"1 records to be taught, ECG {first} first, are of patients who judge" in job.error


def test_the_same_row_gives_the_same_weights(furnished: Sessions, tmp_path: Path) -> None:
    run(furnished, enqueue(furnished, tmp_path))
    first = challenger(furnished)
    taught = weights(tmp_path / first.version)
    assert run(furnished, again(furnished)).state is JobState.DONE  # judged, not entered, twice
    assert challenger(furnished).gate["judged_at"] > first.gate["judged_at"]
    with furnished.begin() as session:  # as if it had never been entered
        session.delete(session.get_one(ModelVersion, first.id))
    assert run(furnished, again(furnished)).state is JobState.DONE
    second = challenger(furnished)
    assert second.version == first.version
    repeated = weights(tmp_path / second.version)
    assert all(np.array_equal(taught[name], repeated[name]) for name in taught)


def test_the_gate_asked_again_says_the_same_until_something_else_is_served(
    furnished: Sessions, checkpoint: Path, tmp_path: Path
) -> None:
    run(furnished, enqueue(furnished, tmp_path))
    first = challenger(furnished)
    told: list[str] = []
    again = judge_again(furnished, first.version, actor="eve", tell=told.append)
    second = challenger(furnished)
    assert told
    said = again.as_json
    kept_with_it = {"judged_at", "earlier"}
    before = {name: value for name, value in first.gate.items() if name not in kept_with_it}
    assert json.loads(json.dumps(said)) == before
    assert [one["judged_at"] for one in second.gate["earlier"]] == [first.gate["judged_at"]]
    assert second.gate["judged_at"] > first.gate["judged_at"]
    why = "For a trial on one ward, asked for by its head."
    with furnished.begin() as session:
        registry.promote(session, first.version, actor="eve", justification=why)
        kept = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert kept.count("model.judge") == 2
    with pytest.raises(NotPromotable, match="is the champion: there is nothing to hold it"):
        judge_again(furnished, first.version, actor="eve", tell=told.append)
    before = read_card(checkpoint).version
    report = judge_again(furnished, before, actor="eve", tell=told.append)
    assert (report.champion, report.challenger) == (first.version, before)
    assert "readings held out from the run" not in [check.name for check in report.checks]


def test_a_cancelled_run_leaves_nothing_behind(
    furnished: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = enqueue(furnished, tmp_path)
    beat = jobs.JobContext.heartbeat

    def cancelled(context: jobs.JobContext, progress: float, *rest: object) -> None:
        if progress > 0.3:
            with furnished.begin() as session:
                jobs.cancel(session, job_id, actor="eve")
        beat(context, progress, *rest)

    monkeypatch.setattr(jobs.JobContext, "heartbeat", cancelled)
    assert run(furnished, job_id).state is JobState.CANCELLED
    assert list(tmp_path.glob(".run-*")) == []


_KILLER = """
import json, os, random, signal, sys, time
from sqlalchemy import update
import feedback.retraining  # brings torch once, and runs nothing of it before a fork
from feedback import db, jobs, runner
from feedback.tables import Job
from core import trial

trial.PROBES = 6
url, job_id, kills, whole = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
moments = random.Random(11)

def child(owner):
    pid = os.fork()
    if pid:
        return pid
    sessions = db.make_sessions(db.make_engine(url))
    assert jobs.claim(sessions, owner, job_id=job_id) == job_id
    runner.run(sessions, job_id, owner)
    os._exit(0)

def abandon():
    engine = db.make_engine(url)
    with db.make_sessions(engine).begin() as session:  # as if a minute had passed
        session.execute(update(Job).values(lease_until=db.now()))
    engine.dispose()

killed, after = 0, []
for attempt in range(kills):
    pid = child(f"worker {attempt}")
    wait = moments.uniform(0, whole)
    deadline = time.monotonic() + wait
    ended = False
    while not ended and time.monotonic() < deadline:
        ended = os.waitpid(pid, os.WNOHANG) != (0, 0)
        time.sleep(0.005)
    if ended:
        break
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    killed += 1
    after.append(round(wait, 2))
    abandon()
else:
    os.waitpid(child("the last"), 0)
print(json.dumps({"killed": killed, "after": after}))
"""


def test_killed_at_ten_moments_it_ends_with_the_weights_of_an_undisturbed_run(
    furnished: Sessions, data: Ptbxl, checkpoint: Path, tmp_path: Path
) -> None:
    if furnished.engine.dialect.name != "sqlite":
        pytest.skip("what is tested is the run, not the database")
    run(furnished, enqueue(furnished, tmp_path / "whole", epochs=6))
    undisturbed = challenger(furnished)
    taught = weights(tmp_path / "whole" / undisturbed.version)
    started, ended = (getattr(row(furnished, 1), name) for name in ("started_at", "finished_at"))
    with furnished.begin() as session:
        session.delete(session.get_one(ModelVersion, undisturbed.id))
        run_row = session.scalars(select(Retraining)).one()
        run_row.folder = str(tmp_path / "killed")
        (tmp_path / "killed").mkdir()
    job_id = again(furnished)
    url = furnished.engine.url.render_as_string(hide_password=False)
    whole = (ended - started).total_seconds()
    told = subprocess.run(
        [sys.executable, "-c", _KILLER, url, str(job_id), str(KILLS), str(whole / 3)],
        env=os.environ | {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout.splitlines()[-1])["killed"] == KILLS
    assert row(furnished, job_id).state is JobState.DONE, row(furnished, job_id).error
    killed = challenger(furnished)
    assert killed.version == undisturbed.version
    repeated = weights(tmp_path / "killed" / killed.version)
    assert all(np.array_equal(taught[name], repeated[name]) for name in taught)
