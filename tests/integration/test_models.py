"""What administrators do on the page of models."""

from pathlib import Path

import pytest
from sqlalchemy import select

from core.checkpoint import read_card
from core.ecg import Superclass
from core.roles import TUNING_FOLD, in_first_half
from dashboard.components import models as parts
from feedback import catalogue, finetune, registry, reliability
from feedback.catalogue import find_record
from feedback.tables import AuditEntry, Job, JobState, Json, Retraining, Role
from tests.factories_challenger import NEW, challenge
from tests.factories_readings import answer, blind
from tests.factories_retraining import written_while_planning
from tests.factories_worklists import worklist
from tests.integration.conftest import REFUSED, House
from tests.integration.reading import words
from tests.integration.visitor import Visitor

TUNED = next(patient for patient in range(100) if in_first_half(patient))  # of 9a
JUDGED = next(patient for patient in range(100) if not in_first_half(patient))  # of 9b
WHY = "The ward asked for it, for a trial of a week."


@pytest.fixture
def challenged(house: House, checkpoint: Path, tmp_path: Path) -> House:
    """A champion with its files, and a challenger that the gate has stopped."""
    with house.sessions.begin() as session:
        challenge(session, checkpoint, tmp_path / "new")
    return house


def served(house: House) -> str:
    with house.sessions.read() as session:
        return catalogue.active_model(session).version


def test_versions_are_listed_with_the_words_of_the_gate(
    challenged: House, admin: Visitor, checkpoint: Path
) -> None:
    page = admin.page("/models", f"?version={NEW}")
    assert f"{NEW} is stopped by AUROC of MI on 9b." in page
    assert "The AUROC of MI on 9b differs by -0.0300." in page
    assert "Promote all the same" in page
    assert read_card(checkpoint).version in page


def test_a_stopped_version_is_served_only_with_a_justification(
    challenged: House, admin: Visitor
) -> None:
    before = served(challenged)
    for why, told in ((None, "only a written justification"), (WHY, f"{NEW} is served.")):
        asked = {"models-promote": 1, "models-why": why, "models-chosen": NEW}
        answer = admin.call("promote", asked)
        assert told in words(answer.json["response"])
    drawn = answer.json["sideUpdate"]
    assert f"Roll back to {before}" in words(drawn["models-back"])
    assert f"{NEW}, champion" in words(drawn["models-report"])
    assert f"{NEW}<br>champion" in str(drawn["models-charts"])
    assert drawn["models-listed"]["data"][0] == [NEW, "champion"]
    assert served(challenged) == NEW
    with challenged.sessions.read() as session:
        entry = session.scalar(select(AuditEntry).where(AuditEntry.action == "model.promote"))
    assert entry is not None
    assert (entry.actor, entry.detail["justification"]) == ("admin@example.org", WHY)
    said, _, _ = words(admin.page("/models", f"?version={NEW}")).partition("Where it comes from")
    assert f"Promoted all the same: {WHY}" in said
    assert said.count(", against the gate") == 1
    asked = {"models-rollback": 1, "models-way-back": before, "models-chosen": NEW}
    back = admin.call("roll_back", asked)
    assert f"{before} is served." in words(back.json["response"])
    assert f"{NEW}, retired" in words(back.json["sideUpdate"]["models-report"])
    twice = admin.call("roll_back", asked)
    assert "reload to see it." in words(twice.json["response"])
    assert served(challenged) == before


def test_a_version_that_is_not_there_is_named(challenged: House, admin: Visitor) -> None:
    said = words(admin.page("/models", "?version=2031.1"))
    assert "No model '2031.1' is registered." in said
    assert NEW not in said


def test_what_the_gate_said_before_stands_below_what_it_says_now(
    challenged: House, admin: Visitor
) -> None:
    assert "What the gate said before" not in admin.page("/models", f"?version={NEW}")
    with challenged.sessions.begin() as session:
        model = registry.find_model(session, NEW)
        assert model.gate is not None
        again = model.gate | {"champion": "2027.1", "sentence": f"{NEW} passes."}
        registry.judged(session, model, again, actor="eve")
    said = words(admin.page("/models", f"?version={NEW}"))
    assert f"Against 2027.1: {NEW} passes." in said
    _, _, before = said.partition("What the gate said before")
    assert f"{NEW} is stopped by AUROC of MI on 9b." in before


def test_a_champion_that_was_never_judged_shows_its_curves(
    house: House, admin: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    none = words(admin.page("/models"))
    assert "The gate was not asked about this version." in none
    assert "takes 100 labelled records of 9b that it has scored, where there are 0." in none
    for few in (reliability, parts):
        monkeypatch.setattr(few, "FEWEST", 2)
    with house.sessions.begin() as session:
        for ecg_id in (1, 2, 3, REFUSED):  # the last has no opinion
            record = find_record(session, ecg_id)
            record.fold, record.patient_id = TUNING_FOLD, JUDGED if ecg_id > 1 else TUNED
    said = admin.page("/models")
    assert "Calibration on 2 records of 9b" in words(said)
    assert '"observed-CD"' in said


def test_a_champion_says_how_often_it_is_wrong_on_what_was_drawn_at_random(
    house: House, admin: Visitor
) -> None:
    assert "No ECG that a worklist drew at random is settled yet" in words(admin.page("/models"))
    worklist(house.sessions)
    for ecg_id in (1, 3):  # it finds MI in the first alone
        blind(house.sessions, house.people[Role.CLINICIAN].id, ecg_id, answer(Superclass.MI))
    said = words(admin.page("/models"))
    assert "2 ECGs of folds 1-8, whose published labels it was taught:" in said
    assert "MI 1 of 2, 0.50  [0.01, 0.99]  few no case" in said


def test_a_plan_without_labels_says_what_is_missing(challenged: House, admin: Visitor) -> None:
    planned = admin.call("plan_run", {"models-plan": 1, "models-assisted": False})
    assert "0 records of folds 1-8 are settled, and a run needs 60" in words(
        planned.json["response"]
    )


def add_run(house: House, state: JobState, message: str) -> None:
    epoch = {"epoch": 3, "loss": 0.231, "auroc_9a": 0.94, "seconds": 9}
    with house.sessions.begin() as session:
        session.add(
            Job(
                kind=finetune.KIND, payload={}, state=state, priority=0,
                progress=0.4, message=message, attempts=1,
                cancel_requested=False, enqueued_by="eve", enqueued_at=finetune.now(),
                checkpoint={"epochs": [epoch]},
            )
        )  # fmt: skip


def test_progress_is_shown_while_a_run_goes_on(challenged: House, admin: Visitor) -> None:
    add_run(challenged, JobState.RUNNING, "epoch 3 of 8 done: loss 0.2310")
    told = words(admin.call("follow_run", {"models-tick": 1}).json["response"])
    assert "epoch 3 of 8 done: loss 0.2310" in told and "0.9400" in told


def test_a_tick_draws_the_rows_of_the_log_and_not_what_opens_it(
    challenged: House, admin: Visitor
) -> None:
    before = admin.call("follow_run", {"models-tick": 1}).json["response"]
    assert before["models-run-panel"]["hidden"] and before["models-run-log"]["hidden"]
    add_run(challenged, JobState.RUNNING, "epoch 3 of 8 done")
    told = admin.call("follow_run", {"models-tick": 2}).json["response"]
    assert not told["models-run-panel"]["hidden"] and not told["models-run-log"]["hidden"]
    assert "0.9400" in words(told["models-run-epochs"]) and "Details" not in str(told)


def test_what_a_run_has_entered_is_listed_at_the_next_tick(
    house: House, admin: Visitor, checkpoint: Path, tmp_path: Path
) -> None:
    with house.sessions.read() as session:
        shown = [[one.version, str(one.state)] for one in registry.versions(session)]
    asked = {"models-tick": 1, "models-listed": shown, "models-chosen": shown[0][0]}
    assert admin.call("follow_versions", asked).status_code == 204  # there is nothing new
    with house.sessions.begin() as session:
        challenge(session, checkpoint, tmp_path / "new")
    told = admin.call("follow_versions", asked).json["response"]
    assert f"{NEW} is stopped by AUROC of MI on 9b." in words(told["models-list"])
    shown = told["models-listed"]["data"]
    assert shown[0] == [NEW, "failed"]
    assert f"{NEW}<br>failed" in str(told["models-charts"])
    assert admin.call("follow_versions", asked | {"models-listed": shown}).status_code == 204


@pytest.mark.parametrize("chosen", [0, 1])
def test_a_report_that_a_promotion_elsewhere_has_overtaken_says_so(
    challenged: House, admin: Visitor, chosen: int
) -> None:
    """What it says of the gate's word is held against the champion: another one, another word."""
    with challenged.sessions.begin() as session:
        shown = [[one.version, str(one.state)] for one in registry.versions(session)]
        registry.promote(session, NEW, actor="eve", justification=WHY)
    version = shown[chosen][0]
    asked = {"models-tick": 1, "models-listed": shown, "models-chosen": version}
    told = admin.call("follow_versions", asked).json["response"]
    assert "has changed since this report was drawn" in words(told["models-overtaken"])
    assert "models-report" not in told  # a button under the pointer would be another


def test_every_version_leads_to_its_report_from_the_table(
    challenged: House, admin: Visitor, checkpoint: Path
) -> None:
    page = admin.page("/models", f"?version={NEW}").replace(r"\u002f", "/")
    for version in (NEW, read_card(checkpoint).version):
        assert f'"href":"/models?version={version}","title":"Report of {version}"' in page


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (JobState.RUNNING, "Job 1 was told to stop."),
        (JobState.CANCELLED, "Job 1 is cancelled: there is nothing left to cancel."),
    ],
)
def test_a_run_is_cancelled_while_it_goes_on(
    challenged: House, admin: Visitor, state: JobState, told: str
) -> None:
    add_run(challenged, state, "")
    said = admin.press("cancel_run", {"act": "cancel-run", "job": 1}).json["response"]
    assert told in words(said)


def test_a_cancelled_run_has_no_time_left(challenged: House, admin: Visitor) -> None:
    add_run(challenged, JobState.CANCELLED, "epoch 3 of 8 done, about 6 min left")
    told = words(admin.call("follow_run", {"models-tick": 1}).json["response"])
    assert "cancelled" in told and "min left" not in told and "0.9400" in told


@pytest.fixture
def settled(challenged: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """Two ECGs that may be taught, which is enough here."""
    monkeypatch.setattr(finetune, "FEWEST", 2)
    for ecg_id in (1, 2):
        blind(challenged.sessions, challenged.people[Role.CLINICIAN].id, ecg_id)
    return challenged


def planned(admin: Visitor, assisted: bool = False) -> Json:
    """What the page knows of the plan that it shows."""
    asked = {"models-plan": 1, "models-assisted": assisted}
    children = admin.call("plan_run", asked).json["response"]["models-planned"]["children"]
    parts = children["props"]["children"]
    (mark,) = (one["props"]["data"] for one in parts if one["props"].get("id") == "models-mark")
    return {"models-start": 1, "models-assisted": assisted, "models-mark": mark}


def queued(house: House) -> list[Retraining]:
    with house.sessions.read() as session:
        return list(session.scalars(select(Retraining)))


def test_a_plan_says_whether_assisted_answers_are_in_it(settled: House, admin: Visitor) -> None:
    for assisted, told in ((True, "ones are taught."), (False, "ones are not taught.")):
        asked = {"models-plan": 1, "models-assisted": assisted}
        assert told in words(admin.call("plan_run", asked).json["response"])


def test_the_plan_goes_when_the_box_beside_it_changes(settled: House, admin: Visitor) -> None:
    asked = {"models-plan": 1, "models-assisted": True}
    changed = admin.call("plan_run", asked, by=1).json["response"]
    assert changed["models-planned"]["children"] is None


@pytest.mark.parametrize(("shown", "told"), [(False, "without"), (True, "with")])
def test_a_run_other_than_the_plan_on_screen_is_refused(
    settled: House, admin: Visitor, shown: bool, told: str
) -> None:
    asked = planned(admin, shown) | {"models-assisted": not shown}
    said = admin.call("start_run", asked).json
    assert f"The plan that was shown is one {told} assisted answers, and the box" in words(
        said["response"]
    )
    assert said["sideUpdate"]["models-planned"] == {"children": None}
    assert queued(settled) == []


def test_what_is_started_is_what_was_shown_whatever_is_answered_meanwhile(
    settled: House, admin: Visitor
) -> None:
    asked = planned(admin)
    blind(settled.sessions, settled.people[Role.CLINICIAN].id, 3)
    admin.call("start_run", asked)
    (run,) = queued(settled)
    assert {one["ecg"] for one in [*run.labels["taught"], *run.labels["held_out"]]} == {1, 2}


def test_the_last_plans_are_kept(settled: House, admin: Visitor) -> None:
    first = planned(admin)
    for _ in range(8):
        planned(admin)
    said = admin.call("start_run", first)
    assert "This plan is not kept any more: plan it again" in words(said.json["response"])
    assert queued(settled) == []


def test_a_plan_for_another_champion_is_refused(settled: House, admin: Visitor) -> None:
    asked = planned(admin)
    with settled.sessions.begin() as session:
        registry.promote(session, NEW, actor="eve", justification=WHY)
    said = words(admin.call("start_run", asked).json["response"])
    assert "what is served or read has changed" in said
    assert queued(settled) == []


@pytest.mark.parametrize("mark", [None, "x", [], {}, {"include_assisted": []}])
def test_a_run_that_no_plan_was_shown_of_is_refused(
    settled: House, admin: Visitor, mark: object
) -> None:
    said = admin.call("start_run", planned(admin) | {"models-mark": mark})
    assert "plan it again" in words(said.json["response"])
    assert queued(settled) == []


def test_the_plan_goes_when_its_run_is_queued(settled: House, admin: Visitor) -> None:
    said = admin.call("start_run", planned(admin)).json
    assert "is queued: its progress is shown here." in words(said["response"])
    assert said["sideUpdate"]["models-planned"] == {"children": None}


def test_no_answer_waits_while_a_run_is_planned_and_started(
    settled: House, admin: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept_waiting = written_while_planning(settled.sessions, monkeypatch)
    asked = planned(admin)
    said = admin.call("start_run", asked).json
    assert "is queued" in words(said["response"])
    assert kept_waiting == [False]


def test_a_drawn_button_is_not_a_pressed_one(challenged: House, admin: Visitor) -> None:
    assert admin.call("start_run", {"models-start": None}).status_code == 204
    button = {"act": "cancel-run", "job": 1}
    assert admin.press("cancel_run", button, clicks=0).status_code == 204


@pytest.mark.parametrize("function", ["roll_back", "plan_run", "follow_run", "follow_versions"])
def test_a_clinician_may_not(challenged: House, function: str) -> None:
    reader = challenged.visitor(Role.CLINICIAN)
    ids = {"roll_back": "models-rollback", "plan_run": "models-plan"}
    assert reader.call(function, {ids.get(function, "models-tick"): 1}).status_code == 403
