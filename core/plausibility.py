"""Whether a measured interval can be what it is called: else the reason why it is not stated.

A wrong number is worse than none, and one that is rare is given with a caution. Limits were set on
records of PTB-XL's folds 1-8.
"""

import math

import numpy as np

from core.delineation import IRREGULAR, BeatMarks, Delineation, Marked
from core.families import positions, speed_of
from core.median_beat import MedianBeat, frontal_axis, risen
from core.qtc import fridericia

# in the largest lead: its end cannot be seen. A lower T is flat: Rautaharju et al., Circulation
# 119:e241 (2009). 9 of 4,000 records of PTB-XL, none called normal
_FLAT_T_MV = 0.1
# From where T falls fastest to its end: 47 ms in the middle ECG of PTB-XL, 69 or less in 995 of
# 1,000 normal ones. Beyond, ST, U, the next P or noise was taken for a part of T
_SLOW_T_S, _ENDLESS_T_S = 0.10, 0.20
_SLOW_T = "T ends slowly, perhaps in a U wave or in the next P"
_ENDLESS_T = "T runs out too slowly for its end to be seen"
_TO_NEXT_P_S = 0.04  # a slow end of T so near to the next P is that P
_NEXT_IN_T = 0.2  # of the beats are followed so soon: 6 of 4,000 records of PTB-XL, none normal
# P above the straight line between its ends, in the largest lead: 99.8 % of 1,702 normal ECGs of
# PTB-XL have more; most that have less are called atrial fibrillation, or paced
_FLAT_P_MV = 0.04
_FLAT_P = f"no P wave of {_FLAT_P_MV:g} mV or more in any lead"
# How much faster before QRS if smoothed over 24 ms than over 56: 2.4 at most in 3,505 records of
# PTB-XL that are not paced, 2.7 to 3.7 at an atrial pacemaker's spike
_SPIKE_SMOOTH_S, _P_SMOOTH_S, _SPIKE = 0.024, 0.056, 2.5
_SPIKE_FOR_P = "what stands before QRS is too fast for a P wave, perhaps a pacemaker's spike"
# degrees; of normal P 0 to 75. Beyond, the atria are not led by the sinus node or leads are
# exchanged; and where RR is uneven or PR longer than 300 ms too, most often it is no P at all
_P_AXES = (-30, 110)
_FAR_P_MS = 300
_ODD_P = "no sinus P or leads exchanged, by the P axis"
# from one RR to the next, as a share: exceeded by 94 % of 200 records of PTB-XL in atrial
# fibrillation, 35 % in sinus arrhythmia, 5 % in sinus rhythm
_UNEVEN_RR = 0.075
# longest over shortest RR: a few ectopic beats and their pauses move no median. PTB-XL,
# 4,000 records: exceeded by 5 % of the normal, 15 % of all, 35 % of sinus arrhythmia
_SPREAD_RR = 1.5
_UNEVEN = "irregular rhythm, corrected by the mean RR of all beats"
_FAST_RATE = 100  # /min
_FAST = "fast rate, for which Bazett corrects too much"
# Marks that ask for more than a heart can do stand in the wrong place. Paced and blocked QRS reach
# some 240 ms; below 50 ms it is a spike
_QRS_MS = (50, 250)
_LONG_QRS_MS = 200  # 19 of 20 complete left bundle branch blocks of PTB-XL are shorter
_LONG_QRS = f"QRS longer than {_LONG_QRS_MS} ms, to be checked on the trace"
# QTc Fridericia. One in a thousand people has less than 320 (Anttonen et al., Circulation 116:714
# (2007)), and what was found so early in PTB-XL was no end of T. Torsade under a complete block
# comes with 600 and more
_QTC_MS = (320, 700)
# of 24 in 4,000 records of PTB-XL, 21 were called neither long nor paced
_LONG_QTC_MS = 550
_LONG_QTC = f"QTc longer than {_LONG_QTC_MS} ms, to be checked on the trace"
_TWO_TO_ONE = 2.3  # flutter waves a beat, at most: one of the two then lies on T
_LATEST_T = 0.85  # of RR: P and PR of the next beat take the rest
_HIDDEN_T = "the next beat comes before the end of T can be seen"
_P_IN_T = "no P wave that can be told from the T wave before it"
_OF_T = ("qt", "qtc_bazett", "qtc_fridericia", "t_axis")


def unmeasurable(
    beat: MedianBeat, rate: float, found: Delineation, basic: Marked
) -> dict[str, str]:
    """Why PR, QT and what follows from them cannot be had."""
    no_pr = _no_pr(beat.marks, rate, found) or _no_p_wave(beat, found)
    no_qt = _no_qt(beat, rate, found, basic)
    reasons = dict.fromkeys(("pr", "p_axis"), no_pr) if no_pr else {}
    return reasons | (dict.fromkeys(_OF_T, no_qt) if no_qt else {})


def no_qrs(marks: BeatMarks) -> str | None:
    """Why QRS cannot be as long as its marks say."""
    # all else is measured from QRS
    least, most = _QRS_MS
    qrs = ms(marks.qrs_onset, marks.qrs_end)
    if least <= qrs <= most:
        return None
    bound = f"longer than {most}" if qrs > most else f"shorter than {least}"
    return f"QRS would be {bound} ms: where it begins or ends cannot be seen"


def cautions(
    timed: dict[str, float],
    rate: float,
    *,
    uneven: bool = False,
    slow_t: bool = False,
    p_axis: float | None = None,
) -> dict[str, str]:
    """What is to be said of values that are given: of uneven RR, of Bazett at a fast rate, of what
    is longer than it mostly is, of a P that does not come from the sinus node.

    Rautaharju et al., "Part IV: the ST segment, T and U waves, and the QT interval", Circulation
    119:e241 (2009); Sagie et al., "An improved method for adjusting the QT interval for heart
    rate", Am J Cardiol 70:797 (1992).
    """
    ends = [_SLOW_T] if slow_t else []
    ends += [_LONG_QTC] if timed.get("qtc_fridericia", 0) > _LONG_QTC_MS else []
    corrected = [*([_UNEVEN] if uneven else []), *ends]
    odd_p = [_ODD_P] if _is_odd(p_axis) else []
    said = {
        "pr": odd_p,
        "qrs": [_LONG_QRS] if timed.get("qrs", 0) > _LONG_QRS_MS else [],
        "qt": ends,
        "qtc_bazett": [*corrected, *([_FAST] if rate > _FAST_RATE else [])],
        "qtc_fridericia": corrected,
        "p_axis": odd_p,
    }
    known = {*timed, "p_axis"}
    return {name: "; ".join(why) for name, why in said.items() if why and name in known}


def ms(start: float | None, end: float | None) -> float:
    """From one mark to another in ms; 0 where one is missing."""
    return 0.0 if start is None or end is None else 1000 * (end - start)


def _no_pr(marks: BeatMarks, rate: float, found: Delineation) -> str | None:
    qt, rr = ms(marks.qrs_onset, marks.t_end), 60_000 / rate
    if marks.p_onset is None:
        hidden = qt > _LATEST_T * rr and found.irregularity <= IRREGULAR / 2
        return _P_IN_T if hidden else _no_p(found)
    from_last_qrs = rr - ms(marks.p_onset, marks.qrs_onset)
    earliest = max(qt, ms(marks.qrs_onset, marks.qrs_end), _QTC_MS[0] * math.cbrt(rr / 1000))
    return _P_IN_T if from_last_qrs < earliest else None


def _no_p_wave(beat: MedianBeat, found: Delineation) -> str | None:
    """Why what stands before QRS is no P wave: a spike, next to nothing, or what points nowhere."""
    marks = beat.marks
    if marks.p_onset is None or marks.p_end is None:
        return None
    first, last = (round(at * beat.rate) for at in (marks.p_onset, marks.p_end))
    fast, slow = (
        speed_of(beat.signal, width, beat.rate)[first : last + 1].max()
        for width in (_SPIKE_SMOOTH_S, _P_SMOOTH_S)
    )
    if fast > _SPIKE * slow:
        return _SPIKE_FOR_P
    if np.abs(risen(beat.signal, first, last)).max() < _FLAT_P_MV:
        return _FLAT_P
    axis = frontal_axis(beat, marks.p_onset, marks.p_end)
    doubtful = found.irregularity > IRREGULAR / 2 or ms(marks.p_onset, marks.qrs_onset) > _FAR_P_MS
    return _no_p(found) if doubtful and _is_odd(axis) else None


def _is_odd(p_axis: float | None) -> bool:
    least, most = _P_AXES
    return p_axis is not None and not least <= p_axis <= most


def _no_p(found: Delineation) -> str:
    # what is measured in the record may stand on a blind page; no model has a part in it
    why = "no P wave at a constant distance before the QRS complexes"
    if found.flutter:
        return f"{why}, but waves that come back {found.flutter:.0f} times a minute"
    return f"{why}, and an irregular rhythm" if found.irregularity > IRREGULAR / 2 else why


def ends_slowly(basic: Marked) -> bool:
    """Whether T takes so long to its end that something else may belong to it."""
    return basic.t_fall > _SLOW_T_S


def is_uneven(found: Delineation) -> bool:
    """Whether RR changes from beat to beat, or is once much longer than at another time."""
    rr = np.diff(positions([one.family for one in found.families]))
    return found.irregularity > _UNEVEN_RR or bool(len(rr) > 1 and rr.max() > _SPREAD_RR * rr.min())


def _no_qt(beat: MedianBeat, rate: float, found: Delineation, basic: Marked) -> str | None:
    marks, rr = beat.marks, 60_000 / rate
    if marks.t_onset is None or marks.t_end is None:
        return _HIDDEN_T
    if found.flutter and found.flutter < _TWO_TO_ONE * rate:
        return f"waves that come back {found.flutter:.0f} times a minute hide the end of T"
    first, last = (round(at * beat.rate) for at in (marks.t_onset, marks.t_end))
    if np.ptp(beat.signal[:, first : last + 1], axis=1).max() < _FLAT_T_MV:
        return f"T is lower than {_FLAT_T_MV:g} mV in every lead"
    qt = ms(marks.qrs_onset, marks.t_end)
    free = rr - ms(marks.p_onset, marks.qrs_onset) - qt
    near = ends_slowly(basic) and free < 1000 * _TO_NEXT_P_S
    if near or free < 0 or qt > _LATEST_T * rr or _next_in_t(basic, found) > _NEXT_IN_T:
        return _HIDDEN_T
    return _ENDLESS_T if basic.t_fall > _ENDLESS_T_S else _no_qtc(fridericia(qt, rate))


def _next_in_t(basic: Marked, found: Delineation) -> float:
    """The share of these beats that the next QRS, ectopic ones too, follows before T has ended."""
    every, centres = positions([one.family for one in found.families]), basic.family.centres
    after = np.append(every, np.iinfo(np.intp).max)[np.searchsorted(every, centres) + 1] - centres
    end = basic.marks.qrs_onset if basic.marks.t_end is None else basic.marks.t_end
    return float((after < (end - basic.marks.qrs_onset) * found.clean.rate).mean())


def _no_qtc(corrected: float) -> str | None:
    least, most = _QTC_MS
    if least <= corrected <= most:
        return None
    bound = f"longer than {most}" if corrected > most else f"shorter than {least}"
    return f"QTc would be {bound} ms: where T ends cannot be seen"
