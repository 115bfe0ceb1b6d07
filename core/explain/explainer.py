"""The one way to an explanation: quality gate, preparation, method."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from core.checkpoint import Checkpoint, load
from core.ecg import Ecg, Signal, Superclass
from core.errors import NotExplainable
from core.explain.attention import Attention, LeadAttention, TemporalAttention
from core.explain.case import Attribution, Attributor, Case
from core.explain.explanation import Explanation, Method
from core.explain.grad_cam import GradCam
from core.explain.gradients import IntegratedGradients
from core.explain.lime import Lime
from core.explain.occlusion import LeadOcclusion, Occlusion
from core.explain.shapley import Shap, shap
from core.preprocess import prepare
from core.quality import assess

if TYPE_CHECKING:
    from core.runtime import Runtime

ATTRIBUTORS: dict[Method, Attributor] = {
    attributor.method: attributor
    for attributor in (
        TemporalAttention(),
        LeadAttention(),
        Attention(),
        GradCam(),
        LeadOcclusion(),
        Occlusion(),
        IntegratedGradients(),
        Shap(),
        Lime(),
    )
}


class Explainer:
    """A loaded checkpoint that says where its word comes from; build it once, use it often.

    ``background`` is (records, 12, 1000) of prepared training records, which SHAP compares with.
    ``before_pass`` is called before whatever goes through the network, a few records at a time:
    work that may wait does so there.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        background: Signal | None = None,
        before_pass: Callable[[], None] | None = None,
    ) -> None:
        from core.model import folded

        self.card = checkpoint.card
        self._network = folded(checkpoint.network)
        self._background = background
        self._before_pass = before_pass

    @classmethod
    def load(
        cls,
        path: Path,
        background: Signal | None = None,
        before_pass: Callable[[], None] | None = None,
    ) -> "Explainer":
        """Load the checkpoint in ``path``; raises as ``core.checkpoint.load`` does."""
        return cls(load(path), background, before_pass)

    @property
    def version(self) -> str:
        """The version of the checkpoint."""
        return self.card.version

    @property
    def methods(self) -> tuple[Method, ...]:
        """What can be asked for, in the order in which methods are always shown."""
        return tuple(method for method in Method if method in ATTRIBUTORS)

    @cached_property
    def _runtime(self) -> "Runtime":
        from core.runtime import compile_network, preceded

        runtime, before = compile_network(self._network), self._before_pass
        if before is None:
            return runtime
        # from now on: OpenVINO, which traces the network, takes every error for its own
        self._network.register_forward_pre_hook(lambda *_: before())
        return preceded(runtime, before)

    def warm_up(self) -> None:
        """Import the libraries and make the network ready, which takes seconds, before asked."""
        import captum.attr  # noqa: F401

        shap()
        self._runtime  # noqa: B018

    def attribute(self, ecg: Ecg, superclass: Superclass, method: Method) -> Explanation:
        """Explain the network's word on one class of one record.

        Raises NotExplainable for a record that the quality gate refuses, BackgroundMissing
        for SHAP without training records.
        """
        case = self.case(ecg, superclass)
        attributor, start = ATTRIBUTORS[method], perf_counter()
        found = attributor.attribute(case)
        return _explanation(case, attributor, found, perf_counter() - start)

    def case(self, ecg: Ecg, superclass: Superclass) -> Case:
        """The record and the class as the methods are given them; raises NotExplainable."""
        quality = assess(ecg)
        if not quality.acceptable:
            raise NotExplainable(quality.reasons)
        return Case(
            ecg=ecg,
            signal=prepare(ecg),
            superclass=superclass,
            network=self._network,
            runtime=self._runtime,
            background=self._background,
        )


def _explanation(
    case: Case, attributor: Attributor, found: Attribution, seconds: float
) -> Explanation:
    return Explanation(
        superclass=case.superclass,
        method=attributor.method,
        attribution=found.values.astype(np.float32),
        unit=attributor.unit,
        baseline=found.baseline,
        samples=found.samples,
        seed=found.seed,
        residual=found.residual,
        logit=case.logit,
        seconds=seconds,
    )
