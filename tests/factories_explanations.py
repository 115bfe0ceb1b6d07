"""Explanations as a method might have found them."""

from typing import Any

import numpy as np

from core.ecg import LEADS, Lead, Superclass
from core.explain.explanation import Explanation, Method, Unit

SAMPLES = 1000


def explanation(
    method: Method = Method.SHAP,
    superclass: Superclass = Superclass.MI,
    *planted: tuple[Lead, int, int, float],
    **facts: Any,
) -> Explanation:
    """One that is 0 but for what is planted: (lead, first sample, end, value a sample)."""
    attribution = np.zeros((len(LEADS), SAMPLES), dtype=np.float32)
    for lead, first, end, value in planted or [(Lead.V2, 520, 560, 0.05)]:
        attribution[LEADS.index(lead), first:end] = value
    known: dict[str, Any] = {
        "attribution": attribution,
        "unit": Unit.LOGIT,
        "baseline": "32 training records",
        "samples": 128,
        "seed": 1,
        "residual": 0.021,
        "logit": 1.75,
        "seconds": 1.25,
    }
    return Explanation(method=method, superclass=superclass, **known | facts)
