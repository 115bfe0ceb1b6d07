"""What was measured of each method on a checkpoint, and what may therefore be shown.

It lies beside the weights as JSON and names their digest: evidence of other weights is none.
Reading it needs no torch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from core.checkpoint import Card
from core.ecg import SUPERCLASSES, Superclass
from core.errors import CheckpointAltered
from core.explain.explanation import Method
from core.resampling import interval, patient_weights

EVIDENCE = "explanations.json"
SURVIVES = 0.2  # Spearman with the untaught network's explanation: what is above says nothing
BETTER = 0.9  # of the records, deletion in a method's order must beat random orders
POINTING = 0.8  # of simulated records, the default must point into the region
PATHOLOGIES = tuple(name for name in SUPERCLASSES if name is not Superclass.NORM)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Estimate(_Part):
    """A mean with its 95 % interval from a bootstrap of patients."""

    mean: float
    low: float
    high: float
    of: int  # values that it is the mean of

    @classmethod
    def by_patient(cls, values: Sequence[float], patients: Sequence[int]) -> "Estimate":
        """The estimate of ``values``, one a record; one or more of them."""
        value, patient = np.asarray(values, float), np.asarray(patients, np.int64)
        weight = patient_weights(patient)
        low, high = interval((weight @ value) / weight.sum(1))
        return cls(mean=float(value.mean()), low=low, high=high, of=len(value))


class ClassEvidence(_Part):
    """One method on the records of which one class was called."""

    better: Estimate  # share of records in which deletion beats the mean random order
    deletion: Estimate  # by how much of the logit
    insertion: Estimate


class Aiming(_Part):
    """Where a pathology was simulated: how often it is pointed at, and its share of the map."""

    pointing: Estimate
    mass: Estimate


class MethodEvidence(_Part):
    """What was measured of one method."""

    randomisation: Estimate  # Spearman with the explanation of the network with random weights
    occlusion: float | None  # median Spearman with occlusion by waves; None: it is that itself
    better: Estimate  # over all classes
    classes: dict[Superclass, ClassEvidence]
    aiming: dict[Superclass, Aiming]
    residual: float | None  # median, where the method promises a sum


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Whether a method is offered for a class, and why not."""

    offered: bool
    reason: str = ""


class Evidence(_Part):
    """What stands beside a checkpoint."""

    checkpoint: str
    weights_sha256: str
    created: str  # ISO 8601, UTC
    fold: str  # of the records of deletion, insertion and randomisation
    simulated: bool  # whether those came from the simulator
    records_sha256: str | None = None  # of their index; None: measured before this was noted
    simulated_seed: int  # of the records of the pointing game
    random_seeds: int  # networks with random weights, over which a Spearman is averaged
    methods: dict[Method, MethodEvidence]
    baselines: dict[str, dict[Superclass, Aiming]]  # "random", "r-peaks": they ask no network
    default: Method | None  # what ``choose`` says; None where no method is offered throughout

    def beside(self, earlier: "Evidence") -> "Evidence":
        """With what an earlier run found of methods that this one did not ask.

        Only where both asked the same: other weights, records or seeds are another measurement.
        """
        records = {self.records_sha256, earlier.records_sha256} - {None}
        if self._asked() != earlier._asked() or len(records) > 1:
            return self
        methods = earlier.methods | self.methods
        joined = self.model_copy(
            update={"methods": {m: methods[m] for m in Method if m in methods}}
        )
        return joined.model_copy(update={"default": joined.choose()})

    def _asked(self) -> tuple[object, ...]:
        seeds = self.simulated_seed, self.random_seeds
        return self.weights_sha256, self.fold, self.simulated, *seeds

    def standing(self, method: Method, superclass: Superclass) -> Standing:
        """Whether ``method`` may explain ``superclass``; a method never measured may not."""
        found = self.methods.get(method)
        if found is None or superclass not in found.classes:
            return Standing(offered=False, reason="never measured on this checkpoint")
        if found.randomisation.mean > SURVIVES:
            survives = f"survives random weights: Spearman {found.randomisation.mean:.2f}"
            return Standing(offered=False, reason=survives)
        if found.classes[superclass].deletion.low <= 0:
            return Standing(offered=False, reason=f"no better than random order for {superclass}")
        return Standing(offered=True)

    def failings(self, method: Method) -> tuple[str, ...]:
        """Where a method falls short of what a default must reach, in words; () nowhere."""
        found = self.methods[method]
        refused = (self.standing(method, name) for name in SUPERCLASSES)
        reasons = dict.fromkeys(s.reason for s in refused if not s.offered)
        if found.better.mean < BETTER:
            reasons[f"better than random order in {found.better.mean:.0%} of records"] = None
        for name in PATHOLOGIES:
            if (why := self._misses(found, name)) is not None:
                reasons[why] = None
        return tuple(reasons)

    def choose(self) -> Method | None:
        """Of the methods that are offered for every class, the one that falls short least often.

        Among equals the one whose worst pointing rate is the best.
        """
        offered = [
            method
            for method in self.methods
            if all(self.standing(method, name).offered for name in SUPERCLASSES)
        ]
        return max(offered, key=self._merit, default=None)

    def _misses(self, found: MethodEvidence, name: Superclass) -> str | None:
        aiming = found.aiming.get(name)
        if aiming is None:
            return f"no ground truth for {name}"
        if aiming.pointing.mean < POINTING:
            return f"points at {name} in {aiming.pointing.mean:.0%}"
        peaks = self.baselines["r-peaks"][name].pointing.mean
        return f"points at {name} no better than R peaks" if aiming.pointing.mean <= peaks else None

    def _merit(self, method: Method) -> tuple[int, float]:
        rates = [aiming.pointing.mean for aiming in self.methods[method].aiming.values()]
        return -len(self.failings(method)), min(rates, default=0.0)


def first_method(evidence: Evidence | None) -> Method:
    """The method of whoever chooses none: the default that the evidence names, if any."""
    return (evidence and evidence.default) or Method.INTEGRATED_GRADIENTS


def load_evidence(checkpoint: Path, card: Card) -> Evidence | None:
    """The evidence beside the checkpoint in ``checkpoint``, whose card is ``card``; None where
    there is none.

    Raises CheckpointAltered where it does not parse or was measured on other weights.
    """
    path = checkpoint / EVIDENCE
    if not path.is_file():
        return None
    remedy = "measure it anew with 'trustecg explain --assess'"
    try:
        evidence = Evidence.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise CheckpointAltered(
            f"{path} does not parse ({error.error_count()} errors): {remedy}"
        ) from error
    if evidence.weights_sha256 != card.weights_sha256:
        raise CheckpointAltered(
            f"{path} was measured on weights {evidence.weights_sha256[:12]}, the card says "
            f"{card.weights_sha256[:12]}: {remedy}"
        )
    return evidence


def save_evidence(checkpoint: Path, evidence: Evidence) -> None:
    """Write it beside the weights that it was measured on."""
    (checkpoint / EVIDENCE).write_text(evidence.model_dump_json(indent=2) + "\n", encoding="utf-8")
