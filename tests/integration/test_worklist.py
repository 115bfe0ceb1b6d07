"""The worklist over HTTP: pages, order and filters are the server's."""

from typing import Any

import pytest

from feedback.catalogue import find_record
from tests.integration.conftest import House
from tests.integration.reading import answer_blind, form_of, open_ecg, words
from tests.integration.visitor import Json, Visitor


def ask(visitor: Visitor, **request: Any) -> Json:
    """What the grid gets for a request."""
    answer = visitor.call("rows", {"worklist": {"startRow": 0, "endRow": 100, **request}})
    assert answer.status_code == 200, answer.text
    rows: Json = answer.json["response"]
    return rows


def ids(visitor: Visitor, **request: Any) -> list[int]:
    """The ECGs that the grid gets, in its order."""
    rows = ask(visitor, **request)["worklist"]["getRowsResponse"]["rowData"]
    return [row["ecg_id"] for row in rows]


def test_a_page_holds_the_rows_that_were_asked_for(reader: Visitor) -> None:
    assert ids(reader, startRow=2, endRow=4) == [3, 4]
    assert ask(reader, startRow=2, endRow=4)["worklist"]["getRowsResponse"]["rowCount"] == 6


def test_order_and_filters_are_kept_for_next(reader: Visitor) -> None:
    model = {"age": {"filterType": "number", "type": "greaterThan", "filter": 43}}
    sort = [{"colId": "age", "sort": "desc"}]
    assert ids(reader, sortModel=sort, filterModel=model) == [6, 5, 4]
    kept = ask(reader, sortModel=sort, filterModel=model)["worklist-order"]["data"]
    assert kept == {"sort": [["age", "desc"]], "filters": model}
    after = reader.call("go_on", {"next": 1, "worklist-query": kept}, 5).json
    assert after["sideUpdate"]["location"]["pathname"] == "/read/4"


@pytest.mark.parametrize("typed", ["male", "Ma", "f", "FEM"])
def test_the_count_is_that_of_the_filter(reader: Visitor, typed: str) -> None:
    """Whatever case is typed, and 'male' is no part of 'female'."""
    model = {"sex": {"filterType": "text", "type": "startsWith", "filter": typed}}
    assert ask(reader, filterModel=model)["worklist-count"]["children"] == "3 records"


def test_my_status_follows_what_i_do(reader: Visitor) -> None:
    form = form_of(open_ecg(reader, 2), 2)
    typed = form.payload | {"comment": "hm"}
    reader.call("save_draft", {"unsaved": typed, "meta": form.meta}, 2)
    answer_blind(reader, 3)
    rows = ask(reader)["worklist"]["getRowsResponse"]["rowData"]
    status = {row["ecg_id"]: row["my_status"] for row in rows}
    assert (status[1], status[2], status[3]) == ("unread", "draft", "blind answered")


def test_an_age_above_89_is_no_300(house: House, reader: Visitor) -> None:
    with house.sessions.begin() as session:
        find_record(session, 1).age = 300
    assert ask(reader)["worklist"]["getRowsResponse"]["rowData"][0]["age"] == "> 89"


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"sortModel": [{"colId": "report", "sort": "asc"}]}, "No column 'report'"),
        ({"filterModel": {"label_mi": {"filter": True}}}, "No column 'label_mi'"),
    ],
)
def test_what_the_worklist_does_not_have_is_told(
    reader: Visitor, request_: dict[str, Any], said: str
) -> None:
    shown = ask(reader, **request_)
    assert said in words(shown["worklist-count"]["children"])
    assert shown["worklist"]["getRowsResponse"] == {"rowData": [], "rowCount": 0}
    assert "worklist-order" not in shown  # 'next' goes by the last order that was one


@pytest.mark.parametrize(
    ("name", "typed", "said"),
    [
        ("ecg_id", 99999999999, "ECG cannot be '99999999999': give a smaller number."),
        ("patient_id", None, "Patient is filtered by nothing: give a number."),
        ("labels", "x" * 201, f"Label cannot be '{'x' * 40}…': give up to 200 characters."),
    ],
)
def test_a_filter_that_cannot_be_is_told_by_its_title_until_the_next_request(
    reader: Visitor, name: str, typed: object, said: str
) -> None:
    model = {name: {"type": "equals", "filter": typed}}
    assert words(ask(reader, filterModel=model)["worklist-count"]["children"]) == said
    assert ask(reader)["worklist-count"]["children"] == "6 records"
    one = {"ecg_id": {"type": "equals", "filter": 2}}
    assert ask(reader, filterModel=one)["worklist-count"]["children"] == "1 record"


def test_the_page_says_how_far_scoring_is(reader: Visitor) -> None:
    text = words(reader.page("/"))
    assert "model 2026.11-0123abcd" in text
    assert "5 of 6 scored" in text
    assert "1 refused for their quality" in text
