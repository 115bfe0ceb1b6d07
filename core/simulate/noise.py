"""What the electrodes add: wander, muscle, mains.

Noise arises at the nine electrodes and reaches the leads as the potentials do, so that
Einthoven's law holds for it too. Levels are those of 600 NORM records of PTB-XL, folds 1-8.
"""

from dataclasses import dataclass

import numpy as np
from scipy.signal import butter, sosfilt

from core.simulate.vcg import Array, twelve_leads

ELECTRODES = ("RA", "LA", "LL", "V1", "V2", "V3", "V4", "V5", "V6")
_LIMBS = 3
# Standard deviation below 0.5 Hz by lead: median 0.035 mV, 90th percentile 0.12 mV.
_WANDER_MV, _WANDER_SPREAD = 0.022, 0.75
# Between 20 and 50 Hz in the quietest third of a record: median 3 uV in limb leads, 1.9 uV in
# the chest leads (their reference is the mean of three limbs), the two going together.
_MUSCLE_MV, _MUSCLE_SPREAD = (0.0037, 0.0010), 0.5
_MAINS_HZ = 50.0
_MAINS_MV, _MAINS_SPREAD = 0.0008, 0.8
STATIC_MV = 0.0095  # muscle noise on the limbs that an annotator would note as static noise
DRIFT_MV = 0.12  # wander that they would note as baseline drift


@dataclass(frozen=True)
class Noise:
    """``leads`` (12, samples) in mV, and what an annotator would write about it."""

    leads: Array
    static: bool
    burst: bool
    drift: bool


def draw_noise(
    rng: np.random.Generator, *, samples: int, rate: float, respiration: float, level: float = 1.0
) -> Noise:
    """Noise of a record; ``level`` 0 is silence, 1 as in PTB-XL."""
    time = np.arange(samples) / rate
    wander = _wander(rng, time, respiration)
    muscle, limb_level = _muscle(rng, samples, rate)
    burst = rng.random() < 0.03  # PTB-XL: 3 % of records
    if burst:
        muscle *= 1 + 7 * _window(time, rng.uniform(1, time[-1] - 1))
    electrodes = level * (wander + muscle + _mains(rng, time))
    return Noise(
        to_leads(electrodes),
        static=bool(level * limb_level > STATIC_MV),
        burst=bool(burst and level > 0),
        drift=bool(level * np.abs(wander).max() > 3 * DRIFT_MV),
    )


def to_leads(electrodes: Array) -> Array:
    """Potentials at the nine electrodes (9, samples) to the twelve leads (12, samples)."""
    right, left, foot = electrodes[:_LIMBS]
    chest = electrodes[_LIMBS:] - (right + left + foot) / 3
    return twelve_leads(np.vstack([left - right, foot - right, chest]))


def _wander(rng: np.random.Generator, time: Array, respiration: float) -> Array:
    """Breathing at the respiratory rate and slower drifts of skin and electrode."""
    size = _levels(rng, _WANDER_MV, _WANDER_SPREAD, 0.35)
    frequencies = np.array([0.05, 0.11, 0.19, respiration, 2 * respiration])
    weights = np.array([1.0, 0.7, 0.5, 0.7, 0.15])
    phases = rng.uniform(0, 2 * np.pi, (len(ELECTRODES), len(frequencies)))
    amount = weights * np.exp(rng.normal(0, 0.4, phases.shape))
    waves = np.sin(2 * np.pi * frequencies[:, None] * time + phases[:, :, None])
    drift: Array = np.einsum("ef,eft->et", amount, waves) * size[:, None]
    return drift


def _muscle(rng: np.random.Generator, samples: int, rate: float) -> tuple[Array, float]:
    """Noise from 15 Hz upwards that fades above 90 Hz, and its level on the noisiest limb."""
    size = _levels(rng, 1.0, _MUSCLE_SPREAD, 0.3)
    size[:_LIMBS] *= _MUSCLE_MV[0]
    size[_LIMBS:] *= _MUSCLE_MV[1]
    size[2] *= 0.5  # the leg lies still
    white = rng.standard_normal((len(ELECTRODES), samples))
    shaped = sosfilt(
        butter(1, (15, min(90, 0.45 * rate)), "bandpass", fs=rate, output="sos"), white
    )
    # one unit of standard deviation between 20 and 50 Hz
    shaped *= np.sqrt(rate / 2 / 30)
    return shaped * size[:, None], float(size[:_LIMBS].max())


def _mains(rng: np.random.Generator, time: Array) -> Array:
    """The mains' hum, in step at all electrodes, as far as the amplifier let it through."""
    size = _levels(rng, _MAINS_MV, _MAINS_SPREAD, 0.5)
    hum = np.sin(2 * np.pi * _MAINS_HZ * time + rng.uniform(0, 2 * np.pi))
    return size[:, None] * hum


def _levels(rng: np.random.Generator, median: float, spread: float, own: float) -> Array:
    """Log-normal levels (9,): one of the record, and what each electrode has of its own."""
    common = np.clip(rng.normal(0, spread), -2 * spread, 2 * spread)
    levels: Array = median * np.exp(common + rng.normal(0, own, len(ELECTRODES)))
    return levels


def _window(time: Array, centre: float) -> Array:
    return np.exp(-0.5 * ((time - centre) / 0.6) ** 2)
