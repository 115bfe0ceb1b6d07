"""How an opinion must follow what is known to have been done to a record.

Metamorphic relations need no label (Chen, Cheung & Yiu, "Metamorphic testing", HKUST-CS98-01,
1998): a heart with its leads in another order is another finding, and the same heart 200 ms
later is the same one. Every new checkpoint is held to them.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from core.arrays import Bools, Floats
from core.changes import (
    UNREADABLE,
    Change,
    arms_exchanged,
    at_rate,
    exchanged,
    later,
    noisy,
    scaled,
    shuffled,
)
from core.checkpoint import Checkpoint
from core.ecg import SUPERCLASSES, Ecg, Lead
from core.errors import DatasetUnreadable, RecordError
from core.predict import Predictor
from core.preprocess import prepare_all
from core.ptbxl import Ptbxl, Record
from core.quality import REVERSAL, Quality, assess
from core.roles import FOLDS, select

Score = Callable[[Sequence[Ecg]], Floats]  # (records, 5) probabilities; NaN where refused

PROBES = 300  # records that are changed, by the gate and by 'trustecg check'
MOVED = 0.05  # a probability that moves by more is another opinion
MOST = 0.95  # of the records must follow a relation
_NEW_CALLS = 0.05  # of zeroed leads may make a new abnormal call
_FALSE_ALARMS = 0.02  # of the records may be suspected of exchanged leads
_GATE, _UNLOCKED = "9b", "1-9"  # on fold 10, the locked test, nothing is decided
_BATCH = 64
_SEED = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One relation, and how many records follow it."""

    name: str
    records: int  # or trials
    held: float  # share of them that follow it; 0 where there are none
    bar: float  # the share that must
    sentence: str

    @property
    def passed(self) -> bool:
        """Whether enough records follow it; without a record nothing is shown."""
        return self.records > 0 and self.held >= self.bar


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A change of the record, and whether the opinion must change with it."""

    name: str
    change: Change
    moves: bool


RELATIONS = (
    Relation(name="leads shuffled", change=shuffled, moves=True),
    Relation(name="voltage x0.25", change=scaled(0.25), moves=True),
    Relation(name="voltage x4", change=scaled(4), moves=True),
    Relation(name="200 ms later", change=later(0.2), moves=False),
    Relation(name="20 uV of white noise", change=noisy(0.02), moves=False),
    Relation(name="resampled to 500 Hz", change=at_rate(500), moves=False),
)
REVERSALS: dict[str, Change] = {
    "arm electrodes exchanged": arms_exchanged,
    "V1 and V6 exchanged": exchanged(Lead.V1, Lead.V6),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Probes:
    """Records that can be read, and those of them that exist at 500 Hz as well."""

    role: str  # the fold that they come from
    ecgs: tuple[Ecg, ...]  # at 100 Hz
    twice: tuple[tuple[Ecg, Ecg], ...]  # at 100 Hz, at 500 Hz


def probes(dataset: Ptbxl, count: int) -> Probes:
    """Up to ``count`` records at even steps through 9b, or through 1-9 where 9b has too few.

    No weight, threshold or epoch is chosen on 9b. What cannot be read has no opinion to follow
    and is left out. Raises DatasetUnreadable where nothing can be read, or all is fold 10.
    """
    enough = sum(map(FOLDS[_GATE], dataset.records.values())) >= count
    role = _GATE if enough else _UNLOCKED
    source = select(dataset, role)
    steps = np.linspace(0, len(source), min(count, len(source)), endpoint=False).astype(int)
    chosen = [source[step] for step in steps]
    found = [(record, ecg, assess(ecg)) for record, ecg in dataset.readable(chosen)]
    read = [(record, ecg) for record, ecg, quality in found if quality.acceptable]
    if not read:
        raise DatasetUnreadable(
            f"of {len(chosen)} records of {dataset.root} none has an opinion: "
            f"{_why_none(len(chosen) - len(found), [quality for *_, quality in found])}"
        )
    finer = [(ecg, _finer(dataset, record)) for record, ecg in read]
    return Probes(
        role=role,
        ecgs=tuple(ecg for _, ecg in read),
        twice=tuple((ecg, again) for ecg, again in finer if again),
    )


def _why_none(unread: int, refused: Sequence[Quality]) -> str:
    """What is wrong with records, files and signals apart."""
    files = f"{unread} cannot be read, run 'trustecg data verify'" if unread else ""
    reason = refused[0].reasons[0] if refused else ""
    signals = f"the quality gate refuses {len(refused)}, the first for: {reason}" if refused else ""
    return "; ".join(filter(None, (files, signals)))


def all_checks(checkpoint: Checkpoint, found: Probes) -> list[Check]:
    """Every check of this module on a checkpoint and the quality gate before it."""
    return [*network_checks(checkpoint, found), *quality_checks(found)]


def network_checks(checkpoint: Checkpoint, found: Probes) -> list[Check]:
    """What is asked of the network of a checkpoint.

    The relations are asked of the network without its gate: that x0.25 is refused by the gate
    would not show that the network sees voltage.
    """
    score = network_score(Predictor(checkpoint))
    return [
        *relation_checks(score, found.ecgs),
        *([recorded_twice_check(score, found.twice)] if found.twice else []),
        zeroed_lead_check(checkpoint, found.ecgs),
    ]


def quality_checks(found: Probes) -> list[Check]:
    """What is asked of the quality gate, which is the same before every checkpoint."""
    return [*reversal_checks(found.ecgs), *refusal_checks(found.ecgs)]


def network_score(predictor: Predictor) -> Score:
    """What the network says, whatever the quality gate would."""
    return lambda ecgs: predictor.probabilities(prepare_all(ecgs))


def relation_checks(
    score: Score, ecgs: Sequence[Ecg], relations: Iterable[Relation] = RELATIONS
) -> list[Check]:
    """Ask every relation of a score on records; what it refuses as they are is left out.

    The bars mirror each other: what must leave the opinion may move one record in twenty by more
    than MOVED, and what must change it may fail to in one of twenty, since a bundle branch block
    is one at any voltage. An opinion that turns into a refusal has changed.
    """
    before = _scored(score, ecgs)
    checks = []
    for relation in relations:
        rng = np.random.default_rng(_SEED)  # of its own: no check depends on those before it
        after = _scored(score, [relation.change(ecg, rng) for ecg in ecgs])
        checks.append(_relation_check(relation.name, before, after, moves=relation.moves))
    return checks


def recorded_twice_check(score: Score, pairs: Sequence[tuple[Ecg, Ecg]]) -> Check:
    """The same heartbeats as the recorder wrote them at 500 Hz must leave the opinion."""
    before = _scored(score, [coarse for coarse, _ in pairs])
    after = _scored(score, [fine for _, fine in pairs])
    return _relation_check("recorded at 500 Hz", before, after, moves=False)


def zeroed_lead_check(checkpoint: Checkpoint, ecgs: Sequence[Ecg]) -> Check:
    """Zero each lead of the records that are called normal: no abnormal call may appear.

    Asked of the network, as explanations do; the gate refuses a record with a flat lead.
    """
    from core.appraisal import occlusion_check  # brings torch

    card = checkpoint.card
    thresholds = np.array([card.thresholds[name] for name in SUPERCLASSES])
    found = occlusion_check(checkpoint.network, card.platt, thresholds, prepare_all(ecgs))
    return Check(
        name="one lead zeroed",
        records=found.trials,
        held=1 - found.new_calls / found.trials if found.trials else 0.0,
        bar=1 - _NEW_CALLS,
        sentence=f"A zeroed lead made a new abnormal call in {found.new_calls} of {found.trials} "
        "trials on records called normal.",
    )


def reversal_checks(ecgs: Sequence[Ecg]) -> list[Check]:
    """Exchanged leads must be warned of, and leads in their places must not."""
    alarms = _suspected(assess(ecg) for ecg in ecgs)
    return [
        _share(
            "leads in their places",
            ~alarms,
            1 - _FALSE_ALARMS,
            f"{alarms.sum()} of {len(alarms)} records are suspected of exchanged leads.",
        ),
        *(_reversal_check(name, change, ecgs) for name, change in REVERSALS.items()),
    ]


def refusal_checks(ecgs: Sequence[Ecg], spoilt: dict[str, Change] = UNREADABLE) -> list[Check]:
    """What nobody could read must be refused with a reason, every time."""
    return [_refusal_check(name, change, ecgs) for name, change in spoilt.items()]


def _relation_check(name: str, before: Floats, after: Floats, *, moves: bool) -> Check:
    had = np.isfinite(before).all(axis=1)
    moved = np.abs(after - before)[had].max(axis=1, initial=0)
    changed = ~(moved <= MOVED)  # NaN, a refusal, is a change too
    typical = float(np.nanmedian(moved)) if np.isfinite(moved).any() else float("nan")
    return _share(
        name,
        changed if moves else ~changed,
        MOST,
        f"A probability moved by more than {MOVED} in {changed.sum()} of {len(changed)} records, "
        f"{'as it must' if moves else 'where none should'}; the largest of five moved by "
        f"{typical:.3f} in a typical one.",
    )


def _reversal_check(name: str, change: Change, ecgs: Sequence[Ecg]) -> Check:
    rng = np.random.default_rng(_SEED)
    seen = _suspected(assess(change(ecg, rng)) for ecg in ecgs)
    return _share(name, seen, MOST, f"{seen.sum()} of {len(seen)} records raise a warning.")


def _refusal_check(name: str, change: Change, ecgs: Sequence[Ecg]) -> Check:
    rng = np.random.default_rng(_SEED)
    verdicts = [assess(change(ecg, rng)) for ecg in ecgs]
    refused = np.array([not v.acceptable and bool(v.reasons) for v in verdicts], dtype=bool)
    reason = next((v.reasons[0] for v in verdicts if v.reasons), "no reason")
    return _share(
        name, refused, 1.0, f"{refused.sum()} of {len(refused)} records are refused: {reason}"
    )


def _share(name: str, held: Bools, bar: float, sentence: str) -> Check:
    share = float(held.mean()) if len(held) else 0.0
    return Check(name=name, records=len(held), held=share, bar=bar, sentence=sentence)


def _suspected(verdicts: Iterable[Quality]) -> Bools:
    read = [verdict for verdict in verdicts if verdict.acceptable]
    return np.array([any(w.startswith(REVERSAL) for w in v.warnings) for v in read], dtype=bool)


def _scored(score: Score, ecgs: Sequence[Ecg]) -> Floats:
    parts = [score(ecgs[start : start + _BATCH]) for start in range(0, len(ecgs), _BATCH)]
    return np.concatenate(parts) if parts else np.empty((0, len(SUPERCLASSES)))


def _finer(dataset: Ptbxl, record: Record) -> Ecg | None:
    try:
        return dataset.read(record.ecg_id, rate=500)
    except RecordError:
        return None
