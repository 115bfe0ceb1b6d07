"""Occlusion: what the logit loses when a part of the record is taken out.

Zeiler and Fergus, "Visualizing and understanding convolutional networks", ECCV 2014.
"""

from typing import ClassVar

import numpy as np

from core.ecg import LEADS
from core.explain.case import Attribution, Case
from core.explain.explanation import Method, Unit


class LeadOcclusion:
    """One lead after the other, as the baseline has it."""

    method: ClassVar = Method.LEAD_OCCLUSION
    unit: ClassVar = Unit.LOGIT

    def attribute(self, case: Case) -> Attribution:
        leads = np.eye(len(LEADS), dtype=bool)[:, :, None] & np.ones(case.signal.shape, dtype=bool)
        drop = case.logit - case.logits(case.without(leads))
        return Attribution(
            values=np.repeat(drop[:, None] / leads.shape[-1], leads.shape[-1], axis=1),
            baseline=case.baseline.name,
            samples=len(leads) + 1,
        )


class Occlusion:
    """One wave of one lead after the other, in all beats at once.

    Taken out of one beat, a wave is hardly missed: the others still tell it.
    """

    method: ClassVar = Method.OCCLUSION
    unit: ClassVar = Unit.LOGIT

    def attribute(self, case: Case) -> Attribution:
        waves = case.segments.grouped()
        drop = case.logit - case.logits(case.without(waves.masks()))
        return Attribution(
            values=waves.spread(drop), baseline=case.baseline.name, samples=len(drop) + 1
        )
