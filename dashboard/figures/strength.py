"""How strongly each place of an ECG speaks for or against a class, on one fixed scale.

Strength is told in multiples of an even spread over all leads and times, whatever the unit of
the method is. So an explanation that prefers nothing shows nothing, and two classes, records or
methods can be compared. A scale stretched to the strongest place would make a pattern of noise.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from core.ecg import LEADS
from core.explain.explanation import Explanation, Unit

Floats = NDArray[np.floating]

EDGES = (1.5, 3.0, 6.0, 12.0)  # lower ends of the levels, in multiples of an even spread
CELL = 8  # samples, 80 ms: what is finer than the network's own steps is put together to this
MAX_CELLS = 125  # of a lead, that are drawn one by one


def levels(attribution: Floats) -> NDArray[np.int64]:
    """The level of every sample, (12, 1000): 1 to 4 for the class, -1 to -4 against it, 0 neither.

    Where a lead has few parts, such as waves, each keeps its borders; else the attribution is
    put together to cells. Raises ValueError for another shape, or what is not finite.
    """
    if attribution.ndim != 2 or attribution.shape[0] != len(LEADS):
        raise ValueError(f"attribution has shape {attribution.shape}: give one row a lead")
    if not np.isfinite(attribution).all():
        raise ValueError("attribution is not finite: nothing can be shown of it")
    density = attribution if _in_parts(attribution) else _in_cells(attribution)
    even = np.abs(density).mean()
    strength = density / even if even else density
    found: NDArray[np.int64] = np.searchsorted(EDGES, np.abs(strength), side="right") * np.sign(
        strength
    ).astype(np.int64)
    return found


def _in_parts(attribution: Floats) -> bool:
    changes = (np.diff(attribution, axis=1) != 0).sum(axis=1)
    return int(changes.max()) < MAX_CELLS


def _in_cells(attribution: Floats) -> Floats:
    """The mean over each cell, for all of its samples."""
    samples = attribution.shape[1]
    starts = np.arange(0, samples, CELL)
    sums = np.add.reduceat(attribution, starts, axis=1)
    sizes = np.diff(np.append(starts, samples))
    return np.repeat(sums / sizes, sizes, axis=1)


def runs(row: NDArray[np.int64]) -> Iterator[tuple[int, int, int]]:
    """Level, first sample and end of every stretch of one level but 0."""
    borders = [0, *np.flatnonzero(np.diff(row)) + 1, len(row)]
    for first, end in zip(borders, borders[1:], strict=False):
        if row[first]:
            yield int(row[first]), int(first), int(end)


def is_signed(explanation: Explanation) -> bool:
    """Whether a place can speak against the class."""
    return explanation.unit is Unit.LOGIT


def even_share(explanation: Explanation) -> float:
    """What an even spread would give every cell of 80 ms, in the unit of the explanation."""
    return float(np.abs(_in_cells(explanation.attribution)).mean()) * CELL
