"""No trace runs into the next one or through a name; the gain stays what the sheet says."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from core.ecg import LEADS, Ecg, Lead, Superclass
from core.explain.explanation import Method
from dashboard.components.paper import layout_of, proportions
from dashboard.figures.explanation import explanation_overlay
from dashboard.figures.geometry import NAME_MM, STANDARD, PaperLayout
from dashboard.figures.paper import ecg_paper
from dashboard.figures.sheets import Gain, PaperSettings, Sheet, Speed, sheet_of, single
from dashboard.figures.spacing import spaced
from tests.factories_ecg import ecg
from tests.factories_explanations import explanation
from tests.factories_figures import Figure, by_uid, distinct_ecg, shown_mv, shown_s

EVERY = list(product(Sheet, Speed, Gain))
QUIET = Ecg(signal=np.zeros((12, 1000), np.float32), rate=100)


def hypertrophy(seed: int = 1) -> Ecg:
    """A simulated ECG with leads on the chest of up to 6 mV."""
    tall = ecg(seed)
    tall.signal[6:] *= 6 / np.abs(tall.signal[6:]).max()
    return tall


@pytest.mark.parametrize(("sheet", "speed", "gain"), EVERY)
def test_no_trace_touches_the_one_below(sheet: Sheet, speed: Speed, gain: Gain) -> None:
    rows = heights(ecg_paper(hypertrophy(), layout=sheet_of(sheet, speed, gain)))
    for above, below in zip(rows, rows[1:], strict=False):
        assert np.nanmin(above - below) * float(gain) > 0.5  # mm


def heights(figure: Figure) -> list[np.ndarray]:
    """In mV of the paper, row by row, every 10 ms of it."""
    found: dict[int, np.ndarray] = {}
    for trace in by_uid(figure).values():
        if "lead" in trace.get("meta", {}):
            row = found.setdefault(trace["meta"]["row"], np.full(1000, np.nan))
            at = np.round(shown_s(trace) * 100).astype(int)
            row[at] = shown_mv(trace) + trace["meta"]["baseline"]
    return [found[row] for row in sorted(found)]


@pytest.mark.parametrize(("sheet", "speed", "gain"), EVERY)
@pytest.mark.parametrize("seed", [1, 2])
def test_no_trace_runs_through_a_name(sheet: Sheet, speed: Speed, gain: Gain, seed: int) -> None:
    layout = sheet_of(sheet, speed, gain)
    tall = hypertrophy(seed)
    rows = heights(ecg_paper(tall, layout=layout))
    for left, right, bottom, top in boxes(spaced(layout, tall)):
        there = slice(max(0, round(left * 100)), max(0, round(right * 100)))
        for row in rows:
            assert not np.any((row[there] > bottom) & (row[there] < top))


def boxes(layout: PaperLayout) -> Iterator[tuple[float, ...]]:
    """Left, right, bottom and top of the names, in s and mV of the paper."""
    for name in layout.placed:
        middle = layout.baseline(name.segment.row) + layout.y(name.rise_mm)
        half = layout.y(NAME_MM / 2)
        yield name.at, name.at + layout.x(name.width_mm), middle - half, middle + half


def test_names_above_one_another_stay_so() -> None:
    layout = spaced(sheet_of(Sheet.ONE_COLUMN, Speed.FAST), hypertrophy())
    assert len({name.at for name in layout.placed}) == 2


@pytest.mark.parametrize("speed", Speed)
def test_a_name_in_the_margin_ends_before_the_pulse(speed: Speed) -> None:
    layout = sheet_of(Sheet.ONE_COLUMN, speed)
    pulse = by_uid(ecg_paper(QUIET, layout=layout))["calibration"]
    first = [name for name in spaced(layout, QUIET).placed if name.at < 0]
    assert len(first) == 12
    assert max(name.at + layout.x(name.width_mm) for name in first) < pulse["x"][1]


def test_a_name_goes_past_a_complex_that_is_just_there() -> None:
    struck = replace(QUIET, signal=QUIET.signal.copy())
    struck.signal[:, 5:9] = 4
    (name, *_) = spaced(STANDARD, struck).placed
    assert name.at > 0.09
    assert name.rise_mm == 10


@pytest.mark.parametrize("sheet", Sheet)
def test_a_quiet_record_lies_as_close_as_the_sheet_has_it(sheet: Sheet) -> None:
    layout = sheet_of(sheet)
    assert set(spaced(layout, QUIET).apart_mm) == {layout.pitch_mm}
    assert [name.rise_mm for name in spaced(layout, QUIET).placed] == [
        layout.title_mm for _ in layout.segments
    ]


def test_only_rows_that_need_it_give_way() -> None:
    layout = sheet_of(Sheet.ONE_COLUMN)
    deep = replace(QUIET, signal=QUIET.signal.copy())
    deep.signal[LEADS.index(Lead.V2), 500] = -2.8
    apart = spaced(layout, deep).apart_mm
    assert apart[LEADS.index(Lead.V2)] == 30
    assert sorted(apart)[:-1] == [15] * 10


def test_pulses_of_close_rows_do_not_touch_at_twice_the_gain() -> None:
    layout = sheet_of(Sheet.ONE_COLUMN, gain=Gain.DOUBLE)
    assert set(spaced(layout, QUIET).apart_mm) == {25}


def test_an_artefact_takes_no_sheet_out_of_its_screen() -> None:
    struck = distinct_ecg()
    struck.signal[LEADS.index(Lead.V3), 2600] = 25
    struck.signal[LEADS.index(Lead.V3), 2700] = -25
    layout = spaced(STANDARD, struck)
    assert max(layout.apart_mm) == 85
    assert all(name.rise_mm < 40 for name in layout.placed)


def test_samples_that_are_no_numbers_count_for_nothing() -> None:
    unread = distinct_ecg()
    unread.signal[:, 100:200] = np.nan
    unread.signal[0, 300] = np.inf
    assert spaced(STANDARD, unread).apart_mm == spaced(STANDARD, distinct_ecg()).apart_mm


@pytest.mark.parametrize(("sheet", "speed", "gain"), EVERY)
def test_its_baselines_lie_on_strong_lines(sheet: Sheet, speed: Speed, gain: Gain) -> None:
    layout = spaced(sheet_of(sheet, speed, gain), hypertrophy())
    for row in range(layout.rows):
        squares = layout.baseline(row) * layout.gain / 5
        assert squares == pytest.approx(round(squares))


def test_a_name_above_the_first_row_is_on_the_sheet() -> None:
    struck = replace(QUIET, signal=QUIET.signal.copy())
    struck.signal[LEADS.index(Lead.V4), 750:] = 2
    layout = spaced(STANDARD, struck)
    (name,) = [one for one in layout.placed if one.segment.lead is Lead.V4]
    assert layout.frame(struck).top >= layout.y(name.rise_mm + NAME_MM / 2) > 2


@pytest.mark.parametrize("lead", LEADS)
def test_a_lead_alone_is_named_where_it_has_no_wave(lead: Lead) -> None:
    layout, tall = single(lead), hypertrophy()
    (row,) = heights(ecg_paper(tall, layout=layout))
    for left, right, bottom, top in boxes(spaced(layout, tall)):
        there = row[round(left * 100) : round(right * 100)]
        assert not np.any((there > bottom) & (there < top))


def test_colours_lie_on_the_rows_as_they_are_drawn() -> None:
    settings, tall = PaperSettings(sheet=Sheet.ONE_COLUMN), hypertrophy()
    baselines = [
        trace["meta"]["baseline"]
        for uid, trace in by_uid(ecg_paper(tall, layout=settings.layout)).items()
        if uid.startswith("lead-")
    ]
    for row, lead in enumerate(LEADS):
        planted = explanation(Method.SHAP, Superclass.MI, (lead, 300, 320, 0.05))
        overlay = explanation_overlay(planted, layout=layout_of(tall, settings))
        edges = r"M[-.\d]+,([-.\d]+)H[-.\d]+V([-.\d]+)"
        ((low, high),) = re.findall(edges, overlay.shapes[3]["path"])
        under = [nth for nth, at in enumerate(baselines) if float(low) < at < float(high)]
        assert under == [row]


def test_the_place_of_a_row_goes_half_way_to_the_waves_of_the_next() -> None:
    deep = replace(QUIET, signal=QUIET.signal.copy())
    deep.signal[LEADS.index(Lead.V3), 500] = 6
    layout = spaced(sheet_of(Sheet.ONE_COLUMN), deep)
    row = LEADS.index(Lead.V3)
    places = [layout.place(row) for row in range(12)]
    for (bottom, _), (_, top) in zip(places, places[1:], strict=False):
        assert bottom == pytest.approx(top)
    assert places[row][1] - layout.baseline(row) > 0.75 * layout.apart_mm[row - 1] / 10


def test_more_gain_makes_the_waves_larger_and_not_the_sheet_smaller() -> None:
    usual, double = (
        proportions(ecg_paper(hypertrophy(), layout=layout), layout)
        for layout in (sheet_of(Sheet.ONE_COLUMN, gain=gain) for gain in (Gain.USUAL, Gain.DOUBLE))
    )
    assert double["--tall"] > usual["--tall"]
    assert double["--fits"] <= usual["--fits"] == usual["--tall"]
