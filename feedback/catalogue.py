"""Data sets, their records, and the models whose opinions are shown."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from core.ecg import SUPERCLASSES
from core.ptbxl import SIMULATED_MARK, Ptbxl, Record
from feedback import audit
from feedback.db import Sessions, now
from feedback.errors import NoDataset, NoModel, UnknownRecord
from feedback.tables import ModelVersion, Prediction, RecordRow, Source

if TYPE_CHECKING:
    from core.checkpoint import Card

Progress = Callable[[int, int], object]  # (records done, records in all)
LOCAL = "command line"  # the actor where nobody is signed in
_CHUNK = 1000  # records a transaction: other writers wait a tenth of a second
_IMPORT_FORMAT = 1  # raise it when _values changes, so that known data sets are read again


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import did, in records."""

    added: int
    changed: int
    unchanged: int


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


def import_dataset(
    sessions: Sessions, dataset: Ptbxl, *, progress: Progress | None = None, actor: str = LOCAL
) -> Imported:
    """Enter the records in the catalogue and make this the active data set.

    Repeatable: what is there is compared, and updated where it differs. It commits every
    thousand records; one that was cut off is completed by the next. A data set that was moved
    keeps its records and readings; rows in ``dataset.skipped`` keep no other out. Raises
    DatasetUnreadable before anything is written.
    """
    digest = digest_of(dataset)
    with sessions.begin() as session:
        known = _known_source(session, dataset, digest)
        if known and known.digest == digest:
            _activate(session, known)
            return Imported(added=0, changed=0, unchanged=_count(session, known.id))
    records = list(dataset.records.values())
    with sessions.begin() as session:
        source = _known_source(session, dataset, digest) or _new_source(session, dataset)
    added = changed = 0
    for start in range(0, len(records), _CHUNK):
        chunk = records[start : start + _CHUNK]
        with sessions.begin() as session:
            new, different = _store(session, source.id, chunk)
        added, changed = added + new, changed + different
        if progress:
            progress(start + len(chunk), len(records))
    done = Imported(added=added, changed=changed, unchanged=len(records) - added - changed)
    with sessions.begin() as session:
        _finish(session, source.id, digest, done, len(dataset.skipped), actor)
    return done


def digest_of(dataset: Ptbxl) -> str:
    """The sha256 of the index files: the same for the same data set at any path."""
    digest = hashlib.sha256(f"format {_IMPORT_FORMAT}\n".encode())
    for name in ("ptbxl_database.csv", "scp_statements.csv", SIMULATED_MARK):
        path = dataset.root / name
        if path.is_file():
            digest.update(f"{name} {path.stat().st_size}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


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
    model = session.scalar(select(ModelVersion).where(ModelVersion.version == card.version))
    if model is None:
        model = ModelVersion(version=card.version, active=False, registered_at=now())
        session.add(model)
    content = card.model_dump(mode="json")
    model.path, model.card = str(path), content | {"thresholds": _thresholds(card)}
    session.flush()
    if not model.active:
        _make_only_active(session, ModelVersion, model.id)
        session.refresh(model)
        audit.record(session, actor, "model.activate", card.version, path=str(path))
    return model


def active_model(session: Session) -> ModelVersion:
    """The model whose opinions are shown, or NoModel."""
    model = session.scalar(select(ModelVersion).where(ModelVersion.active))
    if model is None:
        raise NoModel(
            "no model is registered: start with 'trustecg up', which checks and enters it"
        )
    return model


def coverage(session: Session) -> Coverage:
    """How far the active model has come with the active data set."""
    source = active_source(session)
    model = session.scalar(select(ModelVersion).where(ModelVersion.active))
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
    records = _count(session, source.id)
    return Coverage(records=records, scored=scored, refused=refused, failed=failed)


def _thresholds(card: "Card") -> dict[str, float]:
    return {str(name): float(value) for name, value in card.thresholds.items()}


def _known_source(session: Session, dataset: Ptbxl, digest: str) -> Source | None:
    """The row of this data set: by its path, else by its content, for one that was moved."""
    root = str(dataset.root.resolve())
    source = session.scalar(select(Source).where(Source.root == root))
    source = source or session.scalar(select(Source).where(Source.digest == digest))
    if source:
        source.root, source.simulated = root, dataset.simulated
    return source


def _new_source(session: Session, dataset: Ptbxl) -> Source:
    source = Source(
        root=str(dataset.root.resolve()),
        simulated=dataset.simulated,
        active=False,
        imported_at=None,
        digest="",
    )
    session.add(source)
    return source


def _store(session: Session, source_id: int, chunk: Sequence[Record]) -> tuple[int, int]:
    """Insert what is new, update what differs; returns how many of each."""
    session.execute(select(Source.id).where(Source.id == source_id).with_for_update())
    known = _known(session, source_id, [record.ecg_id for record in chunk])
    new, different = [], []
    for record in chunk:
        values = _values(record) | {"source_id": source_id}
        row = known.get(record.ecg_id)
        if row is None:
            new.append(values)
        elif any(row[name] != value for name, value in values.items()):
            different.append(values | {"id": row["id"]})
    if new:
        session.execute(insert(RecordRow), new)
    if different:
        session.execute(update(RecordRow), different)
    return len(new), len(different)


def _known(
    session: Session, source_id: int, ecg_ids: Sequence[int]
) -> dict[int, Mapping[str, Any]]:
    rows = session.execute(
        select(*RecordRow.__table__.columns).where(
            RecordRow.source_id == source_id, RecordRow.ecg_id.in_(ecg_ids)
        )
    )
    return {row["ecg_id"]: dict(row) for row in rows.mappings()}


def _values(record: Record) -> dict[str, Any]:
    labels = [name for name in SUPERCLASSES if name in record.superclasses]
    return {
        "ecg_id": record.ecg_id,
        "patient_id": record.patient_id,
        "age": record.age,
        "sex": record.sex,
        "height": record.height,
        "weight": record.weight,
        "site": record.site,
        "device": record.device,
        "recorded_at": record.recorded_at,
        "noise": dict(record.noise),
        "extra_beats": record.extra_beats,
        "pacemaker": record.pacemaker,
        "validated_by_human": record.validated_by_human,
        "fold": record.fold,
        "filename_lr": record.filename_lr,
        "filename_hr": record.filename_hr,
        "report": record.report,
        "scp_codes": dict(record.scp_codes),
        "labelled": record.labelled,
        "labels": " ".join(labels),
        **{f"label_{name.lower()}": name in record.superclasses for name in SUPERCLASSES},
    }


def _finish(
    session: Session, source_id: int, digest: str, done: Imported, skipped: int, actor: str
) -> None:
    source = session.get_one(Source, source_id)
    source.digest, source.imported_at = digest, now()
    session.flush()
    _activate(session, source)
    audit.record(
        session,
        actor,
        "data.import",
        source.root,
        digest=digest,
        simulated=source.simulated,
        added=done.added,
        changed=done.changed,
        unchanged=done.unchanged,
        skipped=skipped,
    )


def _activate(session: Session, source: Source) -> None:
    if not source.active:
        _make_only_active(session, Source, source.id)


def _make_only_active(
    session: Session, table: type[Source] | type[ModelVersion], row_id: int
) -> None:
    """Two statements in this order: the index allows no second active row in between."""
    quiet = {"synchronize_session": "fetch"}
    session.execute(update(table).where(table.active).values(active=False), execution_options=quiet)
    session.execute(
        update(table).where(table.id == row_id).values(active=True), execution_options=quiet
    )


def _count(session: Session, source_id: int) -> int:
    query = select(func.count()).select_from(RecordRow).where(RecordRow.source_id == source_id)
    return session.scalar(query) or 0
