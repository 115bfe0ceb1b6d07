"""Stretches of an ECG in which nothing moves: the heart, the cable or the amplifier stands still.

A span is a start and an end in seconds from the beginning of the signal.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, minimum_filter1d

from core.arrays import Bools

Span = tuple[float, float]  # from, to, in s
Samples = NDArray[np.floating]

FLAT_MV = 0.03  # what swings less holds no heart; PTB-XL, bar 12722: 0.08 in five seconds of ten
_SILENT_S = 2  # a heart that is silent for so long is in asystole, or the cable is off
_GAP_MV = 0.2  # swing of the largest lead in a gap; PTB-XL: 0.13 in a pause (722), then 0.54
_GAP_SHARE = 0.25  # and of its swing over the whole record: a low voltage is no gap
# no heart stays so far from its baseline for so long and moves so little; PTB-XL: 1.3 mV off at
# most, and 11 in a record that is on the rail. A filter leaves a hiss or a ripple there
_RAIL_S, _RAIL_MV, _RAIL_SWING_MV = 1.5, 2.0, 0.25


@dataclass(frozen=True, slots=True)
class Silence:
    """Where the leads of a signal are still for as long as no heart is."""

    flat: dict[int, Span]  # the longest flat stretch of each row that has one
    gap: Span | None  # the longest stretch in which the largest lead does not show a heart


def find_silence(signal: Samples, rate: float) -> Silence:
    """Search (leads, samples) in mV for what is silent."""
    swing, _ = _stretches(signal, rate, _SILENT_S)
    return Silence(
        flat=dict(_longest_of_rows(swing < FLAT_MV, rate, _SILENT_S)),
        gap=_gap(signal, swing.max(axis=0), rate),
    )


def find_rail(signal: Samples, rate: float) -> dict[int, Span]:
    """The longest stretch of each row that lies still, far from where the row moves."""
    swing, level = _stretches(signal, rate, _RAIL_S)
    still = swing < _RAIL_SWING_MV
    usual = _where_it_moves(signal, still, round(_RAIL_S * rate))
    stuck = still & (np.abs(level - usual[:, None]) > _RAIL_MV)
    return dict(_longest_of_rows(stuck, rate, _RAIL_S))


def _where_it_moves(signal: Samples, begins: Bools, size: int) -> Samples:
    """The median of each row outside of its still stretches, of which each has that size.

    Most of a record may lie on the rail: its median is no measure of the rest. Where hardly
    anything moves, as in a small lead with a spike, it is all there is.
    """
    usual: Samples = np.median(signal, axis=1)
    for row in np.flatnonzero(begins.any(axis=1)):
        edges = np.zeros(signal.shape[1] + 1, dtype=int)
        starts = np.flatnonzero(begins[row])
        edges[starts] += 1
        edges[starts + size] -= 1
        moving = np.cumsum(edges[:-1]) == 0
        if np.count_nonzero(moving) > size / 3:
            usual[row] = np.median(signal[row, moving])
    return usual


def _gap(signal: Samples, swing: Samples, rate: float) -> Span | None:
    least = float(swing.min())
    limit = min(_GAP_MV, _GAP_SHARE * float(np.ptp(signal, axis=1).max()))
    if least >= limit:
        return None
    # what is as quiet as that: not the foot of the next beat too
    return _longest(swing < min(limit, max(1.5 * least, FLAT_MV)), rate, _SILENT_S)


def _stretches(signal: Samples, rate: float, seconds: float) -> tuple[Samples, Samples]:
    """Swing and middle in mV of each stretch of so many seconds, (leads, starts)."""
    size = round(seconds * rate)
    whole = slice(size // 2, signal.shape[1] - size + size // 2 + 1)
    highest: Samples = maximum_filter1d(signal, size, axis=1)[:, whole]
    lowest: Samples = minimum_filter1d(signal, size, axis=1)[:, whole]
    return highest - lowest, (highest + lowest) / 2


def _longest_of_rows(begins: Bools, rate: float, seconds: float) -> Iterator[tuple[int, Span]]:
    for row in np.flatnonzero(begins.any(axis=1)):
        if span := _longest(begins[row], rate, seconds):
            yield int(row), span


def _longest(begins: Bools, rate: float, seconds: float) -> Span | None:
    """The longest run of stretches of that length that begin there, from its start to its end."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], begins, [False]]).astype(np.int8)))
    if not len(edges):
        return None
    starts, ends = edges[::2], edges[1::2]
    most = int((ends - starts).argmax())
    return float(starts[most] / rate), float((ends[most] - 1) / rate + seconds)
