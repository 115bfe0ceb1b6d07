"""Two models on the same records: how much better one is, paired by patient."""

from dataclasses import dataclass

import numpy as np

from core.calibration import Bools, Floats
from core.ecg import SUPERCLASSES, Superclass
from core.measurement import Scored
from core.ptbxl import labels
from core.resampling import Difference, auroc_draws, macro, patient_weights


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """AUROC of the first model less that of the second.

    A resample draws the same patients for both, so that what is hard for both cancels out.
    """

    n: int  # records that both scored
    macro: Difference
    by_class: dict[Superclass, Difference]


def compare(ours: Scored, other: Scored) -> Comparison:
    """Compare two models on the records that both scored."""
    shared = {r.ecg_id for r in ours.records} & {r.ecg_id for r in other.records}
    records = [record for record in ours.records if record.ecg_id in shared]
    label = labels(records)
    patient = np.array([record.patient_id for record in records], dtype=np.int64)
    everyone = np.ones((1, len(records)))
    scores = _on(ours, shared), _on(other, shared)
    figures = _difference(scores, label, everyone)[:, 0]
    draws = _difference(scores, label, patient_weights(patient))
    return Comparison(
        n=len(records),
        macro=Difference.of(float(macro(figures[:, None])[0]), macro(draws)),
        by_class={
            name: Difference.of(float(figures[k]), draws[k]) for k, name in enumerate(SUPERCLASSES)
        },
    )


def _on(scored: Scored, shared: set[int]) -> Floats:
    """The probabilities of the shared records, (n, 5), in the order of the data set."""
    return scored.probability[[record.ecg_id in shared for record in scored.records]]


def _difference(scores: tuple[Floats, Floats], label: Bools, weight: Floats) -> Floats:
    """First area less second, (5, bootstraps)."""
    first, second = (auroc_draws(score, label, weight) for score in scores)
    return first - second
