"""Attributions as they are stored: float16 of the largest one, some 20 kB each."""

import io

import numpy as np
from numpy.typing import NDArray


def pack(attribution: NDArray[np.floating]) -> bytes:
    """The attribution as a compressed blob, at 3 digits."""
    largest = float(np.abs(attribution).max()) or 1.0  # its shares are as small as 1e-8
    blob = io.BytesIO()
    np.savez_compressed(blob, shares=np.float16(attribution / largest), largest=largest)
    return blob.getvalue()


def unpack(blob: bytes) -> NDArray[np.float32]:
    """What ``pack`` stored."""
    with np.load(io.BytesIO(blob), allow_pickle=False) as stored:
        values: NDArray[np.float32] = stored["shares"].astype(np.float32) * stored["largest"]
    return values.astype(np.float32)
