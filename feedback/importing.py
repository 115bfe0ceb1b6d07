"""Data sets into the catalogue: repeatable, in pieces, and one of them active."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from core.ecg import SUPERCLASSES
from core.progress import Progress
from core.ptbxl import INDEX, SIMULATED_MARK, STATEMENTS, Ptbxl, Record
from feedback import audit
from feedback.db import Sessions, now
from feedback.tables import RecordRow, Source

LOCAL = "command line"  # the actor where nobody is signed in
_CHUNK = 1000  # records a transaction: other writers wait a tenth of a second
_IMPORT_FORMAT = 1  # raise it when _values changes, so that known data sets are read again


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import did, in records."""

    added: int
    changed: int
    unchanged: int


def import_dataset(
    sessions: Sessions, dataset: Ptbxl, *, progress: Progress | None = None, actor: str = LOCAL
) -> Imported:
    """Enter the records in the catalogue and make this the active data set.

    Repeatable: what is there is compared, and updated where it differs. It commits every
    thousand records; one that was cut off is completed by the next. A data set that was moved
    keeps its records and readings; records simulated anew at the same path are another data set.
    What an index no longer lists stays, and rows in ``dataset.skipped`` keep no other out. Raises
    DatasetUnreadable before anything is written.
    """
    digest = digest_of(dataset)
    with sessions.begin() as session:
        known = _known_source(session, dataset, digest)
        if known and known.digest == digest:
            _place(session, known, dataset)
            _activate_again(session, known, actor)
            return Imported(added=0, changed=0, unchanged=count_records(session, known.id))
    records = list(dataset.records.values())
    with sessions.begin() as session:
        source = _known_source(session, dataset, digest) or Source(active=False, digest="")
        _place(session, source, dataset)
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
    for name in (INDEX, STATEMENTS, SIMULATED_MARK):
        path = dataset.root / name
        if path.is_file():
            digest.update(f"{name} {path.stat().st_size}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _known_source(session: Session, dataset: Ptbxl, digest: str) -> Source | None:
    """The row of this data set: by its path, else by its content, for one that was moved."""
    there = session.scalar(select(Source).where(Source.root == str(dataset.root.resolve())))
    if there and not _other_hearts(there, dataset, digest):
        return there
    return session.scalar(select(Source).where(Source.digest == digest))


def _other_hearts(there: Source, dataset: Ptbxl, digest: str) -> bool:
    """Whether the records at this path are no longer the ones of the row.

    A corrected index of real records describes the same hearts. Records that were simulated anew
    are others under the same numbers: no reading and no prediction of the old ones is theirs.
    """
    return (there.simulated or dataset.simulated) and there.digest not in ("", digest)


def _place(session: Session, source: Source, dataset: Ptbxl) -> None:
    """Note where the data set lies; the one that lay there keeps its records and readings."""
    root = str(dataset.root.resolve())
    before = session.scalar(select(Source).where(Source.root == root))
    if before is not None and before is not source:
        before.root = f"{root} (data set {before.id}, replaced)"
        session.flush()
    source.root, source.simulated = root, dataset.simulated
    session.add(source)
    session.flush()


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
    if not source.active:
        make_only_active(session, source.id)
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


def _activate_again(session: Session, source: Source, actor: str) -> None:
    """Make a known data set the active one; that another one is read from now on is on record."""
    if not source.active:
        make_only_active(session, source.id)
        audit.record(session, actor, "data.activate", source.root, digest=source.digest)


def make_only_active(session: Session, source_id: int) -> None:
    """Make this data set the active one.

    Two statements in this order: the index allows no second active row in between.
    """
    quiet = {"synchronize_session": "fetch"}
    session.execute(
        update(Source).where(Source.active).values(active=False), execution_options=quiet
    )
    session.execute(
        update(Source).where(Source.id == source_id).values(active=True), execution_options=quiet
    )


def count_records(session: Session, source_id: int) -> int:
    """How many records of this data set are in the catalogue."""
    query = select(func.count()).select_from(RecordRow).where(RecordRow.source_id == source_id)
    return session.scalar(query) or 0
