"""Heart rate, PR, QRS, QT and the electrical axes, measured on the median beat.

All leads together, as the recommendations for the standardization of the electrocardiogram ask
for: Kligfield et al., "Part I: the electrocardiogram and its technology", Circulation 115:1306
(2007). Ectopic beats have no part in the median beat, only in the heart rate. What cannot be
measured is None, with a reason.
"""

import math
import re
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.delineation import IRREGULAR, BeatMarks, Delineation, Marked, analyse
from core.ecg import LEADS, Ecg, Lead
from core.families import Clean
from core.interchange import broken_laws
from core.quality import REVERSAL, Quality, assess

Floats = NDArray[np.float64]

VALUES = (
    "heart_rate",
    "pr",
    "qrs",
    "qt",
    "qtc_bazett",
    "qtc_fridericia",
    "axis",
    "p_axis",
    "t_axis",
)  # in the order in which they are always shown
_FEWEST = 3  # alike beats
_AS_MANY = 0.5  # of the beats of the largest family: enough to be the basic rhythm
_FLAT_T_MV = 0.05  # in the largest lead: its end cannot be seen
_ISOELECTRIC = 0.1  # net area as a share of the whole, in I and aVF: no axis
_CHEST = re.compile(r": (V\d|the chest)")  # exchanged, that leaves the frontal axis alone
# from one RR to the next, as a share: exceeded by 94 % of 200 records of PTB-XL in atrial
# fibrillation, 35 % in sinus arrhythmia, 5 % in sinus rhythm
_UNEVEN_RR = 0.075
_UNEVEN = "irregular rhythm, corrected by the mean RR"
_FAST_RATE = 100  # /min
_FAST = "fast rate, for which Bazett corrects too much"
# Marks that ask for more than a heart can do stand in the wrong place. Paced and blocked QRS reach
# some 240 ms; below 50 ms it is a spike
_QRS_MS = (50, 250)
# QTc Fridericia. One in a thousand people has less than 320 (Anttonen et al., Circulation 116:714
# (2007)), and what was found so early in PTB-XL was no end of T. Torsade under a complete block
# comes with 600 and more
_QTC_MS = (320, 700)
_TWO_TO_ONE = 2.3  # flutter waves a beat, at most: one of the two then lies on T
_LATEST_T = 0.85  # of RR: P and PR of the next beat take the rest
_HIDDEN_T = "the next beat comes before the end of T can be seen"
_P_IN_T = "no P wave that can be told from the T wave before it"
_OF_T = ("qt", "qtc_bazett", "qtc_fridericia", "t_axis")
_NO_AXIS = "the limb leads do not fit each other: check the gains in the file"


@dataclass(frozen=True, slots=True, kw_only=True)
class MedianBeat:
    """The beat that ``beats`` alike beats have in common: ``signal`` is (12, samples) in mV.

    ``marks`` are in s from its first sample, ``rate`` in Hz.
    """

    signal: Floats
    rate: float
    marks: BeatMarks
    beats: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervals:
    """Rate in /min, intervals in ms, axes in degrees; ``reasons`` say why a value is None.

    ``caveats`` say why a value that is given is to be taken with care.
    """

    heart_rate: float | None = None
    pr: float | None = None
    qrs: float | None = None
    qt: float | None = None
    qtc_bazett: float | None = None
    qtc_fridericia: float | None = None
    axis: float | None = None
    p_axis: float | None = None
    t_axis: float | None = None
    median: MedianBeat | None = None
    reasons: dict[str, str] = field(default_factory=dict)
    caveats: dict[str, str] = field(default_factory=dict)


def measure(ecg: Ecg) -> Intervals:
    """Measure one ECG; a record that must not be read has no value, and the reason for it."""
    quality = assess(ecg)
    if not quality.acceptable:
        return Intervals(reasons=dict.fromkeys(VALUES, " ".join(quality.reasons)))
    found = analyse(ecg)
    rate = _heart_rate(found)
    if rate is None:
        return Intervals(reasons=dict.fromkeys(VALUES, "fewer than two beats"))
    basic = basic_rhythm(found)
    if basic is None:
        return _rate_alone(rate, "fewer than three alike beats")
    if why := _no_qrs(basic.marks):
        return _rate_alone(rate, why)
    beat = _median_beat(basic, found.clean)
    reasons = _unmeasurable(beat, rate, found)
    timed = _times(beat.marks, rate, reasons)
    axes = _axes(beat, _limb_fault(quality, found.clean), reasons)
    measured: dict[str, Any] = {"heart_rate": rate, **timed, **axes}
    return Intervals(
        median=_seen(beat, reasons),
        reasons=reasons,
        caveats=_caveats(timed, rate, found.irregularity),
        **measured,
    )


def _rate_alone(rate: float, why: str) -> Intervals:
    rest = {name: why for name in VALUES if name != "heart_rate"}
    return Intervals(heart_rate=rate, reasons=rest)


def basic_rhythm(found: Delineation) -> Marked | None:
    """The family of the basic rhythm: of the frequent shapes one led by P, else the narrowest."""
    most = max((len(one.family.centres) for one in found.families), default=0)
    least = max(_FEWEST, _AS_MANY * most)
    frequent = [one for one in found.families if len(one.family.centres) >= least]
    return min(
        frequent,
        key=lambda one: (one.marks.p_onset is None, one.marks.qrs_end - one.marks.qrs_onset),
        default=None,
    )


def bazett(qt: float, heart_rate: float) -> float:
    """QT in ms at 60 beats a minute by the square root of RR: Bazett, Heart 7:353 (1920)."""
    return qt / math.sqrt(60 / heart_rate)


def fridericia(qt: float, heart_rate: float) -> float:
    """QT in ms at 60 beats a minute by the cube root: Fridericia, Acta Med Scand 53:469 (1920)."""
    return qt / math.cbrt(60 / heart_rate)


def _heart_rate(found: Delineation) -> float | None:
    """From the mean RR of all beats, ectopic ones too: what a pulse would count."""
    if len(found.beats) < 2:
        return None
    return 60 * (len(found.beats) - 1) / (found.beats[-1].r - found.beats[0].r)


def _median_beat(basic: Marked, clean: Clean) -> MedianBeat:
    start = basic.family.zero / clean.rate
    return MedianBeat(
        signal=basic.family.median,
        rate=clean.rate,
        marks=basic.marks.later(start),
        beats=len(basic.family.centres),
    )


def _seen(beat: MedianBeat, reasons: dict[str, str]) -> MedianBeat:
    """The beat without the marks of a wave that cannot be measured."""
    marks = beat.marks.without_p if "pr" in reasons else beat.marks
    if "qt" in reasons:
        marks = replace(marks, t_onset=None, t_end=None)
    return replace(beat, marks=marks)


def _times(marks: BeatMarks, rate: float, reasons: dict[str, str]) -> dict[str, float]:
    """PR, QRS, QT and its corrections in ms, as far as there are."""
    timed = {"qrs": _ms(marks.qrs_onset, marks.qrs_end)}
    if "pr" not in reasons:
        timed["pr"] = _ms(marks.p_onset, marks.qrs_onset)
    if "qt" not in reasons:
        timed["qt"] = qt = _ms(marks.qrs_onset, marks.t_end)
        timed |= {"qtc_bazett": bazett(qt, rate), "qtc_fridericia": fridericia(qt, rate)}
    return timed


def _ms(start: float | None, end: float | None) -> float:
    """From one mark to another in ms; 0 where one is missing."""
    return 0.0 if start is None or end is None else 1000 * (end - start)


def _unmeasurable(beat: MedianBeat, rate: float, found: Delineation) -> dict[str, str]:
    """Why PR, QT and what follows from them cannot be had."""
    no_pr = _no_pr(beat.marks, rate, found)
    no_qt = _no_qt(beat, rate, found)
    reasons = dict.fromkeys(("pr", "p_axis"), no_pr) if no_pr else {}
    return reasons | (dict.fromkeys(_OF_T, no_qt) if no_qt else {})


def _no_qrs(marks: BeatMarks) -> str | None:
    # all else is measured from QRS
    least, most = _QRS_MS
    qrs = _ms(marks.qrs_onset, marks.qrs_end)
    if least <= qrs <= most:
        return None
    bound = f"longer than {most}" if qrs > most else f"shorter than {least}"
    return f"QRS would be {bound} ms: where it begins or ends cannot be seen"


def _no_pr(marks: BeatMarks, rate: float, found: Delineation) -> str | None:
    qt, rr = _ms(marks.qrs_onset, marks.t_end), 60_000 / rate
    if marks.p_onset is None:
        hidden = qt > _LATEST_T * rr and found.irregularity <= IRREGULAR / 2
        return _P_IN_T if hidden else _no_p(found)
    from_last_qrs = rr - _ms(marks.p_onset, marks.qrs_onset)
    earliest = max(qt, _ms(marks.qrs_onset, marks.qrs_end), _QTC_MS[0] * math.cbrt(rr / 1000))
    return _P_IN_T if from_last_qrs < earliest else None


def _no_p(found: Delineation) -> str:
    # what is measured in the record may stand on a blind page; no model has a part in it
    why = "no P wave at a constant distance before the QRS complexes"
    if found.flutter:
        return f"{why}, but waves that come back {found.flutter:.0f} times a minute"
    return f"{why}, and an irregular rhythm" if found.irregularity > IRREGULAR / 2 else why


def _caveats(timed: dict[str, float], rate: float, irregular: float) -> dict[str, str]:
    """What is to be said of QT corrected for the rate: of uneven RR, and of Bazett at a fast rate.

    Rautaharju et al., "Part IV: the ST segment, T and U waves, and the QT interval", Circulation
    119:e241 (2009); Sagie et al., "An improved method for adjusting the QT interval for heart
    rate", Am J Cardiol 70:797 (1992).
    """
    uneven = [_UNEVEN] if irregular > _UNEVEN_RR else []
    fast = [_FAST] if rate > _FAST_RATE else []
    said = {"qtc_bazett": [*uneven, *fast], "qtc_fridericia": uneven}
    return {name: "; ".join(why) for name, why in said.items() if why and name in timed}


def _no_qt(beat: MedianBeat, rate: float, found: Delineation) -> str | None:
    marks, rr = beat.marks, 60_000 / rate
    if marks.t_onset is None or marks.t_end is None:
        return _HIDDEN_T
    if found.flutter and found.flutter < _TWO_TO_ONE * rate:
        return f"waves that come back {found.flutter:.0f} times a minute hide the end of T"
    first, last = (round(at * beat.rate) for at in (marks.t_onset, marks.t_end))
    if np.ptp(beat.signal[:, first : last + 1], axis=1).max() < _FLAT_T_MV:
        return f"T is lower than {_FLAT_T_MV:g} mV in every lead"
    qt = _ms(marks.qrs_onset, marks.t_end)
    if qt > min(_LATEST_T * rr, rr - _ms(marks.p_onset, marks.qrs_onset)):
        return _HIDDEN_T
    return _no_qtc(fridericia(qt, rate))


def _no_qtc(corrected: float) -> str | None:
    least, most = _QTC_MS
    if least <= corrected <= most:
        return None
    bound = f"longer than {most}" if corrected > most else f"shorter than {least}"
    return f"QTc would be {bound} ms: where T ends cannot be seen"


def _limb_fault(quality: Quality, clean: Clean) -> str | None:
    """Why no axis can be had of these limb leads."""
    for said in quality.warnings:
        if said.startswith(REVERSAL) and not _CHEST.search(said):
            return said
    return _NO_AXIS if broken_laws(clean.signal) else None


def _axes(beat: MedianBeat, fault: str | None, reasons: dict[str, str]) -> dict[str, float | None]:
    marks = beat.marks
    waves = {
        "axis": (marks.qrs_onset, marks.qrs_end),
        "p_axis": (marks.p_onset, marks.p_end),
        "t_axis": (marks.t_onset, marks.t_end),
    }
    axes: dict[str, float | None] = {}
    for name, (start, end) in waves.items():
        if name in reasons or start is None or end is None:
            continue
        axes[name] = None if fault else frontal_axis(beat, start, end)
        if axes[name] is None:
            reasons[name] = fault or "as much above as below the baseline in I and aVF"
    return axes


def frontal_axis(beat: MedianBeat, start: float, end: float) -> float | None:
    """Axis of the wave between two times in s, in degrees (-180, 180]; None if there is none.

    From the net areas in I and aVF above the level before QRS (before P for P). aVF is brought
    to the scale of a bipolar lead by 2/sqrt 3: Goldberger's leads are that much smaller.
    """
    first, last = (round(at * beat.rate) for at in (start, end))
    level = min(first, round(beat.marks.qrs_onset * beat.rate))
    rows = beat.signal[[LEADS.index(Lead.I), LEADS.index(Lead.AVF)]]
    wave = rows[:, first : last + 1] - rows[:, max(0, level - 3) : level + 1].mean(1, keepdims=True)
    one, foot = wave.sum(axis=1) * (1, 2 / math.sqrt(3))
    if math.hypot(one, foot) < _ISOELECTRIC * np.abs(wave).sum():
        return None
    return math.degrees(math.atan2(foot, one))
