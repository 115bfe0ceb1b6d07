"""Integrated gradients: the gradient, summed along the way from a baseline to the record.

Sundararajan et al., "Axiomatic attribution for deep networks", ICML 2017.
"""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from core.explain.beat_trees import trees_share
from core.explain.case import BATCH, Attribution, Case, relative_residual
from core.explain.explanation import Method, Unit

STEPS = (32, 64, 128, 256)  # the first that leaves no more than RESIDUAL over is taken
RESIDUAL = 0.05


class IntegratedGradients:
    """Each sample's share of the logit, on the way from the baseline to the record."""

    method: ClassVar = Method.INTEGRATED_GRADIENTS
    unit: ClassVar = Unit.LOGIT

    def attribute(self, case: Case) -> Attribution:
        difference = case.logit - case.baseline_logit
        evaluated = 2
        measured = trees_share(case, case.baseline.signal[None])
        for steps in STEPS:
            values = measured + integrate(case, case.baseline.signal, steps)
            evaluated += steps
            residual = relative_residual(values, difference)
            if residual <= RESIDUAL:
                break
        return Attribution(
            values=values, baseline=case.baseline.name, samples=evaluated, residual=residual
        )


def integrate(case: Case, baseline: NDArray[np.float32], steps: int) -> NDArray[np.float64]:
    """Integrated gradients from ``baseline`` in so many steps of Gauss-Legendre: (12, 1000).

    What the trees add is not among them.
    """
    import torch
    from captum.attr import IntegratedGradients as Captum

    from core.model import OneLogit

    with torch.enable_grad():
        values = Captum(OneLogit(case.network, case.column)).attribute(
            torch.from_numpy(case.signal[None]),
            baselines=torch.from_numpy(baseline[None]),
            target=0,
            n_steps=steps,
            internal_batch_size=BATCH,
        )
    found: NDArray[np.float64] = values[0].detach().numpy().astype(np.float64)
    return found
