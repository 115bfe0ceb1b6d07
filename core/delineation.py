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
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from core.arrays import Floats, Ints
from core.ecg import Ecg
from core.families import Clean, Family, clean, find_families, positions, smoothed, speed_of
from core.flutter import flutter_rate

_QRS_SMOOTH_S, _T_SMOOTH_S, _P_SMOOTH_S = 0.024, 0.072, 0.056  # whole width of a Hann window
_QRS_REACH_S = 0.12  # around its centre: where the fastest part of QRS lies
_QRS_PART = 0.4  # of the highest speed: what surely is QRS
_QRS_BEGINS, _QRS_ENDS = 0.07, 0.08  # of the highest speed
_P_BEGINS, _P_ENDS = 0.35, 0.60  # of the highest speed in that slope of P
_T_BEGINS, _T_ENDS = 0.50, 0.28  # and of T
_QUIET_S = 0.012  # below its share for so long: over
# What is slower than this for 40 ms and more at an end of a QRS of 160 ms and more is ST rising to
# a discordant T, or P or noise before it. PTB-XL, 428 complete left bundle branch blocks: without
# this 50 are longer than 200 ms, with it 24; of 118 right ones, slow and short at their end, one
# changes
_SLOW_QRS, _SLOW_QRS_S, _LONG_QRS_S = 0.15, 0.04, 0.16
_QRS_SCALE = 0.5  # 0: millivolts count, 1: every lead counts alike
_WIDE_QRS_S = 0.12  # from here on it is asked whether one lead alone makes it wide
# of its highest speed: a lead slower than this in the QRS of all others is out of time with them.
# PTB-XL: 0.02 in a lead that was shifted; 0.48 and above where V1 or V2 alone show a right block
_STILL = 0.2
# what a pacemaker's spike leaves at 40 Hz is narrow, and its beat follows at once. PTB-XL: 54 to
# 78 ms wide and 260 to 320 ms ahead in 11 of 266 paced records; sinus beats of which each is
# followed by an ectopic one so soon are 110 ms wide and more
_SPIKE_S, _SPIKE_TO_BEAT_S, _SPIKES = 0.085, 0.34, 0.7  # the last: the share so followed
_T_ROOM_S = 0.10  # less is not enough to see a T wave in
_ST_S = 0.06  # after QRS, before T is looked for
_LONGEST_QT = 0.56  # s at one beat a second; it goes with the root of RR (Bazett 1920)
_LONGEST_PR_S = 0.34
_P_WIDTH_S, _T_SLOPE_S = 0.09, 0.16
# P begins earlier than where it was found if it was as fast as this, of its highest speed, before
_P_EARLIER, _P_EARLIER_S, _WIDEST_P_S = 0.6, 0.08, 0.16
_P_TO_QRS_S = 0.012
_FEWEST = 3  # alike beats, before a wave can be said to come back
# correlation of what precedes QRS with its median, in a regular rhythm and how much more where
# RR changes by 15 % from beat to beat. PTB-XL, 300 records each: P is then seen in 99 % of
# normal ECGs, 96 % of sinus arrhythmia, 8 % of atrial fibrillation
_P_ALIKE, _P_ALIKE_MORE, IRREGULAR = 0.5, 0.3, 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class BeatMarks:
    """The marks of one beat in s from the start of the record; None where there is no such wave."""

    r: float
    p_onset: float | None = None
    p_end: float | None = None
    qrs_onset: float
    qrs_end: float
    t_onset: float | None = None
    t_end: float | None = None

    def later(self, by: float) -> "BeatMarks":
        """The same marks ``by`` s later."""
        known = {f.name: at + by for f in fields(self) if (at := getattr(self, f.name)) is not None}
        return replace(self, **known)

    @property
    def without_p(self) -> "BeatMarks":
        """The same beat with no P wave."""
        return replace(self, p_onset=None, p_end=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """A family of alike beats with the marks on its median, in s from its centre.

    ``t_fall`` is how long T takes from where it falls fastest to its end, in s; 0 without T.
    """

    family: Family
    marks: BeatMarks
    t_fall: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Delineation:
    """All beats of a record: each with its marks, and by families, the largest first.

    ``flutter`` is the rate in /min of flutter waves that would else pass for P waves.
    """

    clean: Clean
    families: tuple[Marked, ...]
    beats: tuple[BeatMarks, ...]
    irregularity: float
    flutter: float | None = None

    def fluttering(self, rate: float) -> "Delineation":
        """The same record with flutter waves at ``rate`` and without P waves."""
        families = tuple(replace(one, marks=one.marks.without_p) for one in self.families)
        beats = tuple(beat.without_p for beat in self.beats)
        return replace(self, families=families, beats=beats, flutter=rate)


def delineate(ecg: Ecg) -> tuple[BeatMarks, ...]:
    """The marks of every beat found, ectopic ones too, in order of time; () without a beat."""
    return analyse(ecg).beats


def analyse(ecg: Ecg) -> Delineation:
    """Find, sort and mark all beats of an ECG; whether it can be read is for core.quality."""
    cleaned = clean(ecg)
    families = _without_spikes(find_families(cleaned), cleaned.rate)
    every = positions(families)
    irregular = irregularity(every)
    marked = tuple(_marked(family, cleaned.rate, every, irregular) for family in families)
    seconds = cleaned.signal.shape[1] / cleaned.rate
    beats = [
        _moved(one.marks, float(centre / cleaned.rate), seconds)
        for one in marked
        for centre in one.family.centres
    ]
    beats.sort(key=lambda beat: beat.r)
    found = Delineation(clean=cleaned, families=marked, beats=tuple(beats), irregularity=irregular)
    if all(one.marks.p_onset is None for one in marked):
        return found
    rate = flutter_rate(cleaned, ((beat.qrs_onset, beat.qrs_end) for beat in beats))
    return found.fluttering(rate) if rate else found


def _without_spikes(families: list[Family], rate: float) -> list[Family]:
    """The families that are beats: without the spikes of a pacemaker that stand before them."""
    if len(families) < 2:
        return families
    every = positions(families)
    return [family for family in families if not _is_spike(family, every, rate)]


def _is_spike(family: Family, every: Ints, rate: float) -> bool:
    if len(family.centres) < _FEWEST:
        return False
    onset, end = _qrs(family.median, family.zero, rate)
    place = np.searchsorted(every, family.centres)
    following = np.append(every, every[-1] + round(rate))[place + 1]  # a second after the last
    soon = following - family.centres < _SPIKE_TO_BEAT_S * rate
    other = ~np.isin(following, family.centres)
    return bool(end - onset < _SPIKE_S * rate and (soon & other).mean() > _SPIKES)


def irregularity(every: Ints) -> float:
    """By how much RR changes from beat to beat, as a share of RR (medians); 0 where unknown."""
    rr = np.diff(every)
    return float(np.median(np.abs(np.diff(rr))) / np.median(rr)) if len(rr) > 1 else 0.0


def _moved(common: BeatMarks, by: float, seconds: float) -> BeatMarks:
    """The marks of the median beat on one beat; a wave that is cut off by the record is none."""
    beat = common.later(by)
    if beat.p_onset is None or beat.p_onset < 0:
        beat = beat.without_p
    if beat.t_end is None or beat.t_end > seconds:
        beat = replace(beat, t_onset=None, t_end=None)
    return replace(
        beat,
        r=min(max(beat.r, 0.0), seconds),
        qrs_onset=max(beat.qrs_onset, 0.0),
        qrs_end=min(beat.qrs_end, seconds),
    )


def _gaps(family: Family, every: Ints, rate: float) -> tuple[float, float]:
    """Typical time in s to the beat before and to the beat after a beat of this family."""
    place = np.searchsorted(every, family.centres)
    around = np.concatenate([[-np.inf], every, [np.inf]])
    before = family.centres - around[place]
    after = around[place + 2] - family.centres
    return _typical(before, rate), _typical(after, rate)


def _typical(gap: NDArray[np.number], rate: float) -> float:
    known = gap[np.isfinite(gap)]
    return float(np.median(known) / rate) if len(known) else 1.0


def _marked(family: Family, rate: float, every: Ints, irregular: float) -> Marked:
    beat, zero = family.median, family.zero
    before, after = _gaps(family, every, rate)
    onset, end = _qrs(beat, zero, rate)
    t = _t(beat, round(end + _ST_S * rate), _last_of_t(zero, rate, after), rate)
    last_t = zero if t is None else t[2]  # of the beat before
    first = max(onset - _LONGEST_PR_S * rate, last_t + (0.02 - before) * rate, 2)
    last = round(onset - _P_TO_QRS_S * rate)
    p = (
        _p(family, round(first), last, rate)
        if _recurs(family, round(first), last, irregular)
        else None
    )
    height = np.abs(beat[:, round(onset) : round(end) + 1]).sum(axis=0)
    samples = {"r": round(onset) + float(height.argmax()), "qrs_onset": onset, "qrs_end": end}
    samples |= {} if p is None else {"p_onset": p[0], "p_end": p[1]}
    samples |= {} if t is None else {"t_onset": t[0], "t_end": t[2]}
    at = {name: float((sample - zero) / rate) for name, sample in samples.items()}
    t_fall = 0.0 if t is None else (t[2] - t[1]) / rate
    return Marked(family=family, marks=BeatMarks(**at), t_fall=t_fall)


def _last_of_t(zero: int, rate: float, rr: float) -> int:
    return zero + round(min(0.70, 0.9 * rr - 0.15, _LONGEST_QT * math.sqrt(rr)) * rate)


def _qrs(beat: Floats, zero: int, rate: float) -> tuple[float, float]:
    """Where QRS begins and ends; each lead counts by the root of its own size.

    So a block that shows late and slowly in V1 is seen beside the tall leads. A lead that is out
    of time with all others has no say.
    """
    reach = slice(zero - round(_QRS_REACH_S * rate), zero + round(_QRS_REACH_S * rate))
    size = np.ptp(beat[:, reach], axis=1, keepdims=True) + 1e-3
    slopes = np.gradient(smoothed(beat / size**_QRS_SCALE, _QRS_SMOOTH_S, rate), axis=-1) ** 2
    begin, end = _fast_part(slopes, reach, rate)
    if end - begin < _WIDE_QRS_S * rate:
        return begin, end
    leads = range(len(slopes))
    without = [_fast_part(np.delete(slopes, lead, axis=0), reach, rate) for lead in leads]
    odd = min(leads, key=lambda lead: without[lead][1] - without[lead][0])
    first, last = (round(at) for at in without[odd])
    alone = np.sqrt(slopes[odd])
    still = alone[first : last + 1].max() < _STILL * alone[reach].max()
    return without[odd] if still else (begin, end)


def _fast_part(slopes: Floats, reach: slice, rate: float) -> tuple[float, float]:
    """Where the heart vector, of leads with these squared slopes, begins and ends to move fast."""
    speed = np.sqrt(slopes.sum(axis=0))
    most = float(speed[reach].max()) + 1e-12
    fast = reach.start + np.flatnonzero(speed[reach] >= _QRS_PART * most)
    first, last = int(fast[0]), int(fast[-1])
    begin = _back(speed, first, _QRS_BEGINS * most, rate)
    end = _on(speed, last, _QRS_ENDS * most, rate)
    if end - begin < _LONG_QRS_S * rate:
        return begin, end
    later = _back(speed, first, _SLOW_QRS * most, rate)
    sooner = _on(speed, last, _SLOW_QRS * most, rate)
    begin = later if later - begin >= _SLOW_QRS_S * rate else begin
    is_slow = end - sooner >= _SLOW_QRS_S * rate
    # beside a pacemaker's spike all else is slow
    return begin, sooner if is_slow and sooner - begin >= _WIDE_QRS_S * rate else end


def _t(beat: Floats, first: int, last: int, rate: float) -> tuple[float, float, float] | None:
    """Where T begins, falls fastest and ends between two samples; None without room for it."""
    slope = round(_T_SLOPE_S * rate)
    if last - first < _T_ROOM_S * rate:
        return None
    wave = _principal(smoothed(beat, _T_SMOOTH_S, rate), first, last)
    speed = speed_of(beat, _T_SMOOTH_S, rate)
    top = first + int(np.abs(wave[first:last]).argmax())
    down = top + int(speed[top : min(last, top + slope)].argmax())
    up = max(first, top - slope)
    up += int(speed[up : top + 1].argmax())
    begin = first + _back(speed[first:], up - first, _T_BEGINS * speed[up], rate)
    return begin, down, _on(speed[: last + slope], down, _T_ENDS * speed[down], rate)


def _principal(beat: Floats, first: int, last: int) -> Floats:
    """The wave between two samples as one lead, the one in which it is largest; zero at its end."""
    part = beat[:, first:last]
    lead = np.linalg.svd(part - part.mean(axis=1, keepdims=True), full_matrices=False)[0][:, 0]
    wave: Floats = lead @ beat
    return wave - np.median(wave[max(first, last - 8) : last])


def _p(family: Family, first: int, last: int, rate: float) -> tuple[float, float] | None:
    """Where P begins and ends between two samples; None where nothing comes back there."""
    width = round(_P_WIDTH_S * rate)
    if last - first < width:
        return None
    speed = speed_of(family.median, _P_SMOOTH_S, rate)
    sums = np.cumsum(speed[first - 1 : last])
    begin = first + int((sums[width:] - sums[:-width]).argmax())
    middle = begin + width // 2
    up = max(begin - 2, 0) + int(speed[max(begin - 2, 0) : middle].argmax())
    down = middle + int(speed[middle : min(begin + width + 2, last)].argmax())
    end = _on(speed, down, _P_ENDS * speed[down], rate)
    earliest = max(0, first - round(_P_SMOOTH_S * rate))
    begins = earliest + _back(speed[earliest:], up - earliest, _P_BEGINS * speed[up], rate)
    # what was found may be its second half alone
    before = max(first, round(max(begins - _P_EARLIER_S * rate, end - _WIDEST_P_S * rate)))
    rise = before + int(speed[before : max(round(begins), before + 1)].argmax())
    if rise < begins and speed[rise] > _P_EARLIER * max(speed[up], speed[down]):
        begins = earliest + _back(speed[earliest:], rise - earliest, _P_BEGINS * speed[rise], rate)
    return begins, min(end, float(last))


def _recurs(family: Family, first: int, last: int, irregular: float) -> bool:
    """Whether what lies there comes back with each beat, as the waves of fibrillation do not.

    The more irregular the rhythm, the more alike it must be.
    """
    if last - first < 2 or len(family.beats) < _FEWEST:
        return False
    part = family.beats[:, :, first:last] - family.beats[:, :, first:last].mean(2, keepdims=True)
    common = family.median[:, first:last] - family.median[:, first:last].mean(1, keepdims=True)
    size = np.sqrt((part**2).sum(axis=(1, 2)) * (common**2).sum()) + 1e-12
    alike = float(np.median(np.einsum("bls,ls->b", part, common) / size))
    return alike > _P_ALIKE + _P_ALIKE_MORE * min(1.0, irregular / IRREGULAR)


def _on(speed: Floats, start: int, level: float, rate: float) -> float:
    """The sample after ``start`` where the speed falls below a level and stays there.

    Where it never does, as where the next wave follows at once, the place where it is lowest.
    """
    hold = max(1, round(_QUIET_S * rate))
    low = speed[start:] < level
    if len(low) <= hold:
        return float(len(speed) - 1)
    stays = np.lib.stride_tricks.sliding_window_view(low, hold).all(axis=1)
    if not stays.any():
        return float(start + speed[start:].argmin())
    at = start + int(stays.argmax())
    if at == start:
        return float(at)
    above, below = speed[at - 1], speed[at]
    return float(at - (level - below) / (above - below + 1e-12))


def _back(speed: Floats, start: int, level: float, rate: float) -> float:
    """The same before ``start``."""
    last = len(speed) - 1
    return last - _on(speed[::-1], last - start, level, rate)
