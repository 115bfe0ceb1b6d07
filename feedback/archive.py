"""Labels out, all of them: answers, consensus, adjudications and agreement in one ZIP archive.

Every table is there as CSV and as Parquet, with a data dictionary and a manifest of digests.
"""

import csv
import hashlib
import io
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, BinaryIO
from zipfile import ZIP_DEFLATED, ZipFile

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.ecg import SUPERCLASSES
from feedback import audit, export
from feedback.agreement_tables import Agreement, by_class, on_readability
from feedback.answers import column_of
from feedback.catalogue import active_source
from feedback.consensus import RecordConsensus, standing_consensus
from feedback.db import now
from feedback.errors import ExportMismatch
from feedback.export import Manifest, Row, cell, to_the_second
from feedback.export_filter import EVERYTHING, ExportFilter
from feedback.panel import panel
from feedback.tables import Adjudication, Reading, ReadingMode, RecordRow, Stage, User

_STATISTICS = ("raw", "ac1", "fleiss", "alpha")
_NAMES = {"raw": "Raw agreement", "ac1": "Gwet's AC1", "fleiss": "Fleiss' kappa"}

CONSENSUS: tuple[tuple[str, str], ...] = (
    ("ecg_id", "Record number in its data set."),
    ("patient_id", "Patient number in its data set."),
    ("strat_fold", "Fold of the data set, 1 to 10, under PTB-XL's name for it."),
    *((str(name), f"{name.title}: 1 present, 0 absent, empty: none.") for name in SUPERCLASSES),
    ("diagnostic_superclass", "Classes present, as PTB-XL's users write them: ['MI', 'CD']."),
    ("unreadable", "true where at least half of the readers could not read the ECG."),
    *(
        (
            f"outcome_{name}",
            f"{name.title}: agreed; conflict, which waits for an adjudicator; gold, a conflict "
            "on an ECG that judges its readers; open; unreadable.",
        )
        for name in SUPERCLASSES
    ),
    *((f"source_{name}", f"{name.title}: what the label rests on.") for name in SUPERCLASSES),
    ("readings", "Numbers of the answers that went in, separated by spaces."),
)
ADJUDICATIONS: tuple[tuple[str, str], ...] = (
    ("ecg_id", "Record number in its data set."),
    ("adjudicator", "E-mail address of the adjudicator."),
    ("sequence", "0 for the first of the record; the highest one stands."),
    *((str(name), f"{name.title}: the verdict; empty: not disputed.") for name in SUPERCLASSES),
    ("unreadable", "true where the adjudicator could not read the ECG either."),
    ("comment", "The adjudicator's words."),
    ("readings", "Numbers of the answers that were settled, separated by spaces."),
    ("submitted", "When it was stored, UTC, ISO 8601."),
)
AGREEMENT: tuple[tuple[str, str], ...] = (
    ("question", "Class, or whether the ECG is unreadable."),
    ("records", "Records with two answers or more."),
    ("answers", "Answers that say present or absent."),
    *(
        (f"{name}{end}", f"{_NAMES.get(name, 'Krippendorff alpha')}{words}.")
        for name in _STATISTICS
        for end, words in (("", ""), ("_low", ", 2.5 %"), ("_high", ", 97.5 % of its bootstrap"))
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The rows that an archive must hold."""

    labels: int  # pairs of reader and record
    consensus: int  # records of the active data set with a blind answer
    adjudications: int  # on records of the active data set, superseded ones too


def count_rows(session: Session) -> Counts:
    """What the dashboard counts; raises NoDataset."""
    source = active_source(session).id
    read = select(func.count(Reading.record_id.distinct())).join(
        RecordRow, RecordRow.id == Reading.record_id
    )
    blind = (Reading.stage == Stage.BLIND, Reading.mode != ReadingMode.ASSISTED)
    settled = select(func.count(Adjudication.id)).join(
        RecordRow, RecordRow.id == Adjudication.record_id
    )
    return Counts(
        labels=export.count_readings(session),
        consensus=session.scalar(read.where(RecordRow.source_id == source, *blind)) or 0,
        adjudications=session.scalar(settled.where(RecordRow.source_id == source)) or 0,
    )


def write_archive(session: Session, stream: BinaryIO) -> dict[str, Any]:
    """Write the ZIP and return its manifest: rows, bytes and sha256 of every file in it.

    Raises ExportMismatch where a table's rows are not those that ``count_rows`` counts: throw
    the file away then. Also NoDataset.
    """
    answers = panel(session)
    decided = standing_consensus(session, answers)
    agreed = [(str(name), one) for name, one in by_class(answers).items()]
    agreed.append(("unreadable", on_readability(answers)))
    tables: dict[str, Sequence[Row]] = {
        "labels": list(export.label_rows(session)),
        "consensus": [_consensus(one) for one in decided],
        "adjudications": _adjudications(session),
        "agreement": [_agreement(name, one) for name, one in agreed],
    }
    _reconcile(tables, count_rows(session))
    files = {"dictionary.csv": _dictionary()}
    for name, columns in _TABLES.items():
        files[f"{name}.csv"] = _csv(tables[name], columns)
        files[f"{name}.parquet"] = _parquet(tables[name], columns)
    rows = {name: len(table) for name, table in tables.items()}
    manifest = {
        "exported_at": now().isoformat(timespec="seconds"),
        "data_set": active_source(session).digest,
        "simulated": active_source(session).simulated,
        "files": [_entry(name, content, rows) for name, content in sorted(files.items())],
    }
    _zip(stream, files, manifest)
    return manifest


def write_parquet(
    session: Session, stream: BinaryIO, wanted: ExportFilter = EVERYTHING
) -> Manifest:
    """Write the labels alone, as ``export.write_labels`` does, as Parquet; raises as it does."""
    rows = list(export.label_rows(session, wanted))
    content = _parquet(rows, _TABLES["labels"])
    stream.write(content)
    seen, digest = Counter(map(export.whose, rows)), hashlib.sha256(content)
    return export.manifest_of(seen, wanted, sha256=digest.hexdigest(), size=len(content))


def record_archive(session: Session, manifest: Row, *, actor: str, target: str) -> None:
    """Enter in the audit chain who took what out."""
    audit.record(session, actor, "export.archive", target, files=manifest["files"])


@dataclass(frozen=True, slots=True)
class _Columns:
    """What a table is made of."""

    described: tuple[tuple[str, str], ...]  # name and meaning
    kinds: Mapping[str, type]  # of those that are not text

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.described]


_TABLES = {
    "labels": _Columns(export.COLUMNS, export.KINDS),
    "consensus": _Columns(
        CONSENSUS,
        dict.fromkeys(("ecg_id", "patient_id", "strat_fold", *map(str, SUPERCLASSES)), int)
        | {"unreadable": bool},
    ),
    "adjudications": _Columns(
        ADJUDICATIONS,
        {"ecg_id": int, "sequence": int, "unreadable": bool, "submitted": datetime},
    ),
    "agreement": _Columns(
        AGREEMENT,
        dict.fromkeys(("records", "answers"), int)
        | {f"{name}{end}": float for name in _STATISTICS for end in ("", "_low", "_high")},
    ),
}


def _consensus(one: RecordConsensus) -> Row:
    labels = {name: one.classes[name].label for name in SUPERCLASSES}
    present = [str(name) for name, label in labels.items() if label == 1]
    known = any(label is not None for label in labels.values())
    return {
        "ecg_id": one.ecg_id,
        "patient_id": one.patient_id,
        "strat_fold": one.fold,
        **{str(name): None if x is None else int(x) for name, x in labels.items()},
        "diagnostic_superclass": str(present) if known else None,
        "unreadable": one.unreadable,
        **{f"outcome_{name}": str(one.classes[name].outcome) for name in SUPERCLASSES},
        **{f"source_{name}": one.classes[name].source for name in SUPERCLASSES},
        "readings": " ".join(map(str, one.reading_ids)),
    }


def _adjudications(session: Session) -> list[Row]:
    query = (
        select(Adjudication, RecordRow.ecg_id, User.email)
        .join(RecordRow, RecordRow.id == Adjudication.record_id)
        .join(User, User.id == Adjudication.adjudicator_id)
        .where(RecordRow.source_id == active_source(session).id)
        .order_by(RecordRow.ecg_id, Adjudication.sequence)
    )
    return [
        {
            "ecg_id": ecg_id,
            "adjudicator": email,
            "sequence": one.sequence,
            **{str(name): getattr(one, column_of(name)) for name in SUPERCLASSES},
            "unreadable": one.unreadable,
            "comment": one.comment,
            "readings": " ".join(map(str, one.reading_ids)),
            "submitted": to_the_second(one.submitted_at),
        }
        for one, ecg_id, email in session.execute(query)
    ]


def _agreement(question: str, one: Agreement) -> Row:
    row: dict[str, Any] = {"question": question, "records": one.records, "answers": one.answers}
    for name in _STATISTICS:
        found = getattr(one, name)
        for end, value in (("", found.value), ("_low", found.low), ("_high", found.high)):
            row[f"{name}{end}"] = None if math.isnan(value) else float(value)
    return row


def _reconcile(tables: Mapping[str, Sequence[Row]], expected: Counts) -> None:
    for name, count in asdict(expected).items():
        if len(tables[name]) != count:
            raise ExportMismatch(
                f"{name} would hold {len(tables[name])} rows where the dashboard counts {count}: "
                "do not use it, run 'trustecg audit verify'"
            )


def _csv(rows: Sequence[Row], columns: _Columns) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, columns.names)
    writer.writeheader()
    writer.writerows({name: cell(row[name]) for name in columns.names} for row in rows)
    return stream.getvalue().encode()


def _parquet(rows: Sequence[Row], columns: _Columns) -> bytes:
    import pyarrow as pa
    from pyarrow import parquet

    # said, not guessed: of no rows, or of values that are all missing, there is nothing to guess
    kinds = {
        int: pa.int64(),
        float: pa.float64(),
        bool: pa.bool_(),
        datetime: pa.timestamp("us", tz="UTC"),
        str: pa.string(),
    }
    arrays = {
        name: pa.array([row[name] for row in rows], kinds[columns.kinds.get(name, str)])
        for name in columns.names
    }
    sink = io.BytesIO()
    parquet.write_table(pa.table(arrays), sink)
    return sink.getvalue()


def _dictionary() -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(("table", "column", "meaning"))
    for table, columns in _TABLES.items():
        writer.writerows((table, name, meaning) for name, meaning in columns.described)
    return stream.getvalue().encode()


def _entry(name: str, content: bytes, rows: Mapping[str, int]) -> dict[str, Any]:
    return {
        "name": name,
        "rows": rows.get(name.split(".")[0]),
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def _zip(stream: BinaryIO, files: Mapping[str, bytes], manifest: Row) -> None:
    with ZipFile(stream, "w", ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
        archive.writestr("manifest.json", json.dumps(manifest, indent=2))
