"""The median beat is drawn in millivolts, with each mark where the interval was read."""

from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import pytest

from core.ecg import LEADS
from core.intervals import measure
from core.median_beat import MedianBeat
from dashboard.figures.encoding import decoded
from dashboard.figures.median_beat import median_beat
from tests.factories_ecg import ecg
from tests.factories_figures import named


@pytest.fixture(scope="module")
def beat() -> MedianBeat:
    """Of a normal heart."""
    found = measure(ecg(rate=500)).median
    assert found is not None
    return found


def test_every_lead_is_drawn_in_its_order(beat: MedianBeat) -> None:
    figure = median_beat(beat)
    assert [trace["name"] for trace in figure["data"]] == list(LEADS)
    go.Figure(figure)  # raises on a property that plotly does not know


def test_samples_stand_at_their_time_and_height(beat: MedianBeat) -> None:
    trace = median_beat(beat)["data"][1]
    at = trace["x0"] + trace["dx"] * np.arange(decoded(trace["y"]).size)
    drawn = decoded(trace["y"])
    onset = round(beat.marks.qrs_onset * beat.rate)
    zero = int(np.abs(at).argmin())
    assert abs(at[zero]) <= 1000 / beat.rate
    span = slice(onset - 5, onset + 20)
    expected = beat.signal[1, span] - beat.signal[1, onset]
    assert drawn[zero - 5 : zero + 20] == pytest.approx(expected, abs=0.05)


def test_lines_stand_at_the_marks(beat: MedianBeat) -> None:
    shapes = median_beat(beat)["layout"]["shapes"]
    marks = beat.marks
    assert marks.p_onset is not None and marks.t_end is not None
    for name, at in (
        ("p_onset", marks.p_onset),
        ("qrs_end", marks.qrs_end),
        ("t_end", marks.t_end),
    ):
        line = named(shapes, name)
        assert line["x0"] == line["x1"] == pytest.approx(1000 * (at - marks.qrs_onset), abs=0.1)


def test_a_wave_that_is_not_there_is_not_named(beat: MedianBeat) -> None:
    without = replace(beat, marks=replace(beat.marks, p_onset=None, p_end=None))
    layout = median_beat(without)["layout"]
    assert [note["text"] for note in layout["annotations"]] == ["QRS", "T"]
    assert "p_onset" not in [shape["name"] for shape in layout["shapes"]]
