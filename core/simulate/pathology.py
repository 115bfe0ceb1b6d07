"""Findings applied to a beat, one after the other, in the order in which a heart gets them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from core.simulate import conduction, hypertrophy, infarction, repolarisation
from core.simulate.findings import Finding
from core.simulate.infarction import Stage
from core.simulate.vcg import Beat, Wave

# Muscle first, then the scar, the way the front takes, and last how the whole recovers.
_ORDER = (
    Finding.LAE, Finding.RAE, Finding.LVH, Finding.RVH,
    *infarction.TERRITORIES,
    Finding.LAFB, Finding.LPFB, Finding.IVCD, Finding.IRBBB, Finding.CRBBB, Finding.CLBBB,
    Finding.AVB1,
    *repolarisation.CHANGES,
)  # fmt: skip

Change = Callable[[Beat, float, np.random.Generator], Beat]
_CHANGES: dict[Finding, Change] = {
    Finding.LAE: hypertrophy.left_atrium,
    Finding.RAE: hypertrophy.right_atrium,
    Finding.LVH: hypertrophy.left_ventricle,
    Finding.RVH: hypertrophy.right_ventricle,
    Finding.LAFB: conduction.left_anterior_fascicle,
    Finding.LPFB: conduction.left_posterior_fascicle,
    Finding.IVCD: conduction.slow_ventricles,
    Finding.IRBBB: conduction.incomplete_right_bundle,
    Finding.CRBBB: conduction.right_bundle,
    Finding.CLBBB: conduction.left_bundle,
    Finding.AVB1: conduction.first_degree_block,
}
_WAVES: dict[Finding, tuple[Wave, ...]] = {
    Finding.LAE: (Wave.P,),
    Finding.RAE: (Wave.P,),
    Finding.LVH: (Wave.QRS,),
    Finding.CLBBB: (Wave.QRS, Wave.ST, Wave.T),
    Finding.CRBBB: (Wave.QRS, Wave.T),
    Finding.RVH: (Wave.QRS, Wave.T),
}


@dataclass(frozen=True)
class Step:
    """One finding: the beat before it and after it, and what it is marked by."""

    finding: Finding
    severity: float
    stage: Stage | None
    before: Beat
    after: Beat

    @property
    def waves(self) -> tuple[Wave, ...]:
        """The waves by which the finding is recognised."""
        if self.stage is Stage.OLD:
            return (Wave.QRS, Wave.T)
        if self.stage is not None:
            return (Wave.QRS, Wave.ST, Wave.T)
        if self.finding in repolarisation.CHANGES:
            return (Wave.ST, Wave.T)
        return _WAVES.get(self.finding, (Wave.QRS,))


def apply(
    beat: Beat,
    findings: Iterable[Finding],
    rng: np.random.Generator,
    *,
    stage: Stage | None = None,
    severity: float | None = None,
) -> list[Step]:
    """Apply the findings to a normal beat; an unset stage or severity is drawn for each.

    The last step's ``after`` is the beat; NORM adds no step.
    """
    steps: list[Step] = []
    for finding in sorted(set(findings) - {Finding.NORM}, key=_ORDER.index):
        step = _step(beat, finding, rng, stage, severity)
        steps.append(step)
        beat = step.after
    return steps


def _step(
    beat: Beat,
    finding: Finding,
    rng: np.random.Generator,
    stage: Stage | None,
    severity: float | None,
) -> Step:
    drawn = _severity(rng)
    grade = drawn if severity is None else severity
    if finding in infarction.TERRITORIES:
        drawn_stage = _stage(rng)
        stage = stage or drawn_stage
        after = infarction.infarct(beat, finding, stage, grade, rng)
        return Step(finding, grade, stage, beat, after)
    if finding in repolarisation.CHANGES:
        after = repolarisation.recover_otherwise(beat, finding, grade, rng)
    else:
        after = _CHANGES[finding](beat, grade, rng)
    return Step(finding, grade, None, beat, after)


def _severity(rng: np.random.Generator) -> float:
    """Around the median of PTB-XL; a quarter of its records show little more than a hint."""
    return float(np.exp(rng.normal(0.12, 0.28)))


def _stage(rng: np.random.Generator) -> Stage:
    """In PTB-XL 9 of 10 infarcts with a stage are old or nearly so (folds 1-8)."""
    return Stage(rng.choice([Stage.OLD, Stage.SUBACUTE, Stage.ACUTE], p=[0.74, 0.14, 0.12]))
