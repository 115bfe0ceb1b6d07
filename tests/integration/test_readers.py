"""The page of readers, one's own readings, and gold records that nobody can tell from others."""

from datetime import timedelta

import pytest

from core.ecg import Superclass
from dashboard.pages import readers as pages
from feedback import gold
from feedback.catalogue import find_record
from feedback.db import now
from feedback.gold_mix import WHY
from feedback.tables import Role
from tests.factories_gold import golden, known
from tests.factories_readings import answer, blind, final
from tests.factories_worklists import worklist
from tests.integration.conftest import House
from tests.integration.everything import Everything
from tests.integration.reading import answer_blind, words
from tests.integration.visitor import Visitor

MI, CD = Superclass.MI, Superclass.CD
CSV = "ecg_id,NORM,MI,STTC,CD,HYP\n1,0,0,0,0,0\n3,0,0,0,1,0"


def followed(house: House) -> None:
    """The clinician comes over to the model's MI on ECG 1, where gold says that there is none."""
    golden(house.sessions, {1: known()})
    reader = house.people[Role.CLINICIAN].id
    blind(house.sessions, reader, 1, answer())
    final(house.sessions, reader, 1, answer(MI))


def test_an_admin_sees_who_follows_the_model_where_it_is_wrong(
    house: House, admin: Visitor
) -> None:
    assert "Nobody has answered an ECG yet." in words(admin.page("/readers"))
    followed(house)
    said = words(admin.page("/readers"))
    assert "clinician@example.org no case 1 of 1, 1.00  [0.03, 1.00]  few" in said
    assert "gold 5" in said  # cases: every class of the ECG
    assert "clinician@example.org blind first MI 1 of 1, 1.00" in said  # against gold


@pytest.mark.parametrize("role", [Role.CLINICIAN, Role.ADJUDICATOR])
def test_readers_see_their_own_alone_and_nothing_of_gold(house: House, role: Role) -> None:
    followed(house)
    visitor = house.visitor(role)
    assert "Your role may not see how far readers agree." in words(visitor.page("/readers"))
    said = words(visitor.page("/my-readings"))
    if role is Role.CLINICIAN:
        assert "clinician@example.org no case no case no case no case nobody" in said
    else:
        assert "You have not answered an ECG yet." in said
    assert "clinician" not in said or role is Role.CLINICIAN
    assert "gold" not in said.lower()
    for function in ("keep_gold", "keep_adjudicated"):
        assert visitor.call(function, {"gold-csv": CSV}).status_code == 403


def test_what_readers_answer_today_moves_their_own_figures_tomorrow(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    followed(house)
    blind(house.sessions, house.people[Role.ADJUDICATOR].id, 1, answer(MI))
    reader = house.visitor(Role.CLINICIAN)
    assert "no case no case no case no case nobody" in words(reader.page("/my-readings"))
    monkeypatch.setattr(pages, "now", lambda: now() + timedelta(days=1))
    assert "other readers 5" in words(reader.page("/my-readings"))


def test_pasted_answers_become_gold(house: House, admin: Visitor) -> None:
    said = words(admin.call("keep_gold", {"gold-keep": 1, "gold-csv": CSV}).json["response"])
    assert "Gold now: 2." in said and "Gold: 2" in said
    assert "1 (given), 3 (given)" in words(admin.page("/readers"))
    with house.sessions.read() as session:
        assert [row.ecg_id for row in gold.gold_rows(session)] == [1, 3]
    wrong = admin.call("keep_gold", {"gold-keep": 1, "gold-csv": "ecg_id"}).json["response"]
    assert "The first line has no column" in words(wrong)
    none = admin.call("keep_adjudicated", {"gold-adjudicated": 1}).json["response"]
    assert "No adjudicated ECG is left that is not gold" in words(none)


def test_no_answer_to_a_reader_tells_a_gold_ecg_from_another(house: House) -> None:
    """Gold ECG 1 and plain ECG 2 of one worklist, asked everything about, before the answer."""
    golden(house.sessions, {1: known(CD)})
    one = worklist(house.sessions, records=4, gold_share=0.25)
    visitor = house.visitor(Role.CLINICIAN)
    visitor.press("claim", {"act": "read", "worklist": one.id})
    answer_blind(visitor, 3, CD)
    pages = [visitor.get("/_dash-layout").text]
    pages += map(visitor.page, ("/", "/my-readings", "/read/3", "/read/1", "/read/2"))
    with house.sessions.read() as session:
        record_id = find_record(session, 1).id
    Everything(visitor, 1, record_id, pages).ask()
    assert not [sent for sent in visitor.traffic if WHY in sent]
    told = [sent for sent in visitor.traffic if sent.startswith("{")]  # pages and callbacks
    assert len(told) > 100
    assert not [sent for sent in told if "gold" in sent.lower()]
