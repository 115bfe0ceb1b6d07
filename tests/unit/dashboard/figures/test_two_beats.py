"""Two median beats over one another: each lead in its place, both from the onset of QRS."""

from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import pytest

from core.ecg import LEADS
from core.intervals import measure
from core.median_beat import MedianBeat
from dashboard.figures.two_beats import two_beats
from tests.factories_ecg import ecg


@pytest.fixture(scope="module")
def beats() -> list[MedianBeat]:
    """Of two normal hearts."""
    found = [measure(ecg(seed=seed, rate=500)).median for seed in (1, 2)]
    return [beat for beat in found if beat is not None]


def test_both_have_every_lead_in_order(beats: list[MedianBeat]) -> None:
    figure = two_beats(*beats)
    names = [f"{which} {lead}" for which in ("this", "other") for lead in LEADS]
    assert [trace["name"] for trace in figure["data"]] == names
    go.Figure(figure)  # raises on a property that plotly does not know


def test_a_beat_laid_over_itself_is_the_same_line(beats: list[MedianBeat]) -> None:
    figure = two_beats(beats[0], beats[0])
    for this, other in zip(figure["data"][:12], figure["data"][12:], strict=True):
        assert (this["x"], this["y"]) == (other["x"], other["y"])


def test_leads_lie_in_the_columns_of_the_sheet(beats: list[MedianBeat]) -> None:
    figure = two_beats(*beats)
    begin = {trace["name"]: trace["x"][0] for trace in figure["data"][:12]}
    tops = {trace["name"]: max(trace["y"]) for trace in figure["data"][:12]}
    assert begin["this I"] == begin["this III"] < begin["this aVR"] < begin["this V1"]
    assert tops["this I"] > tops["this II"] > tops["this III"]


def test_a_difference_of_voltage_is_as_tall_as_it_is(beats: list[MedianBeat]) -> None:
    one = beats[0]
    higher = replace(one, signal=one.signal * 2)
    figure = two_beats(one, higher)
    this, other = figure["data"][1], figure["data"][13]
    onset = round(one.marks.qrs_onset * one.rate)
    wave = one.signal[1] - one.signal[1, onset]
    gap = np.array(other["y"]) - np.array(this["y"])
    first = onset - round(0.3 * one.rate) if onset > 0.3 * one.rate else 0
    assert gap == pytest.approx(wave[first : first + len(gap)], abs=1e-3)


def test_a_name_stands_above_both_beats(beats: list[MedianBeat]) -> None:
    raised = replace(beats[1], signal=beats[1].signal.copy())
    onset = round(raised.marks.qrs_onset * raised.rate)
    raised.signal[:, : onset - 20] += 2  # a wave before QRS that is taller than any
    figure = two_beats(beats[0], raised)
    for number, name in enumerate(figure["layout"]["annotations"]):
        for trace in (figure["data"][number], figure["data"][number + 12]):
            there = np.array(trace["x"]) < name["x"] + 0.2
            assert name["y"] >= np.array(trace["y"])[there].max() - 1e-3
            assert name["yanchor"] == "bottom"
