"""How good a model is in a few figures: the ones that its card carries."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.arrays import Bools, Floats
from core.ecg import SUPERCLASSES, Superclass
from core.reliability import expected_calibration_error
from core.resampling import Ids, Interval, Ranked, auroc_draws, interval, macro, patient_weights


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Figures on the labelled records of a set; ``core.assessment`` adds to them.

    AUROC is NaN for a class that all or none of them have; F1 of a class that none of them has is
    0 if it is called all the same, else NaN. A mean leaves NaN out.
    """

    n_labelled: int  # with at least one superclass, and scored: all figures are on them
    macro_auroc: float
    macro_auroc_ci: Interval  # 95 %, bootstrap by patient
    auroc: dict[Superclass, float]
    f1: dict[Superclass, float]
    macro_f1: float
    ece: dict[Superclass, float]
    thresholds: dict[Superclass, float]


def evaluate(
    probability: Floats,
    label: Bools,
    patient: Ids,
    thresholds: Floats,
    *,
    seed: int = 0,
) -> Evaluation:
    """Evaluate (records, 5) probabilities against labels; ``patient`` is (records,) of their ids.

    ``thresholds`` (5,) are those from which a class is called.
    """
    counted = label.any(axis=1)
    p, y = probability[counted], label[counted]
    draws = auroc_draws(p, y, patient_weights(patient[counted], seed=seed))
    return summarized(p, y, thresholds, draws)


def summarized(p: Floats, y: Bools, thresholds: Floats, draws: Floats) -> Evaluation:
    """The evaluation of labelled records whose areas have been resampled.

    ``p`` and ``y`` are (records, 5), ``draws`` (5, bootstraps) of ``auroc_draws``.
    """
    called = p >= thresholds
    f1 = by_class(lambda k: f1_score(called[:, k], y[:, k]))
    area = by_class(lambda k: auroc(p[:, k], y[:, k]))
    return Evaluation(
        n_labelled=len(y),
        macro_auroc=mean(area),
        macro_auroc_ci=interval(macro(draws)),
        auroc=area,
        f1=f1,
        macro_f1=mean(f1),
        ece=by_class(lambda k: expected_calibration_error(p[:, k], y[:, k])),
        thresholds=by_class(lambda k: float(thresholds[k])),
    )


def auroc(score: Floats, label: Bools, weight: Floats | None = None) -> float:
    """Area under the ROC curve of (records,) scores, ties counted half; NaN for one class only.

    ``weight`` counts a record several times or not at all, as a bootstrap does.
    """
    weight = np.ones(len(score)) if weight is None else weight
    return float(Ranked(score, label).auroc(weight[None])[0])


def auprc(score: Floats, label: Bools) -> float:
    """Average precision of (records,) scores; NaN where no record has the class."""
    return float(Ranked(score, label).average_precision(np.ones((1, len(score))))[0])


def f1_score(called: Bools, label: Bools) -> float:
    """Harmonic mean of precision and recall; NaN where nothing is called and nothing is there."""
    total = int(called.sum() + label.sum())
    return 2 * int((called & label).sum()) / total if total else float("nan")


def by_class(figure: Callable[[int], float]) -> dict[Superclass, float]:
    """The figure of every class by its place in SUPERCLASSES."""
    return {name: figure(k) for k, name in enumerate(SUPERCLASSES)}


def mean(figures: dict[Superclass, float]) -> float:
    """The mean of the figures that there are; NaN where there is none."""
    values = np.array(list(figures.values()))
    return float(np.nanmean(values)) if not np.isnan(values).all() else float("nan")
