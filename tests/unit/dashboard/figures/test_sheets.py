import json
import math
from itertools import product

import numpy as np
import pytest
from dash._utils import to_json  # what goes over the wire, with its escapes

from core.ecg import LEADS, Lead
from core.filtering import SignalShown
from dashboard.components.paper import proportions
from dashboard.figures.paper import ecg_paper, sheet_mm
from dashboard.figures.sheets import Gain, PaperSettings, Sheet, Speed, sheet_of, single
from tests.factories_figures import by_uid, distinct_ecg, shown_mv, shown_s

KIB = 1024
EVERY = list(product(Sheet, Speed, Gain))


def test_what_was_chosen_comes_back_from_its_words() -> None:
    chosen = PaperSettings(
        sheet=Sheet.SIX_BY_TWO,
        speed=Speed.FAST,
        gain=Gain.HALF,
        signal=SignalShown.MODEL,
        lead=Lead.AVR,
    )
    assert PaperSettings.of(json.loads(json.dumps(chosen.as_json))) == chosen


@pytest.mark.parametrize(
    "given", [None, {}, {"sheet": "9x9", "speed": 25, "gain": ["10"], "lead": "V9", "more": 1}]
)
def test_what_is_no_choice_is_as_usual(given: dict[str, object] | None) -> None:
    assert PaperSettings.of(given) == PaperSettings()


@pytest.mark.parametrize(("sheet", "speed", "gain"), EVERY)
def test_every_setting_shows_every_sample_of_its_windows(
    sheet: Sheet, speed: Speed, gain: Gain
) -> None:
    ecg, layout = distinct_ecg(rate=500), sheet_of(sheet, speed, gain)
    traces = by_uid(ecg_paper(ecg, layout=layout))
    assert {segment.lead for segment in layout.segments} == set(LEADS)
    for segment in layout.segments:
        trace = traces[segment.key]
        _, wave = segment.cut(ecg)
        np.testing.assert_allclose(shown_mv(trace), wave, atol=2e-3 if segment.row > 9 else 2e-6)
        assert shown_s(trace)[0] == pytest.approx(segment.at)


@pytest.mark.parametrize(("sheet", "speed", "gain"), EVERY)
def test_every_setting_has_true_millimetres(sheet: Sheet, speed: Speed, gain: Gain) -> None:
    layout = sheet_of(sheet, speed, gain)
    assert (layout.speed, layout.gain) == (float(speed), float(gain))
    figure = ecg_paper(distinct_ecg(), layout=layout)
    x, y = figure["layout"]["xaxis"]["range"], figure["layout"]["yaxis"]["range"]
    wide, tall = sheet_mm(figure)
    assert (x[1] - x[0]) * float(speed) == pytest.approx(wide)
    assert (y[1] - y[0]) * float(gain) == pytest.approx(tall)
    assert figure["layout"]["yaxis"]["scaleratio"] == float(gain) / float(speed)


@pytest.mark.parametrize(("sheet", "speed", "gain"), EVERY)
def test_baselines_lie_on_strong_lines(sheet: Sheet, speed: Speed, gain: Gain) -> None:
    layout = sheet_of(sheet, speed, gain)
    for row in range(layout.rows):
        squares = layout.baseline(row) * layout.gain / 5
        assert squares == pytest.approx(round(squares))


@pytest.mark.parametrize(("sheet", "speed", "gain"), EVERY)
def test_every_setting_is_small_enough_for_the_wire(sheet: Sheet, speed: Speed, gain: Gain) -> None:
    figure = ecg_paper(distinct_ecg(rate=500), layout=sheet_of(sheet, speed, gain))
    assert len(to_json(figure)) <= 350 * KIB


@pytest.mark.parametrize(("sheet", "speed", "gain"), EVERY)
def test_the_scales_and_the_signal_stand_on_every_sheet(
    sheet: Sheet, speed: Speed, gain: Gain
) -> None:
    layout = sheet_of(sheet, speed, gain)
    note = SignalShown.DIAGNOSTIC.caption
    scale, *_ = ecg_paper(distinct_ecg(), layout=layout, note=note)["layout"]["annotations"]
    words = f"{speed} mm/s   {gain} mm/mV   0.05\u201340 Hz, 500 Hz"
    assert scale["text"].replace("\u00a0", " ") == words


@pytest.mark.parametrize("sheet", Sheet)
def test_an_ordinary_sheet_fits_a_screen(sheet: Sheet) -> None:
    wide, tall = sheet_mm(ecg_paper(distinct_ecg(), layout=sheet_of(sheet)))
    assert wide == (285 if sheet is Sheet.ONE_COLUMN else 270)  # names stand in its margin
    assert tall <= 220


@pytest.mark.parametrize("sheet", Sheet)
def test_a_quicker_sheet_is_longer_and_no_less_tall(sheet: Sheet) -> None:
    usual, quick = (sheet_of(sheet, speed) for speed in Speed)
    slow, fast = (
        proportions(ecg_paper(distinct_ecg(), layout=layout), layout) for layout in (usual, quick)
    )
    assert fast["--usual"] == slow["--usual"] == slow["--wide"]
    assert fast["--wide"] == slow["--wide"] + 255  # 250 mm of trace and 5 mm of pulse
    assert fast["--tall"] >= slow["--tall"]  # names may take room that one sheet does not need


def test_the_name_of_a_long_lead_stands_in_both_halves_of_a_quick_sheet() -> None:
    layout = sheet_of(Sheet.ONE_COLUMN, Speed.FAST)
    titles = by_uid(ecg_paper(distinct_ecg(), layout=layout))["titles"]
    assert titles["text"] == [str(lead) for lead in LEADS for _ in range(2)]
    assert set(titles["x"][::2]) == {-0.68}
    (again,) = set(titles["x"][1::2])
    assert 5.02 <= again <= 5.02 + 16 / 50


def test_one_lead_alone_is_shown_for_all_ten_seconds() -> None:
    figure = ecg_paper(distinct_ecg(), layout=single(Lead.V3, Speed.USUAL, Gain.DOUBLE))
    traces = by_uid(figure)
    assert list(traces) == ["calibration", "lead-V3", "titles"]
    assert shown_mv(traces["lead-V3"]).size == 5000
    assert sheet_mm(figure)[0] == 270


def test_settings_name_the_layout_that_is_drawn() -> None:
    assert PaperSettings(sheet=Sheet.SIX_BY_TWO).layout == sheet_of(Sheet.SIX_BY_TWO)
    assert PaperSettings(lead=Lead.V1, speed=Speed.FAST).layout == single(Lead.V1, Speed.FAST)


def test_a_voltage_beyond_whole_microvolts_of_16_bits_is_still_shown() -> None:
    ecg = distinct_ecg()
    ecg.signal[0, 100] = 40
    shown = shown_mv(by_uid(ecg_paper(ecg))["lead-I"])
    assert math.isclose(shown[100], 40, abs_tol=1e-3)
