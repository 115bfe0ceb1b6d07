"""What a cardiologist would measure is measured; what cannot be measured says why."""

from dataclasses import replace

import numpy as np
import pytest

from core.delineation import Delineation, analyse
from core.ecg import LEADS, Ecg, Lead
from core.intervals import VALUES, Intervals, measure
from core.plausibility import cautions
from core.qtc import bazett, fridericia
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


@pytest.mark.parametrize("height", [0.0, 0.08])  # mV
def test_a_flat_t_wave_has_no_end(height: float) -> None:
    simulated = simulate_record(4, rate=500, noise=0)
    signal = simulated.clean.copy()
    for beat in simulated.truth.beats:
        first, last = round((beat.qrs_off + 0.01) * 500), round((beat.t_off + 0.12) * 500)
        if 0 < first < last < signal.shape[1]:
            ends = signal[:, [first, last]]
            flat = np.linspace(ends[:, 0], ends[:, 1], last - first, axis=1)
            wave = signal[:, first:last] - flat
            signal[:, first:last] = flat + height / np.abs(wave).max() * wave
    measured = measure(Ecg(signal=signal.astype(np.float32), rate=500))
    assert measured.qt is measured.qtc_bazett is measured.t_axis is None
    assert measured.reasons["qt"] == "T is lower than 0.1 mV in every lead"
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
    both, fast = cautions(timed, 130, uneven=True), cautions(timed, 130)
    assert set(fast) == {"qtc_bazett"}
    assert both["qtc_bazett"] == f"{both['qtc_fridericia']}; {fast['qtc_bazett']}"
    assert cautions({"qrs": 90.0}, 130, uneven=True) == {}


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


def slow(found: Delineation, seconds: float) -> Delineation:
    """The same heart with a T that takes so long from its fastest fall to its end."""
    return replace(found, families=tuple(replace(one, t_fall=seconds) for one in found.families))


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
    measured = measured_as(heart(p_onset=-0.38), monkeypatch)
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


@pytest.mark.parametrize(("seconds", "cared"), [(0.09, False), (0.15, True)])
def test_a_t_that_ends_slowly_is_to_be_taken_with_care(seconds, cared, monkeypatch) -> None:
    measured = measured_as(slow(heart(), seconds), monkeypatch)
    said = {name for name, why in measured.caveats.items() if why.startswith("T ends slowly")}
    assert measured.qt is not None
    assert said == ({"qt", "qtc_bazett", "qtc_fridericia"} if cared else set())


def test_a_t_that_hardly_ends_is_not_measured(monkeypatch) -> None:
    measured = measured_as(slow(heart(), 0.21), monkeypatch)
    assert measured.qt is None
    assert measured.reasons["qt"] == "T runs out too slowly for its end to be seen"


@pytest.mark.parametrize(("seconds", "told"), [(0.05, True), (0.12, False)])
def test_a_slow_end_of_t_beside_the_next_p_is_that_p(seconds, told, monkeypatch) -> None:
    plain = measure(ecg(rate=500))
    assert plain.heart_rate is not None and plain.pr is not None
    before_p = 60 / plain.heart_rate - plain.pr / 1000 - 0.16
    found = heart(t_end=before_p - 0.03, p_onset=-plain.pr / 1000 - 0.16, p_end=-0.05)
    measured = measured_as(slow(found, seconds), monkeypatch)
    assert (measured.qt is not None) is told
    assert measured.reasons.get("qt") == (None if told else NO_ROOM)


@pytest.mark.parametrize(("after", "told"), [(0.40, False), (0.62, True)])
def test_an_early_beat_within_t_leaves_no_qt(after, told, monkeypatch) -> None:
    found = heart(t_end=0.5)
    basic = found.families[0]
    early = basic.family.centres[::3] + round(after * found.clean.rate)
    ectopic = replace(basic, family=replace(basic.family, centres=early))
    measured = measured_as(replace(found, families=(basic, ectopic)), monkeypatch)
    assert (measured.qt is not None) is told
    assert measured.reasons.get("qt") == (None if told else NO_ROOM)


@pytest.mark.parametrize(("end", "cared"), [(0.50, set()), (0.58, {"qt", "qtc_fridericia"})])
def test_a_very_long_qtc_is_to_be_checked(end, cared, monkeypatch) -> None:
    measured = measured_as(heart(t_end=end, p_onset=None, p_end=None), monkeypatch)
    assert measured.qtc_fridericia is not None
    said = {name for name, why in measured.caveats.items() if "QTc longer than 550 ms" in why}
    assert said == (cared and cared | {"qtc_bazett"})


@pytest.mark.parametrize(("end", "cared"), [(0.19, False), (0.21, True)])
def test_a_very_long_qrs_is_to_be_checked(end, cared, monkeypatch) -> None:
    measured = measured_as(heart(qrs_end=end), monkeypatch)
    assert measured.qrs == pytest.approx(1000 * end)
    said = "QRS longer than 200 ms, to be checked on the trace"
    assert measured.caveats.get("qrs") == (said if cared else None)


def with_p(factor: float, spike: float = 0.0) -> Ecg:
    """A heart whose P waves are so much larger, and with a pacemaker's spike for each, in mV."""
    simulated = simulate_record(3, rate=500, heart_rate=60, noise=0)
    signal, time = simulated.clean.copy(), np.arange(simulated.clean.shape[1]) / 500
    for beat in simulated.truth.beats:
        assert beat.p_on is not None
        first, last = round((beat.p_on - 0.01) * 500), round((beat.qrs_on - 0.004) * 500)
        if first >= 0 and last < signal.shape[1]:
            ends = signal[:, [first, last]]
            flat = np.linspace(ends[:, 0], ends[:, 1], last - first, axis=1)
            signal[:, first:last] = flat + factor * (signal[:, first:last] - flat)
        at = beat.qrs_on - 0.15
        signal += spike * np.exp(-(((time - at) / 0.004) ** 2)) * np.linspace(0.4, 1, 12)[:, None]
    return Ecg(signal=with_laws(signal), rate=500)


ODD_P = "no sinus P or leads exchanged, by the P axis"


def test_a_p_against_the_usual_direction_is_to_be_taken_with_care() -> None:
    upright, inverted = measure(with_p(1)), measure(with_p(-1))
    assert upright.pr is not None and inverted.pr is not None and inverted.p_axis is not None
    assert "pr" not in upright.caveats
    assert not -30 <= inverted.p_axis <= 110
    assert inverted.caveats["pr"] == inverted.caveats["p_axis"] == ODD_P


@pytest.mark.parametrize(("factor", "told"), [(1, True), (-1, False)])
def test_in_an_uneven_rhythm_such_a_p_is_none(factor, told, monkeypatch) -> None:
    signal = with_p(factor)
    found = replace(analyse(signal), irregularity=0.1)
    monkeypatch.setattr("core.intervals.analyse", lambda _: found)
    measured = measure(signal)
    assert (measured.pr is not None) is told
    assert told or measured.reasons["pr"].endswith("and an irregular rhythm")


def test_a_bend_of_the_baseline_does_not_turn_the_axis_of_p() -> None:
    signal = with_p(1)
    level = measure(signal).p_axis
    beats = simulate_record(3, rate=500, heart_rate=60, noise=0).truth.beats
    bent = signal.signal.copy()
    for beat in beats:
        assert beat.p_on is not None
        first, last = round((beat.p_on - 0.1) * 500), round((beat.qrs_on - 0.01) * 500)
        if first >= 0 and last < bent.shape[1]:
            bent[:, first:last] -= np.linspace(0, 0.3, last - first, dtype=np.float32)
            bent[:, last : last + 5] -= np.linspace(0.3, 0, 5, dtype=np.float32)
    bent = Ecg(signal=with_laws(bent), rate=500)
    assert measure(bent).p_axis == pytest.approx(level, abs=25)


def test_next_to_nothing_is_no_p() -> None:
    measured = measure(with_p(0.12))
    assert measured.pr is measured.p_axis is None
    assert measured.reasons["pr"] == "no P wave of 0.04 mV or more in any lead"


def test_a_spike_of_a_pacemaker_is_no_p() -> None:
    measured = measure(with_p(0.1, spike=1.0))
    assert measured.pr is measured.p_axis is None
    assert measured.reasons["pr"].startswith("what stands before QRS is too fast for a P wave")


def test_one_early_beat_makes_the_rhythm_uneven() -> None:
    record = simulate_record(7, rate=500, ectopics=1).ecg
    assert analyse(record).irregularity < 0.075
    measured = measure(record)
    assert "irregular rhythm" in measured.caveats["qtc_fridericia"]


@pytest.mark.parametrize(("lead", "told"), [(Lead.V5, True), (Lead.II, False)])
def test_a_dead_lead_on_the_chest_leaves_the_rate(lead: Lead, told: bool) -> None:
    signal = ecg().signal.copy()
    signal[LEADS.index(lead)] = 0
    measured = measure(replace(ecg(), signal=signal))
    assert measured.qrs is None and measured.reasons["qrs"].startswith(f"No signal in {lead} (flat")
    if told:
        assert measured.heart_rate == pytest.approx(measure(ecg()).heart_rate, abs=1)
        assert measured.caveats["heart_rate"].startswith("by the limb leads alone")
    else:
        assert measured.heart_rate is None and measured.caveats == {}
