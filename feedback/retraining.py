"""The job of one fine-tuning run: teach, write the checkpoint, ask the gate, enter the version.

It goes on from its last epoch wherever another worker takes it over, and ends with the same
weights. This module brings torch: the process of the job alone imports it.
"""

import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import gate, trial
from core.appraisal import write_checkpoint
from core.checkpoint import Card, Checkpoint, load
from core.errors import TrainingError
from core.finetuning import FinetuningConfig, FinetuningRun, TaughtSet, run_to_end, taught_set
from core.gate import GateReport
from core.labelled import load_records, load_set
from core.memory import keep_freed_memory
from core.ptbxl import Ptbxl, Record
from core.roles import TRAINING_FOLDS
from core.training import EpochReport, macro_auroc
from core.trial import Evidence
from feedback import registry
from feedback.errors import Cancelled
from feedback.jobs import JobContext
from feedback.judging import kept_out, labelled, load_registered, readings_of_9b
from feedback.tables import Json, ModelVersion, Retraining, Source

_READ, _TAUGHT, _WRITTEN = 0.1, 0.75, 0.85  # of the progress, when each part is done
_BEAT_S = 5.0  # between two heartbeats within an epoch


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A run as its row has it."""

    run: Retraining
    parent: ModelVersion
    dataset: Ptbxl
    config: FinetuningConfig
    actor: str

    @property
    def work(self) -> Path:
        """Where the state of the run and its unfinished checkpoint lie."""
        return Path(self.run.folder) / f".run-{self.run.id}"


def retrain(context: JobContext) -> str:
    """Execute one run to its end; returns what the gate says."""
    asked = _asked(context)
    keep_freed_memory()
    torch.set_num_threads(asked.config.threads)
    try:
        champion = load_registered(asked.parent)
        context.heartbeat(0.0, "reading records")
        taught, held_out = _taught(asked), kept_out(asked.dataset, asked.run.labels)
        run = FinetuningRun(taught, load_set(asked.dataset, "9a"), asked.config, champion)
        before = run.best_auroc
        _teach(context, asked, run)
        context.heartbeat(_TAUGHT, "calibrating on 9a, measuring on 9b")
        challenger = _write(asked, run)
        context.heartbeat(_WRITTEN, "asking the gate")
        report = trial.judge(
            champion,
            challenger,
            Evidence.of(asked.dataset, readings_of_9b(context.sessions, asked.dataset), held_out),
            gate.stopping_check(before, macro_auroc(challenger.network, run.stopping)),
            lambda what: context.heartbeat(_WRITTEN, what),
        )
    except Cancelled:
        shutil.rmtree(asked.work, ignore_errors=True)
        raise
    _enter(context, asked, challenger.card, report)
    shutil.rmtree(asked.work, ignore_errors=True)
    return report.sentence


def _asked(context: JobContext) -> Asked:
    """The run of this job; its config is completed in its row, so that it holds all of it."""
    with context.sessions.begin() as session:
        run = session.get_one(Retraining, context.payload["retraining"])
        config = FinetuningConfig.of(run.config, "fine-tuning sets")
        run.config = config.plain
        parent = session.get_one(ModelVersion, run.parent_id)
        root = Path(session.get_one(Source, run.source_id).root)
        actor = run.asked_by
    return Asked(run=run, parent=parent, dataset=Ptbxl.open(root), config=config, actor=actor)


def _taught(asked: Asked) -> TaughtSet:
    """The readers' records with their answers, and the replay sample.

    Raises TrainingError where a record that judges models by now, or its patient, would be taught.
    """
    given = asked.run.labels["taught"]
    _refuse_judges(asked.dataset, given)
    read = labelled(asked.dataset, given)
    weight = {label["ecg"]: label["weight"] for label in given}
    replay = load_records(asked.dataset, _replayed(asked))
    if not len(read.records.label):
        raise TrainingError("none of the records to be taught can be read: see 'data verify'")
    return taught_set(
        read.records,
        read.said,
        np.array([weight[i] for i in read.records.ecg_id.tolist()], dtype=np.float32),
        replay,
        asked.config.teacher_weight,
    )


def _refuse_judges(dataset: Ptbxl, given: Sequence[Json]) -> None:
    """The index may have been corrected since the run was planned: folds may be others."""
    records = dataset.records
    judging = {one.patient_id for one in records.values() if one.fold not in TRAINING_FOLDS}
    taught = [records[one["ecg"]] for one in given if one["ecg"] in records]
    if judges := [one.ecg_id for one in taught if one.patient_id in judging]:
        raise TrainingError(
            f"{len(judges)} records to be taught, ECG {judges[0]} first, are of patients who judge "
            "models since the index was corrected: plan the run again"
        )


def _replayed(asked: Asked) -> list[Record]:
    """A sample of folds 1-8 without the patients of the readings, drawn by the seed."""
    read = [*asked.run.labels["taught"], *asked.run.labels["held_out"]]
    records = asked.dataset.records
    patients = {records[one["ecg"]].patient_id for one in read if one["ecg"] in records}
    pool = [
        r
        for r in records.values()
        if r.fold in TRAINING_FOLDS and r.labelled and r.patient_id not in patients
    ]
    count = min(asked.run.labels["replay"], len(pool))
    drawn = np.random.default_rng(asked.config.seed).choice(len(pool), count, replace=False)
    return [pool[row] for row in np.sort(drawn).tolist()]


def _teach(context: JobContext, asked: Asked, run: FinetuningRun) -> None:
    """Run every epoch that is left, and tell the row of the job after each and in between."""
    epochs: list[Json] = (context.checkpoint or {}).get("epochs", [])
    beaten = time.monotonic()

    def done(share: float) -> float:
        return _READ + (_TAUGHT - _READ) * (run.epoch + share) / asked.config.epochs

    def between(batch: int, batches: int) -> None:
        nonlocal beaten
        if time.monotonic() - beaten >= _BEAT_S:
            beaten = time.monotonic()
            context.heartbeat(done(batch / batches), _so_far(epochs, asked.config.epochs))

    def report(epoch: EpochReport) -> None:
        epochs[epoch.epoch - 1 :] = [asdict(epoch)]  # a later one than the saved state is void
        context.heartbeat(done(0), _so_far(epochs, asked.config.epochs), {"epochs": epochs})

    run.between = between
    run_to_end(run, asked.work, report)


def _so_far(epochs: list[Json], planned: int) -> str:
    if not epochs:
        return f"epoch 1 of {planned}"
    last = epochs[-1]
    return (
        f"epoch {last['epoch']} of {planned} done: loss {last['loss']:.4f}, macro AUROC on 9a "
        f"{last['auroc_9a']:.4f}, about {last['seconds_left'] / 60:.0f} min left"
    )


def _write(asked: Asked, run: FinetuningRun) -> Checkpoint:
    """Calibrate on 9a and write the checkpoint, at first where nobody looks for one."""
    draft = asked.work / "checkpoint"
    card = write_checkpoint(
        draft,
        run,
        load_set(asked.dataset, "9b"),
        simulated=asked.dataset.simulated,
        digest=run.taught.digest,
    )
    return Checkpoint(card, load(draft).network)


def _enter(context: JobContext, asked: Asked, card: Card, report: GateReport) -> None:
    """Put the checkpoint in its place and the version into the registry, with the report."""
    place = Path(asked.run.folder) / card.version
    with context.sessions.read() as session:
        known = session.scalar(select(ModelVersion.id).where(ModelVersion.version == card.version))
    if known is None:
        shutil.rmtree(place, ignore_errors=True)  # of a run that was killed in between
        (asked.work / "checkpoint").rename(place)
    with context.sessions.begin() as session:
        _store(session, asked, card if known is None else None, card.version, place, report)


def _store(
    session: Session,
    asked: Asked,
    card: Card | None,
    version: str,
    place: Path,
    report: GateReport,
) -> None:
    if card is not None:
        model = registry.add(session, card, place, actor=asked.actor)
        model.parent_id, model.retraining_id = asked.run.parent_id, asked.run.id
    else:  # the same row again gave the same weights: the version is there
        model = registry.find_model(session, version)
    registry.judged(session, model, report.as_json, actor=asked.actor)
