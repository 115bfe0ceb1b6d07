"""The active data set, its records, and the models whose opinions are shown."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from feedback import audit
from feedback.db import now
from feedback.errors import NoDataset, NoModel, UnknownRecord
from feedback.importing import LOCAL, count_records
from feedback.tables import ModelState, ModelVersion, Prediction, RecordRow, Source

if TYPE_CHECKING:
    from core.checkpoint import Card


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherEcg:
    """Another ECG of the same patient; nothing that would tell its diagnosis."""

    ecg_id: int
    recorded_at: datetime | None
    age: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How many records of the active data set the active model has dealt with."""

    records: int
    scored: int
    refused: int  # signal quality
    failed: int  # files that could not be read

    @property
    def open(self) -> int:
        """Records that the model has not seen."""
        return self.records - self.scored - self.refused - self.failed


def active_source(session: Session) -> Source:
    """The data set that is read and scored, or NoDataset."""
    source = session.scalar(select(Source).where(Source.active))
    if source is None:
        raise NoDataset("no records are there yet: run 'trustecg data import DIR'")
    return source


def find_record(session: Session, ecg_id: int, record_id: int | None = None) -> RecordRow:
    """One record of the active data set, or UnknownRecord; its labels and report stay hidden.

    With the ``record_id`` that a page was made for, an ECG of the same number in another data
    set, made active since, is refused: no answer lands on a record that was not on screen.
    """
    source = active_source(session)
    known = abs(ecg_id) < 2**31  # beyond, PostgreSQL refuses the comparison
    query = select(RecordRow).where(RecordRow.source_id == source.id, RecordRow.ecg_id == ecg_id)
    record = session.scalar(query) if known else None
    if record is None:
        raise UnknownRecord(f"there is no ECG {ecg_id}: choose one of the worklist")
    if record_id not in (None, record.id):
        raise UnknownRecord(
            f"the data set was changed, ECG {ecg_id} is another record now: "
            "open it again from the worklist"
        )
    return record


def same_patient(session: Session, record: RecordRow) -> list[OtherEcg]:
    """The patient's other ECGs in the same data set, oldest first."""
    rows = session.execute(
        select(RecordRow.ecg_id, RecordRow.recorded_at, RecordRow.age)
        .where(
            RecordRow.source_id == record.source_id,
            RecordRow.patient_id == record.patient_id,
            RecordRow.id != record.id,
        )
        .order_by(RecordRow.recorded_at, RecordRow.ecg_id)
    )
    return [OtherEcg(ecg_id=row.ecg_id, recorded_at=row.recorded_at, age=row.age) for row in rows]


def register_model(
    session: Session, card: "Card", path: Path, *, actor: str = LOCAL
) -> ModelVersion:
    """Make this checkpoint the one that is served, entering it where it is new."""
    one_change_at_a_time(session)
    model = enter_model(session, card, path, actor=actor)
    if not model.active:
        serve(session, model)
        audit.record(session, actor, "model.activate", card.version, path=str(path))
    return model


def enter_model(session: Session, card: "Card", path: Path, *, actor: str = LOCAL) -> ModelVersion:
    """The row of this checkpoint, a challenger where it is new; what is served stays the same."""
    model = session.scalar(select(ModelVersion).where(ModelVersion.version == card.version))
    if model is None:
        model = ModelVersion(
            version=card.version,
            active=False,
            state=ModelState.CHALLENGER,
            registered_at=now(),
            registered_by=actor,
        )
        session.add(model)
    content = card.model_dump(mode="json")
    model.path, model.card = str(path), content | {"thresholds": _thresholds(card)}
    session.flush()
    return model


def one_change_at_a_time(session: Session) -> None:
    """Let one champion follow the other, until the transaction ends: call it before any is read.

    On PostgreSQL two who promoted at once would both replace the same champion, and the index
    would fail one of them; SQLite has one writer anyway. All rows are locked, not the champion's
    alone: whoever waited for that would hold one that is champion no longer. Readers' answers,
    which refer to these rows, do not wait.
    """
    rows = select(ModelVersion.id).order_by(ModelVersion.id)
    session.execute(rows.with_for_update(key_share=True))


def serve(session: Session, model: ModelVersion) -> None:
    """Make a registered model the champion; the one before it is retired, and noted as replaced.

    Two statements in this order: the index allows no second champion in between. The caller has
    seen to ``one_change_at_a_time``.
    """
    before = session.scalar(select(ModelVersion).where(ModelVersion.active))
    if before is not None:
        before.active, before.state = False, ModelState.RETIRED
        session.flush()
        model.replaced_id = before.id
    model.active, model.state = True, ModelState.CHAMPION
    session.flush()


def active_model(session: Session) -> ModelVersion:
    """The model whose opinions are shown, or NoModel."""
    model = session.scalar(select(ModelVersion).where(ModelVersion.active))
    if model is None:
        raise NoModel(
            "no model is registered: start with 'trustecg up', which checks and enters it"
        )
    return model


def coverage(session: Session, model: ModelVersion | None = None) -> Coverage:
    """How far a model, the active one where none is named, has come with the active data set."""
    source = active_source(session)
    model = model or session.scalar(select(ModelVersion).where(ModelVersion.active))
    scored, refused, failed = session.execute(
        select(
            func.count(Prediction.p_norm),
            func.count().filter(~Prediction.acceptable, Prediction.error.is_(None)),
            func.count(Prediction.error),
        )
        .select_from(Prediction)
        .join(RecordRow, RecordRow.id == Prediction.record_id)
        .where(
            RecordRow.source_id == source.id,
            Prediction.model_id == (model.id if model else None),
        )
    ).one()
    records = count_records(session, source.id)
    return Coverage(records=records, scored=scored, refused=refused, failed=failed)


def _thresholds(card: "Card") -> dict[str, float]:
    return {str(name): float(value) for name, value in card.thresholds.items()}
