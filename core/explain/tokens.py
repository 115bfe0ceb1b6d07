"""From the tokens of the network to the samples of the record."""

import numpy as np
from numpy.typing import NDArray

from core.preprocess import MODEL_SAMPLES, TOKEN_SAMPLES


def to_samples(tokens: NDArray[np.floating], shift: float = 0.0) -> NDArray[np.float64]:
    """(..., 125) tokens spread over (..., 1000) samples, straight from each to the next.

    A token reads most from the sample 8 times its number, later by ``shift`` where the record
    was shifted back by so many samples before it was read.
    """
    centres = TOKEN_SAMPLES * np.arange(tokens.shape[-1]) + shift
    at = np.arange(MODEL_SAMPLES)
    rows = tokens.reshape(-1, tokens.shape[-1])
    spread = np.stack([np.interp(at, centres, row) for row in rows])
    return spread.reshape(*tokens.shape[:-1], MODEL_SAMPLES)


def phase_shifts(phases: int) -> list[int]:
    """By how many samples a network of so many phases shifts a record back for each of them."""
    return [TOKEN_SAMPLES * k // phases for k in range(phases)]
