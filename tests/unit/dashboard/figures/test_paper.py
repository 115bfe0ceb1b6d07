import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from core.ecg import LEADS, Ecg, Lead
from core.ptbxl import Ptbxl
from dashboard.figures.geometry import STANDARD, PaperLayout, columns
from dashboard.figures.paper import ecg_paper, sheet_mm
from dashboard.figures.sheets import single
from dashboard.figures.theme import DARK
from tests.factories_figures import Figure, by_uid, distinct_ecg, named, shown_mv, shown_s

KIB = 1024
SIX_BY_TWO = columns("6x2", [LEADS[:6], LEADS[6:]], [Lead.II])
ONE_COLUMN = columns("12x1", [LEADS], speed=50, gain=5)


@pytest.mark.parametrize("layout", [STANDARD, SIX_BY_TWO, ONE_COLUMN], ids=lambda one: one.name)
def test_plotly_knows_every_property(layout: PaperLayout) -> None:
    go.Figure(ecg_paper(distinct_ecg(), simulated=True, layout=layout))  # raises on an unknown one


@pytest.mark.parametrize("rate", [100, 500])
def test_every_sample_of_every_window_is_shown_as_it_was_read(rate: int) -> None:
    ecg = distinct_ecg(rate=rate)
    traces = by_uid(ecg_paper(ecg))
    for column, leads in enumerate(np.reshape(LEADS, (4, 3))):
        window = slice(column * rate * 5 // 2, (column + 1) * rate * 5 // 2)
        for lead in leads:
            shown = shown_mv(traces[f"lead-{lead}"])
            np.testing.assert_allclose(shown, ecg.lead(Lead(lead))[window], atol=1e-6)
    strip = shown_mv(traces["rhythm-II"])
    np.testing.assert_allclose(strip, ecg.lead(Lead.II), atol=1e-6)


def test_a_sample_lies_at_its_own_time() -> None:
    traces = by_uid(ecg_paper(distinct_ecg(rate=500)))
    np.testing.assert_allclose(shown_s(traces["lead-V1"]), 5 + np.arange(1250) / 500)
    np.testing.assert_allclose(shown_s(traces["rhythm-II"]), np.arange(5000) / 500)


def test_leads_that_obey_einthoven_still_do_so_in_the_figure() -> None:
    ecg = distinct_ecg()
    ecg.signal[2] = ecg.signal[1] - ecg.signal[0]
    one, two, three = (shown_mv(by_uid(ecg_paper(ecg))[f"lead-{n}"]) for n in ("I", "II", "III"))
    np.testing.assert_allclose(three, two - one, atol=2e-6)


def test_titles_and_traces_come_in_one_order_and_place() -> None:
    traces = by_uid(ecg_paper(distinct_ecg()))
    titles = traces["titles"]
    assert titles["text"] == [*map(str, LEADS), "II"]
    for text, uid, x, y in zip(
        titles["text"], titles["meta"]["uids"], titles["x"], titles["y"], strict=True
    ):
        trace = traces[uid]
        assert trace["name"] == trace["meta"]["lead"] == text
        # 1 mm to the right of where it begins, 10 mm above its baseline, or where no wave is
        assert 0.04 <= x - trace["x0"] + 1e-6 <= 0.04 + 16 / 25
        assert 1 <= y / 1000 - trace["meta"]["baseline"] + 1e-6 <= 1.1


def test_missing_samples_are_a_gap_and_not_a_line() -> None:
    ecg = distinct_ecg()
    ecg.signal[0, 200:400] = np.nan
    trace = by_uid(ecg_paper(ecg))["lead-I"]
    assert trace["connectgaps"] is False
    np.testing.assert_array_equal(np.isnan(shown_mv(trace)), np.isnan(ecg.signal[0, :1250]))


def test_a_short_record_leaves_the_rest_of_the_paper_empty() -> None:
    traces = by_uid(ecg_paper(distinct_ecg(seconds=4)))
    assert shown_mv(traces["lead-aVR"]).size == 750
    assert shown_mv(traces["lead-V6"]).size == 0
    assert traces["titles"]["text"][11] == "V6"


@pytest.mark.parametrize("layout", [STANDARD, SIX_BY_TWO, ONE_COLUMN], ids=lambda one: one.name)
def test_each_row_begins_with_a_pulse_of_1_mv_for_200_ms(layout: PaperLayout) -> None:
    figure = ecg_paper(distinct_ecg(), layout=layout)
    pulse = by_uid(figure)["calibration"]
    gap = pulse["x"].index(None) + 1
    assert pulse["x"].count(None) == layout.rows
    for row in range(layout.rows):
        x, y = (np.array(pulse[axis][row * gap : (row + 1) * gap - 1]) for axis in "xy")
        assert np.ptp(y) == pytest.approx(1)
        assert y.min() == pytest.approx(layout.baseline(row))
        assert np.ptp(x[y == y.max()]) == pytest.approx(0.2)
        assert figure["layout"]["xaxis"]["range"][0] < x.min()
        assert x.max() < 0


@pytest.mark.parametrize(("name", "millimetres"), [("1 mm", 1), ("5 mm", 5)])
@pytest.mark.parametrize("layout", [STANDARD, ONE_COLUMN], ids=lambda layout: layout.name)
def test_grid_lines_lie_that_many_millimetres_apart(
    layout: PaperLayout, name: str, millimetres: int
) -> None:
    figure = ecg_paper(distinct_ecg(), layout=layout)
    path = named(figure["layout"]["shapes"], name)["path"]
    seconds = np.array(re.findall(r"M([-.\d]+),[-.\d]+V", path), dtype=float)
    millivolts = np.array(re.findall(r"M[-.\d]+,([-.\d]+)H", path), dtype=float)
    np.testing.assert_allclose(np.diff(seconds) * layout.speed, millimetres, atol=0.01)
    np.testing.assert_allclose(np.diff(millivolts) * layout.gain, millimetres, atol=0.01)
    assert [seconds[0], seconds[-1]] == pytest.approx(figure["layout"]["xaxis"]["range"])
    assert [millivolts[0], millivolts[-1]] == pytest.approx(figure["layout"]["yaxis"]["range"])


def test_baselines_and_columns_lie_on_strong_lines() -> None:
    path = named(ecg_paper(distinct_ecg())["layout"]["shapes"], "5 mm")["path"]
    assert set(re.findall(r"M([-.\d]+),[-.\d]+V", path)) >= {"0", "5"}
    assert set(re.findall(r"M[-.\d]+,([-.\d]+)H", path)) >= {"0", "-3", "-6", "-9"}


def test_a_stroke_parts_the_columns_of_each_lead_row_but_not_the_strip() -> None:
    path = named(ecg_paper(distinct_ecg())["layout"]["shapes"], "separators")["path"]
    strokes = re.findall(r"M([-.\d]+),([-.\d]+)V([-.\d]+)", path)
    places = {(float(x), (float(low) + float(high)) / 2) for x, low, high in strokes}
    assert places == {(x, y) for x in (2.5, 5, 7.5) for y in (0, -3, -6)}


def test_one_axis_pair_with_a_millivolt_as_tall_as_400_ms_are_wide() -> None:
    layout = ecg_paper(distinct_ecg())["layout"]
    assert [name for name in layout if "axis" in name] == ["xaxis", "yaxis", "yaxis2"]
    assert layout["yaxis"]["scaleanchor"] == "x"
    assert layout["yaxis"]["scaleratio"] == 0.4


def test_the_second_voltage_axis_is_the_first_one_in_microvolts() -> None:
    layout = ecg_paper(distinct_ecg())["layout"]
    millivolts, microvolts = layout["yaxis"], layout["yaxis2"]
    assert microvolts["overlaying"] == "y"
    assert microvolts["range"] == [end * 1000 for end in millivolts["range"]]
    assert microvolts["scaleratio"] * 1000 == millivolts["scaleratio"]


def test_the_sheet_says_its_scales_and_what_was_done_to_the_signal() -> None:
    def scale(figure: Figure) -> str:
        text: str = named(figure["layout"]["annotations"], "scale")["text"]
        return text.replace("\u00a0", " ")

    assert scale(ecg_paper(distinct_ecg())) == "25 mm/s   10 mm/mV   raw signal, 500 Hz"
    other = ecg_paper(distinct_ecg(rate=100), layout=ONE_COLUMN, note="0.5-40 Hz")
    assert scale(other) == "50 mm/s   5 mm/mV   0.5-40 Hz, 100 Hz"


def test_time_is_told_in_seconds() -> None:
    axis = ecg_paper(distinct_ecg())["layout"]["xaxis"]
    assert axis["tickvals"] == list(range(11))
    assert axis["ticktext"] == ["0 s", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]


@pytest.mark.parametrize("simulated", [True, False])
def test_only_a_simulated_record_says_so_across_the_sheet(simulated: bool) -> None:
    figure = ecg_paper(distinct_ecg(), simulated=simulated)
    mark = named(figure["layout"]["annotations"], "watermark")
    assert (mark["text"], mark["visible"]) == ("SIMULATED", simulated)


def test_a_tall_record_gets_a_taller_sheet() -> None:
    assert sheet_mm(ecg_paper(distinct_ecg())) == (270, 135)
    tall = distinct_ecg()
    tall.signal[LEADS.index(Lead.V4), 4500] = 6
    assert sheet_mm(ecg_paper(tall)) == (270, 175)


def revision(ecg: Ecg, **paper: Any) -> str:
    return str(ecg_paper(ecg, **paper)["layout"]["datarevision"])


@pytest.mark.parametrize(
    "layout",
    [
        SIX_BY_TWO,
        replace(STANDARD, speed=50),
        replace(STANDARD, gain=20),
        single(Lead.V1),
    ],
)
def test_another_sheet_is_another_revision(layout: PaperLayout) -> None:
    assert revision(distinct_ecg(), layout=layout) != revision(distinct_ecg())


def test_two_leads_alone_are_two_revisions() -> None:
    ecg = distinct_ecg()
    assert revision(ecg, layout=single(Lead.V1)) != revision(ecg, layout=single(Lead.V2))


def test_other_samples_or_another_rate_are_another_revision_and_the_look_is_not() -> None:
    ecg = distinct_ecg()
    other = replace(ecg, signal=ecg.signal + np.float32(0.001))
    assert len({revision(one) for one in (ecg, other, replace(ecg, rate=250))}) == 3
    assert revision(ecg, theme=DARK, simulated=True) == revision(ecg)


def test_the_figure_is_small_enough_for_the_wire() -> None:
    assert len(json.dumps(ecg_paper(distinct_ecg()))) <= 350 * KIB


@pytest.mark.real
def test_a_real_record_comes_back_out_of_its_figure(ptbxl_root: Path) -> None:
    dataset = Ptbxl.open(ptbxl_root)
    for ecg_id in list(dataset.records)[:10]:
        ecg: Ecg = dataset.read(ecg_id)
        traces = by_uid(ecg_paper(ecg))
        shown = np.round(shown_mv(traces["rhythm-II"]) * 1000)
        np.testing.assert_array_equal(shown, np.round(ecg.lead(Lead.II) * 1000))
