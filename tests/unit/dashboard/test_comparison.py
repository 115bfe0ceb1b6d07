"""Differences of intervals between two ECGs: their sign, and from when to when."""

from datetime import datetime
from typing import Any

import pytest
from dash import html
from dash.development.base_component import Component

from core.intervals import Intervals
from dashboard.components.comparison import Compared, change, comparison, difference

FIRST, SECOND = datetime(1987, 7, 18, 9, 28), datetime(1987, 7, 19, 8, 5)
UNEVEN = "irregular rhythm, corrected by the mean"


def compared(ecg_id: int, at: datetime | None, *, paced: bool = False, **facts: object) -> Compared:
    """One of two ECGs of which this was measured."""
    measured = Intervals(**facts)
    return Compared(ecg_id=ecg_id, recorded_at=at, measured=measured, pacemaker=paced)


def table(here: Compared, there: Compared) -> dict[str, list[str]]:
    """The rows of the table as text, by their first cell."""
    rows = found(comparison(here, there, html.Div()), html.Tr)
    cells = ([text(cell).replace("\u2011", "-") for cell in row.children] for row in rows)
    return {first: rest for first, *rest in cells}


def found(tree: Any, kind: type[Component]) -> list[Component]:
    """The components of a kind in a tree, none of which has another one inside."""
    if isinstance(tree, kind):
        return [tree]
    inside = tree if isinstance(tree, list) else [getattr(tree, "children", None)]
    return [one for part in inside if part is not None for one in found(part, kind)]


def text(tree: Any) -> str:
    """What a person reads."""
    if isinstance(tree, list):
        return "".join(map(text, tree))
    return text(tree.children) if hasattr(tree, "children") else tree or ""


@pytest.mark.parametrize(
    ("name", "earlier", "later", "said"),
    [
        ("qt", 400.0, 440.4, "+40\u00a0ms"),
        ("heart_rate", 72.0, 60.0, "\u221212/min"),
        ("qrs", 90.0, 90.2, "\u00b10\u00a0ms"),
        ("axis", -170.0, 170.0, "\u221220°"),  # across 180 degrees, the shorter way round
        ("axis", 170.0, -170.0, "+20°"),
        ("pr", None, 160.0, "\u2013"),
    ],
)
def test_a_difference_has_its_sign_and_unit(
    name: str, earlier: float | None, later: float | None, said: str
) -> None:
    assert difference(name, earlier, later) == said


@pytest.mark.parametrize("on_screen", [0, 1])
def test_what_changed_is_told_from_the_earlier_to_the_later_whichever_is_on_screen(
    on_screen: int,
) -> None:
    both = [compared(942, FIRST, qrs=100.0), compared(948, SECOND, qrs=130.0)]
    found = table(both[on_screen], both[1 - on_screen])
    heads = ["ECG 942 (1987-07-18)", "ECG 948 (1987-07-19)"]
    heads[on_screen] += ", on screen above"
    assert found[""] == [*heads, "Change from 1987-07-18 to 1987-07-19"]
    assert found["QRS"] == ["100\u00a0ms", "130\u00a0ms", "+30\u00a0ms"]


@pytest.mark.parametrize(
    ("begin", "end", "said"),
    [
        (FIRST, FIRST.replace(hour=16), "Change from 09:28 to 16:28"),
        (FIRST, FIRST, "ECG 2 less ECG 1"),
        (FIRST, None, "ECG 2 less ECG 1"),
    ],
)
def test_without_two_days_the_direction_is_told_by_hours_or_numbers(
    begin: datetime, end: datetime | None, said: str
) -> None:
    assert change(compared(1, begin), compared(2, end)) == said


@pytest.mark.parametrize(
    ("here", "there", "said"),
    [
        (SECOND, FIRST, "ECG 948 (1987-07-18), the earlier one"),
        (FIRST, FIRST.replace(hour=16), "ECG 948 (1987-07-18), the later one"),
        (FIRST, FIRST, "ECG 948 (1987-07-18)"),
        (FIRST, None, "ECG 948"),
    ],
)
def test_over_the_other_sheet_stands_whether_it_is_the_earlier_one(
    here: datetime, there: datetime | None, said: str
) -> None:
    tree = comparison(compared(942, here), compared(948, there), html.Div())
    assert [text(head) for head in found(tree, html.H3)] == [said]


def test_a_value_to_be_taken_with_care_says_so_and_so_does_its_difference() -> None:
    careful = compared(1, FIRST, qt=380.0, qtc_bazett=431.0, caveats={"qtc_bazett": UNEVEN})
    found = table(careful, compared(2, SECOND, qt=400.0, qtc_bazett=440.0))
    assert found["QTc Bazett"] == [
        f"431\u00a0ms, with care: {UNEVEN}",
        "440\u00a0ms",
        "+9\u00a0ms, with care",
    ]
    assert found["QT"] == ["380\u00a0ms", "400\u00a0ms", "+20\u00a0ms"]


def test_what_could_not_be_measured_says_why() -> None:
    reasons = {"pr": "no P before QRS", "p_axis": "no P before QRS"}
    found = table(compared(1, FIRST, pr=160.0), compared(2, SECOND, reasons=reasons))
    assert found["PR"] == ["160\u00a0ms", "not measurable: no P before QRS", "\u2013"]
    assert found["P axis"][1] == "not measurable: as PR"


def test_a_pacemaker_of_either_is_named_below_the_values() -> None:
    here, there = compared(2, SECOND, qrs=90.0), compared(1, FIRST, qrs=160.0, paced=True)
    said = text(comparison(here, there, html.Div()))
    assert "ECG 1 (1987-07-18): The record names a pacemaker" in said
    assert "pacemaker" not in text(comparison(here, compared(1, FIRST), html.Div()))
