"""An installation with enough readings to be taught from, small enough to be taught in seconds."""

import threading
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from core.checkpoint import read_card
from core.ecg import SUPERCLASSES
from core.ptbxl import Ptbxl
from feedback import catalogue, finetune, importing
from feedback.consensus import TrainingLabel
from feedback.db import Sessions, now
from feedback.tables import LoginAttempt, Reading, ReadingMode, RecordRow, Role, Stage, Verdict
from tests.factories import add_person
from tests.factories_dataset import dataset, edited

RECORDS = 300
CONFIG = {"epochs": 3, "batch": 16, "bfloat16": False, "seed": 7}


def ward(root: Path) -> Ptbxl:
    """300 records whose folds and classes are not the same thing; every other one is a man's."""

    def mixed(rows: list[dict[str, str]]) -> None:
        for number, row in enumerate(rows):
            row["strat_fold"] = str(1 + number // 5 % 10)
            row["sex"] = str(number // 7 % 2)
            row["age"] = str(30 + number % 60)

    return edited(dataset(root, RECORDS), mixed)


def furnish(
    sessions: Sessions, data: Ptbxl, checkpoint: Path, readings: int = 80, flipped: bool = False
) -> None:
    """A catalogue, a champion, and blind answers to the first records of folds 1-8."""
    importing.import_dataset(sessions, data)
    reader = add_person(sessions, "reader@example.org", Role.CLINICIAN).id
    with sessions.begin() as session:
        catalogue.register_model(session, read_card(checkpoint), checkpoint)
        rows = session.execute(
            select(RecordRow.id, RecordRow.labels)
            .where(RecordRow.fold <= 8)
            .order_by(RecordRow.id)
            .limit(readings)
        ).all()
        session.execute(
            insert(Reading),
            [answer_row(row.id, reader, row.labels.split(), flipped) for row in rows],
        )


def written_while_planning(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Somebody writes each time that settled records are looked for: whether they had to wait."""
    look, kept_waiting = finetune.training_labels, list[bool]()

    def write() -> None:
        with sessions.begin() as session:
            session.add(LoginAttempt(email="a", address="b", at=now(), succeeded=True))

    def interrupted(session: Session, **asked: bool) -> list[TrainingLabel]:
        writer = threading.Thread(target=write, daemon=True)
        writer.start()
        writer.join(timeout=5)
        kept_waiting.append(writer.is_alive())
        return look(session, **asked)

    monkeypatch.setattr(finetune, "training_labels", interrupted)
    return kept_waiting


def answer_row(
    record_id: int, reader: int, labels: list[str], flipped: bool = False
) -> dict[str, object]:
    """A blind answer that says what is published, or the opposite."""
    verdicts = {
        f"verdict_{name.lower()}": Verdict.PRESENT
        if (name in labels) is not flipped
        else Verdict.ABSENT
        for name in SUPERCLASSES
    }
    return {
        "key": f"{reader}-{record_id}",
        "record_id": record_id,
        "reader_id": reader,
        "mode": ReadingMode.BLIND_FIRST,
        "stage": Stage.BLIND,
        "sequence": 0,
        "unreadable": False,
        "comment": "",
        "started_at": now(),
        "submitted_at": now(),
        **verdicts,
    }


def weights(folder: Path) -> dict[str, np.ndarray]:
    """The tensors of a checkpoint."""
    from safetensors.numpy import load_file

    return load_file(folder / "weights.safetensors")
