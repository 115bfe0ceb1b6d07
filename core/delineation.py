"""Where the waves of each beat begin and end, from all twelve leads together.

Beats of one shape are delineated once, on their median, where noise is lowest, and the marks
are carried to every beat: within a family a cardiologist's marks vary by less (3 ms at QRS,
7 ms at the end of T, in LUDB) than any detector does on a single beat. A wave begins and ends
where the speed of the heart vector, the root of the summed squared slopes of all leads, falls
below a share of its maximum in that wave, as in Laguna, Jane & Caminal, "Automatic detection of
wave boundaries in multilead ECG signals", Comput Biomed Res 27:45 (1994). The shares were set on
half of the records of LUDB (Kalyakulina et al., IEEE Access 8:186181, 2020).
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import convolve1d

from core.ecg import Ecg
from core.families import Clean, Family, clean, find_families

Floats = NDArray[np.float64]

_QRS_SMOOTH_S, _T_SMOOTH_S, _P_SMOOTH_S = 0.024, 0.072, 0.056  # whole width of a Hann window
_QRS_REACH_S = 0.12  # around its centre: where the fastest part of QRS lies
_QRS_PART = 0.4  # of the highest speed: what surely is QRS
_QRS_BEGINS, _QRS_ENDS = 0.07, 0.12  # of the highest speed
_P_BEGINS, _P_ENDS = 0.35, 0.60  # of the highest speed in that slope of P
_T_BEGINS, _T_ENDS = 0.50, 0.28  # and of T
_QUIET_S = 0.012  # below its share for so long: over
_ST_S = 0.06  # after QRS, before T is looked for
_LONGEST_QT = 0.56  # s at one beat a second; it goes with the root of RR (Bazett 1920)
_LONGEST_PR_S = 0.34
_P_WIDTH_S, _T_SLOPE_S = 0.09, 0.16
_P_RECURS = 6.0  # how much more a P wave comes back than what is not tied to QRS


@dataclass(frozen=True, slots=True, kw_only=True)
class BeatMarks:
    """The marks of one beat in s from the start of the record; None where there is no such wave."""

    r: float
    p_onset: float | None
    p_end: float | None
    qrs_onset: float
    qrs_end: float
    t_onset: float | None
    t_end: float | None


def delineate(ecg: Ecg) -> tuple[BeatMarks, ...]:
    """The marks of every beat found, ectopic ones too, in order of time; () without a beat."""
    if ecg.signal.shape[1] < 2:
        return ()
    cleaned = clean(ecg)
    families = find_families(cleaned)
    every = np.sort(np.concatenate([np.empty(0, np.intp), *(f.centres for f in families)]))
    marks = [mark for family in families for mark in _of_family(cleaned, family, every)]
    return tuple(sorted(marks, key=lambda mark: mark.r))


def _of_family(cleaned: Clean, family: Family, every: NDArray[np.intp]) -> Iterable[BeatMarks]:
    common = mark_median(family, cleaned.rate, gaps(family, every, cleaned.rate))
    seconds = cleaned.signal.shape[1] / cleaned.rate
    for centre in family.centres:
        yield _moved(common, float(centre / cleaned.rate), seconds)


def _moved(common: BeatMarks, by: float, seconds: float) -> BeatMarks:
    """The marks of the median beat on one beat; a wave that is cut off by the record is none."""
    at = {
        f.name: None if (s := getattr(common, f.name)) is None else s + by for f in fields(common)
    }
    for wave in ("p", "t"):
        onset, end = at[f"{wave}_onset"], at[f"{wave}_end"]
        if onset is None or end is None or onset < 0 or end > seconds:
            at[f"{wave}_onset"] = at[f"{wave}_end"] = None
    for name in ("r", "qrs_onset", "qrs_end"):
        at[name] = min(max(at[name] or 0.0, 0.0), seconds)
    return BeatMarks(**at)  # type: ignore[arg-type]  # the three that must be are


def gaps(family: Family, every: NDArray[np.intp], rate: float) -> tuple[float, float]:
    """Typical time in s to the beat before and to the beat after a beat of this family."""
    place = np.searchsorted(every, family.centres)
    around = np.concatenate([[-np.inf], every, [np.inf]])
    before = family.centres - around[place]
    after = around[place + 2] - family.centres
    return _typical(before, rate), _typical(after, rate)


def _typical(gap: NDArray[np.number], rate: float) -> float:
    known = gap[np.isfinite(gap)]
    return float(np.median(known) / rate) if len(known) else 1.0


def mark_median(family: Family, rate: float, rr: tuple[float, float]) -> BeatMarks:
    """The marks on the median beat of a family, in s from its centre.

    ``rr`` are the times in s to the beats before and after.
    """
    beat, zero = family.median, family.zero
    onset, end = _qrs(beat, zero, rate)
    t = _t(beat, round(end + _ST_S * rate), _last_of_t(zero, rate, rr[1]), rate)
    before = (0.0 if t is None else (t[1] - zero) / rate) - rr[0]
    first = max(onset - _LONGEST_PR_S * rate, zero + (before + 0.02) * rate, 2)
    p = _p(family, round(first), round(onset - 0.012 * rate), rate)
    height = np.abs(beat[:, round(onset) : round(end) + 1]).sum(axis=0)

    def at(sample: float) -> float:
        return float((sample - zero) / rate)

    return BeatMarks(
        r=at(round(onset) + float(height.argmax())),
        p_onset=None if p is None else at(p[0]),
        p_end=None if p is None else at(p[1]),
        qrs_onset=at(onset),
        qrs_end=at(end),
        t_onset=None if t is None else at(t[0]),
        t_end=None if t is None else at(t[1]),
    )


def _last_of_t(zero: int, rate: float, rr: float) -> int:
    return zero + round(min(0.70, 0.9 * rr - 0.15, _LONGEST_QT * math.sqrt(rr)) * rate)


def _qrs(beat: Floats, zero: int, rate: float) -> tuple[float, float]:
    speed = _speed(beat, _QRS_SMOOTH_S, rate)
    reach = round(_QRS_REACH_S * rate)
    inner = speed[zero - reach : zero + reach]
    most = float(inner.max()) + 1e-12
    fast = zero - reach + np.flatnonzero(inner >= _QRS_PART * most)
    begin = _back(speed, int(fast[0]), _QRS_BEGINS * most, rate)
    return begin, _on(speed, int(fast[-1]), _QRS_ENDS * most, rate)


def _t(beat: Floats, first: int, last: int, rate: float) -> tuple[float, float] | None:
    """Where T begins and ends between two samples; None where there is no room for it."""
    slope = round(_T_SLOPE_S * rate)
    if last - first < slope:
        return None
    wave = _principal(_smooth(beat, _T_SMOOTH_S, rate), first, last)
    speed = _speed(beat, _T_SMOOTH_S, rate)
    top = first + int(np.abs(wave[first:last]).argmax())
    down = top + int(speed[top : min(last, top + slope) + 1].argmax())
    up = max(first, top - slope)
    up += int(speed[up : top + 1].argmax())
    end = _on(speed, down, _T_ENDS * speed[down], rate)
    return max(_back(speed, up, _T_BEGINS * speed[up], rate), float(first)), end


def _principal(beat: Floats, first: int, last: int) -> Floats:
    """The wave between two samples as one lead, the one in which it is largest; zero at its end."""
    part = beat[:, first:last]
    lead = np.linalg.svd(part - part.mean(axis=1, keepdims=True), full_matrices=False)[0][:, 0]
    wave: Floats = lead @ beat
    return wave - np.median(wave[max(first, last - 8) : last])


def _p(family: Family, first: int, last: int, rate: float) -> tuple[float, float] | None:
    """Where P begins and ends between two samples; None where nothing comes back there."""
    width = round(_P_WIDTH_S * rate)
    if last - first < width or not _recurs(family, first, last):
        return None
    speed = _speed(family.median, _P_SMOOTH_S, rate)
    sums = np.cumsum(speed[first - 1 : last])
    begin = first + int((sums[width:] - sums[:-width]).argmax())
    middle = begin + width // 2
    up = max(begin - 2, 0) + int(speed[max(begin - 2, 0) : middle].argmax())
    down = middle + int(speed[middle : min(begin + width + 2, last)].argmax())
    end = _on(speed, down, _P_ENDS * speed[down], rate)
    return _back(speed, up, _P_BEGINS * speed[up], rate), min(end, float(last))


def _recurs(family: Family, first: int, last: int) -> bool:
    """Whether what lies there comes back with each beat, as the waves of fibrillation do not."""
    part = family.beats[:, :, first:last] - family.beats[:, :, first:last].mean(2, keepdims=True)
    common = family.median[:, first:last] - family.median[:, first:last].mean(1, keepdims=True)
    rest = float(np.median(((part - common) ** 2).mean(axis=(1, 2))))
    return len(part) * float((common**2).mean()) > _P_RECURS * rest


def _speed(beat: Floats, width: float, rate: float) -> Floats:
    """How fast the heart vector moves, in mV a sample, from leads smoothed over ``width`` s."""
    slopes = np.gradient(_smooth(beat, width, rate), axis=1)
    speed: Floats = np.sqrt((slopes**2).sum(axis=0))
    return speed


def _smooth(beat: Floats, width: float, rate: float) -> Floats:
    window = np.hanning(round(width * rate) + 1)[1:-1]
    smooth: Floats = convolve1d(beat, window / window.sum(), axis=1, mode="nearest")
    return smooth


def _on(speed: Floats, start: int, level: float, rate: float) -> float:
    """The sample after ``start`` where the speed falls below a level and stays there."""
    hold = max(1, round(_QUIET_S * rate))
    low = np.concatenate([speed[start:] < level, np.ones(hold, dtype=bool)])
    stays = np.lib.stride_tricks.sliding_window_view(low, hold).all(axis=1)
    at = start + int(stays.argmax())
    if at == start or at >= len(speed):
        return float(min(at, len(speed) - 1))
    above, below = speed[at - 1], speed[at]
    return float(at - (level - below) / (above - below + 1e-12))


def _back(speed: Floats, start: int, level: float, rate: float) -> float:
    """The same before ``start``."""
    last = len(speed) - 1
    return last - _on(speed[::-1], last - start, level, rate)
