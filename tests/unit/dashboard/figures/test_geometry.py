from dataclasses import replace

import numpy as np
import pytest

from core.ecg import LEADS, Lead
from dashboard.figures.geometry import STANDARD, PaperLayout, columns
from tests.factories_figures import distinct_ecg

THREE_STRIPS = columns(
    "3x4+3", [LEADS[0:3], LEADS[3:6], LEADS[6:9], LEADS[9:12]], [Lead.II, Lead.V1, Lead.V5]
)
SIX_BY_TWO = columns("6x2", [LEADS[:6], LEADS[6:]])
ONE_COLUMN = columns("12x1", [LEADS], speed=50)
LAYOUTS = [STANDARD, THREE_STRIPS, SIX_BY_TWO, ONE_COLUMN]


def place(layout: PaperLayout) -> dict[str, tuple[int, float, float]]:
    return {s.key: (s.row, s.start, s.stop) for s in layout.segments}


def test_the_standard_sheet_has_every_lead_where_a_cardiologist_looks_for_it() -> None:
    assert place(STANDARD) == {
        "lead-I": (0, 0, 2.5),
        "lead-II": (1, 0, 2.5),
        "lead-III": (2, 0, 2.5),
        "lead-aVR": (0, 2.5, 5),
        "lead-aVL": (1, 2.5, 5),
        "lead-aVF": (2, 2.5, 5),
        "lead-V1": (0, 5, 7.5),
        "lead-V2": (1, 5, 7.5),
        "lead-V3": (2, 5, 7.5),
        "lead-V4": (0, 7.5, 10),
        "lead-V5": (1, 7.5, 10),
        "lead-V6": (2, 7.5, 10),
        "rhythm-II": (3, 0, 10),
    }


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_columns_are_consecutive_in_time(layout: PaperLayout) -> None:
    assert all(segment.at == segment.start for segment in layout.segments)


@pytest.mark.parametrize(
    ("layout", "rows", "segments"),
    [(STANDARD, 4, 13), (THREE_STRIPS, 6, 15), (SIX_BY_TWO, 6, 12), (ONE_COLUMN, 12, 12)],
    ids=lambda value: getattr(value, "name", value),
)
def test_another_layout_is_a_parameter(layout: PaperLayout, rows: int, segments: int) -> None:
    assert (layout.rows, len(layout.segments), layout.seconds) == (rows, segments, 10)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
@pytest.mark.parametrize("rate", [100, 250, 360, 500])
def test_the_columns_of_a_lead_row_share_no_sample_and_miss_none(
    layout: PaperLayout, rate: int
) -> None:
    ecg = distinct_ecg(rate=rate)
    top = [segment for segment in layout.segments if segment.row == 0]
    cuts = [segment.cut(ecg) for segment in top]
    ends = [first + wave.size for first, wave in cuts]
    assert [first for first, _ in cuts] == [0, *ends[:-1]]
    assert ends[-1] == ecg.signal.shape[1]


def test_a_millivolt_is_as_tall_as_its_gain_and_as_wide_as_the_speed_says() -> None:
    assert STANDARD.aspect == 10 / 25
    assert ONE_COLUMN.aspect == 10 / 50
    assert replace(STANDARD, gain=20).aspect == 20 / 25


def test_an_ordinary_record_lies_on_a_sheet_of_270_by_135_mm() -> None:
    frame = STANDARD.frame(distinct_ecg())
    width = (frame.right - frame.left) * STANDARD.speed
    height = (frame.top - frame.bottom) * STANDARD.gain
    assert (width, height) == (pytest.approx(270), pytest.approx(135))


@pytest.mark.parametrize(("lead", "spike"), [(Lead.V4, 6.2), (Lead.II, -3.7)])
def test_the_sheet_grows_by_whole_squares_so_that_nothing_is_cut(lead: Lead, spike: float) -> None:
    ecg = distinct_ecg()
    ecg.signal[LEADS.index(lead), 4500] = spike  # 9 s: in the column of V4, and in the strip
    frame, ordinary = STANDARD.frame(ecg), STANDARD.frame(distinct_ecg())
    grown = (frame.top - ordinary.top) + (ordinary.bottom - frame.bottom)
    assert grown > 0
    assert grown / 0.5 == pytest.approx(round(grown / 0.5))
    band = frame.bottom + STANDARD.y(STANDARD.band_mm)
    assert frame.top >= spike if spike > 0 else band <= STANDARD.baseline(3) + spike


def test_unreadable_samples_do_not_stretch_the_sheet() -> None:
    ecg = distinct_ecg()
    ecg.signal[:, 100:200] = np.nan
    ecg.signal[0, 300] = np.inf
    assert STANDARD.frame(ecg) == STANDARD.frame(distinct_ecg())
