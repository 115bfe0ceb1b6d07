"""Occlusion: what the logit loses when a part of the record is taken out.

Zeiler and Fergus, "Visualizing and understanding convolutional networks", ECCV 2014.
"""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from core.ecg import LEADS
from core.explain.case import Attribution, Case
from core.explain.explanation import Method, Unit


class LeadOcclusion:
    """One lead after the other, flat."""

    method: ClassVar = Method.LEAD_OCCLUSION
    unit: ClassVar = Unit.LOGIT

    def attribute(self, case: Case) -> Attribution:
        signals = np.repeat(case.signal[None], len(LEADS) + 1, axis=0)
        signals[np.arange(len(LEADS)), np.arange(len(LEADS))] = 0  # the last one is whole
        logits = case.logits(signals)
        return Attribution(
            values=_spread(logits[-1] - logits[:-1], case.signal.shape[1]),
            baseline="the lead flat",
            samples=len(signals),
        )


def _spread(drop: NDArray[np.float64], samples: int) -> NDArray[np.float64]:
    """What a lead is worth, in even parts over its samples."""
    return np.repeat(drop[:, None] / samples, samples, axis=1)
