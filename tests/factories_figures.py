"""ECGs whose leads cannot be mistaken for each other, and figures taken apart."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.ecg import LEADS, Ecg
from dashboard.figures.encoding import decoded
from dashboard.figures.paper import UV_PER_MV

Figure = dict[str, Any]


def distinct_ecg(rate: float = 500, seconds: float = 10, millivolts: float = 0.5) -> Ecg:
    """Noise of its own in every lead, in whole microvolts as PTB-XL stores it."""
    noise = np.random.default_rng(7).uniform(-1, 1, (len(LEADS), round(rate * seconds)))
    return Ecg(signal=(noise * millivolts).round(3).astype(np.float32), rate=rate, ecg_id=1)


def by_uid(figure: Figure) -> dict[str, Figure]:
    """The traces of a figure by their uid."""
    return {trace["uid"]: trace for trace in figure["data"]}


def named(items: list[Figure], name: str) -> Figure:
    """The one shape or annotation of this name."""
    (item,) = [item for item in items if item.get("name") == name]
    return item


def shown_mv(trace: Figure) -> NDArray[np.float32]:
    """The samples that a trace shows, in mV above its baseline."""
    return decoded(trace["y"]) / np.float32(UV_PER_MV) - np.float32(trace["meta"]["baseline"])


def shown_s(trace: Figure) -> NDArray[np.float64]:
    """Where on the paper a trace's samples lie, in s."""
    return trace["x0"] + trace["dx"] * np.arange(decoded(trace["y"]).size)
