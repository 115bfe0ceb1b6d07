"""Does an explanation point where the pathology was put? Asked on simulated records.

The pointing game is Zhang et al., "Top-down neural attention by excitation backprop", IJCV 126:1084
(2018): a hit is a maximum in the region, give or take a tolerance. Mass in region is the share
of what speaks for the class that lies in it.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, gaussian_filter1d

from core.beats import find_beats
from core.ecg import LEADS, SUPERCLASSES, Lead, Signal, Superclass
from core.errors import DatasetUnreadable
from core.preprocess import MODEL_RATE, MODEL_SAMPLES
from core.ptbxl import Ptbxl

TOLERANCE_S = 0.04  # half a token: the network tells nothing finer apart
SMOOTH_S = 0.02  # what is pointed at is a wave, not the one sample of it with the most noise

Region = NDArray[np.bool_]  # (12, 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """How well one attribution found one region: 0 .. 1 each."""

    hit: float  # of the pointing game; between 0 and 1 where several places tie
    mass: float  # 0 where nothing speaks for the class


def regions(dataset: Ptbxl, ecg_id: int) -> dict[Superclass, Region]:
    """Where the simulator put each pathology of a record; {} for a normal one.

    Raises DatasetUnreadable where the truth is not beside the records.
    """
    found: dict[Superclass, Region] = {}
    for region in _written(dataset.root / "truth" / f"{ecg_id:05d}.json"):
        superclass = Superclass(region["superclass"])
        where = found.setdefault(superclass, np.zeros((len(LEADS), MODEL_SAMPLES), dtype=bool))
        start, end = (round(float(region[k]) * MODEL_RATE) for k in ("start_s", "end_s"))
        where[LEADS.index(Lead(region["lead"])), start : end + 1] = True
    return {name: found[name] for name in SUPERCLASSES if name in found}


def aim(attribution: NDArray[np.floating], region: Region) -> Aim:
    """Hold an attribution (12, 1000) against a region of the same shape."""
    smooth = gaussian_filter1d(attribution, SMOOTH_S * MODEL_RATE, axis=1)
    highest = smooth >= smooth.max()
    positive = np.maximum(attribution, 0)
    whole = float(positive.sum())
    return Aim(
        hit=float(tolerant(region)[highest].mean()),
        mass=float(positive[region].sum()) / whole if whole else 0.0,
    )


def chance(region: Region) -> Aim:
    """What a place drawn at random comes to, on average."""
    return Aim(hit=float(tolerant(region).mean()), mass=float(region.mean()))


def r_peaks(signal: Signal, region: Region) -> Aim:
    """What marking the R peak of every beat in all leads comes to, without asking the network.

    Nothing where no beat is found.
    """
    peaks = find_beats(signal, MODEL_RATE).peaks
    if not len(peaks):
        return Aim(hit=0.0, mass=0.0)
    return Aim(hit=float(tolerant(region)[:, peaks].mean()), mass=float(region[:, peaks].mean()))


def tolerant(region: Region) -> Region:
    """The region and TOLERANCE_S to either side of it, in the same leads."""
    reach = round(TOLERANCE_S * MODEL_RATE)
    wider: Region = binary_dilation(region, np.ones((1, 2 * reach + 1), dtype=bool))
    return wider


def _written(path: Path) -> Iterator[dict[str, str]]:
    try:
        yield from json.loads(path.read_text(encoding="utf-8"))["regions"]
    except FileNotFoundError:
        raise DatasetUnreadable(
            f"no {path}: ground truth is known of simulated records alone, "
            "make some with 'trustecg data simulate'"
        ) from None
