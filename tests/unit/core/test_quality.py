"""What must never be scored is refused with a reason; what is suspect is said to the reader."""

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from core.beats import find_beats
from core.changes import UNREADABLE
from core.ecg import LEADS, Ecg, Lead
from core.noise import INDEPENDENT, measure
from core.preprocess import prepare
from core.ptbxl import Ptbxl
from core.quality import Quality, assess
from core.simulate import Finding, simulate_record
from tests.factories_ecg import changed, ecg


def scaled(factor: float) -> Ecg:
    return Ecg(signal=ecg().signal * np.float32(factor), rate=100)


def lasting(seconds: float) -> Ecg:
    return Ecg(signal=ecg().signal[:, : round(100 * seconds)], rate=100)


def with_nan(*leads: Lead) -> Ecg:
    signal = ecg().signal.copy()
    for lead in leads:
        signal[LEADS.index(lead), 100:105] = np.nan
    return Ecg(signal=signal, rate=100)


def noise(size_mv: float) -> np.ndarray:
    return np.random.default_rng(3).normal(0, size_mv, (12, 1000)).astype(np.float32)


def alone(kind: str, *, seed: int) -> Ecg:
    return UNREADABLE[kind](ecg(), np.random.default_rng(seed))


def flat_from(second: int, *names: str) -> Ecg:
    signal = ecg().signal.copy()
    for name in names:
        signal[LEADS.index(Lead(name)), 100 * second :] = 0
    return Ecg(signal=signal, rate=100)


def silent(start: float, end: float, *names: str, hiss_mv: float = 0, rate: float = 100) -> Ecg:
    """The leads named (else all) still between two times, but for a hiss."""
    signal = ecg(rate=rate).signal.copy()
    rows = [LEADS.index(Lead(name)) for name in names or LEADS]
    span = slice(round(start * rate), round(end * rate))
    hiss = np.random.default_rng(3).normal(0, 1, (len(rows), signal[0, span].size))
    signal[rows, span] = hiss_mv * hiss
    return Ecg(signal=signal, rate=rate)


NO_QRS = (
    "No QRS complexes stand out: check the patient first, then the electrodes, and record again."
)
REFUSED: dict[str, tuple[Callable[[], Ecg], str]] = {
    "short": (
        lambda: lasting(9.5),
        "The record lasts 9.50 s, 10 s are needed: record it again.",
    ),
    "short by a sample": (
        lambda: Ecg(signal=np.zeros((12, 3333), np.float32), rate=333.33),
        "The record lasts 9.99 s, 10 s are needed: record it again.",
    ),
    "empty": (
        lambda: lasting(0),
        "The record lasts 0.00 s, 10 s are needed: record it again.",
    ),
    "wrong rate": (
        lambda: Ecg(signal=ecg().signal, rate=500),
        "The record lasts 2.00 s, 10 s are needed: record it again.",
    ),
    "rate too low": (
        lambda: Ecg(signal=ecg().signal, rate=10),
        "The record has 10 samples a second, 50 are needed to see a QRS complex: "
        "export it at its full rate.",
    ),
    "NaN in one lead": (
        lambda: with_nan(Lead.V3),
        "5 samples are not numbers, in V3: export the record again.",
    ),
    "one NaN": (
        lambda: UNREADABLE["one sample NaN"](ecg(), np.random.default_rng(1)),
        "1 sample is not a number, in ",
    ),
    "NaN in all leads": (
        lambda: with_nan(*LEADS),
        "60 samples are not numbers, in all leads: export the record again.",
    ),
    "infinite": (
        lambda: changed(ecg(), II=np.inf),
        "1000 samples are not numbers, in II: export the record again.",
    ),
    "all flat": (
        lambda: scaled(0),
        "All twelve leads are flat: check the electrodes and the cable.",
    ),
    "one lead flat": (
        lambda: changed(ecg(), V5=0.4),
        "No signal in V5 (flat for 10 s of 10 s): attach the electrode and record again.",
    ),
    "three leads flat": (
        lambda: changed(ecg(), I=0, aVL=0, V1=0),
        "No signal in I, aVL and V1 (flat for 10 s of 10 s): "
        "attach the electrode and record again.",
    ),
    "lost half-way": (
        lambda: flat_from(4, "V6"),
        "No signal in V6 (flat for 6 s of 10 s): attach the electrode and record again.",
    ),
    "clipped": (
        lambda: Ecg(signal=ecg().signal.clip(-0.21, 0.21), rate=100),
        "cut off",
    ),
    "clipped in small leads": (
        lambda: Ecg(signal=ecg().signal.clip(-0.12, 0.12), rate=100),
        "cut off",
    ),
    "ten times a heart": (
        lambda: Ecg(signal=ecg().signal * 10, rate=100),
        "A typical lead swings 9 mV: no heart is that large. "
        "Check the gain, and the unit of the file (uV read as mV?).",
    ),
    "a chest lead with another gain": (
        lambda: changed(ecg(), V3=8 * ecg().lead(Lead.V3)),
        "V3: the QRS complex swings 8.0 mV, 7.1 times as much as in any other lead. "
        "Check its gain and its electrode, and record again.",
    ),
    "one lead in all": (
        lambda: Ecg(signal=np.tile(ecg().lead(Lead.II), (12, 1)), rate=100),
        "All leads show one signal in different sizes, as a loose electrode makes it and no "
        "heart: check the patient first, then the electrodes, and record again.",
    ),
    "electrode open": (
        lambda: changed(ecg(), V5=noise(0.004)[0]),
        "No signal in V5 (flat for 10 s of 10 s): attach the electrode and record again.",
    ),
    "interrupted": (
        lambda: silent(0, 4),
        "No signal in any lead from 0.0 to 4.0 s: check the patient first, then the cable, "
        "and record again.",
    ),
    "interrupted with hiss": (
        lambda: silent(5, 9, hiss_mv=0.02, rate=500),
        "No signal in any lead from ",
    ),
    "interrupted for two seconds": (
        lambda: silent(3.4, 5.42),
        "No signal in any lead from 3.4 to 5.4 s: check the patient first, then the cable, "
        "and record again.",
    ),
    "lost for five seconds and between": (
        lambda: silent(2.5, 7.6, "V4"),
        "No signal in V4 (flat for 5 s of 10 s): attach the electrode and record again.",
    ),
    # what the end of a record leaks into the band of QRS stands out, by 10 uV or so
    "wander that stands out": (lambda: alone("baseline wander only", seed=37), NO_QRS),
    "hum that stands out": (lambda: alone("mains hum only", seed=10), NO_QRS),
    "noise": (lambda: Ecg(signal=noise(0.2), rate=100), NO_QRS),
    "the same noise in all leads": (
        lambda: Ecg(signal=np.tile(noise(0.2)[0], (12, 1)), rate=100),
        NO_QRS,
    ),
    "drift": (lambda: Ecg(signal=noise(0.05).cumsum(axis=1), rate=100), NO_QRS),
    "one lead loose": (
        lambda: changed(ecg(), V2=noise(1.0)[7].cumsum() / 5),
        "V2: the disturbance is",
    ),
}


@pytest.mark.parametrize(("make", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_must_not_be_scored_is_refused(make: Callable[[], Ecg], reason: str) -> None:
    quality = assess(make())
    assert not quality.acceptable
    assert quality.score < 0.5
    assert len(quality.reasons) == 1
    if reason.endswith("."):
        assert quality.reasons == (reason,)
    else:
        assert reason in quality.reasons[0]


@pytest.mark.parametrize("rate", [100, 500])
@pytest.mark.parametrize("kind", UNREADABLE)
def test_what_nobody_could_read_is_refused_at_any_rate(kind: str, rate: float) -> None:
    refused = [
        assess(UNREADABLE[kind](ecg(seed, rate=rate), np.random.default_rng(seed)))
        for seed in range(1, 5)
    ]
    assert not [quality for quality in refused if quality.acceptable or not quality.reasons]


def on_the_rail(start: float, end: float, name: str = "V3", hiss_mv: float = 0.02) -> Ecg:
    """One lead at 5 mV between two times, with a hiss on it."""
    lead = ecg(rate=500).lead(Lead(name)).copy()
    span = slice(round(500 * start), round(500 * end))
    lead[span] = 5 + hiss_mv * np.random.default_rng(3).normal(0, 1, lead[span].size)
    return changed(ecg(rate=500), **{name: lead})


def said_of_the_rail(start: float, end: float, name: str = "V3") -> str:
    return (
        f"{name}: at the end of the recorder's range, from {start:.1f} to {end:.1f} s and without "
        "a heartbeat there. Check the electrode and record again."
    )


@pytest.mark.parametrize(("start", "end"), [(3, 7), (2, 7.5), (1, 8), (0, 9), (8, 10)])
def test_a_lead_that_hisses_on_the_rail_is_refused(start: float, end: float) -> None:
    """Also where it lies there for most of the record."""
    assert assess(on_the_rail(start, end)).reasons == (said_of_the_rail(start, end),)


def test_a_lead_that_hisses_far_off_throughout_holds_no_heartbeat() -> None:
    """A recorder without a high-pass may have any offset, so it is not called the rail."""
    (said,) = assess(on_the_rail(0, 10)).warnings
    assert said == "No heartbeat in V3: check the electrode."


def test_leads_on_the_rail_at_different_times_are_told_apart() -> None:
    both = changed(on_the_rail(1, 3, "V1"), V4=on_the_rail(6, 9, "V4").lead(Lead.V4))
    assert assess(both).reasons == (
        said_of_the_rail(1, 3, "V1"),
        said_of_the_rail(6, 9, "V4"),
    )


def test_wander_is_no_voltage() -> None:
    """It was told to check the gain and the unit of the file."""
    breath = 4 * np.sin(2 * np.pi * 0.2 * np.arange(1000) / 100)
    quality = assess(Ecg(signal=(ecg().signal + breath).astype(np.float32), rate=100))
    assert quality.acceptable
    assert quality.warnings == ("The baseline wanders by 8.1 mV in all leads.",)


def flattened(second_source: float) -> Ecg:
    """A heart that turns so little that its second principal component is that of the first."""
    eight = ecg().signal[list(INDEPENDENT)]
    noise = measure(ecg().signal, 100)
    own = noise.qrs.second_source
    left, size, right = np.linalg.svd(eight - eight.mean(axis=1, keepdims=True), False)
    size[1:] *= second_source / own
    one, two, *chest = (left * size) @ right
    limb = [one, two, two - one, -(one + two) / 2, one - two / 2, two - one / 2]
    return Ecg(signal=np.array([*limb, *chest], np.float32), rate=100)


@pytest.mark.parametrize(("second_source", "refused"), [(0.02, True), (0.08, False)])
def test_a_heart_that_hardly_turns_is_a_heart(second_source: float, refused: bool) -> None:
    """PTB-XL 21309, the least of 19,601: 0.045."""
    reasons = " ".join(assess(flattened(second_source)).reasons)
    assert ("All leads show one signal" in reasons) is refused


def test_wander_that_carries_a_heart_is_not_on_the_rail() -> None:
    time = np.arange(1000) / 100
    adrift = ecg().lead(Lead.V3) + 3 * np.tanh(10 * np.sin(2 * np.pi * time / 10))
    quality = assess(changed(ecg(), V3=adrift))
    assert quality.acceptable
    assert [said for said in quality.warnings if "wanders by" in said]


def test_a_lead_that_is_large_beside_the_others_is_told() -> None:
    """PTB-XL 16715: V2 three times as large as the next; nobody knows why."""
    beside = ecg().signal
    next_largest = np.ptp(np.delete(beside, LEADS.index(Lead.V3), axis=0), axis=1).max()
    large = beside[LEADS.index(Lead.V3)] * (3 * next_largest / np.ptp(beside[LEADS.index(Lead.V3)]))
    quality = assess(changed(ecg(), V3=large.astype(np.float32)))
    assert quality.acceptable
    assert re.match(
        r"V3: the QRS complex swings \d\.\d mV, [23]\.\d times as much as in any other lead\. "
        r"Check its gain and its electrode\.",
        quality.warnings[0],
    )


@pytest.mark.parametrize(
    ("factor", "reason"),
    [
        (
            1e3,
            r"A typical lead swings \d+ mV: no heart is that large\. Check the gain, and ",
        ),
        (
            1e-3,
            r"The largest lead swings 0\.\d+ mV: no heart is that small\. "
            "Check the electrodes, and ",
        ),
    ],
)
def test_a_wrong_unit_is_refused(factor: float, reason: str) -> None:
    quality = assess(scaled(factor))
    assert not quality.acceptable
    (said,) = quality.reasons
    assert re.match(reason + "the unit of the file", said)


@pytest.mark.parametrize("rate", [100, 250, 257, 360, 500, 1000])
def test_a_good_record_is_good_at_any_rate(rate: float) -> None:
    assert assess(ecg(rate=rate)) == Quality(acceptable=True, score=pytest.approx(1, abs=0.02))


@pytest.mark.parametrize("factor", [0.25, 4])
def test_high_and_low_voltage_are_findings_and_no_faults(factor: float) -> None:
    assert assess(scaled(factor)).acceptable


@pytest.mark.parametrize("finding", list(Finding))
def test_disease_is_not_taken_for_a_fault(finding: Finding) -> None:
    quality = assess(simulate_record(2, [finding], rate=100, ectopics=2).ecg)
    assert (quality.acceptable, quality.warnings) == (True, ())


def test_beats_that_do_not_come_back_are_beats_if_they_stand_out() -> None:
    """Atrial fibrillation with bundle branch block: PTB-XL 20832."""
    signal = ecg().signal.copy()
    peaks = find_beats(signal, 100).peaks
    for start, end in zip(peaks[::2] - 40, peaks[1::2] - 40, strict=False):
        signal[:, max(start, 0) : end] *= -1
    assert assess(Ecg(signal=signal, rate=100)).acceptable


@pytest.mark.parametrize(
    ("names", "said"), [(("V2",), "V2"), (("I", "II", "V6"), "I, II and V6")], ids=str
)
def test_a_lead_that_is_lost_for_a_while_is_told(names: tuple[str, ...], said: str) -> None:
    quality = assess(silent(3, 7, *names))
    assert quality.acceptable
    assert 0.5 <= quality.score < 0.7
    assert quality.warnings[0].startswith(f"No signal in {said} from ")
    assert re.search(
        r"from (2\.[89]|3\.0) to 7\.[01] s: check the electrode\. ", quality.warnings[0]
    )


def test_leads_lost_at_different_times_are_told_apart() -> None:
    quality = assess(silent(6, 9, "V1"))
    both = changed(silent(1, 4, "V5"), V1=silent(6, 9, "V1").lead(Lead.V1))
    said = [said for said in assess(both).warnings if said.startswith("No signal")]
    assert [said.split(" from ")[0] for said in said] == ["No signal in V5", "No signal in V1"]
    assert said[1] in quality.warnings


def test_a_pause_shorter_than_two_seconds_is_no_gap() -> None:
    assert assess(silent(4, 5.5)).acceptable


@pytest.mark.parametrize("size_uv", [10, 20, 30, 50])
def test_a_lead_of_noise_alone_holds_no_heartbeat(size_uv: int) -> None:
    """Not an exchange of V1 and V2, which it looked like."""
    quality = assess(changed(ecg(), V2=noise(size_uv / 1000)[7]))
    assert quality.acceptable
    assert quality.warnings[0] == "No heartbeat in V2: check the electrode."
    assert not [said for said in quality.warnings if "exchanged" in said]


def test_a_lead_of_wander_alone_holds_no_heartbeat() -> None:
    breath = 0.3 * np.sin(2 * np.pi * 0.3 * np.arange(1000) / 100)
    assert assess(changed(ecg(), V2=breath, V6=-breath)).warnings == (
        "No heartbeat in V2 and V6: check the electrodes.",
    )


def with_i_of(share_of_ii: float) -> Ecg:
    """The heart's axis turned in the frontal plane, by lead I, with a hiss; the laws hold."""
    two = ecg().lead(Lead.II)
    one = share_of_ii * two + noise(0.02)[0]
    limb = {"I": one, "III": two - one, "aVR": -(one + two) / 2}
    return changed(ecg(), **limb, aVL=one - two / 2, aVF=two - one / 2)


@pytest.mark.parametrize(
    ("across", "share"), [("III", 1), ("aVR", -1), ("aVL", 0.5), ("aVF", 2)], ids=str
)
def test_a_limb_lead_across_the_axis_is_no_fault(across: str, share: float) -> None:
    turned = with_i_of(share)
    assert np.ptp(turned.lead(Lead(across))) < 0.2  # the hiss alone
    quality = assess(turned)
    assert quality.acceptable
    assert not [said for said in quality.warnings if said.startswith("No heartbeat")]


def test_a_recorded_limb_lead_without_a_heartbeat_has_two_electrodes_to_check() -> None:
    assert assess(with_i_of(0)).warnings == ("No heartbeat in I: check the electrodes.",)


@pytest.mark.parametrize("name", ["III", "aVR", "aVL", "aVF"])
def test_a_derived_limb_lead_that_is_noise_in_the_file_is_told(name: str) -> None:
    (said,) = assess(changed(ecg(), **{name: noise(0.03)[7]})).warnings
    assert said.startswith(
        "Possible lead reversal: the limb leads do not belong together under these names"
    )


@pytest.mark.parametrize(("one", "two"), [("V1", "V2"), ("V5", "V6"), ("V2", "V4")])
def test_a_lead_that_is_a_copy_is_named(one: str, two: str) -> None:
    offset = ecg().lead(Lead(one)) + np.float32(0.1)
    assert assess(changed(ecg(), **{two: offset})).warnings == (
        f"{one} and {two} are the same signal: check the leads and the file.",
    )


@pytest.mark.parametrize("seed", range(1, 6))
def test_a_small_lead_with_a_heart_is_no_fault(seed: int) -> None:
    small = ecg(seed).lead(Lead.V2) / 8 + noise(0.005)[0]
    said = assess(changed(ecg(seed), V2=small)).warnings
    assert not [warning for warning in said if warning.startswith("No heartbeat")]


def test_what_comes_after_ten_seconds_is_not_judged() -> None:
    longer = np.concatenate([ecg().signal, np.full((12, 300), 9, np.float32)], axis=1)
    told = replace(assess(ecg()), warnings=("The first 10 of 13 s were read.",))
    assert assess(Ecg(signal=longer, rate=100)) == told


@pytest.mark.parametrize("rate", [100, 257, 500])
def test_a_hole_after_ten_seconds_is_neither_judged_nor_read(rate: int) -> None:
    """At any rate: what is resampled to 100 Hz must not bring the hole along."""
    short = ecg(rate=rate)
    holes = np.full((12, 10 * rate), np.nan, np.float32)
    longer = Ecg(signal=np.concatenate([short.signal, holes], axis=1), rate=rate)
    assert assess(longer) == replace(assess(short), warnings=("The first 10 of 20 s were read.",))
    assert np.isfinite(prepare(longer)).all()


WITH_A_LIMB_LEAD = [pair for pair in combinations(range(12), 2) if pair[0] < 6]


@pytest.mark.parametrize("pair", WITH_A_LIMB_LEAD, ids=str)
def test_a_limb_lead_under_a_wrong_name_raises_a_warning(pair: tuple[int, int]) -> None:
    """EVIDENCE, first line: a swap of leads must not go unnoticed."""
    signal = ecg().signal.copy()
    signal[list(pair)] = signal[list(reversed(pair))]
    warnings = assess(Ecg(signal=signal, rate=100)).warnings
    assert [said for said in warnings if said.startswith("Possible lead reversal: ")]


def test_exchanged_limb_leads_are_named() -> None:
    signal = ecg().signal
    swapped = changed(ecg(), II=signal[LEADS.index(Lead.AVL)], aVL=signal[LEADS.index(Lead.II)])
    assert assess(swapped).warnings == (
        "Possible lead reversal: II and aVL seem to be exchanged (III = II - I, or what follows "
        "for aVR, aVL and aVF, does not hold). Check the names of the leads.",
    )


def test_gains_that_do_not_fit_are_told_as_such() -> None:
    signal = ecg().signal.copy()
    signal[:6] *= np.array([[1.0], [1.6], [0.7], [1.3], [0.8], [1.2]], np.float32)
    assert assess(Ecg(signal=signal, rate=100)).warnings == (
        "The limb leads do not fit each other in size (III is II - I only after scaling): "
        "check the gains in the file before trusting any voltage.",
    )


def test_an_inverted_limb_lead_is_named() -> None:
    signal = ecg().signal
    (said,) = assess(changed(ecg(), aVR=-signal[LEADS.index(Lead.AVR)])).warnings
    assert said.startswith("Possible lead reversal: aVR seems to be upside down")


def arms_exchanged(of: Ecg) -> Ecg:
    one, two, three, right, left, foot = of.signal[:6]
    limb = np.stack([-one, three, two, left, right, foot])
    return Ecg(signal=np.concatenate([limb, of.signal[6:]]), rate=of.rate)


def test_exchanged_arm_electrodes_are_named() -> None:
    assert assess(arms_exchanged(ecg())).warnings == (
        "Possible lead reversal: the arm electrodes (RA and LA) may have been exchanged. "
        "Check the electrodes before trusting any finding.",
    )


@pytest.mark.parametrize(
    ("exchanged", "share", "told"),
    [  # of II and III neither is small where I is twice II, and III is where they are alike
        ("the right arm and right leg electrodes (RA and RL)", 2, False),
        ("the left arm and right leg electrodes (LA and RL)", 2, False),
        ("the left arm and right leg electrodes (LA and RL)", 0.95, True),
        ("the arm electrodes (RA and LA)", 2, True),
    ],
)
def test_no_lead_between_the_legs_has_a_large_qrs(
    monkeypatch: pytest.MonkeyPatch, exchanged: str, share: float, told: bool
) -> None:
    """PTB-XL 8620: taken for RA on the right leg, though lead II is clear."""
    monkeypatch.setattr("core.quality.exchanged_electrodes", lambda beat: exchanged)
    said = assess(with_i_of(share)).warnings
    reversal = [warning for warning in said if warning.startswith("Possible lead reversal")]
    assert [exchanged in warning for warning in reversal] == [True] * told


@pytest.mark.parametrize(
    ("disturb", "warning"),
    [
        (
            lambda t: {"V2": 1.5 * np.sin(2 * np.pi * 0.2 * t)},
            "The baseline wanders by 3.0 mV in V2.",
        ),
        (
            lambda t: {"V1": 0.3 * np.sin(2 * np.pi * 50 * t)},
            "Mains hum of 0.30 mV in V1.",
        ),
        (
            lambda t: {"V6": np.random.default_rng(0).normal(0, 0.3, len(t))},
            "Muscle noise or interference in V6.",
        ),
    ],
)
def test_disturbance_is_told_and_the_record_still_read(
    disturb: Callable[[np.ndarray], dict[str, np.ndarray]], warning: str
) -> None:
    clean = ecg(rate=500)
    time = np.arange(5000) / 500
    added = {
        name: clean.lead(Lead(name)) + noise.astype(np.float32)
        for name, noise in disturb(time).items()
    }
    quality = assess(changed(clean, **added))
    assert quality.acceptable
    assert warning in quality.warnings


@pytest.mark.real
def test_real_records_are_hardly_ever_refused_or_suspected(ptbxl_root: Path) -> None:
    data = Ptbxl.open(ptbxl_root)
    verdicts = [assess(data.read(ecg_id)) for ecg_id in list(data.records)[:300]]
    reversal = [any("lead reversal" in said for said in v.warnings) for v in verdicts]
    assert sum(not v.acceptable for v in verdicts) <= 1
    assert np.mean(reversal) <= 0.02


@pytest.mark.real
def test_exchanged_leads_of_real_records_are_seen(ptbxl_root: Path) -> None:
    """Neighbours on the chest are the hardest: V5 looks like V6 in many a heart."""
    data = Ptbxl.open(ptbxl_root)
    rng = np.random.default_rng(0)
    seen: dict[str, list[bool]] = {"any pair": [], "neighbours": [], "arms": []}
    for ecg_id in list(data.records)[:150]:
        real = data.read(ecg_id)
        chest = int(rng.integers(6, 11))
        for kind, suspect in (
            ("any pair", rows_exchanged(real, rng.choice(12, 2, replace=False))),
            ("neighbours", rows_exchanged(real, np.array([chest, chest + 1]))),
            ("arms", arms_exchanged(real)),
        ):
            seen[kind].append(any("lead reversal" in said for said in assess(suspect).warnings))
    assert np.mean(seen["any pair"]) >= 0.93
    assert np.mean(seen["neighbours"]) >= 0.7
    assert np.mean(seen["arms"]) >= 0.95


def rows_exchanged(of: Ecg, pair: np.ndarray) -> Ecg:
    signal = of.signal.copy()
    signal[pair] = signal[pair[::-1]]
    return Ecg(signal=signal, rate=of.rate)
