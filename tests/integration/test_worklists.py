"""Worklists: an admin makes one, readers claim through it, and nobody is told why."""

import json

import pytest
from sqlalchemy import select, update

from core.ecg import Superclass
from feedback import claims, worklists
from feedback.catalogue import find_record
from feedback.policy import Action, allows
from feedback.pool import PoolFilter
from feedback.sampling import Strategy
from feedback.tables import Reading, ReadingMode, Role, Stage, Worklist, WorklistSlot
from feedback.users import count_readers
from tests.factories_gold import golden, known
from tests.factories_readings import answer, answered
from tests.factories_worklists import ADMIN, expire, worklist
from tests.integration.conftest import House
from tests.integration.reading import enter, form_of, open_ecg, submit, words
from tests.integration.visitor import Json, Visitor

PLAN = {
    "plan-name": "Morning",
    "plan-strategy": "random",
    "plan-records": 4,
    "plan-readers_each": 1,
    "plan-mode": "blind-first",
    "plan-audit_share": 0.15,
    "plan-gold_share": 0,
    "plan-seed": 0,
    "plan-folds": "1, 2, 3, 4, 5, 6, 7, 8, 9, 10",
    "plan-sex": "any",
}


def made(house: House) -> list[Worklist]:
    with house.sessions.read() as session:
        return list(session.scalars(select(Worklist).order_by(Worklist.id)))


def claim(visitor: Visitor, worklist_id: int) -> tuple[int | None, str]:
    """Press 'Read' of a worklist: the ECG that opens, and what is said."""
    pressed = visitor.press("claim", {"act": "read", "worklist": worklist_id}).json
    return _opened(pressed), words(pressed["response"])


def _opened(answer: Json) -> int | None:
    """The ECG to which a callback sends the browser."""
    path = answer.get("sideUpdate", {}).get("location", {}).get("pathname", "")
    return int(path.removeprefix("/read/")) if path.startswith("/read/") else None


def held(house: House) -> dict[int, int]:
    """Which ECG each reader holds."""
    with house.sessions.read() as session:
        slots = session.scalars(select(WorklistSlot).where(WorklistSlot.lease_until.is_not(None)))
        return {slot.reader_id: slot.record_id for slot in slots if slot.reader_id}


@pytest.mark.parametrize("role", list(Role))
def test_an_admin_alone_makes_worklists(house: House, role: Role) -> None:
    visitor = house.visitor(role)
    may = allows(role, Action.MANAGE_WORKLISTS)
    assert ("Not for your role" not in visitor.page("/worklists")) == may
    for function in ("preview_worklist", "make_worklist"):
        status = visitor.call(function, PLAN | {f"worklists-{function[:7]}": 1}).status_code
        assert status == (200 if may else 403)
    assert len(made(house)) == may


def test_a_preview_says_what_would_be_picked(house: House, admin: Visitor) -> None:
    text = words(admin.call("preview_worklist", PLAN).json["response"])
    assert "4 records, 4 of them drawn at random as audit." in text
    assert "drawn whatever the model says of it" not in text
    assert made(house) == []


def test_an_admin_who_was_told_why_reads_those_ecgs_no_longer_blind(
    house: House, admin: Visitor
) -> None:
    one = worklist(house.sessions, strategy=Strategy.ENTROPY, records=2, audit_share=0.5)
    assert "entropy of the five calls" not in admin.page("/worklists")
    me = house.people[Role.ADMIN].id
    assert modes(house, me, one.id) == [ReadingMode.BLIND_FIRST] * 2
    told = words(admin.call("say_why", {"why": 1}, one.id).json["response"])
    assert told.count("entropy of the five calls") == told.count("random audit") == 1
    assert sorted(modes(house, me, one.id)) == [ReadingMode.ASSISTED, ReadingMode.BLIND_FIRST]
    assert "There is no worklist 99" in words(admin.call("say_why", {"why": 1}, 99).json)


def test_who_chooses_ecgs_by_label_or_opinion_is_not_shown_which_and_reads_them_assisted(
    house: House, admin: Visitor
) -> None:
    for field in ("labelled", "found"):
        asked = PLAN | {"plan-name": field, f"plan-{field}": "MI", "plan-records": 2}
        text = words(admin.call("preview_worklist", asked).json["response"])
        assert "records, " in text and "Which they are is not listed" in text
        assert "Place" not in text
    assert "Place" in words(admin.call("preview_worklist", PLAN).json["response"])
    admin.call("make_worklist", PLAN | {"plan-labelled": "MI", "plan-records": 2})
    (one,) = made(house)
    read_by = {role: set(modes(house, house.people[role].id, one.id)) for role in Role}
    assert read_by[Role.ADMIN] == {ReadingMode.ASSISTED}
    assert read_by[Role.CLINICIAN] == {ReadingMode.BLIND_FIRST}


def test_an_audit_record_of_a_pool_chosen_by_label_tells_its_label_too(
    house: House, admin: Visitor
) -> None:
    pool = PoolFilter(folds=tuple(range(1, 11)), labelled=Superclass.MI)
    one = worklist(house.sessions, pool=pool, records=2)
    admin.call("say_why", {"why": 1}, one.id)
    assert set(modes(house, house.people[Role.ADMIN].id, one.id)) == {ReadingMode.ASSISTED}


def modes(house: House, reader_id: int, worklist_id: int) -> list[ReadingMode]:
    """How this reader would read the records of a worklist."""
    of_list = WorklistSlot.worklist_id == worklist_id
    with house.sessions.read() as session:
        records = session.scalars(select(WorklistSlot.record_id).where(of_list)).all()
        return [claims.mode_of(session, reader_id, record_id) for record_id in records]


@pytest.mark.parametrize("function", ["preview_worklist", "make_worklist"])
def test_an_admin_hears_that_more_readers_are_asked_for_than_there_are(
    house: House, admin: Visitor, reader: Visitor, function: str
) -> None:
    with house.sessions.read() as session:
        people = count_readers(session)
    text = words(admin.call(function, PLAN | {"plan-readers_each": people}).json["response"])
    assert "before others join" not in text
    asked = PLAN | {"plan-name": "Noon", "plan-readers_each": people + 1}
    text = words(admin.call(function, asked).json["response"])
    assert f"{people + 1} readers a record, and only {people} may read" in text


def test_the_page_names_the_default_strategy_and_its_evidence(admin: Visitor) -> None:
    from feedback.strategy_choice import evidence

    assert evidence()["why"] in words(admin.page("/worklists"))


def test_a_strategy_is_named_as_the_field_writes_it_and_says_what_it_does(
    house: House, admin: Visitor
) -> None:
    name = "BALD (Bayesian active learning by disagreement)"
    assert f'{{"label":"{name}","value":"bald"}}' in admin.page("/worklists")
    said = words(admin.call("say_strategy", {"plan-strategy": "bald"}).json["response"])
    assert f"{name}: first what models that fit the taught records equally well" in said
    admin.call("make_worklist", PLAN)
    with house.sessions.begin() as session:
        session.execute(update(Worklist).values(strategy="bald"))
    assert f"{name}, audit" in words(admin.page("/worklists"))
    with house.sessions.begin() as session:
        session.execute(update(Worklist).values(strategy="of before"))
    assert "of before, audit" in words(admin.page("/worklists"))


@pytest.mark.parametrize(
    ("entered", "said"),
    [
        ({"plan-name": ""}, "Name is empty: fill it in."),
        ({"plan-name": "a" * 81}, "aa': it should have at most 80 characters."),
        ({"plan-name": "  "}, "Name is empty: fill it in."),
        ({"plan-mode": "aloud"}, "Mode is 'aloud': it should be "),
    ],
)
def test_what_is_wrong_with_how_it_is_read_is_a_sentence(
    house: House, admin: Visitor, entered: Json, said: str
) -> None:
    assert said in words(admin.call("make_worklist", PLAN | entered).json["response"])
    assert made(house) == []


def test_ages_that_nobody_has_are_refused_as_such(house: House, admin: Visitor) -> None:
    asked = PLAN | {"plan-age_from": "80", "plan-age_to": "40"}
    said = "Age from is 80 and Age to 40: nobody is both, exchange them."
    assert said in words(admin.call("make_worklist", asked).json["response"])
    assert made(house) == []


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("records", "0", "Records is 0: choose 1 to 5000, a whole number."),
        ("records", "999999", "Records is 999999: choose 1 to 5000, a whole number."),
        ("records", "", "Records is empty: fill it in."),
        ("readers_each", "0", "Readers a record is 0: choose 1 to 9, a whole number."),
        ("readers_each", "12", "Readers a record is 12: choose 1 to 9, a whole number."),
        ("readers_each", "two", "Readers a record is two: choose 1 to 9, a whole number."),
        ("readers_each", None, "Readers a record is empty: fill it in."),
        ("audit_share", "15", "Audit share is 15: choose 0 to 1, such as 0.15."),
        ("audit_share", "0,15", "Audit share is 0,15: choose 0 to 1, such as 0.15."),
        ("audit_share", "nan", "Audit share is nan: choose 0 to 1, such as 0.15."),
        ("audit_share", " ", "Audit share is empty: fill it in."),
        ("gold_share", "0.9", "Gold share is 0.9: choose 0 to 0.5, such as 0.15."),
        ("gold_share", "", "Gold share is empty: fill it in."),
        ("seed", "1.5", "Seed is 1.5: choose 0 to 2147483647, a whole number."),
        ("seed", "-1", "Seed is -1: choose 0 to 2147483647, a whole number."),
        ("seed", "", "Seed is empty: fill it in."),
        ("folds", "1, x", "Folds is x: choose 1 to 10, a whole number."),
        ("folds", "1, 11", "Folds is 11: choose 1 to 10, a whole number."),
        ("folds", "", "Folds is empty: fill it in."),
        ("folds", " , ", "Folds is empty: fill it in."),
        ("age_from", "-5", "Age from is -5: choose 0 to 300, a whole number."),
        ("age_to", "-40", "Age to is -40: choose 0 to 300, a whole number."),
        ("age_to", "1000000000000", "Age to is 1000000000000: choose 0 to 300, a whole number."),
        ("age_from", "200", "No record is left: all that fit these filters have their readers"),
    ],
)
@pytest.mark.parametrize("function", ["preview_worklist", "make_worklist"])
def test_a_number_that_cannot_be_is_refused_in_words(
    house: House, admin: Visitor, function: str, field: str, typed: str | None, said: str
) -> None:
    answered = admin.call(function, PLAN | {f"plan-{field}": typed}).json["response"]
    assert said in words(answered)
    assert made(house) == []


def test_what_is_typed_is_what_the_worklist_is_made_with(house: House, admin: Visitor) -> None:
    typed = {"plan-records": "2", "plan-readers_each": " 2 ", "plan-audit_share": "0.5"}
    typed |= {"plan-seed": "7", "plan-folds": "1 2,3", "plan-age_from": "", "plan-age_to": "300"}
    admin.call("make_worklist", PLAN | typed)
    (one,) = made(house)
    assert (one.readers_each, one.audit_share, one.seed) == (2, 0.5, 7)
    assert (one.pool["folds"], one.pool["age_from"], one.pool["age_to"]) == ([1, 2, 3], None, 300)
    with house.sessions.read() as session:
        assert len(worklists.reasons(session, one.id)) == 2


def test_a_worklist_may_be_named_any(house: House, admin: Visitor) -> None:
    admin.call("make_worklist", PLAN | {"plan-name": "any"})
    assert [one.name for one in made(house)] == ["any"]


def test_the_form_has_no_field_whose_browser_keeps_back_what_was_typed(admin: Visitor) -> None:
    assert '"type":"number"' not in admin.page("/worklists")


@pytest.mark.parametrize("name", ["", None, "a" * 81])
def test_a_preview_needs_no_name(house: House, admin: Visitor, name: str | None) -> None:
    text = words(admin.call("preview_worklist", PLAN | {"plan-name": name}).json["response"])
    assert "Nothing has been made yet. 4 records" in text
    assert made(house) == []


@pytest.mark.parametrize(
    ("share", "said"),
    [("0", "random, audit 15% read by"), ("0.5", "random, audit 15%, gold 50% (2 of 4) read by")],
)
def test_the_facts_name_the_gold_share_where_there_is_one(
    house: House, admin: Visitor, share: str, said: str
) -> None:
    golden(house.sessions, {1: known(), 2: known()})
    admin.call("make_worklist", PLAN | {"plan-gold_share": share})
    assert said in words(admin.page("/worklists"))


def test_a_worklist_is_made_followed_and_closed(
    house: House, admin: Visitor, reader: Visitor
) -> None:
    text = words(admin.call("make_worklist", PLAN).json["response"])
    assert "Morning is open to all readers." in text
    (one,) = made(house)
    ecg_id, _ = claim(reader, one.id)
    form = form_of(open_ecg(reader, ecg_id), ecg_id)
    submit(reader, ecg_id, form, enter(form))
    text = words(admin.page("/worklists"))
    assert "1 of 4 readings done" in text and "read by clinician@example.org 1" in text
    closed = admin.press("close_worklist", {"act": "close", "worklist": one.id})
    assert "Morning is closed." in words(closed.json["response"])
    assert not made(house)[0].open
    assert claim(reader, one.id)[0] is None


def test_the_first_page_offers_what_is_left_and_says_why_nothing_is(
    house: House, reader: Visitor
) -> None:
    one = worklist(house.sessions, records=1)
    assert "1 left for you" in words(reader.page("/"))
    ecg_id, _ = claim(reader, one.id)
    form = form_of(open_ecg(reader, ecg_id), ecg_id)
    submit(reader, ecg_id, form, enter(form))
    assert "All of 'Morning' is read" in words(reader.page("/"))
    assert "all of 'Morning' is read" in claim(reader, one.id)[1].lower().replace(
        "morning", "Morning"
    )


def test_two_readers_never_get_the_same(house: House, reader: Visitor) -> None:
    one = worklist(house.sessions)
    colleague = house.visitor(Role.ADJUDICATOR)
    mine, theirs = [], []
    for _ in range(3):
        for visitor, got in ((reader, mine), (colleague, theirs)):
            ecg_id, _said = claim(visitor, one.id)
            form = form_of(open_ecg(visitor, ecg_id), ecg_id)
            submit(visitor, ecg_id, form, enter(form))
            got.append(ecg_id)
    assert sorted(mine + theirs) == [1, 2, 3, 4, 5, 6]


def test_save_and_next_and_j_claim_the_next_of_the_worklist(house: House, reader: Visitor) -> None:
    one = worklist(house.sessions)
    query = {"worklist-query": {"worklist": one.id}}
    first, _ = claim(reader, one.id)
    second = _opened(reader.call("go_on", {"next": 1} | query, first).json)
    assert second != first
    form = form_of(open_ecg(reader, second), second)
    shown = submit(reader, second, form, enter(form))
    final = form_of(json.dumps(shown), second)
    done = submit(reader, second, final, enter(final), query=query["worklist-query"])
    following = int(done["next"].removeprefix("/read/"))
    with house.sessions.read() as session:
        number = find_record(session, following).id
    assert following != second
    assert held(house) == {house.people[Role.CLINICIAN].id: number}


def test_the_last_one_put_off_stays_and_the_reader_is_told(house: House, reader: Visitor) -> None:
    one = worklist(house.sessions, records=1)
    ecg_id, _ = claim(reader, one.id)
    query = {"worklist-query": {"worklist": one.id}}
    text = reader.call("go_on", {"next": 1} | query, ecg_id).text
    assert f"ECG {ecg_id} is the last that 'Morning' has for you now" in text
    assert len(held(house)) == 1


def test_the_page_says_which_worklist_and_until_when(house: House, reader: Visitor) -> None:
    one = worklist(house.sessions)
    ecg_id, _ = claim(reader, one.id)
    assert "Morning · blind first ·  held until" in words(open_ecg(reader, ecg_id))


def test_an_open_page_renews_its_lease(house: House, reader: Visitor) -> None:
    one = worklist(house.sessions)
    ecg_id, _ = claim(reader, one.id)
    expire(house.sessions)
    reader.call("hold", _here(ecg_id, one.id))
    with house.sessions.read() as session:
        record = find_record(session, ecg_id)
        found = claims.held(session, house.people[Role.CLINICIAN].id, record.id)
        assert found is not None and not found.answered
        assert claims.upcoming(session, house.people[Role.ADMIN].id, one.id, 1) != [ecg_id]


def _here(ecg_id: int, worklist_id: int) -> Json:
    return {
        "here": {"ecg": ecg_id, "n": 1},
        "held": {"ecg": ecg_id, "worklist": worklist_id},
        "worklist-query": {"worklist": worklist_id},
        "location": f"/read/{ecg_id}",
    }


def test_a_reload_gives_back_and_takes_again(house: House, reader: Visitor) -> None:
    one = worklist(house.sessions)
    ecg_id, _ = claim(reader, one.id)
    leave(reader, ecg_id)
    assert held(house) == {}
    assert "held until" in reader.call("hold", _here(ecg_id, one.id)).text
    assert len(held(house)) == 1


def leave(visitor: Visitor, ecg_id: int) -> None:
    token = visitor.client.get_cookie("_csrf_token").value
    sent = visitor.client.post(
        "/release", data={"ecg": str(ecg_id)}, headers={"X-CSRFToken": token}
    )
    assert sent.status_code == 204


def test_a_closed_page_gives_back_only_with_the_csrf_token(house: House, reader: Visitor) -> None:
    one = worklist(house.sessions)
    ecg_id, _ = claim(reader, one.id)
    assert reader.client.post("/release", data={"ecg": str(ecg_id)}).status_code == 400
    assert len(held(house)) == 1


def test_nobody_gives_back_what_a_colleague_holds(house: House, reader: Visitor) -> None:
    one = worklist(house.sessions)
    ecg_id, _ = claim(reader, one.id)
    leave(house.visitor(Role.ADJUDICATOR), ecg_id)
    assert len(held(house)) == 1


def test_signing_out_gives_back(house: House, reader: Visitor) -> None:
    claim(reader, worklist(house.sessions).id)
    token = reader.client.get_cookie("_csrf_token").value
    reader.client.post("/logout", data={"csrf_token": token})
    assert held(house) == {}


def test_a_lost_claim_is_told_and_the_draft_kept(house: House, reader: Visitor) -> None:
    one = worklist(house.sessions, records=1)
    ecg_id, _ = claim(reader, one.id)
    form = form_of(open_ecg(reader, ecg_id), ecg_id)
    payload = enter(form, present=[Superclass.MI], comment="seen")
    reader.call("save_draft", {"unsaved": payload, "meta": form.meta}, ecg_id)
    expire(house.sessions)
    colleague = house.people[Role.ADJUDICATOR].id
    with house.sessions.begin() as session:
        claims.claim_next(session, colleague, one.id)
    lost = reader.call("hold", _here(ecg_id, one.id)).text
    assert f"A colleague is reading ECG {ecg_id} for 'Morning'" in lost
    answered(house.sessions, colleague, ecg_id, answer(Superclass.MI))
    for _ in range(2):
        told = reader.call("hold", _here(ecg_id, one.id) | {"held": lost_by(ecg_id, one)}).text
        assert "Your hold on this ECG has ended" in told
    refused = submit(reader, ecg_id, form, payload, held=one.id)
    assert "'Morning' has all the readers of it" in words(refused)
    assert form_of(open_ecg(reader, ecg_id), ecg_id).payload["comment"] == "seen"


def lost_by(ecg_id: int, one: Worklist) -> Json:
    """What the page knows of an ECG that a worklist held for it."""
    return {"ecg": ecg_id, "lost": one.id}


def _grid(ecg_id: int, held: Json | None = None) -> Json:
    """An ECG that was opened from the grid, or by its address."""
    return _here(ecg_id, 0) | {"held": held, "worklist-query": {"sort": []}}


def told(visitor: Visitor, ecg_id: int, held: Json | None = None) -> tuple[Json | None, str]:
    """What the grid's page keeps of what it holds, and what its head says."""
    answer = visitor.call("hold", _grid(ecg_id, held)).json
    changed = answer["sideUpdate"]
    place = next(key for key in changed if '"part":"held"' in key)
    return answer["response"]["held"]["data"], words(changed[place])


def test_an_ecg_opened_from_the_grid_is_held_for_its_worklist(
    house: House, reader: Visitor
) -> None:
    one = worklist(house.sessions, records=1)
    ecg_id = only_ecg(house, one)
    kept, said = told(reader, ecg_id)
    assert kept == {"ecg": ecg_id, "worklist": one.id}
    assert "Morning · blind first" in said and len(held(house)) == 1
    ecg, why = claim(house.visitor(Role.ADJUDICATOR), one.id)
    assert ecg is None and "Colleagues are reading the last 1" in why
    form = form_of(open_ecg(reader, ecg_id), ecg_id)
    submit(reader, ecg_id, form, enter(form), held=one.id)
    assert "Morning · blind first ·  answered" in told(reader, ecg_id, kept)[1]


def test_what_no_worklist_asks_for_is_opened_without_a_lease(house: House, reader: Visitor) -> None:
    one = worklist(house.sessions, records=1)
    other = next(n for n in range(1, 7) if n != only_ecg(house, one))
    assert reader.call("hold", _grid(other)).json["response"] == {}
    left = {"ecg": only_ecg(house, one), "worklist": one.id}  # the page before
    assert reader.call("hold", _grid(other, left)).json["response"]["held"]["data"] is None
    assert held(house) == {}


def test_no_answer_is_asked_through_the_grid_while_a_colleague_reads(
    house: House, reader: Visitor
) -> None:
    one = worklist(house.sessions, records=1)
    colleague = house.visitor(Role.ADJUDICATOR)
    ecg_id = only_ecg(house, one)
    form = form_of(open_ecg(reader, ecg_id), ecg_id)  # laid out before the colleague came
    claim(colleague, one.id)
    reading_now = f"olleague is reading ECG {ecg_id} for 'Morning'"
    kept, said = told(reader, ecg_id)
    assert reading_now in said and kept == {"ecg": ecg_id, "lost": None}
    opened = words(open_ecg(reader, ecg_id))
    assert f"Not yours to answer A c{reading_now}" in opened and "Submit and see" not in opened
    refused = words(submit(reader, ecg_id, form, enter(form)))
    assert f"Not saved: a c{reading_now}" in refused
    leave(colleague, ecg_id)
    assert told(reader, ecg_id, kept)[0] == {"ecg": ecg_id, "worklist": one.id}


def test_what_a_colleague_has_answered_meanwhile_is_the_grids_again(
    house: House, reader: Visitor
) -> None:
    one = worklist(house.sessions, records=1)
    ecg_id, colleague = only_ecg(house, one), house.people[Role.ADJUDICATOR].id
    kept, _ = told(reader, ecg_id)
    form = form_of(open_ecg(reader, ecg_id), ecg_id)
    expire(house.sessions)
    with house.sessions.begin() as session:
        claims.claim_next(session, colleague, one.id)
    kept, said = told(reader, ecg_id, kept)
    assert f"A colleague is reading ECG {ecg_id}" in said and kept == lost_by(ecg_id, one)
    answered(house.sessions, colleague, ecg_id, answer(Superclass.MI))
    assert told(reader, ecg_id, kept) == ({"ecg": ecg_id, "free": True}, "")
    assert "refused" not in submit(reader, ecg_id, form, enter(form))


def only_ecg(house: House, one: Worklist) -> int:
    """The ECG of a worklist that has one."""
    with house.sessions.read() as session:
        (reason,) = worklists.reasons(session, one.id)
        return reason.ecg_id


def test_whoever_gives_gold_answers_loses_the_claim_and_is_told(
    house: House, admin: Visitor
) -> None:
    one = worklist(house.sessions)
    ecg_id, _ = claim(admin, one.id)
    assert '"data-held":"yes"' in open_ecg(admin, ecg_id)
    golden(house.sessions, {ecg_id: known()})
    lost = admin.call("hold", _here(ecg_id, one.id)).text
    assert f"You have given the gold answers to ECG {ecg_id}" in lost
    assert "A colleague" not in lost
    assert '"data-held":"no"' in open_ecg(admin, ecg_id)


def test_who_reads_on_in_a_closed_worklist_is_told(house: House, reader: Visitor) -> None:
    one = worklist(house.sessions)
    ecg_id, _ = claim(reader, one.id)
    with house.sessions.begin() as session:
        worklists.close(session, one.id, actor=ADMIN)
    assert "closed, your answer is welcome" in reader.call("hold", _here(ecg_id, one.id)).text


def test_a_blind_reader_is_never_told_why(house: House, reader: Visitor) -> None:
    one = worklist(house.sessions)
    with house.sessions.begin() as session:
        for slot in session.scalars(select(WorklistSlot)):
            slot.why = "MI is 0.02 from its threshold"
    for _ in range(6):
        ecg_id, _said = claim(reader, one.id)
        reader.page("/")
        form = form_of(open_ecg(reader, ecg_id), ecg_id)
        reader.call("hold", _here(ecg_id, one.id))
        submit(reader, ecg_id, form, enter(form))
    assert claim(reader, one.id)[0] is None
    assert not any("from its threshold" in sent for sent in reader.traffic)


def test_assisted_the_opinion_is_there_at_once_and_one_answer_is_asked(
    house: House, reader: Visitor
) -> None:
    one = worklist(house.sessions, mode=ReadingMode.ASSISTED)
    ecg_id = None
    while ecg_id != 1:
        ecg_id, _ = claim(reader, one.id)
        sent = open_ecg(reader, ecg_id)
        assert "Morning · assisted · " in words(sent)
        form = form_of(sent, ecg_id)
        assert "Filled with your own answer" not in words(sent)
        assert "Published label" not in words(sent)  # the model alone assists
        assert form.payload["verdicts"] == {}  # the model fills no form
        done = submit(reader, ecg_id, form, enter(form), query={"worklist": one.id})
        assert done["next"] in {"/", *(f"/read/{other}" for other in range(1, 7))} - {
            f"/read/{ecg_id}"
        }
    assert "Model's opinion" in words(sent)
    with house.sessions.read() as session:
        stored = session.scalars(select(Reading)).all()
    assert {(each.mode, each.stage) for each in stored} == {(ReadingMode.ASSISTED, Stage.FINAL)}
