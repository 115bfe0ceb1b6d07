"""The parts that an explanation speaks of: the waves of each beat, lead by lead."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.delineation import BeatMarks, delineate
from core.ecg import LEADS, Ecg, Lead
from core.preprocess import MODEL_RATE, MODEL_SAMPLES

_ST_SHARE = 0.45  # of the way from QRS to the end of T, where no T onset was found
_SHORTEST = 3  # samples; what is shorter goes to its neighbour


class Wave(StrEnum):
    """What a part of a beat is called, in the order of a beat."""

    P = "P"  # to the onset of QRS: the PR interval
    QRS = "QRS"
    ST = "ST"
    T = "T"
    REST = "rest"  # between beats
    SECOND = "second"  # where no beat was found, the record is cut into whole seconds


class Segment(NamedTuple):
    """A wave of a beat in one lead, or of every beat together; ``beat`` is then None."""

    lead: Lead
    wave: Wave
    beat: int | None  # of the beats found, from 0; of a second, which one


@dataclass(frozen=True, slots=True)
class Segments:
    """The record cut into parts: ``ids`` is (12, 1000) and numbers ``parts``; every sample has one.

    The times are the same in all leads, as the marks of a beat are.
    """

    ids: NDArray[np.intp]
    parts: tuple[Segment, ...]

    def grouped(self) -> "Segments":
        """The same with all occurrences of a wave in a lead as one part; seconds stay apart."""
        merged = [
            part if part.wave is Wave.SECOND else part._replace(beat=None) for part in self.parts
        ]
        names = tuple(dict.fromkeys(merged))
        number = {part: i for i, part in enumerate(names)}
        return Segments(np.array([number[part] for part in merged])[self.ids], names)

    def sums(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """What (12, 1000) values come to in each part: (parts,)."""
        sums = np.bincount(self.ids.ravel(), values.ravel(), len(self.parts))
        return sums.astype(np.float64)

    def spread(self, worth: NDArray[np.floating]) -> NDArray[np.float64]:
        """(parts,) in even shares over the samples of each part: (12, 1000)."""
        size = np.bincount(self.ids.ravel(), minlength=len(self.parts))
        spread: NDArray[np.float64] = (worth / size)[self.ids]
        return spread

    def masks(self) -> NDArray[np.bool_]:
        """Which samples belong to each part: (parts, 12, 1000)."""
        masks: NDArray[np.bool_] = np.arange(len(self.parts))[:, None, None] == self.ids
        return masks


def segment(ecg: Ecg) -> Segments:
    """Cut a record of ten seconds into waves; into whole seconds where no beat is found."""
    return from_marks(delineate(ecg))


def from_marks(beats: Sequence[BeatMarks]) -> Segments:
    """The parts of a record whose beats have these marks, in s from its start."""
    times, names = _along_time(list(_spans(beats)) if beats else list(_seconds()))
    ids = times + len(names) * np.arange(len(LEADS))[:, None]
    return Segments(ids, tuple(Segment(lead, *name) for lead in LEADS for name in names))


_Span = tuple[Wave, int, int, int]  # wave, beat, first sample, sample after the last


def _spans(beats: Sequence[BeatMarks]) -> Iterator[_Span]:
    """What each beat holds, in time; where beats overlap, the later one begins."""
    for number, beat in enumerate(beats):
        onset, end = beat.qrs_onset, beat.qrs_end
        if beat.p_onset is not None:
            yield Wave.P, number, _sample(beat.p_onset), _sample(onset)
        yield Wave.QRS, number, _sample(onset), _sample(end)
        if beat.t_end is not None:
            start = end + _ST_SHARE * (beat.t_end - end) if beat.t_onset is None else beat.t_onset
            yield Wave.ST, number, _sample(end), _sample(start)
            yield Wave.T, number, _sample(start), _sample(beat.t_end)


def _seconds() -> Iterator[_Span]:
    edges = range(0, MODEL_SAMPLES + 1, MODEL_RATE)
    for number, (start, end) in enumerate(pairwise(edges)):
        yield Wave.SECOND, number, start, end


def _along_time(spans: Sequence[_Span]) -> tuple[NDArray[np.intp], list[tuple[Wave, int]]]:
    """The number of the part at each sample (1000,), and the names of the parts."""
    names: list[tuple[Wave, int]] = [(wave, beat) for wave, beat, *_ in spans]
    ids = np.full(MODEL_SAMPLES, -1, dtype=np.intp)
    for number, (_, _, start, end) in enumerate(spans):
        ids[start:end] = number
    for number, (start, end) in enumerate(_gaps(ids < 0)):
        if end - start < _SHORTEST and start > 0:
            ids[start:end] = ids[start - 1]
        else:
            ids[start:end] = len(names)
            names.append((Wave.REST, number))
    kept = np.unique(ids)  # what lies outside the record or under a later beat is no part
    return np.searchsorted(kept, ids), [names[i] for i in kept]


def _gaps(free: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], free, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _sample(seconds: float) -> int:
    return min(max(round(seconds * MODEL_RATE), 0), MODEL_SAMPLES)
