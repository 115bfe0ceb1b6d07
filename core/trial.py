"""Champion and challenger asked the same: the answers that the gate looks at."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from core import gate
from core.arrays import Bools, Floats
from core.checkpoint import Checkpoint
from core.gate import Contest, GateCheck, GateReport
from core.labelled import LabelledSet, load_set
from core.metamorphic import PROBES, Check, Probes, network_checks, probes, quality_checks
from core.ptbxl import Ptbxl, Record
from core.training import logits

Tell = Callable[[str], None]  # what is being done


@dataclass(frozen=True, kw_only=True)
class Readings:
    """Records with the answers of readers instead of published labels."""

    records: LabelledSet
    said: Bools  # (N, 5) the classes that the readers have answered

    @property
    def complete(self) -> LabelledSet:
        """The records of which every class was answered."""
        return self.records.of(np.all(self.said, axis=1))


@dataclass(frozen=True, kw_only=True)
class HeldOut(Readings):
    """Readings that were kept out of a run, and what those that entered it have corrected."""

    corrected: Floats  # (5,) answers that contradict the published label


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What both models are asked."""

    judging: LabelledSet  # 9b with its published labels
    described: Sequence[Record]  # of ``judging``: whose sex and age count
    probes: Probes
    readings: Readings  # of 9b
    held_out: HeldOut | None = None  # None where the challenger was not taught here

    @classmethod
    def of(cls, dataset: Ptbxl, readings: Readings, held_out: HeldOut | None = None) -> "Evidence":
        """The evidence that a data set holds, with readings; raises DatasetUnreadable."""
        judging = load_set(dataset, "9b")
        return cls(
            judging=judging,
            described=[dataset.records[ecg_id] for ecg_id in judging.ecg_id.tolist()],
            probes=probes(dataset, PROBES),
            readings=readings,
            held_out=held_out,
        )


def judge(
    champion: Checkpoint,
    challenger: Checkpoint,
    evidence: Evidence,
    stopping: GateCheck | None = None,
    tell: Tell = lambda _: None,
) -> GateReport:
    """Every check of the gate; ``stopping`` is what early stopping has found on 9a already."""
    tell("asking both models about 9b")
    both = _contest(champion, challenger, evidence.judging)
    checks = [*([stopping] if stopping else [])]
    checks += gate.discrimination_checks(both)
    checks += gate.calibration_checks(both)
    checks += gate.subgroup_checks(
        both, [r.sex for r in evidence.described], [r.age for r in evidence.described]
    )
    checks += gate.reading_checks(_contest(champion, challenger, evidence.readings.complete))
    if (read := evidence.held_out) is not None:
        tell("asking both models about the readings held out")
        both_read = _contest(champion, challenger, read.records)
        checks.append(gate.taught_check(both_read, read.said, read.corrected))
        checks.append(gate.opposition_check(both_read, read.said, both))
    checks += _hard(champion, challenger, evidence.probes, tell)
    return GateReport(
        champion=champion.card.version,
        challenger=challenger.card.version,
        checks=tuple(checks),
        reliability=gate.reliability(both),
    )


def _contest(champion: Checkpoint, challenger: Checkpoint, records: LabelledSet) -> Contest:
    return Contest(
        champion=_probabilities(champion, records),
        challenger=_probabilities(challenger, records),
        label=records.label,
        patient=records.patient,
    )


def _probabilities(checkpoint: Checkpoint, records: LabelledSet) -> Floats:
    if not len(records.label):
        return np.empty(records.label.shape)
    return checkpoint.card.platt(logits(checkpoint.network, records.signal))


def _hard(
    champion: Checkpoint, challenger: Checkpoint, found: Probes, tell: Tell
) -> list[GateCheck]:
    """The champion's network is asked where the challenger's fails: a fault of both stops nobody.

    The quality gate is the same for both.
    """
    tell("changing records in known ways")
    after, shared = network_checks(challenger, found), quality_checks(found)
    before: list[Check] = []
    if not all(check.passed for check in after):
        tell("asking the champion what the challenger fails")
        before = network_checks(champion, found)
    return gate.hard_checks([*before, *shared], [*after, *shared])
