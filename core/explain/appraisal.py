"""Appraise every method on a checkpoint: the evidence that is stored beside its weights.

Deletion, insertion and randomisation on records of 9b, on which no weight or threshold was
chosen; the pointing game on simulated ones. Every answer goes into a ledger at once.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import numpy as np

from core.checkpoint import Card
from core.digests import sha256_of
from core.ecg import SUPERCLASSES, Superclass
from core.explain.benchmark import Aimed, aims, summarise
from core.explain.evidence import Aiming, ClassEvidence, Estimate, Evidence, MethodEvidence
from core.explain.explanation import Method
from core.explain.judging import SEEDS, Judge, Judged
from core.explain.ledger import Ledger
from core.explain.subjects import Subject
from core.ptbxl import INDEX, Ptbxl

REVISION = 3  # raise it where something is measured otherwise: a stopped run then begins anew
SUBJECTS = 200
RANDOMISED = 20  # of them are asked of random weights too
SIMULATED_SEED = 303  # of the pointing game; what was chosen was chosen on 101 and 202
_JUDGED, _AIMED = "judged", "aimed"

Advance = Callable[[], object]  # called after every subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Subjects of one data set, in the order in which they are asked about."""

    fold: str
    dataset: Ptbxl
    subjects: Sequence[Subject]

    def pending(
        self, methods: Iterable[Method], done: set[tuple[str, int, str]]
    ) -> Iterator[tuple[int, Subject, list[Method]]]:
        """What each subject has yet to be asked by; ``done`` are (method, ecg_id, class)."""
        for number, subject in enumerate(self.subjects):
            asked = subject.ecg_id, subject.superclass
            yield number, subject, [method for method in methods if (method, *asked) not in done]


def ask_real(
    judge: Judge, trial: Trial, methods: Sequence[Method], ledger: Ledger, advance: Advance
) -> list[Judged]:
    """Deletion, insertion and randomisation of every method; what the ledger holds is kept."""
    rows = ledger.of(_JUDGED)
    done = {(row["method"], row["ecg_id"], row["superclass"]) for row in rows}
    for number, subject, asked in trial.pending(methods, done):
        randomise = number < RANDOMISED
        for judged in judge.judge(trial.dataset, subject, asked, randomise=randomise):
            ledger.add(_JUDGED, asdict(judged))
        advance()
    return [
        Judged(**row | {"method": Method(row["method"]), "superclass": _class(row)})
        for row in ledger.of(_JUDGED)
    ]


def ask_simulated(
    judge: Judge, trial: Trial, methods: Sequence[Method], ledger: Ledger, advance: Advance
) -> list[Aimed]:
    """The pointing game of every method and of the baselines; what the ledger holds is kept."""
    rows = ledger.of(_AIMED)
    done = {(row["source"], row["ecg_id"], row["superclass"]) for row in rows}
    for _, subject, asked in trial.pending(methods, done):
        for aimed in aims(judge.explainer, trial.dataset, subject, asked, done):
            ledger.add(_AIMED, asdict(aimed))
        advance()
    return [Aimed(**row | {"superclass": _class(row)}) for row in ledger.of(_AIMED)]


def evidence_of(
    card: Card, real: Trial, judged: Sequence[Judged], aimed: Sequence[Aimed]
) -> Evidence:
    """What all answers come to, with the default that they choose."""
    aiming = summarise(aimed)
    by_method = {
        method: own for method in Method if (own := [one for one in judged if one.method is method])
    }
    evidence = Evidence(
        checkpoint=card.version,
        weights_sha256=card.weights_sha256,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        fold=real.fold,
        simulated=real.dataset.simulated,
        records_sha256=sha256_of(real.dataset.root / INDEX),
        simulated_seed=SIMULATED_SEED,
        random_seeds=len(SEEDS),
        methods={
            method: _of_method(method, own, aiming.get(method, {}))
            for method, own in by_method.items()
        },
        baselines={name: found for name, found in aiming.items() if name not in set(Method)},
        default=None,
    )
    return evidence.model_copy(update={"default": evidence.choose()})


def _of_method(
    method: Method, judged: Sequence[Judged], aiming: dict[Superclass, Aiming]
) -> MethodEvidence:
    residuals = [one.residual for one in judged if one.residual is not None]
    occlusion = float(np.median([one.occlusion for one in judged]))
    asked = [one for one in judged if one.randomised is not None]
    return MethodEvidence(
        randomisation=_estimate(asked, [one.randomised or 0.0 for one in asked]),
        occlusion=None if method is Method.OCCLUSION else occlusion,
        better=_better(judged),
        classes={
            name: ClassEvidence(
                better=_better(own),
                deletion=_estimate(own, [one.deletion for one in own]),
                insertion=_estimate(own, [one.insertion for one in own]),
            )
            for name in SUPERCLASSES
            if (own := [one for one in judged if one.superclass is name])
        },
        aiming=aiming,
        residual=float(np.median(residuals)) if residuals else None,
    )


def _better(judged: Sequence[Judged]) -> Estimate:
    return _estimate(judged, [float(one.deletion > 0) for one in judged])


def _estimate(judged: Sequence[Judged], values: Sequence[float]) -> Estimate:
    return Estimate.by_patient(values, [one.patient_id for one in judged])


def _class(row: dict[str, str]) -> Superclass:
    return Superclass(row["superclass"])
