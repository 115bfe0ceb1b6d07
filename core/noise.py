"""How much of each lead is not heart: measured in millivolts beside the beat itself."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.arrays import Bools, Floats
from core.beats import BEFORE_S, QRS_BAND_HZ, Beats, band, cut, find_beats

WANDER_BELOW_HZ = 0.5  # the model's band begins here
MUSCLE_ABOVE_HZ = 35.0  # QRS holds little above it, muscle most (Luo & Johnston 2010)
MAINS_HZ = (50.0, 60.0)
FLOOR_MV = 0.05  # a lead at right angles to the heart is small, not noisy
_LEAST_MV = 0.01
_QRS_S = 0.1  # to either side of its middle
_CORE_S = 0.06  # to either side, where QRS is largest
_FAR_S = 0.14  # from any QRS, where none reaches
_NORMAL = 0.6745  # median of the size of a normal variable, in standard deviations
_ROUNDING_MV = 0.003
# III and the augmented leads are sums of I and II: these eight carry everything
INDEPENDENT = (0, 1, 6, 7, 8, 9, 10, 11)


@dataclass(frozen=True, slots=True, kw_only=True)
class Qrs:
    """The QRS complexes in their own band, whatever wander and hum do elsewhere."""

    swing: float  # mV, of the common one in the largest lead; 0 for fewer than two
    repetition: float  # common one over what a typical one differs by, in the steadiest lead
    swings: Floats  # (12,) mV, of the common one in each lead
    differs: Floats  # (12,) mV, root mean square of what a typical one differs by
    during: Floats  # (12,) mV, root mean square of the lead at a typical QRS
    between: Floats  # (12,) mV, and of what lies between them, spikes apart
    second_source: float  # second principal component over the first: 0 where all leads are one


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """Measures of (12, samples): arrays are (12,) in mV unless said otherwise."""

    clean: Floats  # (12, samples): the signal without its wander
    beats: Beats
    qrs: Qrs
    ratio: Floats  # noise over beat, both root mean square, no unit
    wander: Floats  # swing of the baseline below 0.5 Hz
    muscle: Floats  # typical size above 35 Hz


def measure(signal: NDArray[np.floating], rate: float) -> Noise:
    """Measure the noise of (12, samples) in mV at 100 Hz or so.

    A lead's noise is what neither comes back from beat to beat nor shows in other leads: the
    geometric mean of both parts, times the share of the lead that the others do not show.
    Ectopic and paced beats, which do not come back either, are in all leads at once.
    """
    slow, clean, fast = _bands(signal, rate)
    beats = find_beats(clean, rate)
    beat, unrepeated = _beat_and_rest(beats)
    unshared = _unshared(clean)
    share = unshared / (clean.std(axis=1) + _LEAST_MV)
    noise = share * np.sqrt((unrepeated + _LEAST_MV) * (unshared + _LEAST_MV))
    return Noise(
        clean=clean,
        beats=beats,
        qrs=_qrs(clean, beats, rate),
        ratio=noise / (beat + FLOOR_MV),
        wander=np.ptp(slow, axis=1),
        muscle=np.median(np.abs(fast), axis=1),
    )


def mains(signal: NDArray[np.floating], rate: float) -> Floats:
    """Amplitude in mV of mains hum in each lead: 0 where the rate is too low to show it."""
    if rate < 2.5 * MAINS_HZ[-1]:
        return np.zeros(len(signal))
    size = signal.shape[1]
    spectrum = np.abs(np.fft.rfft(signal - signal.mean(axis=1, keepdims=True), axis=1)) * 2 / size
    bins = [round(hz * size / rate) for hz in MAINS_HZ]
    # the line alone: what its neighbours have too is muscle
    heights = [spectrum[:, k] - np.median(spectrum[:, k - 12 : k + 13], axis=1) for k in bins]
    tallest: Floats = np.max(heights, axis=0)
    return tallest


def _bands(signal: NDArray[np.floating], rate: float) -> tuple[Floats, Floats, Floats]:
    """The signal below 0.5 Hz, above 0.5 Hz and above 35 Hz, from one Fourier transform."""
    spectrum = np.fft.rfft(signal, axis=1)
    frequencies = np.fft.rfftfreq(signal.shape[1], 1 / rate)
    slow = np.fft.irfft(
        np.where(frequencies <= WANDER_BELOW_HZ, spectrum, 0), signal.shape[1], axis=1
    )
    fast = np.fft.irfft(
        np.where(frequencies > MUSCLE_ABOVE_HZ, spectrum, 0), signal.shape[1], axis=1
    )
    return slow, signal - slow, fast


def _beat_and_rest(beats: Beats) -> tuple[Floats, Floats]:
    """Root mean square of the common beat, and of what a typical beat differs from it by."""
    count = len(beats.windows)
    if count < 2:
        return np.zeros(12), np.full(12, np.inf)
    rest = beats.windows - beats.common
    rest -= rest.mean(axis=2, keepdims=True)
    unrepeated = np.median(np.mean(rest**2, axis=2), axis=0)
    # a median of n beats keeps pi/2n of their noise: not to be taken for heart
    beat = np.maximum(beats.common.var(axis=1) - np.pi / 2 / count * unrepeated, 0)
    return np.sqrt(beat), np.sqrt(unrepeated)


def _qrs(clean: Floats, beats: Beats, rate: float) -> Qrs:
    banded = band(clean, rate, *QRS_BAND_HZ)
    windows = cut(banded, beats.peaks, rate)
    if len(windows) < 2:
        none = np.zeros(12)
        return Qrs(
            swing=0.0,
            repetition=0.0,
            swings=none,
            differs=none,
            during=none,
            between=none,
            second_source=0.0,
        )
    middle = round(BEFORE_S * rate)
    far = banded[:, _far(beats, banded.shape[1], rate)]
    each, core = (_around(windows, middle, round(reach * rate)) for reach in (_QRS_S, _CORE_S))
    common = np.median(each, axis=0)
    differs = np.sqrt(np.median(np.mean((each - common) ** 2, axis=2), axis=0))
    swings = np.ptp(common, axis=1)
    return Qrs(
        swing=float(swings.max()),
        repetition=float((common.std(axis=1) / (differs + _ROUNDING_MV)).max()),
        swings=swings,
        differs=differs,
        during=np.sqrt(np.median(np.mean(core**2, axis=2), axis=0)),
        between=np.median(np.abs(far), axis=1) / _NORMAL if far.size else np.zeros(12),
        second_source=_second_source(np.concatenate(core, axis=1), far),
    )


def _around(windows: Floats, middle: int, reach: int) -> Floats:
    return windows[:, :, middle - reach : middle + reach]


def _far(beats: Beats, size: int, rate: float) -> Bools:
    """Which of so many samples lie far from any QRS."""
    distance = np.abs(np.arange(size)[:, None] - beats.peaks).min(axis=1)
    far: Bools = distance > _FAR_S * rate
    return far


def _second_source(during: Floats, between: Floats) -> float:
    """Size of the second principal component of the QRS complexes over that of the first.

    A heart turns while it beats, so that no lead is a multiple of another; what one electrode
    picks up is the same signal everywhere, by the share that each lead has of that electrode.
    Of each (12, samples) the independent leads count; what there is between beats as well, as
    hiss is, counts for nothing.
    """
    power = _covariance(during)
    if between.size:
        power = power - _covariance(between)
    *_, second, first = np.linalg.eigvalsh(power)
    return float(np.sqrt(max(second, 0) / max(first, 1e-12)))


def _covariance(signal: Floats) -> Floats:
    eight = signal[list(INDEPENDENT)]
    covariance: Floats = eight @ eight.T / eight.shape[1]
    return covariance


def _unshared(clean: Floats) -> Floats:
    """Root mean square of what no sum of the other independent leads reproduces."""
    covariance = _covariance(clean)
    # 1 / (C^-1)_kk is the variance of k given the others; 1 uV keeps C regular
    unshared = 1 / np.sqrt(np.diag(np.linalg.inv(covariance + 1e-6 * np.eye(8))))
    everywhere = np.empty(12)
    everywhere[list(INDEPENDENT)] = unshared
    one, two = unshared[:2]
    everywhere[2] = np.hypot(one, two)
    everywhere[3] = np.hypot(one, two) / 2
    everywhere[4] = np.hypot(one, two / 2)
    everywhere[5] = np.hypot(two, one / 2)
    return everywhere
