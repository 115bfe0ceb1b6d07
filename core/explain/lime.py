"""LIME: a linear model of what the logit does when waves are taken out at random.

Ribeiro et al., "Why should I trust you?", KDD 2016, as captum has it.
"""

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from core.explain.case import BATCH, Attribution, Case, numpy_seed
from core.explain.explanation import Method, Unit

if TYPE_CHECKING:
    from torch import Tensor

SEED = 0
SAMPLES = 512  # eight for each of some sixty waves
_RIDGE = 1.0


class Lime:
    """What each wave of each lead adds to the logit, beside others that are there or not."""

    method: ClassVar = Method.LIME
    unit: ClassVar = Unit.LOGIT

    def attribute(self, case: Case) -> Attribution:
        waves = case.segments.grouped()
        return Attribution(
            values=waves.spread(_coefficients(case, waves.ids, SAMPLES)),
            baseline=case.baseline.name,
            samples=SAMPLES,
            seed=SEED,
        )


def _coefficients(case: Case, ids: NDArray[np.intp], samples: int) -> NDArray[np.float64]:
    """The weight of each part in the linear model: (parts,) in logits."""
    import torch
    from captum._utils.models.linear_model import SkLearnRidge
    from captum.attr import Lime as Captum
    from captum.attr._core.lime import get_exp_kernel_similarity_function

    def logits(signals: "Tensor") -> "Tensor":
        return torch.from_numpy(case.logits(signals.numpy()))

    captum = Captum(
        logits,
        interpretable_model=SkLearnRidge(alpha=_RIDGE),
        similarity_func=get_exp_kernel_similarity_function("cosine", kernel_width=1.0),
    )
    with numpy_seed(SEED), torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        found = captum.attribute(
            torch.from_numpy(case.signal[None]),
            baselines=torch.from_numpy(case.baseline.signal[None]),
            feature_mask=torch.from_numpy(ids[None]),
            n_samples=samples,
            perturbations_per_eval=BATCH,
            return_input_shape=False,
        )
    coefficients: NDArray[np.float64] = found.numpy().reshape(-1).astype(np.float64)
    return coefficients
