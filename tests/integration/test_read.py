"""Reading one ECG, over HTTP as the page does it."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core.ecg import SUPERCLASSES, Superclass
from feedback import gold
from feedback.catalogue import find_record
from feedback.db import Sessions
from feedback.errors import StorageUnavailable
from feedback.tables import Draft, Reading, Role, Verdict
from tests.factories import above, add_person, predict
from tests.factories_adjudication import dispute, settled
from tests.factories_gold import golden, known
from tests.integration.conftest import REFUSED, UNSCORED, House
from tests.integration.reading import (
    OpenForm,
    answer_blind,
    components,
    enter,
    form_of,
    open_ecg,
    send,
    submit,
    words,
)
from tests.integration.visitor import Visitor


def _plain(sent: str) -> str:
    return json.dumps(json.loads(sent), ensure_ascii=False).replace("\u00a0", " ")


def _links(sent: str) -> list[str]:
    return [props["href"] for props in components(json.loads(sent)) if "href" in props]


def _count(sessions: Sessions) -> int:
    with sessions.read() as session:
        return session.scalar(select(func.count()).select_from(Reading)) or 0


def test_the_page_shows_patient_and_trace_of_the_ecg_in_the_address(reader: Visitor) -> None:
    sent = open_ecg(reader, 3)
    text = words(sent)
    for fact in ("ECG 3", "Patient 1003", "43 years", "1990-01-02 03:04", "AT-6 C"):
        assert fact in text
    assert '"name":"V6"' in sent
    assert "raw\u00a0signal,\u00a0100\u00a0Hz" in json.loads(json.dumps(sent)).encode().decode(
        "unicode_escape", "ignore"
    )


def test_no_query_puts_another_ecg_under_this_address(reader: Visitor) -> None:
    text = words(reader.page("/read/3", "?ecg_id=4&pathname=/read/4"))
    assert "ECG 3" in text
    assert "ECG 4" not in text


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("137", "There is no ECG 137: choose one of the worklist."),
        ("99999999999999999999", "There is no ECG 99999999999999999999: choose one of"),
        ("abc", "'abc' is no ECG number."),
        ("-3", "'-3' is no ECG number."),
        ("", "There is no page at /read/."),
        ("3/4", "'3/4' is no ECG number."),
        ("9" * 5000, "99' is no ECG number."),
    ],
)
def test_an_ecg_that_is_not_there(reader: Visitor, asked: str, said: str) -> None:
    sent = reader.page(f"/read/{asked}")
    assert said in words(sent)
    assert '"part":"paper"' not in sent
    assert '"part":"submit"' not in sent


@pytest.mark.parametrize(("age", "shown"), [(300, "> 89 years"), (None, "age unknown")])
def test_ages_that_are_no_number(
    house: House, reader: Visitor, age: int | None, shown: str
) -> None:
    with house.sessions.begin() as session:
        find_record(session, 2).age = age
    text = words(open_ecg(reader, 2))
    assert shown in text
    assert "300" not in text


def test_whoever_may_not_answer_is_told_before_they_enter_anything(
    house: House, admin: Visitor, reader: Visitor
) -> None:
    golden(house.sessions, {1: known()})
    sent = open_ecg(admin, 1)
    assert (
        "Not yours to answer You have given the gold answers to ECG 1, and yours would be held "
        "against them: read another one."
    ) in words(sent)
    assert '"part":"paper"' in sent and '"part":"next"' in sent
    for visitor, ecg_id, asked in ((admin, 1, False), (admin, 2, True), (reader, 1, True)):
        assert ('"part":"submit"' in open_ecg(visitor, ecg_id)) is asked


def test_an_answer_of_before_may_still_be_finished(house: House, admin: Visitor) -> None:
    form = answer_blind(admin, 1)
    golden(house.sessions, {1: known()})
    assert '"part":"submit"' in open_ecg(admin, 1)
    submit(admin, 1, form, enter(form))
    assert "Your answer stands" in words(open_ecg(admin, 1))


def test_an_adjudicator_hears_the_same_of_what_they_settled_once_it_is_gold(house: House) -> None:
    second = add_person(house.sessions, "second@example.org", Role.CLINICIAN)
    umpire = house.people[Role.ADJUDICATOR]
    dispute(house.sessions, (house.people[Role.CLINICIAN].id, second.id), 1)
    settled(house.sessions, umpire.id, 1, {Superclass.MI: Verdict.ABSENT})
    visitor = house.visitor(Role.ADJUDICATOR)
    before = words(open_ecg(visitor, 1))
    with house.sessions.begin() as session:
        gold.keep_adjudicated(session, actor="admin@example.org")
    assert "You have settled ECG 1 between its readers and saw their answers" in before
    assert words(open_ecg(visitor, 1)) == before


def test_the_other_ecgs_of_the_patient_are_a_click_away(house: House, reader: Visitor) -> None:
    with house.sessions.begin() as session:
        find_record(session, 6).patient_id = 1002
    assert "/read/6" in _links(open_ecg(reader, 2))
    assert "/read/6" not in _links(open_ecg(reader, 3))


def test_an_answer_reveals_the_opinion_and_is_confirmed_with_its_time(reader: Visitor) -> None:
    form = form_of(open_ecg(reader, 1), 1)
    answer = submit(reader, 1, form, enter(form, [Superclass.CD]))
    text = words(answer)
    assert "Above threshold: Myocardial infarction." in text
    assert text.count("0.81 , above 0.50") == 1
    assert text.count("0.03 , below 0.50") == 4
    said = words(answer["said"])
    assert re.fullmatch(r"Blind answer saved  \d\d:\d\d:\d\d UTC", said)


def test_of_a_pacemaker_the_opinion_speaks_before_its_findings(
    house: House, reader: Visitor
) -> None:
    with house.sessions.begin() as session:
        find_record(session, 1).pacemaker = "ja, pacemaker"
    blind = open_ecg(reader, 1)
    assert 'pacemaker ("ja, pacemaker" in the data set)' in words(blind)
    assert "five classes" not in blind
    text = words(submit(reader, 1, form_of(blind, 1), enter(form_of(blind, 1))))
    assert text.index("Pacemaker noted: ") < text.index("Above threshold: Myocardial infarction.")


def test_warnings_of_the_signal_come_before_the_findings(reader: Visitor) -> None:
    form = form_of(open_ecg(reader, 2), 2)
    text = words(submit(reader, 2, form, enter(form)))
    assert text.index("Lead I looks reversed.") < text.index("No finding above its threshold.")


def test_nothing_above_a_threshold_is_never_called_normal(reader: Visitor) -> None:
    form = form_of(open_ecg(reader, 2), 2)
    text = words(submit(reader, 2, form, enter(form, [Superclass.MI]))).replace("\u00a0", " ")
    assert "No finding above its threshold. This does not mean that the ECG is normal." in text
    each = ", ".join(f"{name} in 12 % of 100" for name in SUPERCLASSES)
    assert f"on records that it was not taught on, the model misses {each}." in text
    assert "The model's uncertainty is 0.71, from 0 (sure) to 1." in text
    assert "Lead I looks reversed." in text


def test_the_final_form_starts_from_the_readers_own_answer(reader: Visitor) -> None:
    form = answer_blind(reader, 1, Superclass.CD, comment="wide QRS", confidence="low")
    assert form.payload["verdicts"] == {
        name.value: "present" if name is Superclass.CD else "absent" for name in SUPERCLASSES
    }
    assert form.payload["comment"] == "wide QRS"
    assert form.payload["confidence"] == "low"
    assert form.payload["agreement"]["MI"] == "disagree"
    assert form.payload["agreement"]["HYP"] == "agree"


def test_a_final_answer_leads_to_the_next_unread_ecg_of_the_worklist(reader: Visitor) -> None:
    form = answer_blind(reader, 4, Superclass.NORM)
    order = {"sort": [["age", "desc"]], "filters": {}}
    answer = submit(reader, 4, form, form.payload, query=order)
    assert answer["next"] == "/read/3"
    assert words(answer["said"]).startswith("Answer saved")


def test_after_the_last_ecg_comes_the_worklist(reader: Visitor) -> None:
    form = answer_blind(reader, 1, Superclass.NORM)
    answer = submit(reader, 1, form, form.payload, query={"filters": {"ecg_id": 1}})
    assert answer["next"] == "/"


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (
            {"verdicts": {"MI": "present"}},
            "Not saved: no verdict on Normal ECG, ST/T change, Conduction",
        ),
        ({"verdicts": {}}, "Not saved: no verdict on Normal ECG, Myocardial infarction, ST"),
        ({"comment": "x" * 10_001}, "Not saved: the comment has 10001 characters"),
    ],
)
def test_an_answer_that_leaves_something_open_is_not_taken(
    house: House, reader: Visitor, payload: dict[str, object], said: str
) -> None:
    form = form_of(open_ecg(reader, 1), 1)
    answer = submit(reader, 1, form, enter(form) | payload)
    assert list(answer) == ["refused"]  # the form is left alone
    assert said in words(answer)
    assert _count(house.sessions) == 0


def test_a_database_that_refuses_is_told_and_nothing_is_lost(
    house: House, reader: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = form_of(open_ecg(reader, 1), 1)
    payload = enter(form)

    def full(*_: object, **__: object) -> None:
        raise StorageUnavailable("the disk is full: make room, then try again")

    with monkeypatch.context() as patched:
        patched.setattr("feedback.readings.submit_blind", full)
        refused = submit(reader, 1, form, payload)
    assert "Not saved: the disk is full: make room, then try again." in words(refused)
    submit(reader, 1, form, payload)
    assert _count(house.sessions) == 1


def test_the_same_submission_twice_is_stored_once(house: House, reader: Visitor) -> None:
    form = form_of(open_ecg(reader, 1), 1)
    payload = enter(form)
    first, second = submit(reader, 1, form, payload), submit(reader, 1, form, payload)
    assert words(first["said"]) == words(second["said"])
    assert _count(house.sessions) == 1


def test_an_answer_without_the_token_of_its_page_is_refused(house: House, reader: Visitor) -> None:
    form = form_of(open_ecg(reader, 1), 1)
    reader.client.delete_cookie("_csrf_token")
    assert send(reader, 1, form, enter(form)).status_code == 400
    reader.client.delete_cookie("trustecg_session")
    assert send(reader, 1, form, enter(form)).status_code == 401
    assert _count(house.sessions) == 0


def test_a_forged_word_in_an_answer_is_refused(house: House, reader: Visitor) -> None:
    form = form_of(open_ecg(reader, 1), 1)
    for forged in ({"verdicts": {"MI": "maybe"}}, {"verdicts": {"XXX": "present"}}):
        assert send(reader, 1, form, enter(form) | forged).status_code == 400
    assert _count(house.sessions) == 0


@pytest.mark.parametrize(
    "query", [{"sort": [["no such column", "asc"]]}, {"sort": ["age"]}, {"filters": {"age": {}}}]
)
def test_an_answer_is_stored_whatever_is_wrong_with_the_list(
    house: House, reader: Visitor, query: dict[str, object]
) -> None:
    form = answer_blind(reader, 4, Superclass.NORM)
    answer = submit(reader, 4, form, form.payload, query=query)
    assert answer["next"] in ("/", "/read/5")
    assert words(answer["said"]).startswith("Answer saved")
    assert _count(house.sessions) == 2


@pytest.mark.parametrize("forged", [{"stands": 2**40}, {"started": "0001-01-01T00:00:00+14:00"}])
def test_a_form_that_no_server_made_is_refused(
    house: House, reader: Visitor, forged: dict[str, object]
) -> None:
    form = form_of(open_ecg(reader, 1), 1)
    made_up = OpenForm(form.meta | forged, form.payload)
    assert send(reader, 1, made_up, enter(form)).status_code == 400
    assert _count(house.sessions) == 0


def test_a_reload_shows_what_was_typed(reader: Visitor) -> None:
    form = form_of(open_ecg(reader, 1), 1)
    typed = form.payload | {"verdicts": {"HYP": "unsure"}, "comment": "tall R in V5"}
    answer = reader.call("save_draft", {"unsaved": typed, "meta": form.meta}, 1)
    assert "Draft saved" in words(answer.json["response"])
    assert answer.json["response"]['{"ecg":1,"part":"saved"}']["data"] == {"payload": typed}
    assert form_of(open_ecg(reader, 1), 1).payload == typed


def test_a_draft_of_a_page_of_another_data_set_is_not_kept(house: House, reader: Visitor) -> None:
    form = form_of(open_ecg(reader, 1), 1)
    before = form.meta | {"record": form.meta["record"] + 1}  # its ECG 1, which is on screen
    said = reader.call("save_draft", {"unsaved": form.payload, "meta": before}, 1)
    assert "Draft kept in this browser only: the data set was changed" in words(
        said.json["response"]
    )
    with house.sessions.read() as session:
        assert not session.scalars(select(Draft)).all()


def test_drafts_are_their_writers_own(house: House, reader: Visitor, admin: Visitor) -> None:
    form = form_of(open_ecg(reader, 1), 1)
    typed = form.payload | {"comment": "mine alone"}
    reader.call("save_draft", {"unsaved": typed, "meta": form.meta}, 1)
    assert "mine alone" not in open_ecg(admin, 1)
    with house.sessions.read() as session:
        assert session.scalars(select(Draft.payload)).all() == [typed]


def test_a_word_on_the_model_that_contradicts_the_verdict_is_not_taken(
    house: House, reader: Visitor
) -> None:
    form = answer_blind(reader, 1, Superclass.NORM)
    forged = form.payload | {"agreement": {"NORM": "agree"}}
    answer = submit(reader, 1, form, forged)
    assert words(answer) == ("Not saved: on NORM you agree with the model and answer the opposite.")
    assert _count(house.sessions) == 1


def test_a_draft_that_contradicts_itself_comes_back_without_its_false_word(
    reader: Visitor,
) -> None:
    form = answer_blind(reader, 1, Superclass.MI)
    typed = enter(form, [Superclass.CD]) | {"agreement": {"MI": "agree", "CD": "agree"}}
    reader.call("save_draft", {"unsaved": typed, "meta": form.meta}, 1)
    again = form_of(open_ecg(reader, 1), 1).payload
    assert (again["agreement"]["MI"], again["agreement"]["CD"]) == ("disagree", "disagree")


def test_a_stored_answer_can_be_changed_and_both_are_kept(house: House, reader: Visitor) -> None:
    form = answer_blind(reader, 1, Superclass.MI)
    submit(reader, 1, form, form.payload)
    again = form_of(open_ecg(reader, 1), 1)
    assert again.payload["verdicts"]["MI"] == "present"
    changed = submit(reader, 1, again, enter(again, [Superclass.CD]))
    assert "Your answer stands, saved" in words(changed)
    assert _count(house.sessions) == 3
    assert form_of(open_ecg(reader, 1), 1).payload["verdicts"]["CD"] == "present"


def test_a_refused_ecg_says_why_and_can_be_called_unreadable(reader: Visitor) -> None:
    form = form_of(open_ecg(reader, REFUSED), REFUSED)
    shown = submit(reader, REFUSED, form, form.payload | {"unreadable": True})
    text = words(shown)
    assert "The model refused this record: Lead V3 is flat: check its electrode." in text
    assert "threshold" not in text
    final = form_of(json.dumps(shown), REFUSED)
    assert final.payload["unreadable"] is True
    assert final.payload["agreement"] == {}
    assert submit(reader, REFUSED, final, final.payload)["next"]


def test_an_ecg_that_was_not_scored_can_be_read(reader: Visitor) -> None:
    form = form_of(open_ecg(reader, UNSCORED), UNSCORED)
    text = words(submit(reader, UNSCORED, form, enter(form, [Superclass.NORM])))
    assert "The model has not seen this record yet." in text
    assert "There is no opinion to weigh it against." in text
    assert "convinced" not in text


def test_samples_that_cannot_be_read_are_no_flat_line(house: House, reader: Visitor) -> None:
    data = house.root / "records100" / "00000" / "00002_lr.dat"
    data.write_bytes(data.read_bytes()[:-100])
    sent = open_ecg(reader, 2)
    assert "This ECG cannot be shown:" in words(sent)
    assert '"part":"paper"' not in sent
    assert form_of(sent, 2).payload["unreadable"] is False


def test_samples_that_are_gone_are_told_even_where_they_were_shown(
    house: House, reader: Visitor
) -> None:
    assert '"part":"paper"' in open_ecg(reader, 2)
    (house.root / "records100" / "00000" / "00002_lr.dat").unlink()
    assert "the samples of ECG 2 are not in" in words(open_ecg(reader, 2))


def test_next_goes_on_without_an_answer(reader: Visitor) -> None:
    answer = reader.call("go_on", {"next": 1}, 2)
    assert answer.json["sideUpdate"]["location"]["pathname"] == "/read/3"


def test_the_web_process_never_loads_torch(house: House, tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from dashboard.settings import Settings\n"
        "from dashboard.app import create_app; from tests.integration.visitor import Visitor\n"
        "from feedback.tables import User; from sqlalchemy.orm import Session\n"
        "from feedback.db import make_engine\n"
        f"settings = Settings(instance=Path({str(tmp_path / 'instance')!r}))\n"
        "with Session(make_engine(settings.database_url)) as session:\n"
        "    user = session.query(User).filter_by(role='clinician').one()\n"
        "visitor = Visitor(create_app(settings)).arrive_as(user)\n"
        "assert 'paper' in visitor.page('/read/1')\n"
        "heavy = {'torch', 'sklearn', 'matplotlib.pyplot', 'shap', 'captum'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_reader_finds_out_that_the_opinion_changed(house: House, reader: Visitor) -> None:
    form = answer_blind(reader, UNSCORED, Superclass.NORM)
    with house.sessions.begin() as session:
        predict(session, UNSCORED, above(Superclass.HYP))
    answer = submit(reader, UNSCORED, form, form.payload)
    assert "Not saved: the model's opinion came in or changed" in words(answer)
    fresh = form_of(open_ecg(reader, UNSCORED), UNSCORED)
    assert submit(reader, UNSCORED, fresh, fresh.payload)["next"]


def test_roles_read_alike(house: House) -> None:
    for role in Role:
        assert isinstance(answer_blind(house.visitor(role), 3, Superclass.CD), OpenForm)
