"""The gate asked about a registered version: by the run that taught it, or again later.

This module brings torch: the process of the job, or of the command, alone imports it.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from sqlalchemy.orm import Session

from core import gate, trial
from core.arrays import Floats
from core.checkpoint import Checkpoint, load
from core.ecg import SUPERCLASSES
from core.errors import CheckpointAltered
from core.gate import GateReport
from core.labelled import load_records, load_set
from core.ptbxl import Ptbxl
from core.roles import FOLDS
from core.training import macro_auroc
from core.trial import Evidence, HeldOut, Readings
from feedback import registry
from feedback.catalogue import active_model, active_source
from feedback.consensus import standing_consensus
from feedback.db import Sessions
from feedback.errors import NotPromotable
from feedback.panel import panel
from feedback.tables import Json, ModelVersion, Retraining


def judge_again(
    sessions: Sessions, version: str, *, actor: str, tell: Callable[[str], None]
) -> GateReport:
    """Hold a version against the champion of now, and keep the report with it, audited.

    Readings that its run held out are asked about where a run taught it. Raises UnknownModel,
    NoDataset, NotPromotable for the champion itself, and as ``core.checkpoint.load`` does.
    """
    with sessions.read() as session:
        model, champion = registry.find_model(session, version), active_model(session)
        if model.id == champion.id:
            raise NotPromotable(f"{version} is the champion: there is nothing to hold it against")
        dataset = Ptbxl.open(Path(active_source(session).root))
        held_out = _held_out(session, model, dataset)
    before, after = load_registered(champion), load_registered(model)
    tell("asking both models about 9a")
    stopping = load_set(dataset, "9a")
    areas = [macro_auroc(one.network, stopping) for one in (before, after)]
    report = trial.judge(
        before,
        after,
        Evidence.of(dataset, readings_of_9b(sessions, dataset), held_out),
        gate.stopping_check(*areas),
        tell,
    )
    with sessions.begin() as session:
        found = registry.find_model(session, version)
        registry.judged(session, found, report.as_json, actor=actor)
    return report


def readings_of_9b(sessions: Sessions, dataset: Ptbxl) -> Readings:
    """What is settled of 9b by blind readings and adjudicators: no version is taught it."""
    with sessions.read() as session:
        settled = standing_consensus(session, panel(session))
    judged = [
        {"ecg": one.ecg_id, "labels": {str(k): d.label for k, d in one.classes.items()}}
        for one in settled
        if one.ecg_id in dataset.records and FOLDS["9b"](dataset.records[one.ecg_id])
    ]
    return labelled(dataset, judged)


def labelled(dataset: Ptbxl, given: list[Json]) -> Readings:
    """Records with what readers said of them; ``said`` is False where that is nothing."""
    answers = {one["ecg"]: [one["labels"][str(name)] for name in SUPERCLASSES] for one in given}
    found = load_records(dataset, [dataset.records[i] for i in answers if i in dataset.records])
    rows = [answers[ecg_id] for ecg_id in found.ecg_id.tolist()]
    values = np.array(rows, dtype=np.float64).reshape(-1, len(SUPERCLASSES))  # None: NaN
    return Readings(records=replace(found, label=values == 1), said=~np.isnan(values))


def kept_out(dataset: Ptbxl, labels: Json) -> HeldOut:
    """The readings that a run with these ``labels`` was not taught, for the gate to ask about."""
    read = labelled(dataset, labels["held_out"])
    return HeldOut(
        records=read.records, said=read.said, corrected=_corrected(dataset, labels["taught"])
    )


def _corrected(dataset: Ptbxl, given: list[Json]) -> Floats:
    """How many answers to each class contradict the published label: (5,)."""
    records = dataset.records
    pairs = [(one["labels"], records[one["ecg"]]) for one in given if one["ecg"] in records]
    known = [(said, record.superclasses) for said, record in pairs if record.labelled]
    against = [[said[k] == (k not in published) for k in SUPERCLASSES] for said, published in known]
    counted: Floats = np.array(against, dtype=float).reshape(-1, len(SUPERCLASSES)).sum(0)
    return counted


def load_registered(model: ModelVersion) -> Checkpoint:
    """The weights of a version; raises CheckpointAltered where its folder holds others."""
    found = load(Path(model.path))
    if found.card.version != model.version:
        raise CheckpointAltered(
            f"{model.path} holds {found.card.version}, not {model.version}: restore the folder"
        )
    return found


def _held_out(session: Session, model: ModelVersion, dataset: Ptbxl) -> HeldOut | None:
    """What its run did not teach; None where it was not taught by one on this data set."""
    run = session.get(Retraining, model.retraining_id) if model.retraining_id else None
    if run is None or run.source_id != active_source(session).id:
        return None
    return kept_out(dataset, run.labels)
