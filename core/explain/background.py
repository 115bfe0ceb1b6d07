"""Training records that SHAP compares a record with."""

import numpy as np

from core.ecg import Ecg, Signal
from core.preprocess import prepare_all
from core.ptbxl import Ptbxl
from core.quality import assess
from core.roles import select

BACKGROUND = 24  # records: SHAP takes four samples of each, or eight


def draw_background(dataset: Ptbxl, seed: int = 0, records: int = BACKGROUND) -> Signal:
    """So many readable records of folds 1-8 at random, prepared: (records, 12, 1000) in mV.

    Raises DatasetUnreadable where the data set has none of these folds.
    """
    candidates = select(dataset, "1-8")
    drawn: list[Ecg] = []
    shuffled = np.random.default_rng(seed).permutation(len(candidates))
    for _, ecg in dataset.readable(candidates[number] for number in shuffled):
        if assess(ecg).acceptable:
            drawn.append(ecg)
        if len(drawn) == records:
            break
    return prepare_all(drawn)
