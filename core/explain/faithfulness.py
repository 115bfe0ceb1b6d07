"""The report card of one explanation: does what it points at move the network?"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from time import perf_counter
from typing import Any

import numpy as np

from core.changes import noisy
from core.ecg import Ecg
from core.explain.case import Case
from core.explain.explainer import Explainer
from core.explain.explanation import Explanation, Method
from core.explain.removal_curves import RANDOM_ORDERS, STEPS, Curve, Removal
from core.explain.similarity import agreement

NOISE_MV = 0.02
AGAINST = (Method.GRAD_CAM, Method.OCCLUSION)  # quick, and unlike in what they do
_SEED = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FaithfulnessReport:
    """How far one explanation can be trusted.

    Deletion and insertion go wave by wave of each lead, over all beats. ``stability`` and
    ``agreement`` are Spearman's rank correlation over the same parts, with the explanation of
    the record under 20 uV of white noise, and with other methods.
    """

    parts: int  # that were removed, the most worth first
    removed_becomes: str
    random_orders: int
    shares: tuple[float, ...]  # of the parts, at which the curves stand
    deletion: Curve
    insertion: Curve
    stability: float
    agreement: dict[Method, float]
    residual: float | None  # of the sum of attributions, where the method promises one
    seconds: float

    @property
    def better_than_random(self) -> bool:
        """Whether deletion in its order beats random orders beyond chance."""
        return self.deletion.low > 0

    def to_json(self) -> dict[str, Any]:
        """As it is stored and printed."""
        return asdict(self) | {"better_than_random": self.better_than_random}


def report(
    explainer: Explainer,
    ecg: Ecg,
    explanation: Explanation,
    others: Iterable[Explanation] | None = None,
) -> FaithfulnessReport:
    """Measure an explanation of ``ecg``, beside ``others`` of the same class.

    Where none are given, those of AGAINST are computed. Raises NotExplainable.
    """
    start = perf_counter()
    case = explainer.case(ecg, explanation.superclass)
    removal = removal_of(case)
    deletion, insertion = removal.curves(removal.segments.sums(explanation.attribution))
    found = FaithfulnessReport(
        parts=len(removal.segments.parts),
        removed_becomes=case.baseline.name,
        random_orders=RANDOM_ORDERS,
        shares=tuple(map(float, np.linspace(0, 1, STEPS + 1))),
        deletion=deletion,
        insertion=insertion,
        stability=stability(explainer, case, explanation, removal),
        agreement=_agreement(explainer, case, explanation, removal, others),
        residual=explanation.residual,
        seconds=0.0,
    )
    return replace(found, seconds=perf_counter() - start)


def removal_of(case: Case) -> Removal:
    """The record of a case, ready to lose the waves of its leads."""
    return Removal(
        signal=case.signal,
        baseline=case.baseline.signal,
        segments=case.segments.grouped(),
        score=case.logits,
    )


def stability(
    explainer: Explainer, case: Case, explanation: Explanation, removal: Removal
) -> float:
    """Spearman with the explanation of the same record under white noise of NOISE_MV."""
    shaken = noisy(NOISE_MV)(case.ecg, np.random.default_rng(_SEED))
    again = explainer.attribute(shaken, case.superclass, explanation.method)
    return agreement(removal.segments, explanation.attribution, again.attribution)


def _agreement(
    explainer: Explainer,
    case: Case,
    explanation: Explanation,
    removal: Removal,
    others: Iterable[Explanation] | None,
) -> dict[Method, float]:
    if others is None:
        asked = [method for method in AGAINST if method in explainer.methods]
        others = [explainer.attribute(case.ecg, case.superclass, m) for m in asked]
    return {
        other.method: agreement(removal.segments, explanation.attribution, other.attribution)
        for other in others
        if other.method is not explanation.method
    }
