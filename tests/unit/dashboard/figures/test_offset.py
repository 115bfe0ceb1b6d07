from collections.abc import Mapping

import numpy as np
import pytest

from core.ecg import LEADS, Ecg, Lead
from dashboard.figures.geometry import STANDARD, PaperLayout
from dashboard.figures.offset import moved_words, on_their_rows
from dashboard.figures.paper import ecg_paper, sheet_mm
from dashboard.figures.sheets import Sheet, sheet_of, single
from tests.factories_figures import by_uid, distinct_ecg, named, shown_mv


def lying_off(offsets: Mapping[Lead, float]) -> Ecg:
    """Distinct leads, of which some lie off by as many mV."""
    ecg = distinct_ecg()
    for lead, offset in offsets.items():
        ecg.signal[LEADS.index(lead)] += np.float32(offset)
    return ecg


def said(ecg: Ecg, layout: PaperLayout = STANDARD) -> str:
    scale = named(ecg_paper(ecg, layout=layout)["layout"]["annotations"], "scale")
    return str(scale["text"]).replace("\u00a0", " ")


@pytest.mark.parametrize("offset", [-20.02, -2.3, 0.6, 9.0])
def test_a_lead_far_off_is_drawn_on_its_own_row(offset: float) -> None:
    traces = by_uid(ecg_paper(lying_off({Lead.V6: offset})))
    for uid, trace in traces.items():
        if uid.startswith(("lead-", "rhythm-")):
            assert abs(np.median(shown_mv(trace))) < 0.1, uid


@pytest.mark.parametrize("sheet", Sheet)
def test_the_sheet_is_no_taller_for_a_lead_far_off(sheet: Sheet) -> None:
    layout = sheet_of(sheet)
    ordinary, off = (
        ecg_paper(ecg, layout=layout)
        for ecg in (distinct_ecg(), lying_off({Lead.I: 7.5, Lead.II: -12, Lead.V6: -20}))
    )
    assert sheet_mm(off) == sheet_mm(ordinary)
    assert off["layout"]["yaxis"] == ordinary["layout"]["yaxis"]


def test_a_lead_that_is_moved_keeps_its_shape_to_the_microvolt() -> None:
    ecg = lying_off({Lead.V6: -2.3})
    drawn = shown_mv(by_uid(ecg_paper(ecg))["lead-V6"])
    read = ecg.lead(Lead.V6)[-1250:]
    np.testing.assert_allclose(np.diff(drawn), np.diff(read), atol=2e-6)


def test_a_lead_that_lies_off_by_a_little_stays_as_it_was_read() -> None:
    ecg = lying_off({Lead.V1: 0.4, Lead.V2: -0.4})
    assert on_their_rows(ecg) == (ecg, {})
    assert said(ecg).endswith("raw signal, 500 Hz")


def test_the_record_itself_is_left_alone() -> None:
    ecg = lying_off({Lead.V6: -2.3})
    before = ecg.signal.copy()
    ecg_paper(ecg)
    np.testing.assert_array_equal(ecg.signal, before)


@pytest.mark.parametrize("unread", [np.nan, np.inf])
def test_samples_that_are_no_numbers_move_nothing(unread: float) -> None:
    ecg = lying_off({Lead.V6: -2.3})
    ecg.signal[LEADS.index(Lead.V6), :4000] = unread
    ecg.signal[LEADS.index(Lead.V5)] = unread
    _, moves = on_their_rows(ecg)
    assert moves == {Lead.V6: 2.3}


@pytest.mark.parametrize(
    ("moves", "words"),
    [
        ({}, ""),
        ({Lead.V6: -2.3}, "V6 moved by \u22122.3 mV"),
        ({Lead.V5: 0.6, Lead.V6: -20.0}, "V5, V6 moved by +0.6, \u221220.0 mV"),
        ({Lead.I: 0.8, Lead.II: -2.0, Lead.V1: 1.2}, "3 leads moved by up to 2.0 mV"),
    ],
)
def test_the_words_name_the_leads_and_how_far_they_went(
    moves: dict[Lead, float], words: str
) -> None:
    assert moved_words(moves) == words


def test_the_sheet_says_what_was_moved_beside_the_signal() -> None:
    ecg = lying_off({Lead.II: 1.5})
    assert said(ecg) == "25 mm/s   10 mm/mV   raw signal, 500 Hz   II moved by \u22121.5 mV"


def test_a_lead_alone_says_its_own_move_only() -> None:
    ecg = lying_off({Lead.I: 1.5, Lead.II: -3, Lead.V1: 4})
    assert said(ecg, layout=single(Lead.I)).endswith("   I moved by \u22121.5 mV")
    assert said(ecg, layout=single(Lead.V6)).endswith("raw signal, 500 Hz")
