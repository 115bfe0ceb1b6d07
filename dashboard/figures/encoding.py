"""Numbers as plotly.js reads them quickest: typed arrays in base64, short ones as they are."""

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

Json = dict[str, Any]

PLAIN = 1000  # ten seconds at 100 Hz; as plain numbers, twelve leads at 500 Hz are 390 KiB


def typed(values: NDArray[Any]) -> Json:
    """A 1-D array as plotly's float32 typed array; NaN stays NaN, which plotly draws as a gap."""
    return {"dtype": "f4", "bdata": _base64(np.ascontiguousarray(values, dtype="<f4"))}


def whole(values: NDArray[np.floating]) -> Json | list[int]:
    """A 1-D array of whole numbers as plotly handles them quickest.

    Up to ``PLAIN`` of them stay plain numbers: while ``layout.datarevision`` is the same, plotly
    takes those for unchanged and draws the rest of a figure alone; typed ones never. More are int16
    where that holds them, half the size of what ``typed`` makes of any others and of NaN.
    """
    steps = np.rint(values)
    if not (np.abs(steps) <= np.iinfo(np.int16).max).all():  # NaN is not
        return typed(steps)
    if len(steps) <= PLAIN:
        return [int(step) for step in steps]
    return {"dtype": "i2", "bdata": _base64(steps.astype("<i2"))}


def decoded(array: Json | list[int]) -> NDArray[Any]:
    """What ``typed`` or ``whole`` encoded, (n,) float32 or int16."""
    if isinstance(array, list):
        return np.array(array, np.int16)
    return np.frombuffer(base64.b64decode(array["bdata"]), dtype="<" + array["dtype"])


def _base64(values: NDArray[Any]) -> str:
    return base64.b64encode(values.tobytes()).decode("ascii")
