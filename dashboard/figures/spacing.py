"""Rows as far apart as the waves of an ECG need, and names where no trace runs.

A gain that followed the voltage would make every sheet another measure; so it is the rows that
give way. Waves up to 8 mV have a place of their own: what is taller is an artefact, for which no
sheet grows out of its screen.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from core.ecg import Ecg
from dashboard.figures.geometry import COARSE_MM, NAME_MM, Name, PaperLayout, Segment

_STEP_S = 0.01  # of the paper, within which only the highest and the lowest sample count
_CLEAR_MM = 1.0  # between two traces, and between a trace and a name, either way
_MOST_MV = 8.0  # from one baseline to the next, unless rows are always farther apart
_PULSE_MV = 1.0
_SHARE = 0.2  # of the distance of two baselines that each of them has at least
_FAR = 0.2  # mm that a name may rather be raised by than moved on by one
Heights = NDArray[np.float64]  # (n,) in mm above the baseline, a step of the paper each


def spaced(layout: PaperLayout, ecg: Ecg) -> PaperLayout:
    """The sheet for this ECG: its baselines on strong lines, and its names placed."""
    rows = [_row(layout, ecg, row) for row in range(layout.rows)]
    extremes = [row.extremes() for row in rows]
    placed = _placed(layout, rows)
    for name in placed:
        rows[name.segment.row].hold(name, layout)
    apart = [_distance(layout, *pair) for pair in zip(rows, rows[1:], strict=False)]
    return replace(
        layout,
        apart_mm=tuple(apart),
        reach_mm=tuple(_reach(layout, extremes, apart)),
        placed=tuple(placed),
    )


@dataclass(frozen=True, slots=True)
class _Row:
    """Between which heights the traces of a row run; -inf and inf where there is none."""

    highest: Heights
    lowest: Heights

    def extremes(self) -> tuple[float, float]:
        """The lowest and the highest point of its traces."""
        return float(self.lowest.min(initial=0)), float(self.highest.max(initial=0))

    def hold(self, name: Name, layout: PaperLayout) -> None:
        """Count a name among what the row above must not touch."""
        first, wide = _extent(name, layout)
        there = self.highest[max(first, 0) : max(first + wide, 0)]
        np.maximum(there, name.rise_mm + NAME_MM / 2, out=there)


def _extent(name: Name, layout: PaperLayout) -> tuple[int, int]:
    """The first step that a name takes, and how many it takes."""
    return round(name.at / _STEP_S), math.ceil(layout.x(name.width_mm) / _STEP_S)


def _row(layout: PaperLayout, ecg: Ecg, row: int) -> _Row:
    steps = math.ceil(layout.seconds / _STEP_S)
    highest, lowest = np.full(steps, -np.inf), np.full(steps, np.inf)
    for segment in layout.segments:
        if segment.row == row:
            at, heights = _heights(layout, ecg, segment)
            np.maximum.at(highest, at, heights)
            np.minimum.at(lowest, at, heights)
    return _Row(_beside(highest, layout), -_beside(-lowest, layout))


def _heights(layout: PaperLayout, ecg: Ecg, segment: Segment) -> tuple[NDArray[np.int64], Heights]:
    """On which step of the paper each readable sample lies, and how high in mm."""
    first, wave = segment.cut(ecg)
    times = (first + np.arange(wave.size)) / ecg.rate - segment.start + segment.at
    readable = np.isfinite(wave)
    at = (times[readable] / _STEP_S).astype(np.int64)
    return at, wave[readable].astype(np.float64) * layout.gain


def _beside(heights: Heights, layout: PaperLayout) -> Heights:
    """The highest point near each step: two steep strokes side by side are as good as one."""
    near = math.ceil(layout.x(_CLEAR_MM) / _STEP_S)
    padded = np.pad(heights, near, constant_values=-np.inf)
    highest: Heights = sliding_window_view(padded, 2 * near + 1).max(axis=1)
    return highest


def _distance(layout: PaperLayout, above: _Row, below: _Row) -> float:
    """From one baseline to the next, so that neither traces nor pulses nor names touch."""
    waves = float((below.highest - above.lowest).max())
    needed = max(min(waves, _MOST_MV * layout.gain), _PULSE_MV * layout.gain) + _CLEAR_MM
    return max(layout.pitch_mm, COARSE_MM * math.ceil(needed / COARSE_MM))


def _reach(
    layout: PaperLayout, extremes: Sequence[tuple[float, float]], apart: Sequence[float]
) -> Iterator[tuple[float, float]]:
    """How far the place of each row goes down and up: half-way to the waves of the next."""
    half = layout.pitch_mm / 2
    pairs = zip(extremes, extremes[1:], apart, strict=False)
    down = [_parting(low, high, between) for (low, _), (_, high), between in pairs]
    up = [between - below for between, below in zip(apart, down, strict=True)]
    yield from zip(
        [*down, max(half, -extremes[-1][0])], [max(half, extremes[0][1]), *up], strict=True
    )


def _parting(low: float, high: float, between: float) -> float:
    """How far below a baseline its row ends, above a row whose waves go ``high``."""
    middle = (between - high - low) / 2
    return min(max(middle, _SHARE * between), (1 - _SHARE) * between)


def _placed(layout: PaperLayout, rows: Sequence[_Row]) -> list[Name]:
    """The names, above their traces; those that may stand later stand between two beats.

    Names above one another stay so: all of them are moved by the same time.
    """
    names = list(layout.names())
    columns = [[one for one in names if one.at == at] for at in {name.at for name in names}]
    shifts = {column[0].at: _shift(layout, rows, column) for column in columns}
    return [_moved(layout, rows, name, shifts[name.at]) for name in names]


def _shift(layout: PaperLayout, rows: Sequence[_Row], column: Sequence[Name]) -> int:
    """By how many steps a column of names moves on: near its head, and where no wave is."""
    steps = round(min(name.free_s for name in column) / _STEP_S)
    away = np.arange(steps + 1) * _STEP_S * layout.speed * _FAR
    return int(np.argmin(away + sum(_crowd(layout, rows, name, steps) for name in column)))


def _crowd(layout: PaperLayout, rows: Sequence[_Row], name: Name, steps: int) -> Heights:
    """How many mm a name takes from its row and the one above it, after 0 to ``steps`` steps."""
    rise = _rise(layout, rows, name, steps)
    top = rise + NAME_MM / 2 + _CLEAR_MM
    row = name.segment.row
    above = -_highest(layout, -rows[row - 1].lowest, name, steps) if row else np.inf
    return rise - name.rise_mm + np.maximum(top - above - layout.pitch_mm, 0)


def _rise(layout: PaperLayout, rows: Sequence[_Row], name: Name, steps: int) -> Heights:
    """Where the name stands, or as much higher as its own trace needs, step by step.

    It stays with its row, whatever an artefact does.
    """
    highest = _highest(layout, rows[name.segment.row].highest, name, steps)
    clear = highest + _CLEAR_MM + NAME_MM / 2
    return np.where(clear <= _MOST_MV * layout.gain, np.maximum(name.rise_mm, clear), name.rise_mm)


def _highest(layout: PaperLayout, heights: Heights, name: Name, steps: int) -> Heights:
    """The highest point beside a name after 0 to ``steps`` steps; -inf where there is none."""
    first, wide = _extent(name, layout)
    none = np.full(wide + steps, -np.inf)
    beside = none if first < 0 else np.append(heights[first:], none)[: wide + steps]
    highest: Heights = sliding_window_view(beside, wide).max(axis=1)
    return highest


def _moved(layout: PaperLayout, rows: Sequence[_Row], name: Name, steps: int) -> Name:
    moved = replace(name, at=name.at + steps * _STEP_S)
    return replace(moved, rise_mm=float(_rise(layout, rows, moved, 0)[0]))
