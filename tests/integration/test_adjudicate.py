"""Adjudication as the people of each role meet it."""

import json
from typing import Any

import pytest
from sqlalchemy import select

from core.ecg import Superclass
from feedback.catalogue import find_record
from feedback.readings import Answer
from feedback.tables import Adjudication, Prediction, Role, Verdict
from tests.factories import add_person
from tests.factories_adjudication import dispute
from tests.factories_readings import answer, blind
from tests.integration.conftest import House
from tests.integration.reading import components, words
from tests.integration.visitor import Json, Visitor

MI = Superclass.MI


@pytest.fixture
def disputed(house: House) -> House:
    """ECGs 1 and 3: the clinician calls them MI, a colleague does not."""
    colleague = add_person(house.sessions, "colleague@example.org", Role.CLINICIAN)
    readers = (house.people[Role.CLINICIAN].id, colleague.id)
    for ecg_id in (1, 3):
        dispute(house.sessions, readers, ecg_id)
    return house


@pytest.fixture
def umpire(disputed: House) -> Visitor:
    return disputed.visitor(Role.ADJUDICATOR)


def meta_of(page: str) -> Json:
    return next(
        props["data"]
        for props in components(json.loads(page))
        if isinstance(props.get("id"), dict) and props["id"].get("part") == "settle-meta"
    )


def settle(visitor: Visitor, ecg_id: int, meta: Json, verdict: Any = "present") -> Any:
    values = {
        "settle": 1,
        "settle-verdict": {"value": [verdict], "id": [{"class": "MI"}]},
        "settle-unreadable": False,
        "settle-comment": "Q waves in III.",
        "settle-meta": meta,
    }
    return visitor.call("settle", values, ecg_id)


def stored(house: House) -> list[Adjudication]:
    with house.sessions.read() as session:
        return list(session.scalars(select(Adjudication)))


def test_conflicts_are_listed_and_settled_one_after_the_other(
    disputed: House, umpire: Visitor
) -> None:
    assert "2 ECGs wait for a verdict." in words(umpire.page("/adjudicate"))
    page = umpire.page("/adjudicate/1")
    assert "Reader A Reader B" in words(page)
    moved = settle(umpire, 1, meta_of(page)).json["sideUpdate"]
    assert moved["location"] == {"pathname": "/adjudicate/3"}
    moved = settle(umpire, 3, meta_of(umpire.page("/adjudicate/3")), "absent").json["sideUpdate"]
    assert moved["location"] == {"pathname": "/adjudicate"}
    after = words(umpire.page("/adjudicate"))
    assert "No ECG waits for a verdict." in after
    assert "You settled last, and may change:  ECG 3 ,  ECG 1 ." in after
    agreed = umpire.page("/adjudicate/2")
    assert "choose one of the list. To all that wait" in words(agreed)
    assert [one.verdict_mi for one in stored(disputed)] == [Verdict.PRESENT, Verdict.ABSENT]
    assert stored(disputed)[0].comment == "Q waves in III."


def test_a_press_without_a_verdict_says_what_is_missing(disputed: House, umpire: Visitor) -> None:
    refused = settle(umpire, 1, meta_of(umpire.page("/adjudicate/1")), None)
    assert "Not saved: no verdict on Myocardial infarction" in refused.text
    assert stored(disputed) == []


def test_pressed_twice_it_is_stored_once(disputed: House, umpire: Visitor) -> None:
    meta = meta_of(umpire.page("/adjudicate/1"))
    assert {settle(umpire, 1, meta).status_code for _ in range(2)} == {200}
    assert len(stored(disputed)) == 1


HIDDEN = ("TELLTALE WARNING", "TELLTALE REPORT", "clinician@example.org", "colleague@example.org")


def hide(house: House) -> None:
    """Put the model's and the report's telltale words on ECG 1."""
    with house.sessions.begin() as session:
        record = find_record(session, 1)
        record.report = HIDDEN[1]
        found = session.scalars(select(Prediction).filter_by(record_id=record.id)).one()
        found.warnings = [HIDDEN[0]]


def test_no_name_and_nothing_of_the_model_is_sent(disputed: House, umpire: Visitor) -> None:
    hide(disputed)
    umpire.traffic.clear()
    page = umpire.page("/adjudicate/1")
    umpire.page("/adjudicate")
    settle(umpire, 1, meta_of(page))
    umpire.page("/adjudicate/1")  # settled: nothing more is shown either
    sent = " ".join(umpire.traffic)
    assert [text for text in HIDDEN if text in sent] == []
    reader = disputed.visitor(Role.CLINICIAN).page("/read/1")  # who has answered it is shown it
    assert [text for text in HIDDEN if text in reader] == list(HIDDEN[:2])


@pytest.mark.parametrize("role", [Role.CLINICIAN, Role.ADMIN])
def test_other_roles_see_and_settle_nothing(disputed: House, umpire: Visitor, role: Role) -> None:
    other = disputed.visitor(role)
    for path in ("/adjudicate", "/adjudicate/1"):
        assert "Your role may not settle conflicts between readers." in words(other.page(path))
    assert settle(other, 1, meta_of(umpire.page("/adjudicate/1"))).status_code == 403
    assert stored(disputed) == []


def test_an_adjudicator_does_not_settle_what_they_read(disputed: House, umpire: Visitor) -> None:
    meta = meta_of(umpire.page("/adjudicate/1"))
    blind(disputed.sessions, disputed.people[Role.ADJUDICATOR].id, 1, answer(MI))
    assert "You may not settle ECG 1" in words(umpire.page("/adjudicate/1"))
    assert "1 ECG waits for a verdict." in words(umpire.page("/adjudicate"))
    assert "Not saved: you may not settle ECG 1" in settle(umpire, 1, meta).text


@pytest.mark.parametrize("path", ["2", "999", "x", "1x", "-1"])
def test_what_is_not_in_dispute_has_no_page(umpire: Visitor, path: str) -> None:
    assert "settle-meta" not in umpire.page(f"/adjudicate/{path}")


def test_undo_leads_to_a_verdict_whose_dispute_has_ended(disputed: House, umpire: Visitor) -> None:
    settle(umpire, 1, meta_of(umpire.page("/adjudicate/1")))
    third = add_person(disputed.sessions, "third@example.org", Role.CLINICIAN)
    blind(disputed.sessions, third.id, 1, answer())  # two of three agree
    back = {"undo": 1, "location": {"pathname": "/adjudicate"}}
    assert umpire.call("undo", back).json["sideUpdate"]["location"]["pathname"] == "/adjudicate/1"
    settle(umpire, 1, meta_of(umpire.page("/adjudicate/1")), "absent")
    with disputed.sessions.read() as session:
        verdicts = session.scalars(select(Adjudication.verdict_mi).order_by(Adjudication.id)).all()
    assert verdicts == [Verdict.PRESENT, Verdict.ABSENT]


def test_a_verdict_on_answers_that_were_not_on_screen_is_not_taken(
    disputed: House, umpire: Visitor
) -> None:
    meta = meta_of(umpire.page("/adjudicate/1"))
    third = add_person(disputed.sessions, "third@example.org", Role.CLINICIAN)
    blind(disputed.sessions, third.id, 1, Answer(unreadable=True))
    assert "Not saved: ECG 1 has another answer" in settle(umpire, 1, meta).text
    with disputed.sessions.read() as session:
        assert session.scalars(select(Adjudication)).all() == []
