"""What an explanation is: one number a sample, in a stated unit, with what it was made of."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from core.ecg import Superclass


class Method(StrEnum):
    """How an explanation is computed, in the order in which methods are always shown."""

    TEMPORAL_ATTENTION = "temporal-attention"  # when the network looked
    LEAD_ATTENTION = "lead-attention"  # at which leads it looked
    ATTENTION = "attention"  # both: leads and time
    GRAD_CAM = "grad-cam"
    LEAD_OCCLUSION = "lead-occlusion"  # what leaving a lead out changes
    OCCLUSION = "occlusion"  # what leaving a wave of a lead out changes
    INTEGRATED_GRADIENTS = "integrated-gradients"
    SHAP = "shap"
    LIME = "lime"


class Unit(StrEnum):
    """What the numbers of an attribution mean."""

    LOGIT = "logit"  # of the class; summed over a part of the record, what that part adds to it
    ATTENTION = "share of attention"  # summed over the record, 1
    RELEVANCE = "relevance"  # ranks places, counts nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Where in a record the network's word on one class comes from, by one method.

    ``attribution`` is (12, 1000): leads in their order, at 100 Hz, positive where it speaks for
    the class. ``residual`` is how far the sum of attributions is from the difference of the
    logit from the baseline's, as a share of it; None where a method promises no such sum.
    """

    superclass: Superclass
    method: Method
    attribution: NDArray[np.float32]
    unit: Unit
    baseline: str  # what a record without evidence was taken to be
    samples: int  # evaluations of the network
    seed: int | None  # None where nothing is drawn
    residual: float | None
    logit: float  # before calibration
    seconds: float
