"""Attention: where the network looked for a class, which is not why it concluded.

What the trees add is not in it. How little it says of what moves the output is measured
on the card of every checkpoint.
"""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from core.ecg import LEADS
from core.explain.case import Attribution, Case
from core.explain.explanation import Method, Unit
from core.explain.tokens import phase_shifts, to_samples
from core.preprocess import MODEL_SAMPLES

_NO_BASELINE = "none: attention is read off, nothing is compared"


class Attention:
    """Over leads and time together, as the class pools its tokens."""

    method: ClassVar = Method.ATTENTION
    unit: ClassVar = Unit.ATTENTION

    def attribute(self, case: Case) -> Attribution:
        tokens = case.runtime(case.signal[None]).attention[0, case.column]  # (12, 125)
        shift = float(np.mean(phase_shifts(case.network.config.phases)))
        return _share(self.seen(to_samples(tokens, shift)))

    def seen(self, attention: NDArray[np.float64]) -> NDArray[np.float64]:
        """What this method keeps of attention over (12, 1000)."""
        return attention


class TemporalAttention(Attention):
    """When the network looked: the same in every lead."""

    method: ClassVar = Method.TEMPORAL_ATTENTION

    def seen(self, attention: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.repeat(attention.sum(0, keepdims=True), len(LEADS), axis=0)


class LeadAttention(Attention):
    """At which leads it looked: the same all the time."""

    method: ClassVar = Method.LEAD_ATTENTION

    def seen(self, attention: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.repeat(attention.sum(1, keepdims=True), MODEL_SAMPLES, axis=1)


def _share(seen: NDArray[np.float64]) -> Attribution:
    return Attribution(values=seen / seen.sum(), baseline=_NO_BASELINE, samples=1)
