"""QRS complexes are found where the heart beat, whatever the rate, rhythm or sampling."""

import numpy as np
import pytest

from core.beats import AFTER_S, BEFORE_S, find_beats
from core.simulate import simulate_record


@pytest.mark.parametrize("heart_rate", [40, 70, 100, 140])
@pytest.mark.parametrize("rate", [100, 500])
def test_every_beat_is_found_once(heart_rate: float, rate: float) -> None:
    simulated = simulate_record(4, heart_rate=heart_rate, rate=rate)
    found = find_beats(simulated.ecg.signal, rate).peaks / rate
    gaps = np.diff(found)
    assert len(found) == pytest.approx(heart_rate / 6, abs=1.5)
    assert np.median(gaps) == pytest.approx(60 / heart_rate, rel=0.1)


def test_beats_are_cut_around_their_qrs() -> None:
    ecg = simulate_record(4, rate=100).ecg
    beats = find_beats(ecg.signal, 100)
    assert beats.windows.shape[1:] == (12, round((BEFORE_S + AFTER_S) * 100))
    steepest = np.abs(np.gradient(beats.common, axis=1)).sum(axis=0).argmax()
    assert steepest == pytest.approx(BEFORE_S * 100, abs=5)


def test_one_odd_beat_does_not_move_the_common_beat() -> None:
    quiet = simulate_record(4, rate=100, noise=0).ecg.signal
    odd = quiet.copy()
    peaks = find_beats(quiet, 100).peaks
    odd[6:, peaks[4] - 5 : peaks[4] + 15] *= -2
    difference = find_beats(odd, 100).common - find_beats(quiet, 100).common
    assert np.abs(difference).max() < 0.1


def test_a_flat_line_has_no_beats() -> None:
    beats = find_beats(np.zeros((12, 1000)), 100)
    assert (len(beats.peaks), beats.prominence) == (0, 0)
    assert not beats.common.any()
