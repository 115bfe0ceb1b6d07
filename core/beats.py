"""QRS complexes of a 12-lead ECG and the beat that they have in common."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks

from core.arrays import Floats, Ints

QRS_BAND_HZ = (5.0, 20.0)  # where QRS stands out of P, T and noise (Thakor 1984)
REFRACTORY_S = 0.26  # 230 /min: nothing faster is conducted for ten seconds in PTB-XL
BEFORE_S, AFTER_S = 0.30, 0.45  # window of a beat around its QRS


@dataclass(frozen=True, slots=True, kw_only=True)
class Beats:
    """QRS positions (samples) and each beat around them, (beats, leads, samples) in mV.

    ``common`` is their median, (leads, samples): an odd beat does not move it. ``prominence``
    is how much steeper the signal is at a QRS than it usually is; noise has peaks too, but
    hardly higher than what lies between them.
    """

    peaks: Ints
    windows: Floats
    common: Floats
    prominence: float


def band(signal: NDArray[np.floating], rate: float, low: float, high: float) -> Floats:
    """Keep ``low`` to ``high`` Hz of each row: zero phase, by Fourier transform."""
    spectrum = np.fft.rfft(signal, axis=-1)
    frequencies = np.fft.rfftfreq(signal.shape[-1], 1 / rate)
    spectrum[..., (frequencies < low) | (frequencies > high)] = 0
    kept: Floats = np.fft.irfft(spectrum, signal.shape[-1], axis=-1)
    return kept


def find_beats(signal: NDArray[np.floating], rate: float) -> Beats:
    """Find the QRS complexes of (leads, samples) in mV that lie whole within the signal.

    The steepness of all leads together is searched, each lead brought to its own scale, so
    that one loose electrode does not hide the beats of the others.
    """
    steep = np.abs(np.gradient(band(signal, rate, *QRS_BAND_HZ), axis=-1))
    steep /= np.percentile(steep, 90, axis=-1, keepdims=True) + 1e-6
    width = max(1, round(0.08 * rate))
    together = np.convolve(np.median(steep, axis=0), np.ones(width) / width, mode="same")
    height = 0.45 * np.percentile(together, 97)
    peaks, _ = find_peaks(together, height=height, distance=max(1, round(REFRACTORY_S * rate)))
    windows = cut(signal, peaks, rate)
    common = np.median(windows, axis=0) if len(windows) else np.zeros(windows.shape[1:])
    usual = float(np.median(together)) + 1e-9
    prominence = float(np.median(together[peaks])) / usual if len(peaks) else 0.0
    return Beats(peaks=peaks, windows=windows, common=common, prominence=prominence)


def cut(signal: NDArray[np.floating], peaks: Ints, rate: float) -> Floats:
    """The beats around ``peaks`` that lie whole within the signal, (beats, leads, samples)."""
    before, after = round(BEFORE_S * rate), round(AFTER_S * rate)
    whole = peaks[(peaks >= before) & (peaks + after <= signal.shape[-1])]
    spans = whole[:, None] + np.arange(-before, after)
    windows: Floats = np.moveaxis(np.asarray(signal, dtype=np.float64)[:, spans], 0, 1)
    return windows
