"""What the next fine-tuning run would be taught, and how it is asked for.

A run is a row that holds everything it is made of: parent, labels, seed, config. The job that
executes it is ``feedback.retraining``.
"""

import hashlib
import json
import time
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.ecg import SUPERCLASSES
from feedback import jobs
from feedback.basis import Basis, basis
from feedback.catalogue import active_model, active_source
from feedback.consensus import TrainingLabel, training_labels
from feedback.db import Sessions, now
from feedback.errors import CatalogueError, NothingToTeach, PlanOutdated, RunUnderWay
from feedback.importing import LOCAL
from feedback.tables import Job, Json, ModelVersion, Reading, RecordRow, Retraining, User

KIND = "retrain"
FEWEST = 60  # agreed records: half of them are held out, and the gate asks for thirty
HELD_OUT = 200  # records, or a fifth if that is more, but half at most: for the gate to ask about
REPLAY = 8  # records of folds 1-8 for each one that is taught
SCHEDULE = "schedule"  # who has asked, where nobody has
_SHARE = 0.2
MAX_SEED = 2**31 - 1  # of the draw and of the run
_LOOK_S = 60.0
GOOD_FOR = timedelta(minutes=15)  # a plan: what is answered meanwhile is the next run's
_OVERTAKEN = (
    "a verdict or gold answers have come in, or what is served or read has changed, since this "
    "was planned: plan it again"
)
_OLD = f"this was planned more than {GOOD_FOR.seconds // 60} minutes ago: plan it again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run is taught that is started within ``GOOD_FOR``."""

    parent: ModelVersion
    source_id: int
    taught: Sequence[TrainingLabel]
    held_out: Sequence[TrainingLabel]
    include_assisted: bool
    seed: int
    basis: Basis
    made_at: datetime

    @property
    def replay(self) -> int:
        """How many records of folds 1-8 are taught again."""
        return REPLAY * len(self.taught)

    @property
    def digest(self) -> str:
        """sha256 of the labels, taught and held out."""
        return hashlib.sha256(json.dumps(self.labels, sort_keys=True).encode()).hexdigest()

    @property
    def labels(self) -> Json:
        """The labels as a row keeps them."""
        return {
            "taught": [_plain(label) for label in self.taught],
            "held_out": [_plain(label) for label in self.held_out],
            "replay": self.replay,
        }


def plan(session: Session, *, include_assisted: bool = False, seed: int = 0) -> Plan:
    """What a run would be taught now; raises NothingToTeach, NoModel or NoDataset.

    Of thousands of records it takes seconds: where one writes at a time, readers' answers wait for
    as long as a writing ``session`` plans.
    """
    source, parent = active_source(session), active_model(session)
    labels = training_labels(session, include_assisted=include_assisted)
    if len(labels) < FEWEST:
        raise NothingToTeach(
            f"{len(labels)} records of folds 1-8 are settled, and a run needs {FEWEST}: "
            "read more of them first"
        )
    out = patients_held_out(labels, seed, patients_taught(session, parent, source.id))
    return Plan(
        parent=parent,
        source_id=source.id,
        taught=[label for label in labels if label.patient_id not in out],
        held_out=[label for label in labels if label.patient_id in out],
        include_assisted=include_assisted,
        seed=seed,
        basis=basis(session),
        made_at=now(),
    )


def patients_held_out(
    labels: Sequence[TrainingLabel], seed: int, taught: Collection[int] = frozenset()
) -> set[int]:
    """Patients who are kept out of a run: the first by a digest, until they have enough records.

    None of those whose answers the model has been ``taught`` in an earlier run: of them it knows.
    """
    enough = max(HELD_OUT, round(_SHARE * len(labels)))
    count = Counter(label.patient_id for label in labels)
    out: set[int] = set()
    for patient in sorted(count.keys() - set(taught), key=lambda one: _digest(seed, one)):
        if sum(count[one] for one in out) >= min(enough, len(labels) // 2):
            break
        out.add(patient)
    return out


def patients_taught(session: Session, model: ModelVersion, source_id: int) -> set[int]:
    """Of whose records the runs that lead to this model were taught answers."""
    records: set[int] = set()
    ancestor: ModelVersion | None = model
    while ancestor is not None:
        if run := ancestor.retraining_id and session.get(Retraining, ancestor.retraining_id):
            records.update(one["record"] for one in run.labels["taught"])
        ancestor = session.get(ModelVersion, ancestor.parent_id) if ancestor.parent_id else None
    if not records:
        return set()
    known = select(RecordRow.id, RecordRow.patient_id).where(RecordRow.source_id == source_id)
    return {patient for record, patient in session.execute(known) if record in records}


def summary(session: Session, found: Plan) -> Json:
    """The plan in counts: by class, source and reader."""
    everything = [*found.taught, *found.held_out]
    return {
        "parent": found.parent.version,
        "include_assisted": found.include_assisted,
        "labels_digest": found.digest,
        "taught": len(found.taught),
        "held_out": len(found.held_out),
        "replay": found.replay,
        "by_class": _by_class(everything),
        "by_source": dict(Counter(str(label.source) for label in everything)),
        "by_reader": _by_reader(session, everything),
    }


def enqueue(
    session: Session,
    found: Plan,
    folder: Path,
    *,
    actor: str = LOCAL,
    config: Json | None = None,
) -> Job:
    """Freeze what was planned and queue the run, whose checkpoint goes to ``folder``.

    ``found`` is the plan of a moment ago, made before this transaction: see ``plan``. ``config``
    replaces values of ``core.finetuning.FinetuningConfig`` but the seed, which is the plan's.
    Raises PlanOutdated where it is older than ``GOOD_FOR`` or would be wrong by now, and
    RunUnderWay where a run waits or goes on. Readers' answers do not make it wrong: where many
    read, no plan would live until somebody has looked at it.
    """
    if now() - found.made_at > GOOD_FOR:
        raise PlanOutdated(_OLD)
    if basis(session) != found.basis:
        raise PlanOutdated(_OVERTAKEN)
    run = Retraining(
        parent_id=found.parent.id,
        source_id=found.source_id,
        folder=str(folder.resolve()),
        config=(config or {}) | {"seed": found.seed},
        labels=found.labels,
        labels_digest=found.digest,
        include_assisted=found.include_assisted,
        asked_by=actor,
        asked_at=now(),
    )
    session.add(run)
    session.flush()
    return enqueue_run(session, run, actor=actor)


def enqueue_run(session: Session, run: Retraining, *, actor: str = LOCAL) -> Job:
    """Queue a run that is frozen already: the same row gives the same weights again."""
    try:
        with session.begin_nested():
            return jobs.enqueue(session, KIND, {"retraining": run.id}, actor=actor)
    except IntegrityError as error:
        raise RunUnderWay(
            "a fine-tuning run waits or goes on already: wait for its end, or cancel it"
        ) from error


@dataclass(kw_only=True)
class Schedule:
    """Fine-tunes by itself: called by an idle worker, it looks once a minute whether it is time."""

    sessions: Sessions
    folder: Path
    every: int  # agreed records that the last run did not have; 0: never
    hours: float  # since the last run, at least
    _next: float = 0.0  # of the monotonic clock

    def __call__(self) -> Job | None:
        """Queue a run where one is due."""
        if not self.every or time.monotonic() < self._next:
            return None
        self._next = time.monotonic() + _LOOK_S
        with suppress(CatalogueError, NothingToTeach, PlanOutdated, RunUnderWay):
            with self.sessions.read() as session:
                if not is_due(session, every=self.every, hours=self.hours):
                    return None
                found = plan(session)
            with self.sessions.begin() as session:
                return enqueue(session, found, self.folder, actor=SCHEDULE)
        return None


def is_due(session: Session, *, every: int, hours: float) -> bool:
    """Whether ``every`` new records are agreed on and the last run is ``hours`` ago."""
    last = session.scalars(select(Retraining).order_by(Retraining.id.desc()).limit(1)).first()
    if last is not None and now() - last.asked_at < timedelta(hours=hours):
        return False
    return len(_new_labels(session, last)) >= every


def latest_job(session: Session) -> Job | None:
    """The job of the last run, whatever became of it."""
    query = select(Job).where(Job.kind == KIND).order_by(Job.id.desc()).limit(1)
    return session.scalars(query).first()


def _new_labels(session: Session, last: Retraining | None) -> list[TrainingLabel]:
    """What readers agree on that the last run did not have, or had from other readings."""
    known = _readings(last.labels) if last else set()
    return [x for x in training_labels(session) if (x.record_id, x.reading_ids) not in known]


def _readings(labels: Json) -> set[tuple[int, tuple[int, ...]]]:
    both = [*labels["taught"], *labels["held_out"]]
    return {(label["record"], tuple(label["readings"])) for label in both}


def _digest(seed: int, patient: int) -> bytes:
    return hashlib.sha256(f"{seed} {patient}".encode()).digest()


def _plain(label: TrainingLabel) -> Json:
    return {
        "record": label.record_id,
        "ecg": label.ecg_id,
        "labels": {str(name): label.labels[name] for name in SUPERCLASSES},
        "weight": label.weight,
        "source": str(label.source),
        "readings": list(label.reading_ids),
    }


def _by_class(labels: Iterable[TrainingLabel]) -> Json:
    kinds = {1.0: "present", 0.0: "absent", None: "open"}
    counts = {str(name): dict.fromkeys(kinds.values(), 0) for name in SUPERCLASSES}
    for label in labels:
        for name in SUPERCLASSES:
            counts[str(name)][kinds[label.labels[name]]] += 1
    return counts


def _by_reader(session: Session, labels: Iterable[TrainingLabel]) -> dict[str, int]:
    """How many of the answers behind the labels each reader gave."""
    ids = {number for label in labels for number in label.reading_ids}
    rows = session.execute(
        select(User.email, Reading.id).join(Reading, Reading.reader_id == User.id)
    )
    return dict(sorted(Counter(email for email, number in rows if number in ids).items()))
