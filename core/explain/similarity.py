"""How alike two attributions of one record are."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from core.arrays import Floats
from core.explain.segments import Segments


def strengths(segments: Segments, attribution: NDArray[np.floating]) -> Floats:
    """The mean of (12, 1000) in each part, signed: (parts,).

    Not the sum: whatever is spread evenly would agree with everything else that is, since long
    parts sum to more.
    """
    return segments.sums(attribution) / segments.sums(np.ones_like(attribution))


def spearman(first: Floats, second: Floats) -> float:
    """Spearman's rank correlation; 0 where one of the two says the same everywhere."""
    ranks = [rankdata(values) for values in (first, second)]
    a, b = (rank - rank.mean() for rank in ranks)
    norm = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / norm if norm else 0.0


def agreement(
    segments: Segments, first: NDArray[np.floating], second: NDArray[np.floating]
) -> float:
    """Spearman over the parts of a record of two attributions (12, 1000), signs kept."""
    return spearman(strengths(segments, first), strengths(segments, second))
