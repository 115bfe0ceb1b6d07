"""How fast the atria flutter, where they do.

Flutter waves fill the whole record, mostly at 240 to 340 a minute (Saoudi et al., "A classification
of atrial flutter and regular atrial tachycardia", Eur Heart J 22:1162 (2001)). So with QRS cut out
the record still repeats itself at that pace, in the sum over the leads; T and P of a sinus rhythm
differ too much in shape and in direction.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt

from core.families import Clean

_PERIODS_S = (0.16, 0.30)  # that are looked through
# 240 a minute: where a sinus tachycardia seems to come back faster than it does, as P half-way
# between two T, that is slower. Under drugs flutter may be as slow and is then not seen
_LONGEST_S = 0.25
_BAND_HZ = (3.0, 9.0)  # without the slow part of T
# autocorrelation, chosen on these records of folds 1-9, in which P would be claimed: exceeded by 24
# of 37 in flutter, 1 of 114 in sinus tachycardia, none of 591 in sinus rhythm or fibrillation
_ALIKE = 0.65


def flutter_rate(clean: Clean, qrs: Iterable[tuple[float, float]]) -> float | None:
    """Rate of the flutter waves in /min; None where nothing comes back so fast.

    ``qrs`` are onset and end of every QRS in s.
    """
    waves, outside = _without(clean, qrs)
    first, last = (round(period * clean.rate) for period in _PERIODS_S)
    alike = [_alike(waves, outside, lag) for lag in range(first, last + 1)]
    best = int(np.argmax(alike))
    period = (first + best) / clean.rate
    return 60 / period if alike[best] > _ALIKE and period <= _LONGEST_S else None


def _without(
    clean: Clean, qrs: Iterable[tuple[float, float]]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The band of the waves with every QRS bridged, (12, n), and which samples are no bridge."""
    signal = clean.signal.copy()
    outside = np.ones(signal.shape[1], dtype=bool)
    for onset, end in qrs:
        last = min(int(end * clean.rate) + 1, signal.shape[1] - 1)
        first = min(max(int(onset * clean.rate), 0), last)
        signal[:, first:last] = np.linspace(
            signal[:, first], signal[:, last], last - first, endpoint=False, axis=1
        )
        outside[first:last] = False
    band = butter(2, _BAND_HZ, "band", fs=clean.rate, output="sos")
    return sosfiltfilt(band, signal, axis=1), outside


def _alike(waves: NDArray[np.float64], outside: NDArray[np.bool_], lag: int) -> float:
    """Correlation of all leads with themselves ``lag`` samples later."""
    both = outside[lag:] & outside[:-lag]
    early, late = waves[:, :-lag][:, both], waves[:, lag:][:, both]
    size = np.sqrt((early**2).sum() * (late**2).sum()) + 1e-12
    return float((early * late).sum() / size)
