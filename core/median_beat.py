"""The beat that the beats of one shape have in common, and the frontal axis of its waves."""

import math
from dataclasses import dataclass

import numpy as np

from core.arrays import Floats
from core.delineation import BeatMarks
from core.ecg import LEADS, Lead

_LEVEL = 3  # samples beside a wave, and its first or last one, of which the baseline is the mean
_ISOELECTRIC = 0.1  # net area as a share of the whole, in I and aVF: no axis


@dataclass(frozen=True, slots=True, kw_only=True)
class MedianBeat:
    """The beat that ``beats`` alike beats have in common: ``signal`` is (12, samples) in mV.

    ``marks`` are in s from its first sample, ``rate`` in Hz.
    """

    signal: Floats
    rate: float
    marks: BeatMarks
    beats: int


def frontal_axis(beat: MedianBeat, start: float, end: float) -> float | None:
    """Axis of the wave between two times in s, in degrees (-180, 180]; None if there is none.

    From the net areas in I and aVF above the level before QRS; for P above the straight line
    between its ends, since T before it and the atria's own ST behind it bend the baseline. aVF is
    brought to the scale of a bipolar lead by 2/sqrt 3: Goldberger's leads are that much smaller.
    """
    first, last = (round(at * beat.rate) for at in (start, end))
    level = round(beat.marks.qrs_onset * beat.rate)
    rows = beat.signal[[LEADS.index(Lead.I), LEADS.index(Lead.AVF)]]
    if first < level:
        wave = risen(rows, first, last)
    else:
        before = rows[:, max(0, level - _LEVEL) : level + 1].mean(1, keepdims=True)
        wave = rows[:, first : last + 1] - before
    one, foot = wave.sum(axis=1) * (1, 2 / math.sqrt(3))
    if math.hypot(one, foot) < _ISOELECTRIC * np.abs(wave).sum():
        return None
    return math.degrees(math.atan2(foot, one))


def risen(rows: Floats, first: int, last: int) -> Floats:
    """The samples from ``first`` to ``last`` above the straight line between both ends."""
    begin = rows[:, max(0, first - _LEVEL) : first + 1].mean(axis=1, keepdims=True)
    end = rows[:, last : last + _LEVEL + 1].mean(axis=1, keepdims=True)
    wave: Floats = rows[:, first : last + 1] - np.linspace(
        begin[:, 0], end[:, 0], last - first + 1, axis=1
    )
    return wave
