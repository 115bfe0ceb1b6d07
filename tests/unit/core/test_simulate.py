"""One simulated ECG: its algebra, its pathology, its truth."""

from collections.abc import Sequence

import numpy as np
import pytest

from core.ecg import LEADS, Lead, Superclass
from core.errors import SimulationInvalid
from core.simulate import Finding, Simulated, Stage, simulate_record
from core.simulate.vcg import Dipole, project
from tests.ecg_reading import Reading

SEEDS = range(4)
INFERIOR = (Lead.II, Lead.III, Lead.AVF)


def read(finding: Finding, seed: int, stage: Stage | None = None) -> Reading:
    return Reading(quiet(finding, seed=seed, stage=stage))


def quiet(*findings: Finding, seed: int = 1, stage: Stage | None = None) -> Simulated:
    """A record without noise, a little past the median of its finding."""
    return simulate_record(
        seed, findings, age=60, heart_rate=60, noise=0, severity=1.2, stage=stage
    )


def row(signal: np.ndarray, lead: Lead) -> np.ndarray:
    return signal[LEADS.index(lead)]


def test_limb_leads_obey_einthoven_and_goldberger() -> None:
    signal = project(np.random.default_rng(0).standard_normal((3, 500)))
    one, two = row(signal, Lead.I), row(signal, Lead.II)
    assert np.array_equal(row(signal, Lead.III), two - one)
    assert np.array_equal(row(signal, Lead.AVR), -(one + two) / 2)
    assert np.array_equal(row(signal, Lead.AVL), one - two / 2)
    assert np.array_equal(row(signal, Lead.AVF), two - one / 2)


def test_noise_obeys_einthoven_too() -> None:
    signal = simulate_record(3, noise=20).ecg.signal.astype(np.float64)
    assert np.abs(row(signal, Lead.II) - row(signal, Lead.I) - row(signal, Lead.III)).max() < 1e-6


def test_a_dipole_of_one_millivolt_shows_dowers_coefficients() -> None:
    to_the_left = Dipole.of([(0, 10, (1.0, 0.0, 0.0))]).at(np.array([0.0]))
    shown = dict(zip(LEADS, project(to_the_left)[:, 0].round(4), strict=True))
    assert shown[Lead.I] == 0.632
    assert shown[Lead.V1] == -0.515
    assert shown[Lead.V5] == 1.125
    assert shown[Lead.III] == pytest.approx(0.235 - 0.632)


def test_a_record_is_ten_seconds_of_twelve_leads() -> None:
    ecg = simulate_record(1, rate=250).ecg
    assert ecg.signal.shape == (12, 2500)
    assert ecg.rate == 250
    assert np.isfinite(ecg.signal).all()


def test_the_same_seed_gives_the_same_samples() -> None:
    first, second, other = (simulate_record(s, [Finding.IMI]).ecg.signal for s in (5, 5, 6))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_one_heart_looks_alike_at_two_visits() -> None:
    first, again, other = (
        Reading(simulate_record(visit, heart_seed=heart, noise=0))
        for visit, heart in ((1, 7), (2, 7), (2, 8))
    )
    assert first.r(Lead.V5) != again.r(Lead.V5)
    assert abs(first.r(Lead.V5) - again.r(Lead.V5)) < abs(first.r(Lead.V5) - other.r(Lead.V5))


@pytest.mark.parametrize("heart_rate", [40, 70, 100, 140])
def test_the_heart_beats_at_the_rate_asked_for(heart_rate: float) -> None:
    simulated = simulate_record(2, heart_rate=heart_rate, noise=0)
    times = [beat.r for beat in simulated.truth.beats]
    assert 60 / np.diff(times).mean() == pytest.approx(heart_rate, rel=0.01)
    assert np.diff(times).std() > 0.001


def test_beats_stand_where_the_truth_says() -> None:
    simulated = simulate_record(2, heart_rate=75, noise=0)
    size = np.abs(np.diff(simulated.clean, axis=1)).sum(axis=0)
    for beat in simulated.truth.beats[1:-1]:
        inside = size[round(beat.qrs_on * 500) : round(beat.qrs_off * 500)]
        before = size[round((beat.qrs_on - 0.04) * 500) : round(beat.qrs_on * 500) - 1]
        assert inside.max() > 8 * before.max()


def test_qt_shortens_with_the_rate() -> None:
    slow, fast = (simulate_record(2, heart_rate=rate).truth.beats[2] for rate in (50, 110))
    assert slow.t_off - slow.qrs_on > fast.t_off - fast.qrs_on + 0.08


def test_voltage_falls_with_age_and_is_smaller_in_women() -> None:
    def voltage(age: float, sex: str) -> float:
        readings = [Reading(simulate_record(seed, age=age, sex=sex, noise=0)) for seed in range(12)]
        return float(np.mean([r.r(Lead.V5) + r.s(Lead.V1) for r in readings]))

    young, old, woman = voltage(25, "male"), voltage(80, "male"), voltage(25, "female")
    assert young > old
    assert young > woman


def test_an_ectopic_beat_comes_early_and_wide_and_carries_no_finding() -> None:
    simulated = simulate_record(4, [Finding.LVH], ectopics=2, noise=0)
    beats = simulated.truth.beats
    early = [n for n, beat in enumerate(beats) if beat.ectopic]
    assert len(early) == 2
    for n in early:
        assert beats[n].p_on is None
        assert beats[n].qrs_off - beats[n].qrs_on > 0.12
        assert beats[n].r - beats[n - 1].r < 0.8 * (beats[n + 1].r - beats[n].r)
        hit = [r for r in simulated.truth.regions if r.start_s <= beats[n].r <= r.end_s]
        assert hit == []


# --- each pathology shows its textbook criterion -------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_normal(seed: int) -> None:
    ecg = read(Finding.NORM, seed)
    assert ecg.qrs_ms < 120
    assert 118 <= ecg.pr_ms <= 205
    assert -30 <= ecg.axis() <= 100
    assert ecg.s(Lead.V1) + max(ecg.r(Lead.V5), ecg.r(Lead.V6)) < 3.5
    assert ecg.t(Lead.II) > 0 and ecg.t(Lead.V5) > 0


@pytest.mark.parametrize("seed", SEEDS)
def test_left_bundle_branch_block(seed: int) -> None:
    ecg = Reading(quiet(Finding.CLBBB, seed=seed), steady=0.08)
    assert 120 <= ecg.qrs_ms <= 190
    assert ecg.s(Lead.V1) > 3 * ecg.r(Lead.V1)
    assert ecg.q(Lead.V6) < 0.03 and ecg.q(Lead.I) < 0.03
    assert ecg.t(Lead.V6) < 0 < ecg.t(Lead.V1)


@pytest.mark.parametrize("seed", SEEDS)
def test_right_bundle_branch_block(seed: int) -> None:
    ecg = read(Finding.CRBBB, seed)
    assert 120 <= ecg.qrs_ms <= 175
    assert ecg.late(Lead.V1).max() > 0.2
    assert ecg.late(Lead.I).min() < -0.1 and ecg.late(Lead.V6).min() < -0.1


@pytest.mark.parametrize("seed", SEEDS)
def test_incomplete_right_bundle_branch_block(seed: int) -> None:
    ecg = read(Finding.IRBBB, seed)
    assert 95 <= ecg.qrs_ms <= 120
    assert ecg.late(Lead.V1).max() > 0.05


@pytest.mark.parametrize("seed", SEEDS)
def test_first_degree_block(seed: int) -> None:
    assert read(Finding.AVB1, seed).pr_ms > 200


@pytest.mark.parametrize("seed", SEEDS)
def test_left_anterior_fascicular_block(seed: int) -> None:
    ecg = read(Finding.LAFB, seed)
    assert -90 <= ecg.axis() <= -45
    assert all(ecg.s(lead) > ecg.r(lead) > 0 for lead in INFERIOR)


@pytest.mark.parametrize("seed", SEEDS)
def test_left_posterior_fascicular_block(seed: int) -> None:
    ecg = read(Finding.LPFB, seed)
    assert 90 < ecg.axis() <= 180
    assert ecg.s(Lead.I) > ecg.r(Lead.I)


@pytest.mark.parametrize("seed", SEEDS)
def test_intraventricular_delay(seed: int) -> None:
    ecg = read(Finding.IVCD, seed)
    assert 0.11 <= ecg.beat.qrs_off - ecg.beat.qrs_on <= 0.14
    assert ecg.qrs_ms > read(Finding.NORM, seed).qrs_ms + 10


@pytest.mark.parametrize("seed", SEEDS)
def test_left_ventricular_hypertrophy(seed: int) -> None:
    ecg = read(Finding.LVH, seed)
    assert ecg.s(Lead.V1) + max(ecg.r(Lead.V5), ecg.r(Lead.V6)) >= 3.4


@pytest.mark.parametrize("seed", SEEDS)
def test_right_ventricular_hypertrophy(seed: int) -> None:
    ecg = read(Finding.RVH, seed)
    assert ecg.r(Lead.V1) > ecg.s(Lead.V1)
    assert not -90 <= ecg.axis() <= 90
    assert ecg.s(Lead.V6) > 0.2


@pytest.mark.parametrize("seed", SEEDS)
def test_atria(seed: int) -> None:
    left, right = read(Finding.LAE, seed), read(Finding.RAE, seed)
    assert left.beat.p_off is not None and left.beat.p_on is not None
    assert left.beat.p_off - left.beat.p_on >= 0.12
    assert left.p(Lead.V1).min() < -0.05
    assert right.p(Lead.II).max() >= 0.2


ACUTE: dict[Finding, tuple[Sequence[Lead], Sequence[Lead]]] = {
    Finding.ASMI: ((Lead.V1, Lead.V2, Lead.V3), ()),
    Finding.AMI: ((Lead.V2, Lead.V3, Lead.V4), ()),
    Finding.ALMI: ((Lead.V3, Lead.V4), ()),
    Finding.LMI: ((Lead.I, Lead.AVL), (Lead.III,)),
    Finding.IMI: (INFERIOR, (Lead.AVL,)),
    Finding.ILMI: ((Lead.II, Lead.AVF), (Lead.AVR,)),
    Finding.PMI: ((), (Lead.V1, Lead.V2, Lead.V3)),
}


@pytest.mark.parametrize("finding", ACUTE)
def test_an_acute_infarct_raises_st_over_its_wall_and_lowers_it_opposite(finding: Finding) -> None:
    raised, lowered = ACUTE[finding]
    ecg = read(finding, 1, Stage.ACUTE)
    assert all(ecg.st(lead) >= 0.1 for lead in raised)
    assert all(ecg.st(lead) <= -0.05 for lead in lowered)


@pytest.mark.parametrize("seed", SEEDS)
def test_an_old_inferior_infarct_leaves_q_waves(seed: int) -> None:
    ecg = read(Finding.IMI, seed, Stage.OLD)
    assert sum(ecg.q(lead) >= 0.08 for lead in INFERIOR) >= 2


@pytest.mark.parametrize("seed", SEEDS)
def test_an_old_anteroseptal_infarct_takes_r_from_v2_and_v3(seed: int) -> None:
    infarct, normal = read(Finding.ASMI, seed, Stage.OLD), read(Finding.NORM, seed)
    assert infarct.r(Lead.V3) < 0.4
    assert infarct.r(Lead.V3) < 0.7 * normal.r(Lead.V3)
    assert infarct.q(Lead.V2) > normal.q(Lead.V2)


@pytest.mark.parametrize("seed", SEEDS)
def test_an_old_posterior_infarct_raises_r_in_v2(seed: int) -> None:
    infarct, normal = read(Finding.PMI, seed, Stage.OLD), read(Finding.NORM, seed)
    assert infarct.r(Lead.V2) / infarct.s(Lead.V2) > 1.5 * normal.r(Lead.V2) / normal.s(Lead.V2)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("finding", "lead"),
    [(Finding.ISC, Lead.V5), (Finding.ISCAL, Lead.V5), (Finding.ISCIN, Lead.II),
     (Finding.DIG, Lead.V5)],
)  # fmt: skip
def test_ischaemia_and_digitalis_lower_st(finding: Finding, lead: Lead, seed: int) -> None:
    assert read(finding, seed).st(lead) <= -0.05


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("finding", [Finding.NDT, Finding.NST, Finding.ISCAL, Finding.ISC])
def test_st_t_change_flattens_or_turns_t(finding: Finding, seed: int) -> None:
    assert read(finding, seed).t(Lead.V5) < 0.7 * read(Finding.NORM, seed).t(Lead.V5)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_long_qt_is_460_ms_at_60_a_minute(seed: int) -> None:
    beat = read(Finding.LNGQT, seed).beat
    assert beat.t_off - beat.qrs_on > 0.46


# --- truth ---------------------------------------------------------------------------------------


def test_a_normal_record_has_no_pathological_region() -> None:
    assert simulate_record(1).truth.regions == ()


@pytest.mark.parametrize("finding", [f for f in Finding if f is not Finding.NORM])
def test_every_finding_has_regions_in_every_beat(finding: Finding) -> None:
    truth = quiet(finding).truth
    assert {region.statement for region in truth.regions} == {finding.value}
    assert {region.superclass for region in truth.regions} == {finding.superclass}
    starts = {region.start_s for region in truth.regions}
    assert len(starts) >= len(truth.beats) - 1
    assert all(0 <= region.start_s < region.end_s <= 10 for region in truth.regions)


def test_the_region_of_an_acute_infarct_is_where_st_is_raised() -> None:
    simulated = quiet(Finding.IMI, stage=Stage.ACUTE)
    leads = {region.lead for region in simulated.truth.regions if region.wave == "ST"}
    assert set(INFERIOR) <= leads
    assert Lead.V6 not in leads
    assert {region.wave for region in simulated.truth.regions} == {"Q", "ST", "T"}


def test_the_region_of_a_long_pr_ends_where_qrs_begins() -> None:
    truth = quiet(Finding.AVB1).truth
    ends = {region.end_s for region in truth.regions}
    assert {beat.qrs_on for beat in truth.beats} >= ends
    assert {region.wave for region in truth.regions} == {"PR"}


def test_combined_findings_each_have_their_regions() -> None:
    regions = quiet(Finding.LVH, Finding.ISCAL, Finding.AVB1).truth.regions
    classes = {region.superclass for region in regions}
    assert classes == {Superclass.HYP, Superclass.STTC, Superclass.CD}


def test_the_injury_of_an_acute_infarct_outlives_a_bundle_branch_block() -> None:
    both, block = (
        Reading(quiet(*findings, stage=Stage.ACUTE))
        for findings in ([Finding.IMI, Finding.CLBBB], [Finding.CLBBB])
    )
    assert both.st(Lead.III) > block.st(Lead.III) + 0.1


# --- what cannot be simulated --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"findings": ["FLU"]}, "finding 'FLU' cannot be simulated: choose from NORM, ASMI"),
        ({"findings": ["NORM", "LVH"]}, "NORM together with LVH: a normal ECG has no other"),
        ({"heart_rate": 20}, "heart rate 20 /min: give one from 30 to 200"),
        ({"age": -1}, "age -1: give years from 0 to 120"),
    ],
)
def test_what_cannot_be_simulated_is_named(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(SimulationInvalid, match="^" + message.replace("(", r"\(")):
        simulate_record(1, **arguments)
