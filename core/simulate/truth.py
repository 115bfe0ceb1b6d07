"""What is where in a simulated record: the pathological regions and the fiducial points."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from core.ecg import LEADS, Lead, Superclass
from core.simulate.fiducials import Fiducials, fiducials
from core.simulate.findings import Finding
from core.simulate.pathology import Step
from core.simulate.vcg import Array, Beat, Wave, project

_STEP_S = 0.002
_MIN_CHANGE_MV = 0.04  # less is not seen on paper; P waves are a third as tall
_MIN_P_CHANGE_MV = 0.02
_SHARE = 0.4  # leads that change by less than this share of the most changed one are left out
_Q_S = 0.045  # an infarct shows in the first forces of QRS


@dataclass(frozen=True, slots=True)
class Region:
    """A place where a finding shows: ``wave`` is P, PR, Q, QRS, ST or T."""

    superclass: Superclass
    statement: str
    wave: str
    lead: Lead
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class BeatTruth:
    """Fiducial points of one beat in s from the start of the record."""

    r: float
    p_on: float | None
    p_off: float | None
    qrs_on: float
    qrs_off: float
    t_off: float
    ectopic: bool


@dataclass(frozen=True)
class Truth:
    """The regions of every finding, beat by beat, and the fiducial points of every beat."""

    regions: tuple[Region, ...]
    beats: tuple[BeatTruth, ...]

    def to_json(self) -> dict[str, object]:
        """As it is written to truth/NNNNN.json."""
        return {
            "regions": [asdict(region) for region in self.regions],
            "beats": [asdict(beat) for beat in self.beats],
        }


@dataclass(frozen=True)
class _Mark:
    """A region of one beat, in s from its R peak."""

    finding: Finding
    wave: str
    leads: tuple[Lead, ...]
    start: float
    end: float


def locate(
    steps: Sequence[Step], beat: Beat, times: Array, ectopic: dict[int, Beat], seconds: float
) -> Truth:
    """The truth of a record whose beats stand at ``times`` (s); ectopic beats carry no finding."""
    points = fiducials(beat)
    marks = [mark for step in steps for mark in _marks(step, points)]
    regions: list[Region] = []
    beats: list[BeatTruth] = []
    for index, r in enumerate(times):
        if not 0 <= r < seconds:
            continue
        if index in ectopic:
            beats.append(_beat_truth(float(r), fiducials(ectopic[index]), ectopic=True))
            continue
        beats.append(_beat_truth(float(r), points, ectopic=False))
        regions.extend(_regions(marks, float(r), seconds))
    return Truth(tuple(regions), tuple(beats))


def _regions(marks: Sequence[_Mark], r: float, seconds: float) -> Iterator[Region]:
    for mark in marks:
        start, end = max(r + mark.start, 0.0), min(r + mark.end, seconds)
        if end <= start:
            continue
        for lead in mark.leads:
            finding = mark.finding
            yield Region(
                finding.superclass, finding.value, mark.wave, lead, round(start, 3), round(end, 3)
            )


def _marks(step: Step, points: Fiducials) -> Iterator[_Mark]:
    if step.finding is Finding.AVB1 and points.p_on is not None:
        yield _Mark(step.finding, "PR", LEADS, points.p_on, points.qrs_on)
        return
    for wave in step.waves:
        name, start, end = _window(step, wave, points)
        leads = _changed_leads(step, wave, start, end)
        if leads:
            yield _Mark(step.finding, name, leads, start, end)


def _window(step: Step, wave: Wave, points: Fiducials) -> tuple[str, float, float]:
    if wave is Wave.P and points.p_on is not None and points.p_off is not None:
        return "P", points.p_on, points.p_off
    if wave is Wave.QRS and step.stage is not None:
        return "Q", points.qrs_on, min(points.qrs_on + _Q_S, points.qrs_off)
    if wave is Wave.QRS:
        return "QRS", points.qrs_on, points.qrs_off
    middle = points.qrs_off + 0.45 * (points.t_off - points.qrs_off)
    if wave is Wave.ST:
        return "ST", points.qrs_off, middle
    return "T", middle, points.t_off


def _changed_leads(step: Step, wave: Wave, start: float, end: float) -> tuple[Lead, ...]:
    """The leads that this finding changed most within the window."""
    time = np.arange(start, end, _STEP_S)
    change = np.abs(project(step.after.at(time) - step.before.at(time))).max(axis=1)
    least = _MIN_P_CHANGE_MV if wave is Wave.P else _MIN_CHANGE_MV
    floor = max(least, _SHARE * change.max())
    return tuple(lead for lead, size in zip(LEADS, change, strict=True) if size >= floor)


def _beat_truth(r: float, points: Fiducials, *, ectopic: bool) -> BeatTruth:
    def at(offset: float) -> float:
        return round(r + offset, 3)

    return BeatTruth(
        r=round(r, 3),
        p_on=None if ectopic or points.p_on is None else at(points.p_on),
        p_off=None if ectopic or points.p_off is None else at(points.p_off),
        qrs_on=at(points.qrs_on),
        qrs_off=at(points.qrs_off),
        t_off=at(points.t_off),
        ectopic=ectopic,
    )
