"""Every beat is found and its waves are marked where the simulator put them."""

from dataclasses import astuple

import numpy as np
import pytest

from core.delineation import BeatMarks, analyse, delineate
from core.ecg import LEADS, Ecg, Lead
from core.simulate import BeatTruth, Finding, simulate_record
from tests.factories_ecg import ecg

ORDER = ("p_onset", "p_end", "qrs_onset", "r", "qrs_end", "t_onset", "t_end")


def pairs(
    marks: tuple[BeatMarks, ...], truth: tuple[BeatTruth, ...]
) -> list[tuple[BeatMarks, BeatTruth]]:
    """Each beat of the truth whose waves lie whole within the record, with the nearest found."""
    inside = [beat for beat in truth if 0.5 < beat.r < 9.2]
    return [(min(marks, key=lambda mark: abs(mark.r - beat.r)), beat) for beat in inside]


@pytest.mark.parametrize("rate", [100, 500])
@pytest.mark.parametrize("heart_rate", [45, 75, 110])
def test_marks_stand_where_the_simulator_put_them(rate: float, heart_rate: float) -> None:
    simulated = simulate_record(3, heart_rate=heart_rate, rate=rate)
    for mark, beat in pairs(delineate(simulated.ecg), simulated.truth.beats):
        assert mark.r == pytest.approx(beat.r, abs=0.03)
        assert mark.qrs_onset == pytest.approx(beat.qrs_on, abs=0.015)
        assert mark.qrs_end == pytest.approx(beat.qrs_off, abs=0.02)
        assert mark.p_onset == pytest.approx(beat.p_on, abs=0.03)
        assert mark.t_end == pytest.approx(beat.t_off, abs=0.05)


@pytest.mark.parametrize("rate", [100, 250, 257, 360, 500, 1000])
def test_any_rate_gives_the_same_marks(rate: float) -> None:
    marks, expected = delineate(ecg(rate=rate)), delineate(ecg(rate=500))
    assert len(marks) == len(expected)
    for one, two in zip(marks, expected, strict=True):
        for name in ("r", "qrs_onset", "qrs_end", "t_end"):
            assert getattr(one, name) == pytest.approx(getattr(two, name), abs=0.02)


@pytest.mark.parametrize("finding", list(Finding))
def test_marks_of_a_beat_are_in_order_and_beats_in_time(finding: Finding) -> None:
    marks = delineate(simulate_record(5, [finding], rate=100, ectopics=2).ecg)
    assert len(marks) > 5
    times = [mark.r for mark in marks]
    assert times == sorted(times)
    for mark in marks:
        known = [at for name in ORDER if (at := getattr(mark, name)) is not None]
        assert known == sorted(known)
        assert 0 <= known[0] <= known[-1] <= 10


def test_ectopic_beats_are_found_too() -> None:
    simulated = simulate_record(7, rate=100, ectopics=2)
    ectopic = [beat for beat in simulated.truth.beats if beat.ectopic and 0.5 < beat.r < 9.5]
    assert ectopic
    found = np.array([mark.r for mark in delineate(simulated.ecg)])
    for beat in ectopic:
        assert np.abs(found - beat.r).min() < 0.1


def test_a_wave_cut_off_by_the_end_of_the_record_is_no_wave() -> None:
    whole = ecg(rate=500)
    last = delineate(whole)[-2]
    assert last.t_end is not None
    short = Ecg(signal=whole.signal[:, : round((last.qrs_end + 0.1) * 500)], rate=500)
    cut = delineate(short)[-1]
    assert cut.r == pytest.approx(last.r, abs=0.02)
    assert cut.t_onset is None and cut.t_end is None


def test_gains_that_lie_move_no_mark() -> None:
    scales = np.linspace(0.3, 3, 12, dtype=np.float32)[:, None]
    lying = Ecg(signal=ecg().signal * scales, rate=100)
    for one, two in zip(delineate(lying), delineate(ecg()), strict=True):
        assert one.qrs_onset == pytest.approx(two.qrs_onset, abs=0.012)
        assert one.qrs_end == pytest.approx(two.qrs_end, abs=0.012)


@pytest.mark.parametrize("samples", [0, 1, 2, 50, 1000])
def test_no_beat_no_marks(samples: int) -> None:
    assert delineate(Ecg(signal=np.zeros((12, samples), np.float32), rate=100)) == ()


def test_odd_signals_raise_nothing() -> None:
    rng = np.random.default_rng(3)
    noise = rng.normal(0, 0.2, (12, 1000)).astype(np.float32)
    holes = ecg().signal.copy()
    holes[3, 200:400] = np.nan
    for signal in (noise, holes, ecg().signal[:, :130], ecg().signal * 1000):
        for mark in delineate(Ecg(signal=signal, rate=100)):
            assert all(at is None or np.isfinite(at) for at in astuple(mark))


def bells(samples: int, at: list[float], sd: float, height: float) -> np.ndarray:
    """A bell of ``sd`` s at each of these times, at 500 Hz."""
    time = np.arange(samples) / 500
    return height * np.exp(-(((time - np.array(at)[:, None]) / sd) ** 2) / 2).sum(axis=0)


def test_a_lead_out_of_time_does_not_widen_qrs() -> None:
    signal = ecg(rate=500).signal.copy()
    signal[LEADS.index(Lead.V5)] = np.roll(signal[LEADS.index(Lead.V5)], round(0.11 * 500))
    shifted, plain = delineate(Ecg(signal=signal, rate=500)), delineate(ecg(rate=500))
    for one, two in zip(shifted, plain, strict=True):
        assert one.qrs_onset == pytest.approx(two.qrs_onset, abs=0.012)
        assert one.qrs_end == pytest.approx(two.qrs_end, abs=0.012)


def test_what_one_lead_adds_to_its_own_qrs_counts() -> None:
    simulated = simulate_record(3, rate=500, heart_rate=60, noise=0)
    signal, v1 = simulated.clean.copy(), LEADS.index(Lead.V1)
    late = [beat.qrs_off + 0.03 for beat in simulated.truth.beats]
    signal[v1] += bells(signal.shape[1], late, 0.012, 2.0)
    blocked = delineate(Ecg(signal=signal.astype(np.float32), rate=500))
    for mark, beat in pairs(blocked, simulated.truth.beats):
        assert mark.qrs_end > beat.qrs_off + 0.03


def paced(sd: float) -> tuple[BeatMarks, ...]:
    """A heart at 60 a minute with a bell 280 ms before each of its beats."""
    simulated = simulate_record(3, rate=500, heart_rate=60, noise=0)
    before = [beat.r - 0.28 for beat in simulated.truth.beats]
    signal = simulated.clean + bells(simulated.clean.shape[1], before, sd, 1.0)
    return delineate(Ecg(signal=signal.astype(np.float32), rate=500))


def test_spikes_of_a_pacemaker_are_no_beats() -> None:
    assert np.diff([mark.r for mark in paced(0.008)]) == pytest.approx(1.0, abs=0.25)


def test_a_wide_beat_before_each_beat_is_one() -> None:
    assert np.median(np.diff([mark.r for mark in paced(0.03)])) < 0.75


def shaped(starts: list[float], times: list[float], heights: list[float], n: int) -> np.ndarray:
    """One shape of straight lines from each of these times on, at 500 Hz."""
    time = np.arange(n) / 500
    return sum(np.interp(time - at, times, heights, left=0, right=0) for at in starts)


def blocked(onset: str, times: list[float], height: float) -> list[float]:
    """QRS in s of a left bundle branch block, with a slow slope from a mark of each beat on."""
    simulated = simulate_record(3, [Finding.CLBBB], rate=500, heart_rate=60, noise=0)
    starts = [getattr(beat, onset) for beat in simulated.truth.beats]
    slope = shaped(starts, times, [0, height, 0], simulated.clean.shape[1])
    sides = np.sign(np.linspace(-1, 1, 12))[:, None] if onset == "qrs_off" else 1
    signal = (simulated.clean + slope * sides).astype(np.float32)
    found = pairs(delineate(Ecg(signal=signal, rate=500)), simulated.truth.beats)
    return [mark.qrs_end - mark.qrs_onset for mark, _ in found]


@pytest.mark.parametrize(
    ("onset", "times", "height"),
    [("qrs_off", [-0.005, 0.085, 0.205], 0.1), ("qrs_on", [-0.1, 0, 0.12], -0.1)],
)
def test_a_slow_slope_beside_a_wide_qrs_is_no_part_of_it(onset, times, height) -> None:
    wide = blocked(onset, times, height)
    assert np.array(wide) == pytest.approx(0.162, abs=0.025)


def test_a_p_with_a_broad_top_begins_where_it_rises() -> None:
    simulated = simulate_record(3, rate=500, heart_rate=60, noise=0)
    signal, beats = simulated.clean.copy(), simulated.truth.beats
    for beat in beats:
        assert beat.p_on is not None
        first, last = round((beat.p_on - 0.01) * 500), round((beat.qrs_on - 0.004) * 500)
        if first >= 0 and last < signal.shape[1]:
            ends = signal[:, [first, last]]
            signal[:, first:last] = np.linspace(ends[:, 0], ends[:, 1], last - first, axis=1)
    starts = [beat.qrs_on - 0.17 for beat in beats]
    shape = [0, 0.04, 0.08, 0.13, 0.165, 0.175], [0, 0.08, 0.085, -0.03, -0.03, 0]
    signal += np.linspace(0.3, 1, 12)[:, None] * shaped(starts, *shape, signal.shape[1])
    for mark, beat in pairs(delineate(Ecg(signal=signal.astype(np.float32), rate=500)), beats):
        assert mark.p_onset == pytest.approx(beat.qrs_on - 0.17, abs=0.02)


def test_t_falls_to_its_end_in_less_than_100_ms_unless_a_u_wave_follows() -> None:
    simulated = simulate_record(3, rate=500, heart_rate=60, noise=0)
    u = bells(simulated.clean.shape[1], [b.t_off + 0.02 for b in simulated.truth.beats], 0.04, 0.08)
    plain, followed = (
        analyse(Ecg(signal=signal.astype(np.float32), rate=500)).families[0].t_fall
        for signal in (simulated.clean, simulated.clean + u)
    )
    assert 0.02 < plain < 0.08
    assert followed > 0.1
