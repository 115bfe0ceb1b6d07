"""One simulated ECG, with the truth about it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from core.ecg import DURATION_S, Ecg
from core.errors import SimulationInvalid
from core.ptbxl import Sex
from core.simulate.fiducials import frontal_axis
from core.simulate.findings import Finding
from core.simulate.heart import draw_heart
from core.simulate.infarction import Stage
from core.simulate.noise import Noise, draw_noise
from core.simulate.pathology import Step, apply
from core.simulate.rhythm import Rhythm, draw_rhythm, ectopic_beat
from core.simulate.truth import Truth, locate
from core.simulate.vcg import Array, Beat, project, rotation

Seed = int | Sequence[int] | np.random.Generator
HEART_RATES = (30.0, 200.0)  # /min; beyond them P, QRS and T of this model overlap
AGES = (0.0, 120.0)
_REACH_S = (-0.75, 1.1)  # how far a beat extends about its R peak


@dataclass(frozen=True)
class Simulated:
    """A simulated ECG: ``clean`` (12, samples) in mV is the same without noise."""

    ecg: Ecg
    clean: Array
    truth: Truth
    beat: Beat
    steps: tuple[Step, ...]
    rhythm: Rhythm
    noise: Noise
    axis: float  # frontal QRS axis in degrees


def simulate_record(
    seed: Seed,
    findings: Iterable[Finding | str] = (Finding.NORM,),
    *,
    age: float = 60.0,
    sex: Sex = "female",
    heart_rate: float = 70.0,
    rate: float = 500.0,
    heart_seed: Seed | None = None,
    stage: Stage | None = None,
    severity: float | None = None,
    ectopics: int = 0,
    noise: float = 1.0,
) -> Simulated:
    """Simulate a ten-second 12-lead ECG of a person with these findings (SCP codes).

    ``rate`` is in Hz, ``heart_rate`` in /min. The same seed gives the same samples;
    ``heart_seed`` fixes the person, so that one patient's records resemble each other. An unset
    ``stage`` (of infarcts) or ``severity`` (1: the median of PTB-XL) is drawn; ``noise`` 0 is
    silence. Raises SimulationInvalid for a finding, rate or age that is not to be had.
    """
    wanted = _checked(findings, age, heart_rate)
    rng = np.random.default_rng(seed)
    person = rng if heart_seed is None else np.random.default_rng(heart_seed)
    normal = draw_heart(person, age=age, sex=sex, heart_rate=heart_rate)
    steps = apply(normal, wanted, person, stage=stage, severity=severity)
    beat = _posture(rng, steps[-1].after if steps else normal)
    rhythm = draw_rhythm(rng, heart_rate=heart_rate, age=age, seconds=DURATION_S, ectopics=ectopics)
    focus = ectopic_beat(rng, beat)
    ectopic = dict.fromkeys(sorted(rhythm.ectopic), focus)
    clean = project(_vector(rng, beat, rhythm, ectopic, rate))
    added = draw_noise(
        rng, samples=clean.shape[1], rate=rate, respiration=rhythm.respiration, level=noise
    )
    return Simulated(
        ecg=Ecg(signal=(clean + added.leads).astype(np.float32), rate=rate),
        clean=clean,
        truth=locate(steps, beat, rhythm.times, ectopic, DURATION_S),
        beat=beat,
        steps=tuple(steps),
        rhythm=rhythm,
        noise=added,
        axis=frontal_axis(beat.qrs),
    )


def _checked(findings: Iterable[Finding | str], age: float, heart_rate: float) -> set[Finding]:
    wanted = {_finding(name) for name in findings}
    if Finding.NORM in wanted and len(wanted) > 1:
        others = ", ".join(sorted(wanted - {Finding.NORM}))
        raise SimulationInvalid(f"NORM together with {others}: a normal ECG has no other finding")
    if not HEART_RATES[0] <= heart_rate <= HEART_RATES[1]:
        raise SimulationInvalid(
            f"heart rate {heart_rate} /min: give one from {_between(HEART_RATES)}"
        )
    if not AGES[0] <= age <= AGES[1]:
        raise SimulationInvalid(f"age {age}: give years from {_between(AGES)}")
    return wanted


def _between(limits: tuple[float, float]) -> str:
    return f"{limits[0]:g} to {limits[1]:g}"


def _finding(name: Finding | str) -> Finding:
    try:
        return Finding(name)
    except ValueError:
        raise SimulationInvalid(
            f"finding {name!r} cannot be simulated: choose from {', '.join(Finding)}"
        ) from None


def _posture(rng: np.random.Generator, beat: Beat) -> Beat:
    """The same heart lies a little otherwise at each visit, and the electrodes too."""
    turn = rotation(2, rng.normal(0, 3)) @ rotation(1, rng.normal(0, 3))
    return beat.rotated(turn).scaled(float(np.exp(rng.normal(0, 0.04))))


def _vector(
    rng: np.random.Generator, beat: Beat, rhythm: Rhythm, ectopic: dict[int, Beat], rate: float
) -> Array:
    """The heart vector (3, samples) of the whole record, beat after beat."""
    samples = round(DURATION_S * rate)
    vector = np.zeros((3, samples))
    swing, turn = rng.uniform(0.01, 0.05), rng.uniform(0.5, 3.0)
    for index, r in enumerate(rhythm.times):
        first = max(int(np.ceil((r + _REACH_S[0]) * rate)), 0)
        last = min(int((r + _REACH_S[1]) * rate), samples)
        if first >= last:
            continue
        time = np.arange(first, last) / rate - r
        # a breath in lowers the diaphragm: the heart turns upright and its voltage falls
        breath = rhythm.breath(float(r))
        moved = rotation(2, turn * breath) * (1 - swing * breath)
        vector[:, first:last] += moved @ ectopic.get(index, beat).at(time)
    return vector
