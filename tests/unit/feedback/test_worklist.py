"""The worklist shows a reader what is theirs to see, and tells nothing else by its order."""

from collections.abc import Iterable
from typing import Any

import pytest
from sqlalchemy import update

from core.ecg import Superclass
from core.ptbxl import AGE_OVER_89
from feedback import readings
from feedback.catalogue import find_record
from feedback.db import Sessions
from feedback.errors import InvalidFilter, InvalidQuery
from feedback.tables import Prediction, Stage, User
from feedback.worklist import (
    MyStatus,
    WorklistPage,
    WorklistQuery,
    next_unread,
    upcoming,
    worklist,
)
from tests.factories import above, predict
from tests.factories_readings import amended, answer, blind, final

HIDDEN = ("labels", "predicted", "uncertainty")


@pytest.fixture
def scored(library: Sessions) -> Sessions:
    """Every record has an opinion; the higher the id, the surer the model."""
    with library.begin() as session:
        for ecg_id in range(1, 11):
            called = Superclass.MI if ecg_id % 2 else Superclass.HYP
            predict(session, ecg_id, above(called), uncertainty=1 - ecg_id / 20)
    return library


def page(sessions: Sessions, reader: User, **query: Any) -> WorklistPage:
    with sessions.read() as session:
        return worklist(session, reader.id, WorklistQuery(**query))


def ids(found: WorklistPage) -> list[int]:
    return [row.ecg_id for row in found.rows]


def after(sessions: Sessions, reader: User, ecg_id: int | None, **query: Any) -> int | None:
    with sessions.read() as session:
        return next_unread(session, reader.id, WorklistQuery(**query), ecg_id)


def test_an_unread_record_shows_its_context_and_nothing_of_the_answer(
    scored: Sessions, reader: User
) -> None:
    row = page(scored, reader, filters={"ecg_id": 3}).rows[0]
    assert (row.patient_id, row.age, row.sex, row.fold) == (1003, 43, "female", 4)
    assert row.my_status is MyStatus.UNREAD
    assert (row.labels, row.predicted, row.uncertainty) == (None, None, None)


def test_the_blind_answer_reveals_this_record_to_this_reader(
    scored: Sessions, reader: User, colleague: User
) -> None:
    blind(scored, reader.id, 3)
    mine = page(scored, reader, filters={"ecg_id": 3}).rows[0]
    assert (mine.labels, mine.predicted) == ((Superclass.CD,), (Superclass.MI,))
    assert mine.uncertainty == pytest.approx(0.85)
    theirs = page(scored, colleague, filters={"ecg_id": 3}).rows[0]
    assert (theirs.labels, theirs.predicted, theirs.uncertainty) == (None, None, None)
    assert theirs.my_status is MyStatus.UNREAD


@pytest.mark.parametrize("column", HIDDEN)
@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_sorting_by_a_hidden_column_tells_nothing(
    scored: Sessions, reader: User, colleague: User, column: str, direction: Any
) -> None:
    for ecg_id in (4, 8, 9):
        blind(scored, colleague.id, ecg_id)
    assert ids(page(scored, reader, sort=[(column, direction)])) == list(range(1, 11))


@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_only_what_is_revealed_is_sorted(scored: Sessions, reader: User, direction: Any) -> None:
    for ecg_id in (8, 2, 5):
        blind(scored, reader.id, ecg_id)
    revealed = [2, 5, 8] if direction == "desc" else [8, 5, 2]
    found = ids(page(scored, reader, sort=[("uncertainty", direction)]))
    assert found == [*revealed, 1, 3, 4, 6, 7, 9, 10]


@pytest.mark.parametrize(
    "filters",
    [
        {"labels": "MI"},
        {"labels": {"type": "contains", "filter": "M"}},
        {"labels": {"type": "startsWith", "filter": "H"}},
        {"labels": {"type": "endsWith", "filter": "P"}},
        {"predicted": ["MI", "HYP"]},
        {"predicted": {"type": "notBlank"}},
        {"uncertainty": {"type": "greaterThan", "filter": 0.6}},
        {"uncertainty": {"type": "lessThanOrEqual", "filter": 0.6}},
        {"uncertainty": {"type": "inRange", "filter": 0, "filterTo": 1}},
        {"uncertainty": {"type": "notBlank"}},
        {
            "labels": {
                "operator": "OR",
                "conditions": [
                    {"type": "equals", "filter": "MI"},
                    {"type": "contains", "filter": "C"},
                ],
            }
        },
    ],
)
def test_filtering_by_a_hidden_column_finds_nothing(
    scored: Sessions, reader: User, filters: dict[str, Any]
) -> None:
    found = page(scored, reader, filters=filters)
    assert (found.rows, found.total) == ([], 0)


@pytest.mark.parametrize(
    "filters",
    [
        {"labels": {"type": "notContains", "filter": "MI"}},
        {"labels": {"type": "notEqual", "filter": "HYP"}},
        {"labels": {"type": "blank"}},
        {"predicted": {"type": "notContains", "filter": "MI"}},
        {"uncertainty": {"type": "notEqual", "filter": 0.9}},
        {"uncertainty": {"type": "blank"}},
    ],
)
def test_a_negated_filter_treats_all_hidden_cells_alike(
    scored: Sessions, reader: User, filters: dict[str, Any]
) -> None:
    assert page(scored, reader, filters=filters).total == 10


@pytest.mark.parametrize("more", [-0.0049, 0, 0.0049])
def test_what_is_shown_is_found_by_what_is_shown(
    scored: Sessions, reader: User, more: float
) -> None:
    for ecg_id in range(1, 11):
        blind(scored, reader.id, ecg_id)
    for shown in (0.07, 0.29, 0.5, 0.57, 0.58, 0.83):  # one of them is a float as it is written
        set_uncertainty(scored, shown + more)
        (first, *_) = page(scored, reader).rows
        assert f"{first.uncertainty:.2f}" == f"{shown:.2f}"
        for kind in ("equals", "greaterThanOrEqual", "lessThanOrEqual"):
            asked = {"uncertainty": {"type": kind, "filter": shown}}
            assert page(scored, reader, filters=asked).total == 10, (shown, kind)
        for kind in ("notEqual", "greaterThan", "lessThan"):
            asked = {"uncertainty": {"type": kind, "filter": shown}}
            assert page(scored, reader, filters=asked).total == 0, (shown, kind)


@pytest.mark.parametrize(
    ("column", "typed", "found"),
    [
        ("predicted", "none", [2]),
        ("predicted", "no opinion", [3]),
        ("predicted", "MI", [1]),
        ("labels", "no super", [2]),
    ],
)
def test_a_cell_without_a_class_is_found_by_its_words(
    library: Sessions, reader: User, column: str, typed: str, found: list[int]
) -> None:
    with library.begin() as session:
        predict(session, 1, above(Superclass.MI))
        predict(session, 2, above())
        predict(session, 4, above())  # not answered: nothing of it is found
        for ecg_id in (2, 4):
            find_record(session, ecg_id).labels = ""
    for ecg_id in (1, 2, 3):
        blind(library, reader.id, ecg_id)
    asked = {column: {"type": "contains", "filter": typed}}
    assert ids(page(library, reader, filters=asked)) == found


def set_uncertainty(sessions: Sessions, uncertainty: float) -> None:
    with sessions.begin() as session:
        session.execute(update(Prediction).values(uncertainty=uncertainty))


@pytest.mark.parametrize("column", HIDDEN)
def test_the_next_record_does_not_follow_hidden_order(
    scored: Sessions, reader: User, column: str
) -> None:
    order = [after(scored, reader, ecg_id, sort=[(column, "desc")]) for ecg_id in range(1, 10)]
    assert order == list(range(2, 11))


def test_status_goes_from_unread_to_read(scored: Sessions, reader: User) -> None:
    def status() -> MyStatus:
        return page(scored, reader, filters={"ecg_id": 1}).rows[0].my_status

    assert status() is MyStatus.UNREAD
    with scored.begin() as session:
        readings.save_draft(session, reader.id, 1, Stage.BLIND, {"norm": "present"})
    assert status() is MyStatus.DRAFT
    blind(scored, reader.id, 1)
    assert status() is MyStatus.BLIND
    final(scored, reader.id, 1)
    assert status() is MyStatus.READ
    amended(scored, reader.id, 1, answer(Superclass.MI))
    assert page(scored, reader).total == 10  # an amended record is still one record
    assert status() is MyStatus.READ


def test_a_colleagues_draft_stays_theirs(scored: Sessions, reader: User, colleague: User) -> None:
    with scored.begin() as session:
        readings.save_draft(session, colleague.id, 1, Stage.BLIND, {"norm": "present"})
    assert page(scored, reader, filters={"my_status": "draft"}).total == 0
    with scored.read() as session:
        assert readings.load_draft(session, reader.id, 1) is None


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"age": {"type": "greaterThan", "filter": 47}}, [8, 9, 10]),
        ({"age": {"type": "inRange", "filter": 42, "filterTo": 43}}, [2, 3]),
        ({"sex": "male"}, [2, 4, 6, 8, 10]),
        ({"sex": {"type": "contains", "filter": "FEM"}, "fold": [2, 4]}, [1, 3]),
        ({"sex": {"type": "contains", "filter": "%"}}, []),
        ({"patient_id": {"type": "equals", "filter": 1010}}, [10]),
        ({"my_status": "unread", "ecg_id": {"type": "lessThan", "filter": 3}}, [1, 2]),
        ({"fold": []}, []),
    ],
)
def test_filters_of_open_columns(
    scored: Sessions, reader: User, filters: dict[str, Any], expected: Iterable[int]
) -> None:
    found = page(scored, reader, filters=filters)
    assert (ids(found), found.total) == (expected, len(list(expected)))


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"type": "inRange", "filter": 50, "filterTo": 89}, [10]),
        ({"type": "inRange", "filter": 50, "filterTo": 90}, [9, 10]),
        ({"type": "inRange", "filter": 95, "filterTo": 120}, [9]),
        ({"type": "lessThan", "filter": 90}, [1, 2, 3, 4, 5, 6, 7, 8, 10]),
        ({"type": "lessThan", "filter": 91}, list(range(1, 11))),
        ({"type": "lessThanOrEqual", "filter": 90}, list(range(1, 11))),
        ({"type": "greaterThan", "filter": 89}, [9]),
        ({"type": "equals", "filter": 95}, [9]),
        ({"type": "notEqual", "filter": 95}, [1, 2, 3, 4, 5, 6, 7, 8, 10]),
    ],
)
def test_whoever_is_older_than_89_is_of_any_age_beyond(
    scored: Sessions, reader: User, asked: dict[str, Any], expected: list[int]
) -> None:
    with scored.begin() as session:
        find_record(session, 9).age = AGE_OVER_89
    assert ids(page(scored, reader, filters={"age": asked})) == expected


@pytest.mark.parametrize("value", [float("inf"), float("nan"), 2**31])
def test_an_age_that_is_no_number_is_refused(scored: Sessions, reader: User, value: float) -> None:
    with pytest.raises(InvalidFilter):
        page(scored, reader, filters={"age": {"type": "equals", "filter": value}})


def test_pages_follow_each_other_without_gap_or_repeat(scored: Sessions, reader: User) -> None:
    pages = [
        page(scored, reader, sort=[("sex", "desc")], offset=offset, limit=3)
        for offset in (0, 3, 6, 9)
    ]
    found = [ecg_id for one in pages for ecg_id in ids(one)]
    assert found == [2, 4, 6, 8, 10, 1, 3, 5, 7, 9]
    assert {one.total for one in pages} == {10}


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (
            {"sort": [("report", "asc")]},
            "no column 'report': the worklist has ecg_id, patient_id, age, sex, fold, my_status, "
            "labels, predicted, uncertainty",
        ),
        ({"sort": [("age", "up")]}, "sort direction 'up': give asc or desc"),
        ({"filters": {"age": "old"}}, "filter of age is 'old': give a number"),
        ({"filters": {"age": float("nan")}}, "filter of age is nan: give a number"),
        ({"filters": {"age": 1e300}}, "filter of age is 1e+300: give a smaller number"),
        ({"filters": {"sex": "\x00"}}, "filter of sex is '\\x00': give up to 200 characters"),
        (
            {"filters": {"age": {"type": "sql", "filter": 1}}},
            "filter of age has type 'sql': give one of equals, notEqual, lessThan, "
            "lessThanOrEqual, greaterThan, greaterThanOrEqual",
        ),
        (
            {"filters": {"age": {"operator": "XOR", "conditions": []}}},
            "filter of age joins by 'XOR': give AND or OR",
        ),
        (
            {"limit": 100_000},
            "offset 0 and limit 100000: ask for 1 to 1000 rows from 0 on",
        ),
    ],
)
def test_what_the_worklist_does_not_have_is_refused(
    scored: Sessions, reader: User, query: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidQuery) as refused:
        page(scored, reader, **query)
    assert str(refused.value) == message


def test_next_goes_through_the_unread_and_starts_over(scored: Sessions, reader: User) -> None:
    for ecg_id in (2, 3):
        blind(scored, reader.id, ecg_id)
    assert after(scored, reader, None) == 1
    assert after(scored, reader, 1) == 4
    assert after(scored, reader, 10) == 1
    assert after(scored, reader, 1, sort=[("age", "desc")]) == 10
    assert after(scored, reader, 7, sort=[("sex", "desc"), ("age", "desc")]) == 5
    assert after(scored, reader, 9, filters={"sex": "female"}) == 1


def test_next_keeps_the_place_of_a_record_that_left_the_filter(
    scored: Sessions, reader: User
) -> None:
    blind(scored, reader.id, 5)
    assert after(scored, reader, 5, filters={"my_status": "unread"}) == 6


def test_next_is_none_when_nothing_is_left(scored: Sessions, reader: User) -> None:
    assert after(scored, reader, 1, filters={"ecg_id": 1}) is None
    blind(scored, reader.id, 1)
    assert after(scored, reader, None, filters={"ecg_id": 1}) is None


class TestUpcoming:
    def test_they_are_those_that_next_leads_to_in_that_order(
        self, scored: Sessions, reader: User
    ) -> None:
        for read in (5, 8):
            blind(scored, reader.id, read)
        assert coming(scored, reader, 4, 4) == [6, 7, 9, 10]

    def test_past_the_end_they_start_over_and_none_comes_twice(
        self, scored: Sessions, reader: User
    ) -> None:
        assert coming(scored, reader, 9, 4) == [10, 1, 2, 3]
        assert coming(scored, reader, 9, 20) == [10, 1, 2, 3, 4, 5, 6, 7, 8]

    def test_they_follow_the_order_and_the_filters_of_the_worklist(
        self, scored: Sessions, reader: User
    ) -> None:
        backwards = coming(scored, reader, 5, 3, sort=[("ecg_id", "desc")])
        assert backwards == [4, 3, 2]
        assert coming(scored, reader, 5, 3, filters={"ecg_id": [5, 7]}) == [7]


def coming(
    sessions: Sessions, reader: User, ecg_id: int | None, count: int, **query: Any
) -> list[int]:
    with sessions.read() as session:
        return upcoming(session, reader.id, WorklistQuery(**query), ecg_id, count)
