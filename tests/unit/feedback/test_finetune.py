"""What a run would be taught, and that there is one at a time."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from core.ecg import SUPERCLASSES, Superclass
from core.ptbxl import Ptbxl
from feedback import catalogue, finetune, gold, jobs, registry
from feedback.consensus import LabelSource, TrainingLabel
from feedback.db import Sessions, now
from feedback.errors import NothingToTeach, PlanOutdated, RunUnderWay
from feedback.tables import (
    Adjudication,
    AuditEntry,
    Job,
    JobState,
    Reading,
    Retraining,
    Role,
    Source,
    Verdict,
)
from tests.factories import add_person, serve_model
from tests.factories_challenger import another_version
from tests.factories_retraining import answer_row, furnish, ward, written_while_planning


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Ptbxl:
    return ward(tmp_path_factory.mktemp("ward") / "data")


@pytest.fixture
def furnished(sessions: Sessions, data: Ptbxl, checkpoint: Path) -> Sessions:
    furnish(sessions, data, checkpoint)
    return sessions


def plan(sessions: Sessions, **asked: bool) -> finetune.Plan:
    with sessions.read() as session:
        return finetune.plan(session, **asked)


def test_the_dry_run_counts_what_would_be_taught(furnished: Sessions) -> None:
    with furnished.read() as session:
        told = finetune.summary(session, finetune.plan(session))
    assert (told["taught"], told["held_out"], told["replay"]) == (40, 40, 320)
    assert told["by_source"] == {"single reader": 80}
    assert told["by_reader"] == {"reader@example.org": 80}
    assert told["by_class"]["MI"] == {"present": 16, "absent": 64, "open": 0}
    with furnished.read() as session:
        assert session.scalars(select(Job)).all() == []


def test_no_patient_is_on_both_sides(furnished: Sessions) -> None:
    with furnished.read() as session:
        found = finetune.plan(session)
        other = finetune.plan(session, seed=1)
    taught = {label.patient_id for label in found.taught}
    assert taught.isdisjoint(label.patient_id for label in found.held_out)
    assert {label.fold for label in [*found.taught, *found.held_out]} <= set(range(1, 9))
    assert found.held_out != other.held_out


def test_nobody_is_held_out_whose_answers_an_earlier_run_taught(
    furnished: Sessions, checkpoint: Path, tmp_path: Path
) -> None:
    with furnished.begin() as session:
        job = finetune.enqueue(session, finetune.plan(session), tmp_path)
        run = session.get_one(Retraining, job.payload["retraining"])
        champion = catalogue.active_model(session)
        card = another_version(checkpoint, tmp_path / "new")
        child = registry.add(session, card, tmp_path / "new")
        child.parent_id, child.retraining_id = champion.id, run.id
        registry.promote(session, card.version, actor="eve", justification="for the next to follow")
        taught = {one["record"] for one in run.labels["taught"]}
    with furnished.read() as session:
        found = finetune.plan(session, seed=1)  # another draw than the run's
        patients = {one.patient_id for one in found.taught if one.record_id in taught}
    assert len(found.held_out) == 40
    assert not taught & {one.record_id for one in found.held_out}
    assert patients.isdisjoint(one.patient_id for one in found.held_out)


@pytest.mark.parametrize(("agreed", "held_out"), [(61, 30), (400, 200), (500, 200), (1500, 300)])
def test_half_is_held_out_until_there_is_enough_to_judge_by(agreed: int, held_out: int) -> None:
    labels = [
        TrainingLabel(
            record_id=number,
            ecg_id=number,
            patient_id=number,
            fold=1,
            labels=dict.fromkeys(SUPERCLASSES, 1.0),
            weight=1.0,
            source=LabelSource.SINGLE,
            reading_ids=(number,),
        )
        for number in range(agreed)
    ]
    assert len(finetune.patients_held_out(labels, seed=0)) == held_out


def test_too_few_labels_are_named(sessions: Sessions, data: Ptbxl, checkpoint: Path) -> None:
    furnish(sessions, data, checkpoint, readings=59)
    with sessions.read() as session, pytest.raises(NothingToTeach) as refused:
        finetune.plan(session)
    assert str(refused.value) == (
        "59 records of folds 1-8 are settled, and a run needs 60: read more of them first"
    )


def test_what_is_taught_is_frozen_when_it_is_asked_for(furnished: Sessions, tmp_path: Path) -> None:
    with furnished.begin() as session:
        planned = finetune.plan(session, seed=3)
        job = finetune.enqueue(session, planned, tmp_path, actor="eve", config={"epochs": 2})
        run = session.get_one(Retraining, job.payload["retraining"])
    assert run.config == {"epochs": 2, "seed": 3}
    assert (run.asked_by, run.folder) == ("eve", str(tmp_path))
    first = run.labels["taught"][0]
    assert set(first) == {"record", "ecg", "labels", "weight", "source", "readings"}
    assert len(run.labels["taught"]) + len(run.labels["held_out"]) == 80
    with furnished.read() as session:
        entry = session.scalar(select(AuditEntry).where(AuditEntry.action == "job.enqueue"))
    assert entry is not None and entry.detail["payload"] == {"retraining": run.id}


def test_there_is_one_run_at_a_time(furnished: Sessions, tmp_path: Path) -> None:
    planned = plan(furnished)
    with furnished.begin() as session:
        job = finetune.enqueue(session, planned, tmp_path)
    with furnished.begin() as session, pytest.raises(RunUnderWay) as refused:
        finetune.enqueue(session, planned, tmp_path)
    assert "a fine-tuning run waits or goes on already" in str(refused.value)
    with furnished.begin() as session:
        jobs.cancel(session, job.id, actor="eve")
        assert finetune.enqueue(session, planned, tmp_path).id > job.id


def one_more_adjudication(session: Session) -> None:
    session.add(
        Adjudication(
            key="a", record_id=1, adjudicator_id=2, sequence=0, verdict_mi=Verdict.ABSENT,
            unreadable=False, comment="", reading_ids=[1], started_at=now(), submitted_at=now(),
        )
    )  # fmt: skip


def one_more_gold_record(session: Session) -> None:
    gold.keep(session, {1: {Superclass.MI: Verdict.PRESENT}}, actor="eve")


def another_champion(session: Session) -> None:
    serve_model(session, "2031.1")


def another_index(session: Session) -> None:
    session.execute(update(Source).values(digest="of a corrected one"))


def another_data_set(session: Session) -> None:
    session.execute(update(Source).values(active=False))
    source = Source(root="x", digest="y", simulated=True, imported_at=now(), active=True)
    session.add(source)


@pytest.mark.parametrize(
    "change",
    [
        one_more_adjudication,
        one_more_gold_record,
        another_champion,
        another_index,
        another_data_set,
    ],
)
def test_what_was_planned_is_not_queued_once_it_would_teach_what_is_wrong(
    furnished: Sessions, tmp_path: Path, change: Callable[[Session], None]
) -> None:
    add_person(furnished, "colleague@example.org", Role.ADJUDICATOR)
    planned = plan(furnished)
    with furnished.begin() as session:
        change(session)
    with furnished.begin() as session, pytest.raises(PlanOutdated) as refused:
        finetune.enqueue(session, planned, tmp_path)
    assert str(refused.value) == (
        "a verdict or gold answers have come in, or what is served or read has changed, since this "
        "was planned: plan it again"
    )
    with furnished.read() as session:
        assert session.scalars(select(Job)).all() == []


def test_answers_that_come_in_meanwhile_are_the_next_runs(
    furnished: Sessions, tmp_path: Path
) -> None:
    add_person(furnished, "colleague@example.org", Role.CLINICIAN)
    planned = plan(furnished)
    with furnished.begin() as session:
        session.execute(insert(Reading), answer_row(record_id=1, reader=2, labels=[]))
    with furnished.begin() as session:
        job = finetune.enqueue(session, planned, tmp_path)
        assert session.get_one(Retraining, job.payload["retraining"]).labels == planned.labels


def test_a_plan_grows_old(
    furnished: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned, later = plan(furnished), now() + finetune.GOOD_FOR + timedelta(seconds=1)
    monkeypatch.setattr(finetune, "now", lambda: later)
    with furnished.begin() as session, pytest.raises(PlanOutdated, match="more than 15 minutes"):
        finetune.enqueue(session, planned, tmp_path)


class TestOnSchedule:
    def due(self, sessions: Sessions, folder: Path, every: int = 80) -> bool:
        schedule = finetune.Schedule(sessions=sessions, folder=folder, every=every, hours=24)
        return schedule() is not None

    def finish(self, sessions: Sessions, hours: float) -> None:
        with sessions.begin() as session:
            session.execute(update(Job).values(state=JobState.DONE))
            session.execute(update(Retraining).values(asked_at=now() - timedelta(hours=hours)))

    def test_it_is_off_until_asked_for(self, furnished: Sessions, tmp_path: Path) -> None:
        assert not self.due(furnished, tmp_path, every=0)

    def test_it_waits_for_enough_new_labels(self, furnished: Sessions, tmp_path: Path) -> None:
        assert not self.due(furnished, tmp_path, every=81)
        assert self.due(furnished, tmp_path)
        assert not self.due(furnished, tmp_path)  # it is at work
        self.finish(furnished, hours=25)
        assert not self.due(furnished, tmp_path, every=1)  # nothing was read since

    def test_no_answer_waits_while_it_plans(
        self, furnished: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        kept_waiting = written_while_planning(furnished, monkeypatch)
        assert self.due(furnished, tmp_path)
        assert kept_waiting == [False, False]  # to see whether it is due, and to plan

    def test_it_looks_again_where_the_index_was_corrected_while_it_planned(
        self, furnished: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        look = finetune.training_labels

        def interrupted(session: Session, **asked: bool) -> list[TrainingLabel]:
            found = look(session, **asked)
            with furnished.begin() as other:
                another_index(other)
            return found

        with monkeypatch.context() as patched:
            patched.setattr(finetune, "training_labels", interrupted)
            assert not self.due(furnished, tmp_path)
        assert self.due(furnished, tmp_path)

    def test_it_looks_once_a_minute(self, furnished: Sessions, tmp_path: Path) -> None:
        schedule = finetune.Schedule(sessions=furnished, folder=tmp_path, every=81, hours=24)
        assert schedule() is None
        schedule.every = 80
        assert schedule() is None  # it would be due, and is not looked at yet

    def test_without_records_or_a_model_it_waits(self, sessions: Sessions, tmp_path: Path) -> None:
        assert not self.due(sessions, tmp_path, every=1)

    def test_it_waits_for_the_hours_to_pass(self, furnished: Sessions, tmp_path: Path) -> None:
        assert self.due(furnished, tmp_path)
        with furnished.begin() as session:
            session.execute(update(Retraining).values(labels={"taught": [], "held_out": []}))
        self.finish(furnished, hours=23)
        assert not self.due(furnished, tmp_path)
        self.finish(furnished, hours=25)
        assert self.due(furnished, tmp_path)

    def test_too_few_labels_are_no_error(
        self, sessions: Sessions, data: Ptbxl, checkpoint: Path, tmp_path: Path
    ) -> None:
        furnish(sessions, data, checkpoint, readings=20)
        assert not self.due(sessions, tmp_path, every=10)
