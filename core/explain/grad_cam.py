"""Grad-CAM at the lead tokens, the last place where leads are still apart.

Selvaraju et al., "Grad-CAM: visual explanations from deep networks via gradient-based
localization", ICCV 2017. What the trees add goes past the tokens and is not in it.
"""

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from core.explain.case import Attribution, Case
from core.explain.explanation import Method, Unit
from core.explain.tokens import phase_shifts, to_samples

if TYPE_CHECKING:
    from torch import Tensor


class GradCam:
    """Channels of the tokens, weighted by how the logit rises with each of them."""

    method: ClassVar = Method.GRAD_CAM
    unit: ClassVar = Unit.RELEVANCE

    def attribute(self, case: Case) -> Attribution:
        tokens, gradient = _tokens(case)  # (phases, 12, C, 125)
        weight = gradient.mean((1, 3), keepdim=True)
        relevance = (weight * tokens).sum(2).clamp(min=0).numpy()  # (phases, 12, 125)
        shifts = phase_shifts(case.network.config.phases)
        spread = [to_samples(cam, shift) for cam, shift in zip(relevance, shifts, strict=True)]
        return Attribution(
            values=np.mean(spread, axis=0), baseline="none: a gradient where it is", samples=1
        )


def _tokens(case: Case) -> "tuple[Tensor, Tensor]":
    """The lead tokens of every phase and the gradient of the logit with respect to them."""
    import torch

    kept: list[Tensor] = []
    hook = case.network.leads.register_forward_hook(
        lambda module, inputs, tokens: kept.append(tokens)
    )
    try:
        with torch.enable_grad():
            signal = torch.from_numpy(case.signal[None]).requires_grad_()
            logit = case.network(signal).logits[0, case.column]
            (gradient,) = torch.autograd.grad(logit, kept[0])
    finally:
        hook.remove()
    return kept[0].detach(), gradient
