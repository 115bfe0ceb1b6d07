"""Heart rate, PR, QRS, QT and the electrical axes, measured on the median beat.

All leads together, as the recommendations for the standardization of the electrocardiogram ask
for: Kligfield et al., "Part I: the electrocardiogram and its technology", Circulation 115:1306
(2007). Ectopic beats have no part in the median beat, only in the heart rate. What cannot be
measured is None, with a reason.
"""

import re
from dataclasses import dataclass, field, replace
from typing import Any

from core.delineation import BeatMarks, Delineation, Marked, analyse
from core.ecg import LEADS, Ecg, Lead
from core.families import Clean
from core.interchange import broken_laws
from core.median_beat import MedianBeat, frontal_axis
from core.plausibility import cautions, ends_slowly, is_uneven, ms, no_qrs, unmeasurable
from core.qtc import bazett, fridericia
from core.quality import REVERSAL, Quality, assess

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
_CHEST = re.compile(r": (V\d|the chest)")  # exchanged, that leaves the frontal axis alone
# how a reason begins that is about leads on the chest and no other
_CHEST_ALONE = re.compile(r"(No signal in )?V\d((, | and )V\d)*( \(flat|: )")
_BY_LIMBS = "by the limb leads alone, the chest leads cannot be read"
_NO_AXIS = "the limb leads do not fit each other: check the gains in the file"


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
        return _refused(ecg, " ".join(quality.reasons))
    found = analyse(ecg)
    rate = _heart_rate(found)
    if rate is None:
        return Intervals(reasons=dict.fromkeys(VALUES, "fewer than two beats"))
    basic = basic_rhythm(found)
    if basic is None:
        return _rate_alone(rate, "fewer than three alike beats")
    if why := no_qrs(basic.marks):
        return _rate_alone(rate, why)
    beat = _median_beat(basic, found.clean)
    reasons = unmeasurable(beat, rate, found, basic)
    timed = _times(beat.marks, rate, reasons)
    axes = _axes(beat, _limb_fault(quality, found.clean), reasons)
    measured: dict[str, Any] = {"heart_rate": rate, **timed, **axes}
    said = cautions(
        timed,
        rate,
        uneven=is_uneven(found),
        slow_t=ends_slowly(basic),
        p_axis=axes.get("p_axis"),
    )
    return Intervals(median=_seen(beat, reasons), reasons=reasons, caveats=said, **measured)


def _refused(ecg: Ecg, why: str) -> Intervals:
    """No value; but the rate where only leads on the chest are at fault and the limb leads are not.

    The limb leads are judged with I in the place of all six, which tells nothing new.
    """
    nothing = Intervals(reasons=dict.fromkeys(VALUES, why))
    if not _CHEST_ALONE.match(why):
        return nothing
    signal = ecg.signal.copy()
    signal[LEADS.index(Lead.V1) :] = signal[LEADS.index(Lead.I)]
    limbs = replace(ecg, signal=signal)
    rate = _heart_rate(analyse(limbs)) if assess(limbs).acceptable else None
    if rate is None:
        return nothing
    return replace(_rate_alone(rate, why), caveats={"heart_rate": _BY_LIMBS})


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
    timed = {"qrs": ms(marks.qrs_onset, marks.qrs_end)}
    if "pr" not in reasons:
        timed["pr"] = ms(marks.p_onset, marks.qrs_onset)
    if "qt" not in reasons:
        timed["qt"] = qt = ms(marks.qrs_onset, marks.t_end)
        timed |= {"qtc_bazett": bazett(qt, rate), "qtc_fridericia": fridericia(qt, rate)}
    return timed


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
