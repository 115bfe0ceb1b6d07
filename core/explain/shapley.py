"""SHAP by expected gradients: integrated gradients from many training records at once.

Erion et al., "Improving performance of deep learning models with axiomatic attribution priors
and expected gradients", Nature Machine Intelligence 3:620 (2021), as the shap library has it.
"""

import warnings
from types import ModuleType
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from core.ecg import Signal
from core.errors import BackgroundMissing
from core.explain.beat_trees import trees_share
from core.explain.case import BATCH, Attribution, Case, numpy_seed, relative_residual
from core.explain.explanation import Method, Unit

if TYPE_CHECKING:
    import torch

SEED = 0
PARTS = 4  # of the way from each training record
TOGETHER = BATCH // PARTS  # training records in one pass
RESIDUAL = 0.05  # where more is left over, the ways are walked once more


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
        measured = trees_share(case, case.background)
        forth, passes = self._along(case, case.background), 1
        values = measured + forth
        if relative_residual(values, difference) > RESIDUAL:
            values = measured + (forth + self._along(case, case.background, back=True)) / 2
            passes = 2
        return Attribution(
            values=values,
            baseline=f"the mean of {len(case.background)} training records",
            samples=passes * PARTS * len(case.background),
            seed=SEED,
            residual=relative_residual(values, difference),
        )

    def _along(self, case: Case, background: Signal, back: bool = False) -> NDArray[np.float64]:
        """The mean over the background of expected gradients, each way in equal parts.

        Drawn from anywhere, as the library draws, 384 samples left 15 % over: which records come
        up and where on their way weighs more than the gradients. So every record has its turn,
        and every part of its way one sample. What goes through the network together lies at the
        same random place within its part, so every other part is walked backwards: what is too
        early in one is too late in the next. ``back`` walks each part the other way, with the
        places of before. Against 50 records, in the median of 11, a pass left 4 % over, a second
        one back 2 %, a second one at other places 7 %.
        """
        import torch

        from core.model import SummedLogit

        library, model = shap(), SummedLogit(case.network, case.column)
        total = np.zeros(case.signal.shape)
        for number in range(0, len(background), TOGETHER):
            parts = _parts(background[number : number + TOGETHER], case.signal, back)
            forwards, (starts, ends) = parts[0], map(torch.from_numpy, parts[1:])
            with torch.no_grad():  # it looks at the shape of what comes out
                explainer = library.GradientExplainer(model, starts[None])
            with numpy_seed(SEED), torch.enable_grad(), _quicker():
                found = explainer.shap_values(ends[None], nsamples=1, rseed=SEED + number)
            walked = found.reshape(-1, *case.signal.shape)
            total += walked[forwards].sum(0) - walked[~forwards].sum(0)
        return total / len(background)


def _quicker() -> "torch.autocast":
    """The network in bfloat16, on processors that compute with it: gradients in half the time.

    On 12 records of 9b the sums over 200 ms of a lead correlated with those in float32 by
    0.9993 and more, and what was left over was the same but for 0.005.
    """
    import torch

    native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=native)


def _parts(
    background: Signal, record: Signal, back: bool
) -> tuple[NDArray[np.bool_], Signal, Signal]:
    """Which parts of the ways to the record are walked forwards, and where each starts and ends.

    The first is (ways * PARTS,), the others are (ways * PARTS, 12, 1000).
    """
    done = np.linspace(0, 1, PARTS + 1)[:, None, None, None]
    stops = ((1 - done) * background + done * record).astype(np.float32)
    nearer, farther = stops[1:].reshape(-1, *record.shape), stops[:-1].reshape(-1, *record.shape)
    part, way = np.divmod(np.arange(len(nearer)), len(background))
    forwards = (part + way) % 2 == int(back)
    swap = ~forwards[:, None, None]
    return forwards, np.where(swap, nearer, farther), np.where(swap, farther, nearer)
