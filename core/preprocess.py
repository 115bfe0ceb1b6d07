"""The one path from any readable ECG to what the network sees.

Every input takes it: records of the catalogue, uploads, demonstrations, training.
"""

from collections.abc import Sequence
from fractions import Fraction
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, resample_poly, sosfiltfilt

from core.ecg import DURATION_S, LEADS, Ecg, Signal
from core.errors import SignalTooShort

MODEL_RATE = 100  # Hz
MODEL_SAMPLES = int(DURATION_S * MODEL_RATE)
BAND_HZ = (0.5, 40.0)
_ORDER = 2


def prepare(ecg: Ecg) -> Signal:
    """Return the (12, 1000) float32 that the network sees: 100 Hz, first 10 s, 0.5-40 Hz, mV.

    The amplitude stays in millivolts, since hypertrophy is diagnosed by voltage.
    Raises SignalTooShort for less than 10 s.
    """
    signal = _at_model_rate(ecg)
    if signal.shape[1] < MODEL_SAMPLES:
        raise SignalTooShort(
            f"the record lasts {ecg.seconds:.2f} s: the model reads {DURATION_S:.0f} s or more"
        )
    return band_pass(signal[:, :MODEL_SAMPLES], MODEL_RATE)


def prepare_all(ecgs: Sequence[Ecg]) -> Signal:
    """``prepare`` for several records: (records, 12, 1000) float32 in mV."""
    if not ecgs:
        return np.empty((0, len(LEADS), MODEL_SAMPLES), dtype=np.float32)
    return np.stack([prepare(ecg) for ecg in ecgs])


def band_pass(signal: NDArray[np.floating], rate: float) -> Signal:
    """Zero-phase Butterworth band-pass 0.5-40 Hz along the last axis, as float32."""
    filtered = sosfiltfilt(_band_pass(rate), signal, axis=-1)
    return np.ascontiguousarray(filtered, dtype=np.float32)


@cache
def _band_pass(rate: float) -> NDArray[np.float64]:
    sections: NDArray[np.float64] = butter(_ORDER, BAND_HZ, btype="bandpass", fs=rate, output="sos")
    return sections


def _at_model_rate(ecg: Ecg) -> NDArray[np.floating]:
    """The signal at 100 Hz by polyphase filtering, which also keeps out what would alias."""
    if ecg.rate == MODEL_RATE:
        return ecg.signal
    ratio = Fraction(MODEL_RATE / ecg.rate).limit_denominator(1000)
    # padtype="line": a record does not start at zero, and a step would ring
    resampled: NDArray[np.floating] = resample_poly(
        ecg.signal, ratio.numerator, ratio.denominator, axis=-1, padtype="line"
    )
    return resampled
