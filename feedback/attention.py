"""Attention as it is stored with a prediction: two small float16 arrays, some 2 kB a record."""

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class StoredAttention:
    """Where the network looked, for each class; not an explanation of what it concluded."""

    temporal: NDArray[np.float32]  # (5, T), sums to 1 over time
    lead: NDArray[np.float32]  # (5, 12), sums to 1 over the leads


def pack(temporal: NDArray[np.floating], lead: NDArray[np.floating]) -> bytes:
    """Both arrays as one compressed blob, at 3 to 4 digits."""
    blob = io.BytesIO()
    np.savez_compressed(blob, temporal=np.float16(temporal), lead=np.float16(lead))
    return blob.getvalue()


def unpack(blob: bytes) -> StoredAttention:
    """What ``pack`` stored, as float32 that sums to 1 again."""
    with np.load(io.BytesIO(blob), allow_pickle=False) as stored:
        return StoredAttention(_shares(stored["temporal"]), _shares(stored["lead"]))


def _shares(values: NDArray[np.float16]) -> NDArray[np.float32]:
    wide = values.astype(np.float32)
    total = wide.sum(axis=-1, keepdims=True)
    shares: NDArray[np.float32] = np.divide(wide, total, out=np.zeros_like(wide), where=total > 0)
    return shares
