"""What the read page says of rate, intervals and axes."""

import json

import pytest
from plotly.utils import PlotlyJSONEncoder

from core.intervals import VALUES, Intervals, measure
from dashboard.components.intervals import _flags, intervals_view, shown
from tests.factories_ecg import ecg


def said(measured: Intervals) -> str:
    """All that the page is sent."""
    text = json.dumps(intervals_view(measured), cls=PlotlyJSONEncoder, ensure_ascii=False)
    return text.replace("\u00a0", " ").replace("\u2212", "-")


def test_every_value_stands_there_with_its_unit() -> None:
    measured = measure(ecg())
    text = said(measured)
    for words in ("Heart rate {heart_rate:.0f}/min", "PR {pr:.0f} ms", "QRS axis {axis:.0f}°"):
        assert words.format(**{name: getattr(measured, name) for name in VALUES}) in text
    assert f"{measured.t_axis:.0f}°" in text
    assert "Measured on the signal by rules, not by the model." in text
    assert "not measurable" not in text


def test_what_is_not_measurable_says_why() -> None:
    reasons = {name: f"why {name}" for name in VALUES if name not in ("heart_rate", "qrs")}
    text = said(Intervals(heart_rate=71.6, qrs=92.0, reasons=reasons))
    assert "Heart rate 72/min" in text
    for name in ("pr", "qt", "p_axis"):
        assert f"not measurable: why {name}" in text


def test_a_shared_reason_is_said_once() -> None:
    text = said(Intervals(reasons=dict.fromkeys(VALUES, "No signal in V5.")))
    assert text.count("No signal in V5.") == 1
    assert text.count("not measurable: as Heart rate") == len(VALUES) - 1


def test_what_is_to_be_taken_with_care_says_why() -> None:
    rest = {name: "why" for name in VALUES if name not in ("heart_rate", "qtc_bazett")}
    uneven = Intervals(
        heart_rate=92, qtc_bazett=431, reasons=rest, caveats={"qtc_bazett": "irregular rhythm"}
    )
    text = said(uneven)
    assert ", with care: irregular rhythm" in text
    assert text.count("with care") == 1


def test_what_caveats_are_about_stands_in_the_line_once_each() -> None:
    uneven, fast = "irregular rhythm, corrected so", "fast rate, for which it is wrong"
    caveats = {"qtc_bazett": f"{uneven}; {fast}", "qtc_fridericia": uneven}
    rest = {name: "why" for name in VALUES if name not in ("heart_rate", *caveats)}
    measured = Intervals(
        heart_rate=130, qtc_bazett=431, qtc_fridericia=400, reasons=rest, caveats=caveats
    )
    assert _flags(measured) == ["irregular rhythm", "fast rate"]
    assert said(measured).count('"fast rate"') == 1


def test_a_pacemaker_is_named_beside_the_values_that_it_makes() -> None:
    measured = measure(ecg())
    paced = json.dumps(intervals_view(measured, pacemaker=True), cls=PlotlyJSONEncoder)
    assert "The record names a pacemaker" in paced
    assert "pacemaker" not in said(measured)


def test_the_beat_is_drawn_where_there_is_one() -> None:
    measured = measure(ecg())
    assert measured.median is not None
    assert f"Median of {measured.median.beats} alike beats" in said(measured)
    assert "median-beat" in said(measured)
    reasons = dict.fromkeys(VALUES, "flat")
    assert "median-beat" not in said(Intervals(reasons=reasons))


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (71.6, "/min", "72/min"),
        (92.4, "ms", "92\u00a0ms"),
        (-31, "°", "\u221231°"),
        (-0.3, "°", "0°"),
        (None, "ms", None),
    ],
)
def test_values_as_they_are_written(value: float | None, unit: str, text: str | None) -> None:
    assert shown(value, unit) == text
