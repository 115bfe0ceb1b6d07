"""The beats of an ECG sorted into families of one shape, each with its median beat."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import convolve1d

from core.arrays import Floats, Ints
from core.beats import find_beats
from core.ecg import Ecg

RATE = 250.0  # Hz, at which beats are compared: the 40 Hz kept here need no more
BEFORE_S, AFTER_S = 0.50, 0.75  # what a median beat shows around its QRS
_FEWEST_SAMPLES = 4
_BAND_HZ = (0.5, 40.0)  # as the model sees it, and as AHA 2007 allows for a zero-phase filter
_QRS_S = (0.12, 0.16)  # before and after its centre: what makes a beat alike
_LAG_S = 0.04  # by which the centre of a beat may be off
_ALIKE = 0.80  # correlation of a beat with its family, over all leads; LUDB: 0.9 and above
_ROUNDS = 2  # of aligning to the median and taking it anew
# a wide beat is slow, and may be missed: it lies in a gap, and is faster than T and P are
_GAP = 1.4  # of the usual RR
_FREE_S = 0.28  # on both sides of a beat; no other is so near
_SPEED_SMOOTH_S = 0.052
_MISSED_TO_QRS, _MISSED_TO_T = 0.25, 1.6  # speeds; PTB-XL, pauses: 0.2 and 1.4 at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Clean:
    """An ECG without wander and muscle noise, (12, samples) in mV at about ``RATE``."""

    signal: Floats
    rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Beats of one shape: ``centres`` are samples of the ``Clean`` signal, in order of time.

    ``beats`` is (beats, 12, samples) in mV and ``median`` their median, (12, samples); the
    centre of each lies at ``zero``.
    """

    centres: Ints
    beats: Floats
    median: Floats
    zero: int


def clean(ecg: Ecg) -> Clean:
    """Filter to 0.5-40 Hz with zero phase and bring to ``RATE``, in one Fourier transform."""
    signal = np.nan_to_num(np.asarray(ecg.signal, dtype=np.float64))
    samples = signal.shape[1]
    if samples < _FEWEST_SAMPLES:
        return Clean(signal=np.zeros((len(signal), _FEWEST_SAMPLES)), rate=RATE)
    pad = min(samples - 1, round(ecg.rate))
    mirrored = np.pad(signal, ((0, 0), (pad, pad)), mode="reflect", reflect_type="odd")
    before = mirrored.shape[1]
    after = round(before * RATE / ecg.rate)
    rate = after / before * ecg.rate
    spectrum = np.fft.rfft(mirrored, axis=1)
    spectrum *= _gain(np.fft.rfftfreq(before, 1 / ecg.rate))
    whole = np.zeros((len(signal), after // 2 + 1), dtype=complex)
    shared = min(spectrum.shape[1], whole.shape[1])
    whole[:, :shared] = spectrum[:, :shared]
    resampled = np.fft.irfft(whole, after, axis=1) * (after / before)
    first = round(pad * rate / ecg.rate)
    return Clean(signal=resampled[:, first : first + round(samples * rate / ecg.rate)], rate=rate)


def _gain(frequency: NDArray[np.floating]) -> Floats:
    """Of a high-pass and a low-pass whose edges are soft enough not to ring."""
    low, high = _BAND_HZ
    gain: Floats = -np.expm1(-((frequency / low) ** 2)) / (1 + (frequency / high) ** 8)
    return gain


def find_families(clean: Clean) -> list[Family]:
    """All beats of a record, sorted by the shape of their QRS; the largest family first."""
    peaks = find_beats(clean.signal, clean.rate).peaks
    families = _families(clean, peaks)
    missed = _missed(clean, families)
    return _families(clean, np.sort(np.concatenate([peaks, missed]))) if missed else families


def speed_of(signal: Floats, width: float, rate: float) -> Floats:
    """How fast the heart vector moves, in mV a sample, from leads smoothed over ``width`` s.

    The root of the summed squared slopes of all leads, (samples,).
    """
    slopes = np.gradient(smoothed(signal, width, rate), axis=-1)
    root: Floats = np.sqrt((slopes**2).sum(axis=-2))
    return root


def smoothed(signal: Floats, width: float, rate: float) -> Floats:
    """Each lead averaged over a Hann window, ``width`` s from foot to foot."""
    window = np.hanning(round(width * rate) + 1)[1:-1]
    averaged: Floats = convolve1d(signal, window / window.sum(), axis=-1, mode="nearest")
    return averaged


def positions(families: list[Family]) -> Ints:
    """Centres of all beats of a record in order of time, in samples."""
    return np.sort(np.concatenate([np.empty(0, np.intp), *(f.centres for f in families)]))


def _families(clean: Clean, peaks: Ints) -> list[Family]:
    families = [_family(clean, centres) for centres in _sorted_by_shape(clean, peaks)]
    return sorted(families, key=lambda family: -len(family.centres))


def _missed(clean: Clean, families: list[Family]) -> list[int]:
    """Beats in the gaps that were too slow for the search by steepness, ectopic ones mostly."""
    every = positions(families)
    if len(every) < 3:
        return []
    usual = float(np.median(np.diff(every)))
    edges = np.concatenate([[-0.3 * usual], every, [clean.signal.shape[1] + 0.3 * usual]])
    wide = np.flatnonzero(np.diff(edges) > _GAP * usual)
    free = _FREE_S * clean.rate
    gaps = [(max(0, int(edges[k] + free)), int(edges[k + 1] - free)) for k in wide]
    return [
        beat
        for first, last in gaps
        if last - first > 1
        for beat in _fastest(clean, families[0], usual, first, last)
    ]


def _fastest(clean: Clean, family: Family, usual: float, first: int, last: int) -> list[int]:
    """The fastest place between two samples, if it is too fast for a T or P wave."""
    zero, rate = family.zero, clean.rate
    qrs = slice(zero - round(0.10 * rate), zero + round(0.12 * rate))
    t = slice(zero + round(0.16 * rate), zero + round(min(0.5 * rate, 0.7 * usual)))
    size = np.ptp(family.median[:, qrs], axis=1, keepdims=True) + 1e-3  # a lead's own scale
    usually = speed_of(family.median / size, _SPEED_SMOOTH_S, rate)
    here = speed_of(clean.signal[:, first:last] / size, _SPEED_SMOOTH_S, rate)
    least = max(_MISSED_TO_QRS * usually[qrs].max(), _MISSED_TO_T * usually[t].max(initial=0))
    fast = here.max() > least
    return [first + int(np.argmax(here))] if fast else []


def _family(clean: Clean, centres: Ints) -> Family:
    before, after = round(BEFORE_S * clean.rate), round(AFTER_S * clean.rate)
    beats = _around(clean.signal, centres, before, after)
    inside = (centres >= before) & (centres + after <= clean.signal.shape[1])
    whole = beats[inside] if inside.sum() > 2 else beats  # what is cut off would bend the median
    return Family(centres=centres, beats=beats, median=np.median(whole, axis=0), zero=before)


def _sorted_by_shape(clean: Clean, peaks: Ints) -> list[Ints]:
    """Positions of alike beats together, each moved to where it fits its family best."""
    before, after = (round(seconds * clean.rate) for seconds in _QRS_S)
    lag = round(_LAG_S * clean.rate)
    around = _around(clean.signal, peaks, before + lag, after + lag)
    # (beats, 12, lags, samples): each beat at every lag
    lagged = np.lib.stride_tricks.sliding_window_view(around, before + after, axis=2)
    central = _unit(lagged[:, :, lag])
    left, families = np.arange(len(peaks)), []
    while len(left):
        alike = np.einsum("ils,jls->ij", central[left], central[left]) > _ALIKE
        shape = central[left[alike.sum(axis=1).argmax()]]
        chosen, moved = _fitting(lagged[left], shape)
        if not chosen.any():  # its own median is unlike it: alone, then
            chosen, moved = np.arange(len(left)) == 0, np.full(len(left), lag)
        families.append(peaks[left[chosen]] + moved[chosen] - lag)
        left = left[~chosen]
    return families


def _fitting(lagged: Floats, shape: Floats) -> tuple[NDArray[np.bool_], Ints]:
    """Which of the beats have this shape, and at which lag each fits best."""
    count = lagged.shape[-1]
    power = np.einsum("blks,blks->bk", lagged, lagged) - (lagged.sum(axis=3) ** 2).sum(1) / count
    size = np.sqrt(np.maximum(power, 0)) + 1e-9
    for _ in range(_ROUNDS):
        fit = np.einsum("blks,ls->bk", lagged, shape) / size
        best = fit.argmax(axis=1)
        chosen = fit.max(axis=1) > _ALIKE
        if not chosen.any():
            break
        shape = _unit(np.median(lagged[chosen, :, best[chosen]], axis=0))
    return chosen, best


def _unit(beats: Floats) -> Floats:
    """Each lead about its own mean, each beat of length one."""
    moved = beats - beats.mean(axis=-1, keepdims=True)
    length = np.sqrt((moved**2).sum(axis=(-2, -1), keepdims=True))
    unit: Floats = moved / (length + 1e-9)
    return unit


def _around(signal: Floats, centres: Ints, before: int, after: int) -> Floats:
    """Cut (beats, 12, before + after); beyond the record its last sample goes on."""
    spans = centres[:, None] + np.arange(-before, after)
    cut: Floats = np.moveaxis(signal[:, spans.clip(0, signal.shape[1] - 1)], 0, 1)
    return cut
