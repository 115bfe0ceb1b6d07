"""What a cardiologist would measure is measured; what cannot be measured says why."""

from dataclasses import replace

import numpy as np
import pytest

from core.delineation import Delineation, analyse
from core.ecg import LEADS, Ecg, Lead
from core.intervals import VALUES, Intervals, _caveats, bazett, fridericia, measure
from core.simulate import Finding, Simulated, simulate_record
from tests.factories_ecg import ecg


def truth_ms(simulated: Simulated) -> dict[str, float]:
    """PR, QRS and QT of the simulated heart."""
    beat = next(beat for beat in simulated.truth.beats if not beat.ectopic)
    assert beat.p_on is not None
    return {
        "pr": 1000 * (beat.qrs_on - beat.p_on),
        "qrs": 1000 * (beat.qrs_off - beat.qrs_on),
        "qt": 1000 * (beat.t_off - beat.qrs_on),
    }


def fibrillating(rate: float = 500) -> Ecg:
    """Irregular RR, and fine waves for P."""
    rng = np.random.default_rng(5)
    whole = simulate_record(4, rate=rate, heart_rate=60, noise=0)
    beat = next(beat for beat in whole.truth.beats if beat.r > 1)
    around = slice(round((beat.qrs_on - 0.03) * rate), round((beat.t_off + 0.05) * rate))
    one = np.asarray(whole.clean[:, around])
    one = one - np.linspace(one[:, 0], one[:, -1], one.shape[1], axis=1)
    time = np.arange(round(10 * rate)) / rate
    phase = np.cumsum(rng.normal(6, 1, time.size)) / rate
    signal = 0.04 * np.sin(2 * np.pi * phase) * rng.uniform(0.2, 1, (12, 1))
    at = 0.3
    while at < 9.2:
        start = round(at * rate)
        signal[:, start : start + one.shape[1]] += one
        at += rng.uniform(0.62, 1.25)
    return Ecg(signal=with_laws(signal), rate=rate)


def with_laws(signal: np.ndarray) -> np.ndarray:
    """The limb leads as Einthoven and Goldberger tie them to I and II."""
    one, two = signal[0], signal[1]
    limbs = [one, two, two - one, -(one + two) / 2, one - two / 2, two - one / 2]
    return np.vstack([*limbs, signal[6:]]).astype(np.float32)


@pytest.mark.parametrize("rate", [100, 500])
@pytest.mark.parametrize("seed", range(5))
def test_a_simulated_heart_is_measured_as_it_was_made(seed: int, rate: float) -> None:
    simulated = simulate_record(seed, rate=rate, heart_rate=65)
    measured, truth = measure(simulated.ecg), truth_ms(simulated)
    assert measured.heart_rate == pytest.approx(65, abs=4)
    assert measured.pr == pytest.approx(truth["pr"], abs=20)
    assert measured.qrs == pytest.approx(truth["qrs"], abs=20)
    assert measured.qt == pytest.approx(truth["qt"], abs=40)
    assert measured.axis == pytest.approx(simulated.axis, abs=10)
    assert measured.reasons == {}


def test_the_corrections_are_those_of_1920() -> None:
    assert bazett(400, 60) == fridericia(400, 60) == 400
    assert bazett(360, 100) == pytest.approx(360 / np.sqrt(0.6))
    assert fridericia(360, 100) == pytest.approx(360 / np.cbrt(0.6))


def test_a_block_shows_in_its_interval() -> None:
    assert (measure(simulate_record(2, [Finding.AVB1]).ecg).pr or 0) > 200
    for block in (Finding.CLBBB, Finding.CRBBB):
        assert (measure(simulate_record(2, [block]).ecg).qrs or 0) >= 120


def test_fibrillation_has_no_pr() -> None:
    measured = measure(fibrillating())
    assert measured.pr is measured.p_axis is None
    said = "no P wave at a constant distance before the QRS complexes, and an irregular rhythm"
    assert measured.reasons == {"pr": said, "p_axis": said}
    assert measured.qrs is not None and measured.qt is not None


def test_ectopic_beats_count_for_the_rate_and_not_for_the_median_beat() -> None:
    quiet = measure(simulate_record(7, rate=500).ecg)
    measured = measure(simulate_record(7, rate=500, ectopics=2).ecg)
    assert measured.median is not None and quiet.median is not None
    assert measured.median.beats < quiet.median.beats
    assert measured.qrs == pytest.approx(quiet.qrs, abs=6)
    assert measured.axis == pytest.approx(quiet.axis, abs=10)


def test_the_median_beat_carries_its_marks() -> None:
    beat = measure(ecg(rate=500)).median
    assert beat is not None
    seconds = beat.signal.shape[1] / beat.rate
    marks = beat.marks
    assert beat.signal.shape[0] == 12
    assert marks.p_onset is not None and marks.t_end is not None
    assert 0 < marks.p_onset < marks.qrs_onset < marks.r < marks.qrs_end < marks.t_end < seconds
    tallest = np.abs(beat.signal).sum(axis=0).argmax() / beat.rate
    assert tallest == pytest.approx(marks.r, abs=0.02)


def test_what_must_not_be_read_is_not_measured() -> None:
    flat = measure(Ecg(signal=np.zeros((12, 1000), np.float32), rate=100))
    why = "All twelve leads are flat: check the electrodes and the cable."
    assert flat == Intervals(reasons=dict.fromkeys(VALUES, why))


def test_limb_leads_that_do_not_fit_have_no_axis() -> None:
    scales = np.ones((12, 1), np.float32)
    scales[[0, 4, 5], 0] = 0.4, 2.5, 3
    lying = measure(replace(ecg(), signal=ecg().signal * scales))
    assert lying.axis is lying.p_axis is lying.t_axis is None
    assert lying.qrs == pytest.approx(measure(ecg()).qrs, abs=12)
    assert set(lying.reasons) == {"axis", "p_axis", "t_axis"}
    assert all(why.startswith("the limb leads do not fit") for why in lying.reasons.values())


def test_exchanged_arms_have_no_axis() -> None:
    signal = ecg().signal.copy()
    rows = [LEADS.index(lead) for lead in (Lead.I, Lead.II, Lead.III, Lead.AVR, Lead.AVL)]
    one, two, three, right, left = (ecg().signal[row] for row in rows)
    for row, samples in zip(rows, (-one, three, two, left, right), strict=True):
        signal[row] = samples
    exchanged = measure(Ecg(signal=signal, rate=100))
    assert exchanged.axis is None
    assert exchanged.reasons["axis"].startswith("Possible lead reversal: the arm electrodes")


def test_a_flat_t_wave_has_no_end() -> None:
    simulated = simulate_record(4, rate=500, noise=0)
    signal = simulated.clean.copy()
    for beat in simulated.truth.beats:
        first, last = round((beat.qrs_off + 0.01) * 500), round((beat.t_off + 0.12) * 500)
        if 0 < first < last < signal.shape[1]:
            ends = signal[:, [first, last]]
            signal[:, first:last] = np.linspace(ends[:, 0], ends[:, 1], last - first, axis=1)
    measured = measure(Ecg(signal=signal.astype(np.float32), rate=500))
    assert measured.qt is measured.qtc_bazett is measured.t_axis is None
    assert measured.reasons["qt"] == "T is lower than 0.05 mV in every lead"
    assert measured.median is not None and measured.median.marks.t_end is None


@pytest.mark.parametrize("jitter", [0.0, 0.25])
def test_corrections_for_the_rate_are_to_be_taken_with_care_in_an_irregular_rhythm(
    jitter: float,
) -> None:
    beat = ecg().signal[:, :80]  # one a stretch, of which every other one is longer
    longer = np.pad(beat, ((0, 0), (0, round(80 * jitter))), mode="edge")
    heights = np.linspace(0.9, 1.1, 14)  # quite alike, they would be taken for cut off
    beats = [heights[n] * (longer if n % 2 else beat) for n in range(14)]
    signal = np.concatenate(beats, axis=1)[:, :1000].astype(np.float32)
    measured = measure(Ecg(signal=signal, rate=100))
    assert measured.qtc_bazett is not None
    cared = {"qtc_bazett", "qtc_fridericia"} if jitter else set()
    assert {name for name, why in measured.caveats.items() if "irregular" in why} == cared


def test_a_fast_and_irregular_rhythm_has_both_caveats_at_bazett() -> None:
    timed = {"qrs": 90.0, "qtc_bazett": 430.0, "qtc_fridericia": 410.0}
    both, fast = _caveats(timed, 130, 0.2), _caveats(timed, 130, 0.0)
    assert set(fast) == {"qtc_bazett"}
    assert both["qtc_bazett"] == f"{both['qtc_fridericia']}; {fast['qtc_bazett']}"
    assert _caveats({"qrs": 90.0}, 130, 0.2) == {}


@pytest.mark.parametrize(("samples", "cared"), [(80, set()), (55, {"qtc_bazett"})])
def test_bazett_is_to_be_taken_with_care_at_a_fast_rate(samples: int, cared: set[str]) -> None:
    heights = np.linspace(0.9, 1.1, 19)
    beats = [height * ecg().signal[:, :samples] for height in heights]
    signal = np.concatenate(beats, axis=1)[:, :1000].astype(np.float32)
    measured = measure(Ecg(signal=signal, rate=100))
    assert measured.heart_rate == pytest.approx(6000 / samples, abs=1)
    assert measured.qtc_bazett is not None
    assert set(measured.caveats) == cared
    assert all("Bazett corrects too much" in why for why in measured.caveats.values())


@pytest.mark.parametrize("finding", list(Finding))
def test_every_value_is_there_or_has_a_reason(finding: Finding) -> None:
    measured = measure(simulate_record(5, [finding], rate=100, ectopics=2).ecg)
    for name in VALUES:
        assert (getattr(measured, name) is None) == (name in measured.reasons)


IN_T = "no P wave that can be told from the T wave before it"
NO_ROOM = "the next beat comes before the end of T can be seen"


def heart(**marks: float | None) -> Delineation:
    """A plain heart at 64 a minute (RR 939 ms) of which these marks, in s from QRS, are others."""
    found = analyse(ecg(rate=500))
    onset = found.families[0].marks.qrs_onset
    moved = {name: at if at is None else at + onset for name, at in marks.items()}
    families = [replace(one, marks=replace(one.marks, **moved)) for one in found.families]
    return replace(found, families=tuple(families))


def measured_as(found: Delineation, monkeypatch: pytest.MonkeyPatch) -> Intervals:
    monkeypatch.setattr("core.intervals.analyse", lambda _: found)
    return measure(ecg(rate=500))


@pytest.mark.parametrize(
    ("end", "why"),
    [
        (0.045, "QRS would be shorter than 50 ms: where it begins or ends cannot be seen"),
        (0.260, "QRS would be longer than 250 ms: where it begins or ends cannot be seen"),
    ],
)
def test_a_qrs_that_cannot_be_leaves_the_rate_alone(end, why, monkeypatch) -> None:
    measured = measured_as(heart(qrs_end=end), monkeypatch)
    rest = {name: why for name in VALUES if name != "heart_rate"}
    assert measured == Intervals(heart_rate=measured.heart_rate, reasons=rest)
    assert measured.heart_rate is not None


@pytest.mark.parametrize("end", [0.055, 0.245])
def test_a_narrow_and_a_paced_qrs_are_measured(end, monkeypatch) -> None:
    measured = measured_as(heart(qrs_end=end), monkeypatch)
    assert measured.qrs == pytest.approx(1000 * end)
    assert "qrs" not in measured.reasons


@pytest.mark.parametrize(
    ("end", "why"),
    [
        (0.29, "QTc would be shorter than 320 ms: where T ends cannot be seen"),
        (0.70, "QTc would be longer than 700 ms: where T ends cannot be seen"),
        (0.81, NO_ROOM),  # 86 % of RR
    ],
)
def test_a_qt_that_cannot_be_is_not_stated(end, why, monkeypatch) -> None:
    measured = measured_as(heart(t_end=end, p_onset=None, p_end=None), monkeypatch)
    assert measured.qt is measured.qtc_bazett is measured.qtc_fridericia is measured.t_axis is None
    assert {measured.reasons[name] for name in ("qt", "qtc_fridericia", "t_axis")} == {why}
    assert measured.median is not None and measured.median.marks.t_end is None


@pytest.mark.parametrize("end", [0.33, 0.60])
def test_a_short_and_a_long_qt_are_stated(end, monkeypatch) -> None:
    measured = measured_as(heart(t_end=end, p_onset=None, p_end=None), monkeypatch)
    assert measured.qt == pytest.approx(1000 * end)


def test_where_p_begins_within_t_neither_is_stated(monkeypatch) -> None:
    measured = measured_as(heart(t_end=0.60, p_onset=-0.36, p_end=-0.25), monkeypatch)
    assert measured.pr is measured.qt is measured.p_axis is None
    assert measured.reasons["pr"] == measured.reasons["p_axis"] == IN_T
    assert measured.reasons["qt"] == NO_ROOM
    assert measured.median is not None
    assert measured.median.marks.p_onset is measured.median.marks.t_end is None


@pytest.mark.parametrize("p_onset", [-0.66, -0.90])  # sooner after QRS than any T ends
def test_a_p_where_t_must_be_is_none_even_if_no_t_is_seen(p_onset, monkeypatch) -> None:
    found = heart(t_onset=None, t_end=None, p_onset=p_onset, p_end=-0.60)
    measured = measured_as(found, monkeypatch)
    assert (measured.pr, measured.reasons["pr"], measured.reasons["qt"]) == (None, IN_T, NO_ROOM)


def test_a_long_pr_behind_t_is_stated(monkeypatch) -> None:
    measured = measured_as(heart(p_onset=-0.38, p_end=-0.26), monkeypatch)
    assert measured.pr == pytest.approx(380)
    assert measured.qt is not None


@pytest.mark.parametrize(("irregular", "why"), [(0.01, IN_T), (0.2, "and an irregular rhythm")])
def test_a_t_that_reaches_the_next_beat_may_hide_p(irregular, why, monkeypatch) -> None:
    found = replace(heart(t_end=0.85, p_onset=None, p_end=None), irregularity=irregular)
    measured = measured_as(found, monkeypatch)
    assert measured.pr is None and measured.reasons["pr"].endswith(why)


@pytest.mark.parametrize(("ratio", "told"), [(2, False), (4, True)])
def test_flutter_conducted_two_to_one_has_no_qt(ratio, told, monkeypatch) -> None:
    rate = measure(ecg(rate=500)).heart_rate
    assert rate is not None
    measured = measured_as(heart().fluttering(ratio * rate), monkeypatch)
    assert (measured.qt is not None) is told
    why = f"waves that come back {ratio * rate:.0f} times a minute hide the end of T"
    assert measured.reasons.get("qt") == (None if told else why)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("heart_rate", [45, 75, 105, 125])
def test_what_is_stated_fits_into_one_beat(seed: int, heart_rate: float) -> None:
    measured = measure(simulate_record(seed, rate=100, heart_rate=heart_rate).ecg)
    assert measured.heart_rate is not None
    rr = 60_000 / measured.heart_rate
    assert (measured.pr or 0) + max(measured.qrs or 0, measured.qt or 0) <= rr
    assert measured.qt is None or 320 <= (measured.qtc_fridericia or 0) <= 700
