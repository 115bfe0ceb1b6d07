"""All that is known of a model on a fold: the card's figures, and what stands behind them."""

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np

from core.arrays import Bools
from core.ecg import SUPERCLASSES, Superclass
from core.evaluation import Evaluation, auprc, auroc, by_class, mean, summarized
from core.measurement import Scored
from core.rates import Rate
from core.reliability import Bin, brier, ece_floor, reliability_bins
from core.resampling import Interval, auroc_draws, interval, patient_weights
from core.subgroups import Subgroup, subgroups

ANY = "any"  # all five classes of a record at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """What the model decides of a class, and how often it is wrong where it does.

    It decides a record where it calls the class or rules it out, and abstains in between.
    """

    coverage: float  # share of the records that it decides
    coverage_ci: Interval  # 95 %, exact
    error: float  # share of these that it decides wrongly; NaN where it decides none
    error_ci: Interval  # 95 %, exact
    n: int  # records that it decides
    certified: bool  # whether it can rule the class out at all
    missed: Rate  # of the records that carry the class: ruled out all the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Alongside:
    """A class in the records that carry another one: is it there, and is it called?"""

    present: int
    called: int
    correct: int  # called, and there


@dataclass(frozen=True, slots=True, kw_only=True)
class CalledWith:
    """Of ``n`` records that carry a class: what was called in them, its own class included."""

    n: int
    alongside: dict[Superclass, Alongside]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment(Evaluation):
    """An evaluation of a fold, with calibration, abstention, subgroups and confusion.

    A class on which the model abstains counts as not called in every figure but ``abstain``.
    """

    n: int  # records of the fold: scored or not, labelled or not
    n_refused: int  # labelled ones without an opinion: refused by the model, or not readable
    auprc: dict[Superclass, float]
    macro_auprc: float
    auroc_ci: dict[Superclass, Interval]  # 95 %, bootstrap by patient
    sensitivity: dict[Superclass, Rate]  # at the thresholds
    specificity: dict[Superclass, Rate]
    brier: dict[Superclass, float]
    reliability: dict[Superclass, list[Bin]]
    ece_floor: dict[Superclass, float]  # what sampling alone makes of ``ece``
    abstain: dict[str, Lane]  # by class, and ANY for the whole record
    uncertainty_auroc: float | None  # how well it finds the records with any wrong call
    subgroups: list[Subgroup]
    confusion: dict[Superclass, CalledWith]

    @classmethod
    def of(cls, scored: Scored) -> "Assessment":
        """Assess what a model said of the labelled records of a fold."""
        p, y, called = scored.probability, scored.label, scored.called
        draws = auroc_draws(p, y, patient_weights(scored.patient))
        figures = summarized(p, y, scored.thresholds, draws)
        precision = by_class(lambda k: auprc(p[:, k], y[:, k]))
        return cls(
            **{f.name: getattr(figures, f.name) for f in fields(Evaluation)},
            n=scored.n,
            n_refused=scored.refused,
            auprc=precision,
            macro_auprc=mean(precision),
            auroc_ci={name: interval(draws[k]) for k, name in enumerate(SUPERCLASSES)},
            sensitivity=_rates(lambda k: Rate.among(called[:, k], y[:, k])),
            specificity=_rates(lambda k: Rate.among(~called[:, k], ~y[:, k])),
            brier=by_class(lambda k: brier(p[:, k], y[:, k])),
            reliability={
                name: reliability_bins(p[:, k], y[:, k]) for k, name in enumerate(SUPERCLASSES)
            },
            ece_floor=by_class(lambda k: ece_floor(p[:, k])),
            abstain=_lanes(scored),
            uncertainty_auroc=_uncertainty_auroc(scored),
            subgroups=subgroups(scored.records, p, y, scored.patient),
            confusion=_confusion(called, y),
        )


def _rates(rate: Callable[[int], Rate]) -> dict[Superclass, Rate]:
    return {name: rate(k) for k, name in enumerate(SUPERCLASSES)}


def _lanes(scored: Scored) -> dict[str, Lane]:
    label, decided = scored.label, ~scored.abstained
    wrong, ruled_out = scored.called != label, decided & ~scored.called
    lanes = {
        str(name): _lane(
            decided[:, k],
            wrong[:, k],
            name in scored.certified,
            Rate.among(ruled_out[:, k], label[:, k]),
        )
        for k, name in enumerate(SUPERCLASSES)
    }
    whole = _lane(
        np.asarray(decided.all(axis=1)),
        np.asarray(wrong.any(axis=1)),
        set(SUPERCLASSES) <= scored.certified,
        Rate.among(np.asarray((ruled_out & label).any(axis=1)), np.asarray(label.any(axis=1))),
    )
    return lanes | {ANY: whole}


def _lane(decided: Bools, wrong: Bools, certified: bool, missed: Rate) -> Lane:
    error = Rate.among(wrong, decided)
    coverage = Rate.of_counts(error.of, len(decided))
    return Lane(
        coverage=coverage.value,
        coverage_ci=(coverage.low, coverage.high),
        error=error.value,
        error_ci=(error.low, error.high),
        n=error.of,
        certified=certified,
        missed=missed,
    )


def _uncertainty_auroc(scored: Scored) -> float | None:
    if scored.uncertainty is None:
        return None
    return auroc(scored.uncertainty, (scored.called != scored.label).any(axis=1))


def _confusion(called: Bools, label: Bools) -> dict[Superclass, CalledWith]:
    return {
        name: CalledWith(
            n=int(label[:, k].sum()),
            alongside={
                other: _alongside(called[label[:, k], c], label[label[:, k], c])
                for c, other in enumerate(SUPERCLASSES)
            },
        )
        for k, name in enumerate(SUPERCLASSES)
    }


def _alongside(called: Bools, label: Bools) -> Alongside:
    return Alongside(
        present=int(label.sum()), called=int(called.sum()), correct=int(np.sum(called & label))
    )
