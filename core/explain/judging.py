"""One subject after the other, by every method: what evidence is counted from."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np

from core.checkpoint import Checkpoint
from core.ecg import Ecg, Signal, Superclass
from core.explain.explainer import Explainer
from core.explain.explanation import Explanation, Method
from core.explain.faithfulness import removal_of
from core.explain.randomisation import randomised
from core.explain.removal_curves import Removal
from core.explain.similarity import agreement
from core.explain.subjects import Subject
from core.ptbxl import Ptbxl

SEEDS = (0, 1, 2)  # of the networks with random weights


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What came of one method on one subject."""

    method: Method
    ecg_id: int
    patient_id: int
    superclass: Superclass
    deletion: float  # advantage over random orders, in units of the logit
    insertion: float
    occlusion: float  # Spearman with occlusion by waves
    residual: float | None
    randomised: float | None  # mean Spearman with random weights; None where not asked


class Judge:
    """A checkpoint, and the same network with random weights, asked by every method.

    ``probes`` (records, 12, 1000) are what the random networks take their statistics from,
    ``background`` what SHAP compares with.
    """

    def __init__(
        self, checkpoint: Checkpoint, probes: Signal, background: Signal | None = None
    ) -> None:
        self.explainer = Explainer(checkpoint, background)
        self._untaught = [
            Explainer(randomised(checkpoint, seed, probes), background) for seed in SEEDS
        ]

    def judge(
        self, dataset: Ptbxl, subject: Subject, methods: Collection[Method], *, randomise: bool
    ) -> Iterator[Judged]:
        """Ask the methods about one subject; random orders are scored once for them all."""
        ecg = dataset.read(subject.ecg_id)
        removal = removal_of(self.explainer.case(ecg, subject.superclass))
        occluded = self.explainer.attribute(ecg, subject.superclass, Method.OCCLUSION)
        for method in methods:
            found = self.explainer.attribute(ecg, subject.superclass, method)
            deletion, insertion = removal.curves(removal.segments.sums(found.attribution))
            yield Judged(
                method=method,
                ecg_id=subject.ecg_id,
                patient_id=subject.patient_id,
                superclass=subject.superclass,
                deletion=deletion.advantage,
                insertion=insertion.advantage,
                occlusion=_alike(removal, found, occluded),
                residual=found.residual,
                randomised=self._survival(ecg, found, removal) if randomise else None,
            )

    def _survival(self, ecg: Ecg, found: Explanation, removal: Removal) -> float:
        """Mean Spearman with what the same method says of random weights.

        Signed, and over the waves of each lead: by size alone any two attributions agree, since
        all are large where the signal is.
        """
        others = [u.attribute(ecg, found.superclass, found.method) for u in self._untaught]
        return float(np.mean([_alike(removal, found, other) for other in others]))


def _alike(removal: Removal, first: Explanation, second: Explanation) -> float:
    return agreement(removal.segments, first.attribution, second.attribution)
