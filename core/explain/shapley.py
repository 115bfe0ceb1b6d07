"""SHAP by expected gradients: integrated gradients from many training records at once.

Erion et al., "Improving performance of deep learning models with axiomatic attribution priors
and expected gradients", Nature Machine Intelligence 3:620 (2021), as the shap library has it.
"""

import warnings
from types import ModuleType
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from core.ecg import Signal
from core.errors import BackgroundMissing
from core.explain.case import Attribution, Case, numpy_seed, relative_residual
from core.explain.explanation import Method, Unit

SEED = 0
PARTS = 3  # of the way from each training record
PASSES = 2  # at most; the second only where more than RESIDUAL is left over
RESIDUAL = 0.05


def shap() -> ModuleType:
    """The library, whose first import takes seconds and uses what matplotlib will give up."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import shap
    library: ModuleType = shap
    return library


class Shap:
    """Each sample's share of the logit, against what training records have on average."""

    method: ClassVar = Method.SHAP
    unit: ClassVar = Unit.LOGIT

    def attribute(self, case: Case) -> Attribution:
        if case.background is None or not len(case.background):
            raise BackgroundMissing(
                "SHAP compares with training records and was given none: name their data set"
            )
        difference = case.logit - float(case.logits(case.background).mean())
        values, samples = np.zeros(case.signal.shape), 0
        for done in range(PASSES):
            along = self._along(case, case.background, SEED + samples)
            values = (done * values + along) / (done + 1)
            samples += PARTS * len(case.background)
            if relative_residual(values, difference) <= RESIDUAL:
                break
        return Attribution(
            values=values,
            baseline=f"the mean of {len(case.background)} training records",
            samples=samples,
            seed=SEED,
            residual=relative_residual(values, difference),
        )

    def _along(self, case: Case, background: Signal, seed: int) -> NDArray[np.float64]:
        """The mean over the background of expected gradients, each way in equal parts.

        Drawn from anywhere, as the library draws, 384 samples left 15 % over: which records come
        up and where on their way weighs more than the gradients. So every record has its turn,
        and every part of its way one sample, at the same random place within each part.
        """
        import torch

        from core.model import OneLogit

        library, model = shap(), OneLogit(case.network, case.column)
        total = np.zeros(case.signal.shape)
        for number, start in enumerate(background):
            stops = [start + k / PARTS * (case.signal - start) for k in range(PARTS + 1)]
            ways = [torch.from_numpy(stop[None].astype(np.float32)) for stop in stops]
            with torch.no_grad():  # it looks at the shape of what comes out
                explainer = library.GradientExplainer(model, ways[:-1])
            with numpy_seed(seed), torch.enable_grad():
                found = explainer.shap_values(ways[1:], nsamples=1, rseed=seed + number)
            total += np.sum(found, axis=0).reshape(total.shape)
        return total / len(background)
