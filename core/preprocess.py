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
from core.errors import SignalInvalid, SignalTooShort

MODEL_RATE = 100  # Hz
MODEL_SAMPLES = int(DURATION_S * MODEL_RATE)
TOKEN_SAMPLES = 8  # from one token of a lead to the next: 80 ms
BAND_HZ = (0.5, 40.0)
_ORDER = 2
PREPARED = f"{MODEL_RATE} Hz, {BAND_HZ} Hz, order {_ORDER}"  # whatever is learned rests on it


def prepare(ecg: Ecg) -> Signal:
    """Return the (12, 1000) float32 that the network sees: 100 Hz, first 10 s, 0.5-40 Hz, mV.

    The amplitude stays in millivolts, since hypertrophy is diagnosed by voltage.
    Raises SignalTooShort for less than 10 s, SignalInvalid for samples that are not numbers: the
    filter would spread one over its lead, and the network call no class at all.
    """
    return band_pass(_seen(ecg), MODEL_RATE)


def prepare_all(ecgs: Sequence[Ecg]) -> Signal:
    """``prepare`` for several records: (records, 12, 1000) float32 in mV, filtered at once."""
    if not ecgs:
        return np.empty((0, len(LEADS), MODEL_SAMPLES), dtype=np.float32)
    return band_pass(np.stack([_seen(ecg) for ecg in ecgs]), MODEL_RATE)


def first_ten_seconds(ecg: Ecg) -> Signal:
    """What is read of a longer record, (12, samples) at its own rate."""
    return ecg.signal[:, : round(DURATION_S * ecg.rate)]


def _seen(ecg: Ecg) -> NDArray[np.floating]:
    """The ten seconds that the model reads, (12, 1000) at 100 Hz, unfiltered."""
    # a hole after them would be resampled into them: the line drawn from end to end has it
    whole = bool(np.isfinite(ecg.signal).all())
    signal = at_model_rate(ecg.signal if whole else first_ten_seconds(ecg), ecg.rate)
    if signal.shape[1] < MODEL_SAMPLES:
        raise SignalTooShort(
            f"the record lasts {ecg.duration}: the model reads {DURATION_S:.0f} s or more"
        )
    seen = signal[:, :MODEL_SAMPLES]
    if missing := int(np.count_nonzero(~np.isfinite(seen))):
        raise SignalInvalid(f"{missing} samples are not numbers: export the record again")
    return seen


def band_pass(signal: NDArray[np.floating], rate: float) -> Signal:
    """Zero-phase Butterworth band-pass 0.5-40 Hz along the last axis, as float32."""
    filtered = sosfiltfilt(_band_pass(rate), signal, axis=-1)
    return np.ascontiguousarray(filtered, dtype=np.float32)


@cache
def _band_pass(rate: float) -> NDArray[np.float64]:
    sections: NDArray[np.float64] = butter(_ORDER, BAND_HZ, btype="bandpass", fs=rate, output="sos")
    return sections


def at_model_rate(signal: NDArray[np.floating], rate: float) -> NDArray[np.floating]:
    """(leads, samples) at ``rate`` Hz brought to 100 Hz, polyphase: nothing is aliased."""
    if rate == MODEL_RATE:
        return signal
    ratio = Fraction(MODEL_RATE / rate).limit_denominator(1000)
    # padtype="line": a record does not start at zero, and a step would ring
    resampled: NDArray[np.floating] = resample_poly(
        signal, ratio.numerator, ratio.denominator, axis=-1, padtype="line"
    )
    return resampled
