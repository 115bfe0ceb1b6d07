"""Blind first: nothing that would tell the answer leaves the server before it is given."""

from collections import Counter

import pytest
from sqlalchemy import select

from core.ecg import Superclass
from core.explain.explanation import Method
from feedback.catalogue import find_record
from feedback.db import Sessions, now
from feedback.policy import Action
from feedback.tables import (
    ExplanationRow,
    JobState,
    Prediction,
    Reading,
    RecordRow,
    Role,
)
from tests.factories_readings import answer, answered
from tests.integration.conftest import House
from tests.integration.everything import Everything
from tests.integration.explaining import LIES
from tests.integration.reading import (
    OpenForm,
    answer_blind,
    enter,
    form_of,
    open_ecg,
    submit,
)
from tests.integration.visitor import Visitor

ECG = 1
TELLTALE = "Vorderwandinfarkt, akut"
SECRETS = (TELLTALE, "0.8123", "0.0321", "0.7117", "IMI", "by lead")


def _with_telltale(sessions: Sessions) -> None:
    with sessions.begin() as session:
        for row in session.scalars(select(RecordRow)):
            row.report = TELLTALE
        for prediction in session.scalars(select(Prediction)):
            prediction.uncertainty = 0.7117


@pytest.mark.parametrize("role", list(Role))
def test_nobody_is_told_before_the_blind_answer(house: House, role: Role) -> None:
    _with_telltale(house.sessions)
    visitor = house.visitor(role)
    _look_everywhere(visitor)
    told = [secret for secret in SECRETS for sent in visitor.traffic if secret in sent]
    assert told == []


def _look_everywhere(visitor: Visitor) -> None:
    """Every page and callback that a reader reaches before answering ECG 1."""
    visitor.get("/_dash-layout")
    visitor.page("/")
    for column in ("labels", "predicted", "uncertainty"):
        order = [{"colId": column, "sort": "desc"}]
        visitor.call("rows", {"worklist": {"startRow": 0, "endRow": 100, "sortModel": order}})
    sent = open_ecg(visitor, ECG)
    form = form_of(sent, ECG)
    payload = enter(form, present=[Superclass.MI])
    visitor.call("save_draft", {"unsaved": payload, "meta": form.meta}, ECG)
    visitor.call("save_draft", {"unsaved": payload, "meta": form.meta | {"stage": "final"}}, ECG)
    asked = {"method": "shap", "explained-class": "MI", "laid-over": LIES}
    visitor.call("lay_explanation_over", asked, ECG)
    visitor.call("tell_explanation", asked, ECG)
    empty = payload | {"verdicts": {}}
    submit(visitor, ECG, form, empty)
    for stands in (None, 1):
        forged = OpenForm(form.meta | {"stage": "final", "stands": stands}, payload)
        assert "refused" in submit(visitor, ECG, forged, payload)
    visitor.call("show_panel", {"stored": form.meta["form"]}, ECG)
    visitor.call("go_on", {"next": 1}, ECG)


HIDDEN = {
    "prediction": "0.7654",
    "uncertainty": "uncertainty is 0.62",
    "warning": "Lead aVL is hidden.",
    "report": "verborgener Vorderwandinfarkt",
    "label": "HIDDENMI",
    "explanation": "the model points at hidden Q waves",
    "colleague": "a colleague sees hidden ST elevations",
}


def _hide(house: House) -> int:
    """Everything that is to stay unknown of ECG 1, in words of their own; its record's id."""
    colleague = house.people[Role.ADMIN].id
    answered(house.sessions, colleague, ECG, answer(Superclass.MI, comment=HIDDEN["colleague"]))
    with house.sessions.begin() as session:
        record = find_record(session, ECG)
        record.report, record.scp_codes = HIDDEN["report"], {HIDDEN["label"]: 100}
        prediction = session.scalars(select(Prediction).filter_by(record_id=record.id)).one()
        prediction.p_mi, prediction.uncertainty = 0.7654, 0.62
        prediction.warnings = [HIDDEN["warning"]]
        session.add(_explained(record.id, prediction.model_id))
    return record.id


def _explained(record_id: int, model_id: int) -> ExplanationRow:
    return ExplanationRow(
        record_id=record_id,
        model_id=model_id,
        method=Method.SHAP,
        superclass=Superclass.MI,
        settings="0" * 16,
        requested_at=now(),
        state=JobState.DONE,
        attempts=1,
        message="",
        sentence=HIDDEN["explanation"],
    )


@pytest.mark.parametrize("role", [Role.CLINICIAN, Role.ADJUDICATOR])
def test_no_route_and_no_callback_tells_what_is_hidden(house: House, role: Role) -> None:
    record_id = _hide(house)
    visitor = house.visitor(role)
    asked = _ask_everything(visitor, record_id)
    assert _told(visitor) == set()
    readers = {Action.READ, Action.SEE_WORKLIST}
    entries = [entry.get("callback") for entry in house.app.callback_map.values()]
    names = {c.__name__ for c in entries if c and getattr(c, "needs", None) in readers}
    names |= {"submit"}  # the route that takes answers
    assert {name for name in names if not asked[name]} == set()  # each was asked in earnest
    with house.sessions.read() as session:
        mine = select(Reading).filter_by(record_id=record_id, reader_id=house.people[role].id)
        assert session.scalars(mine).all() == []  # none of it was taken for the answer


def test_the_same_questions_tell_it_after_the_answer(house: House, reader: Visitor) -> None:
    record_id = _hide(house)
    answer_blind(reader, ECG, Superclass.NORM)
    _ask_everything(reader, record_id)
    assert _told(reader) >= {"prediction", "uncertainty", "warning", "report", "label"}
    assert "colleague" not in _told(reader)


def _ask_everything(visitor: Visitor, record_id: int) -> Counter[str]:
    answer_blind(visitor, 3, Superclass.CD)  # what comes after an answer is known from here
    addresses = ("/", "/export", "/read/3", f"/read/{ECG}")
    pages = [visitor.get("/_dash-layout").text, *map(visitor.page, addresses)]
    return Everything(visitor, ECG, record_id, pages).ask()


def _told(visitor: Visitor) -> set[str]:
    return {what for what, text in HIDDEN.items() if any(text in sent for sent in visitor.traffic)}


def test_the_order_of_the_worklist_tells_nothing(reader: Visitor) -> None:
    def ids(sort: list[dict[str, str]]) -> list[int]:
        request = {"startRow": 0, "endRow": 100, "sortModel": sort}
        answer = reader.call("rows", {"worklist": request}).json["response"]
        return [row["ecg_id"] for row in answer["worklist"]["getRowsResponse"]["rowData"]]

    for column in ("labels", "predicted", "uncertainty"):
        for direction in ("asc", "desc"):
            assert ids([{"colId": column, "sort": direction}]) == ids([])


def test_a_filter_on_what_is_hidden_finds_nothing(reader: Visitor) -> None:
    wanted = {"predicted": {"filterType": "text", "type": "contains", "filter": "MI"}}
    request = {"startRow": 0, "endRow": 100, "filterModel": wanted}
    answer = reader.call("rows", {"worklist": request}).json["response"]["worklist"]
    assert answer["getRowsResponse"] == {"rowData": [], "rowCount": 0}


def test_one_answer_reveals_that_record_alone(house: House, reader: Visitor) -> None:
    _with_telltale(house.sessions)
    reader.traffic.clear()
    form = form_of(open_ecg(reader, ECG), ECG)
    payload = enter(form, present=[Superclass.NORM])
    assert TELLTALE in str(submit(reader, ECG, form, payload))
    assert "0.8123" not in reader.page("/read/3")
    rows = reader.call("rows", {"worklist": {"startRow": 0, "endRow": 100}}).json["response"]
    cells = {row["ecg_id"]: row for row in rows["worklist"]["getRowsResponse"]["rowData"]}
    assert (cells[1]["predicted"], cells[1]["uncertainty"]) == ("MI", "0.71")
    assert {cells[2][name] for name in ("labels", "predicted", "uncertainty")} == {"–"}


def test_the_answer_of_a_colleague_reveals_nothing(house: House, admin: Visitor) -> None:
    _with_telltale(house.sessions)
    form = form_of(open_ecg(admin, ECG), ECG)
    payload = enter(form, present=[Superclass.MI])
    submit(admin, ECG, form, payload)
    assert TELLTALE not in house.visitor(Role.CLINICIAN).page(f"/read/{ECG}")


@pytest.mark.parametrize("folder", ["", "assets/", "assets/../../data/", "data/", "instance/"])
def test_the_index_of_the_data_set_is_not_served(house: House, folder: str) -> None:
    visitor = house.visitor(Role.ADMIN)
    assert "scp_codes" in (house.root / "ptbxl_database.csv").read_text()
    assert "scp_codes" not in visitor.get(f"/{folder}ptbxl_database.csv").text
