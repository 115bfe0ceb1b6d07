"""What is done to a signal before it is shown: nothing, the diagnostic band, or the model's."""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from core.ecg import Ecg, Signal
from core.errors import SignalTooShort

DIAGNOSTIC_HZ = (0.05, 40.0)
_ORDER = 2
_SHORTEST_S = 1.0  # below it the ends of a zero-phase filter meet


class SignalShown(StrEnum):
    """Which form of the signal is on screen."""

    RAW = "raw"
    DIAGNOSTIC = "diagnostic"
    MODEL = "model"

    @property
    def caption(self) -> str:
        """The words that state it on the paper."""
        return _CAPTIONS[self]


_CAPTIONS = {
    SignalShown.RAW: "raw signal",
    SignalShown.DIAGNOSTIC: "0.05\u201340 Hz",
    SignalShown.MODEL: "as the model sees it, 0.5\u201340 Hz",
}


def as_shown(ecg: Ecg, form: SignalShown) -> Ecg:
    """The ECG in this form; the model's has 100 Hz and its first 10 s.

    Raises SignalTooShort, and for the model's form SignalInvalid where a sample is no number.
    """
    if form is SignalShown.RAW:
        return ecg
    if form is SignalShown.MODEL:
        from core.preprocess import MODEL_RATE, prepare

        return Ecg(signal=prepare(ecg), rate=MODEL_RATE, ecg_id=ecg.ecg_id)
    return Ecg(signal=_diagnostic(ecg), rate=ecg.rate, ecg_id=ecg.ecg_id)


def _diagnostic(ecg: Ecg) -> Signal:
    """Zero-phase Butterworth band-pass of order 2, (12, samples) in mV; a gap stays a gap.

    Its gain is applied to the spectrum of the record and its mirror image, which has no ends: run
    forth and back over 10 s, a filter with an edge at 0.05 Hz still remembers where it began.
    """
    if ecg.seconds < _SHORTEST_S:
        raise SignalTooShort(
            f"the record lasts {ecg.duration}: a filter needs {_SHORTEST_S:g} s, show it raw"
        )
    from scipy.fft import irfft, rfft

    whole = np.stack([_bridged(wave) for wave in ecg.signal])
    mirrored = np.concatenate([whole, whole[:, ::-1]], axis=1)
    spectrum = rfft(mirrored, axis=1) * _gain(mirrored.shape[1], ecg.rate)
    filtered = irfft(spectrum, mirrored.shape[1], axis=1)[:, : whole.shape[1]]
    return np.where(np.isfinite(ecg.signal), filtered, np.nan).astype(np.float32)


def _gain(samples: int, rate: float) -> NDArray[np.floating]:
    """Of the filter run forth and back, at the frequencies of a spectrum of so many samples."""
    from scipy.signal import butter, freqz_sos

    low, high = DIAGNOSTIC_HZ
    band = (low, min(high, 0.45 * rate))
    sections = butter(_ORDER, band, "bandpass", fs=rate, output="sos")
    _, response = freqz_sos(sections, np.fft.rfftfreq(samples, 1 / rate), fs=rate)
    gain: NDArray[np.floating] = np.abs(response) ** 2
    return gain


def _bridged(wave: Signal) -> NDArray[np.floating]:
    """The lead with straight lines over its gaps, which a filter would spread over all of it."""
    known = np.isfinite(wave)
    if known.all() or not known.any():
        return np.nan_to_num(wave, posinf=0, neginf=0)
    places = np.arange(wave.size)
    return np.interp(places, places[known], wave[known])
