"""The gate: whether a challenger may take the champion's place, check by check, in words.

Both models are asked the same records. A challenger passes where no class's interval of the
difference in AUROC on 9b reaches below -LOSS, no class's calibration error grows by more than
WORSE, every metamorphic check holds, no group of patients loses, and it is better on readings
that were held out from its run and do not say the opposite of what is known. What cannot be shown
on the records that there are has not been shown: the challenger does not pass.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from core.arrays import Bools, Floats
from core.ecg import SUPERCLASSES
from core.evaluation import auroc
from core.metamorphic import Check
from core.reliability import expected_calibration_error, reliability_bins
from core.resampling import Difference, Ids, auroc_draws, macro, patient_weights

LOSS = 0.01  # of AUROC that a class, their mean or a group may lose at most
WORSE = 0.01  # that a class's calibration error may grow at most
FEWEST = 30  # readings, below which nothing is said about them
_TINY = 1e-6  # probabilities are kept this far from 0 and 1, where a log loss is infinite
_AGE = 65
_FEW = 10  # records with a class, or without it, below which its area is left to chance
_CHANCE = 0.5  # AUROC of a model that knows nothing
_CLASSES = range(len(SUPERCLASSES))
_NAMED = 3  # checks that the one sentence names; the others are counted


@dataclass(frozen=True, slots=True, kw_only=True)
class GateCheck:
    """One question to both models, and what came out."""

    name: str
    passed: bool | None  # None: too few records to ask it, and nothing hangs on it
    sentence: str
    figures: Mapping[str, float | None]  # what the sentence says, for a page to draw


@dataclass(frozen=True, slots=True, kw_only=True)
class GateReport:
    """Every check, and what they come to."""

    champion: str
    challenger: str
    checks: tuple[GateCheck, ...]
    reliability: Mapping[str, Any] | None = None  # of both on 9b, bins by model and class

    @property
    def passed(self) -> bool:
        """Whether every check that could be asked was passed; one at least must have been."""
        return bool(self._asked) and all(check.passed for check in self._asked)

    @property
    def sentence(self) -> str:
        """The outcome in words."""
        if not self._asked:
            return f"{self.challenger} was asked nothing: there is nothing to pass."
        failed = [check.name for check in self._asked if not check.passed]
        if not failed:
            return f"{self.challenger} passes all {len(self._asked)} checks."
        named = ", ".join(failed[:_NAMED])
        rest = f" and {len(failed) - _NAMED} more checks" if len(failed) > _NAMED else ""
        return f"{self.challenger} is stopped by {named}{rest}."

    @property
    def _asked(self) -> list[GateCheck]:
        return [check for check in self.checks if check.passed is not None]

    @property
    def as_json(self) -> dict[str, Any]:
        """The report as it is stored with the version."""
        return {
            "champion": self.champion,
            "challenger": self.challenger,
            "passed": self.passed,
            "sentence": self.sentence,
            "checks": [asdict(check) for check in self.checks],
            "reliability": self.reliability,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """Probabilities of both models on the same records."""

    champion: Floats  # (N, 5)
    challenger: Floats  # (N, 5)
    label: Bools  # (N, 5)
    patient: Ids  # (N,)

    def of(self, which: Bools) -> "Contest":
        """The records of a mask (N,)."""
        return Contest(
            champion=self.champion[which],
            challenger=self.challenger[which],
            label=self.label[which],
            patient=self.patient[which],
        )


def discrimination_checks(contest: Contest, where: str = "9b") -> list[GateCheck]:
    """AUROC of every class and their mean, paired by patient."""
    areas, draws = _areas(contest)
    checks = [
        _area_check(
            f"AUROC of {name} on {where}",
            Difference.of(float(areas[k]), draws[k]),
            len(contest.label),
        )
        for k, name in enumerate(SUPERCLASSES)
    ]
    overall = Difference.of(float(macro(areas[:, None])[0]), macro(draws))
    return [_area_check(f"macro AUROC on {where}", overall, len(contest.label)), *checks]


def calibration_checks(contest: Contest) -> list[GateCheck]:
    """Expected calibration error of every class."""
    return [
        _calibration_check(str(name), *(_ece(p, contest.label, k) for p in _both(contest)))
        for k, name in enumerate(SUPERCLASSES)
    ]


def subgroup_checks(
    contest: Contest, sex: Sequence[str | None], age: Sequence[int | None]
) -> list[GateCheck]:
    """Macro AUROC of women and men, of those under 65 and older, paired by patient."""
    groups = {
        "women": np.array([value == "female" for value in sex], dtype=bool),
        "men": np.array([value == "male" for value in sex], dtype=bool),
        f"under {_AGE}": np.array([a is not None and a < _AGE for a in age], dtype=bool),
        f"{_AGE} and older": np.array([a is not None and a >= _AGE for a in age], dtype=bool),
    }
    return [_group_check(name, contest.of(which)) for name, which in groups.items()]


def hard_checks(champion: Sequence[Check], challenger: Sequence[Check]) -> list[GateCheck]:
    """The metamorphic and quality checks of both models, by name.

    Where the champion itself fails one, the challenger need not pass it, only be no worse: else
    nothing could ever follow a champion with a fault.
    """
    before = {check.name: check for check in champion}
    return [_hard_check(before.get(check.name), check) for check in challenger]


def stopping_check(champion: float, challenger: float) -> GateCheck:
    """Whether any epoch of the run was better on 9a, by macro AUROC, than the champion."""
    better = challenger > champion
    return GateCheck(
        name="early stopping on 9a",
        passed=better,
        sentence=f"The macro AUROC on 9a goes from {champion:.4f} to {challenger:.4f}: "
        + ("better." if better else "no epoch of the run was better than the champion."),
        figures={"before": champion, "after": challenger},
    )


def taught_check(contest: Contest, said: Bools, corrected: Floats) -> GateCheck:
    """Whether the challenger is nearer to readers of whom it was taught nothing.

    ``said`` (N, 5) are the classes that they have answered, ``corrected`` (5,) how many answers
    that were taught contradict the published labels. Mean log loss, paired by patient, of which
    each class has the share that it has in the corrections, with one more of each: the interval
    of what is gained must lie above 0. That of all answers alike must not lie below: what was
    taught of one class may cost nothing in the others.
    """
    name = "readings held out from the run"
    if len(said) < FEWEST:
        return GateCheck(
            name=name,
            passed=False,
            sentence=f"{len(said)} readings were held out, and {FEWEST} are needed to see whether "
            "anything was learnt.",
            figures={"records": len(said)},
        )
    found, alike = (_gain(contest, said * weight) for weight in (1 + corrected, np.ones(5)))
    better, harmed = bool(found.low > 0), bool(alike.high < 0)
    shown = "better" if better else "not shown to be better"
    return GateCheck(
        name=name,
        passed=better and not harmed,
        sentence=f"On {len(said)} readings held out from the run, classes weighed by the "
        f"corrections that were taught, its improvement in log loss is {_interval(found)}, and "
        f"{_interval(alike)} with all classes alike: {shown} where it was taught"
        f"{', and worse elsewhere' if harmed else ''}.",
        figures=_figures(found) | {"records": len(said), "alike": alike.difference},
    )


def opposition_check(read: Contest, said: Bools, judging: Contest) -> GateCheck:
    """Whether readers say the opposite of what the champion is right about on 9b.

    ``read`` are the readings held out, of which ``said`` (N, 5) are answered, ``judging`` is 9b. A
    class fails where the champion ranks the records of 9b the right way and those of the readings
    the wrong way round, each with its whole interval. A run that holds its model firmly gives way
    to such answers so little that nothing on 9b shows it.
    """
    on_9b = [_own_area(judging, k, np.ones(len(judging.label), dtype=bool)) for k in _CLASSES]
    on_read = [_own_area(read, k, said[:, k]) for k in _CLASSES]
    opposed = [
        f"{SUPERCLASSES[k]} ({on_read[k].difference:.2f})"
        for k in _CLASSES
        if on_9b[k].low > _CHANCE and on_read[k].high < _CHANCE
    ]
    told = (
        f"readers say the opposite of what the champion finds, and is right about on 9b, of "
        f"{', '.join(opposed)}, by its AUROC against their answers: ask how they were given."
        if opposed
        else "no class is answered the other way round than the champion finds it."
    )
    return GateCheck(
        name="answers the other way round",
        passed=not opposed,
        sentence=f"On {len(said)} readings held out from the run {told}",
        figures={str(SUPERCLASSES[k]): _plain(on_read[k].difference) for k in _CLASSES},
    )


def _own_area(contest: Contest, k: int, rows: Bools) -> Difference:
    """The champion's AUROC of a class on these records; NaN where too few have it or have not."""
    score, label = contest.champion[rows][:, [k]], contest.label[rows][:, [k]]
    if min(label.sum(), (~label).sum()) < _FEW:
        return Difference(np.nan, np.nan, np.nan)
    draws = auroc_draws(score, label, patient_weights(contest.patient[rows]))[0]
    return Difference.of(auroc(score[:, 0], label[:, 0]), draws)


def reading_checks(contest: Contest) -> list[GateCheck]:
    """Readers' answers on 9b, of which no version was taught: asked where they are enough."""
    if len(contest.label) < FEWEST:
        return [
            GateCheck(
                name="readings of 9b",
                passed=None,
                sentence=f"{len(contest.label)} records of 9b are settled by readers in every "
                f"class; from {FEWEST} on both models are compared on them.",
                figures={"records": len(contest.label)},
            )
        ]
    areas, draws = _areas(contest)
    overall = Difference.of(float(macro(areas[:, None])[0]), macro(draws))
    return [_area_check("macro AUROC on readings of 9b", overall, len(contest.label))]


def reliability(contest: Contest) -> dict[str, Any]:
    """What each model promised on these records, and what came of it: bins by class."""
    named = {"champion": contest.champion, "challenger": contest.challenger}
    return {
        model: {
            str(name): [asdict(one) for one in reliability_bins(p[:, k], contest.label[:, k])]
            for k, name in enumerate(SUPERCLASSES)
        }
        for model, p in named.items()
    }


def _areas(contest: Contest) -> tuple[Floats, Floats]:
    """Challenger less champion: (5,) areas, and (5, bootstraps) resampled ones."""
    weight = patient_weights(contest.patient)
    draws = [auroc_draws(p, contest.label, weight) for p in _both(contest)]
    areas = [
        np.array([auroc(p[:, k], contest.label[:, k]) for k in range(len(SUPERCLASSES))])
        for p in _both(contest)
    ]
    return areas[1] - areas[0], draws[1] - draws[0]


def _both(contest: Contest) -> tuple[Floats, Floats]:
    return contest.champion, contest.challenger


def _area_check(name: str, found: Difference, records: int) -> GateCheck:
    if np.isnan(found.low):
        return GateCheck(
            name=name,
            passed=False,
            sentence=f"{records} records are too few for the {name}: nothing is shown.",
            figures=_figures(found),
        )
    passed = bool(found.low >= -LOSS)
    reach = "does not reach" if passed else "reaches"
    return GateCheck(
        name=name,
        passed=passed,
        sentence=f"The {name} differs by {_interval(found)} on {records} records, which {reach} "
        f"below -{LOSS}.",
        figures=_figures(found),
    )


def _group_check(name: str, contest: Contest) -> GateCheck:
    areas, draws = _areas(contest) if len(contest.label) else (np.full(5, np.nan), np.empty((5, 0)))
    overall = Difference.of(float(macro(areas[:, None])[0]), macro(draws))
    return _area_check(f"macro AUROC of {name}", overall, len(contest.label))


def _ece(probability: Floats, label: Bools, k: int) -> float:
    return expected_calibration_error(probability[:, k], label[:, k])


def _calibration_check(name: str, before: float, after: float) -> GateCheck:
    passed = bool(after - before <= WORSE)
    return GateCheck(
        name=f"calibration of {name} on 9b",
        passed=passed,
        sentence=f"The calibration error of {name} goes from {before:.3f} to {after:.3f}: "
        f"{'not ' if passed else ''}more than {WORSE} worse.",
        figures={"before": _plain(before), "after": _plain(after)},
    )


def _hard_check(before: Check | None, after: Check) -> GateCheck:
    excused = before is not None and not before.passed and after.held >= before.held
    passed = after.passed or excused
    beside = f" The champion fails it too, with {before.held:.1%}." if before and excused else ""
    return GateCheck(
        name=after.name,
        passed=passed,
        sentence=f"{after.sentence} {after.held:.1%} hold, {after.bar:.0%} must.{beside}",
        figures={"held": after.held, "bar": after.bar, "before": before.held if before else None},
    )


def _gain(contest: Contest, weight: Floats) -> Difference:
    """How much log loss an answer gains on average, of (N, 5) weights; paired by patient."""
    before, after = (_log_loss(p, contest.label) for p in _both(contest))
    gain, counted = ((before - after) * weight).sum(1), weight.sum(1)
    drawn = patient_weights(contest.patient)
    total = drawn @ counted
    draws = np.divide(drawn @ gain, total, out=np.full(len(total), np.nan), where=total > 0)
    return Difference.of(float(gain.sum() / max(counted.sum(), 1)), draws)


def _log_loss(probability: Floats, label: Bools) -> Floats:
    p = np.clip(probability, _TINY, 1 - _TINY)
    loss: Floats = -np.where(label, np.log(p), np.log(1 - p))
    return loss


def _interval(found: Difference) -> str:
    return f"{found.difference:+.4f} [{found.low:+.4f}, {found.high:+.4f}]"


def _figures(found: Difference) -> dict[str, float | None]:
    return {name: _plain(value) for name, value in asdict(found).items()}


def _plain(value: float) -> float | None:
    """As JSON can hold it: no NaN."""
    return None if np.isnan(value) else float(value)
