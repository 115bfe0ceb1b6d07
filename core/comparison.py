"""Two models on the same records: how much better one is, paired by patient."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.arrays import Floats
from core.ecg import SUPERCLASSES, Superclass
from core.evaluation import by_class
from core.measurement import Scored
from core.ptbxl import labels
from core.resampling import Difference, auroc_draws, macro, patient_weights


@dataclass(frozen=True, slots=True, kw_only=True)
class Areas:
    """AUROC of one model on the shared records."""

    macro_auroc: float
    auroc: dict[Superclass, float]

    @classmethod
    def of(cls, figures: Floats) -> "Areas":
        """The areas of the classes, (5,), and their mean."""
        return cls(macro_auroc=_mean(figures), auroc=by_class(lambda k: float(figures[k])))


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """AUROC of the first model less that of the second, on the records that both scored.

    A resample draws the same patients for both, so that what is hard for both cancels out. What
    one model refused is left out, and how many those are is part of the comparison: a model could
    gain by refusing what is hard.
    """

    n: int  # records that both scored
    only_first: int  # records left out: the second refused them
    only_second: int  # records left out: the first refused them
    first: Areas
    second: Areas
    macro: Difference
    by_class: dict[Superclass, Difference]


def compare(first: Scored, second: Scored) -> Comparison:
    """Compare two models on the records that both scored, paired by ``ecg_id``."""
    rows = [{r.ecg_id: row for row, r in enumerate(one.records)} for one in (first, second)]
    shared = [ecg_id for ecg_id in rows[0] if ecg_id in rows[1]]
    scores = [_on(one, row, shared) for one, row in zip((first, second), rows, strict=True)]
    records = [first.records[rows[0][ecg_id]] for ecg_id in shared]
    label = labels(records)
    patient = np.array([record.patient_id for record in records], dtype=np.int64)
    areas = [auroc_draws(score, label, np.ones((1, len(records))))[:, 0] for score in scores]
    weight = patient_weights(patient)
    draws = auroc_draws(scores[0], label, weight) - auroc_draws(scores[1], label, weight)
    difference = areas[0] - areas[1]
    return Comparison(
        n=len(shared),
        only_first=len(rows[0]) - len(shared),
        only_second=len(rows[1]) - len(shared),
        first=Areas.of(areas[0]),
        second=Areas.of(areas[1]),
        macro=Difference.of(_mean(difference), macro(draws)),
        by_class={
            name: Difference.of(float(difference[k]), draws[k])
            for k, name in enumerate(SUPERCLASSES)
        },
    )


def _on(scored: Scored, row: dict[int, int], shared: Sequence[int]) -> Floats:
    """The probabilities of the shared records, (n, 5), in their order."""
    return scored.probability[np.array([row[ecg_id] for ecg_id in shared], dtype=np.int64)]


def _mean(figures: Floats) -> float:
    return float(macro(figures[:, None])[0])
