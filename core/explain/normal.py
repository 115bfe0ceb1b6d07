"""A record's normal twin: the same beats at the same times, as a normal heart would show them.

It is what a part of a record becomes when it is taken out, and where gradients are integrated
from. A flat line is neither here nor there: the network finds an infarct or a block in it more
often than not, so that taking a wave out would add a finding
(``docs/decisions/0009-a-normal-twin-is-the-baseline.md``).
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.arrays import Floats
from core.delineation import BeatMarks
from core.ecg import LEADS, Signal
from core.explain.segments import Segments, Wave, from_marks
from core.preprocess import MODEL_RATE

WAVES = Path(__file__).with_name("normal.json")  # core.explain.normal_fit writes it
SIZES = {Wave.P: 18, Wave.QRS: 12, Wave.ST: 12, Wave.T: 20}  # samples of each normal wave
_BEFORE_R = 5  # samples of the normal QRS before R


def twin(signal: Signal, beats: Sequence[BeatMarks]) -> Signal:
    """The normal twin of a prepared (12, 1000) record in mV; flat where it has no beats."""
    segments, waves = from_marks(beats), normal_waves()
    level = isoelectric(signal, segments)
    out = np.repeat(level[:, None], signal.shape[1], axis=1) if beats else np.zeros_like(signal)
    for wave, beat, times in spans(segments):
        if wave in waves:
            at = laid(wave, times, beats[beat])
            rows = [np.interp(times, at, row) for row in waves[wave]]
            out[:, times] = level[:, None] + np.stack(rows)
    return out.astype(np.float32)


@cache
def normal_waves() -> Mapping[Wave, Floats]:
    """The mean waves of normal records above the isoelectric level: (12, size) each, in mV."""
    stored = json.loads(WAVES.read_text(encoding="utf-8"))
    return {wave: np.array([stored["mv"][wave][lead] for lead in LEADS]) for wave in SIZES}


def isoelectric(signal: Signal, segments: Segments) -> Floats:
    """The level of each lead between beats, (12,) in mV; its median where there is no between."""
    rest = [number for number, part in enumerate(segments.parts) if part.wave is Wave.REST]
    between = np.isin(segments.ids[0], rest)
    level: Floats = np.median(signal[:, between] if between.any() else signal, axis=1)
    return level.astype(np.float64)


def spans(segments: Segments) -> list[tuple[Wave, int, NDArray[np.intp]]]:
    """Each part in time: its wave, its beat, and its samples."""
    parts = enumerate(segments.parts[: len(segments.parts) // len(LEADS)])
    row = segments.ids[0]
    return [(p.wave, p.beat or 0, np.flatnonzero(row == number)) for number, p in parts]


def laid(wave: Wave, times: NDArray[np.intp], beat: BeatMarks) -> Floats:
    """Where in the record each sample of a normal wave lies, were it there.

    P and QRS keep their length, since a long one is a finding: P ends where QRS begins, QRS is
    held at R. ST and T follow the heart rate, and fill their place.
    """
    first, last, size = float(times[0]), float(times[-1]), SIZES[wave]
    if wave is Wave.P:
        first = last - size + 1
    if wave is Wave.QRS:
        first = beat.r * MODEL_RATE - _BEFORE_R
        last = first + size - 1
    return np.linspace(first, last, size, dtype=np.float64)
