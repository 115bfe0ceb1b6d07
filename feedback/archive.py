"""Labels out, all of them: answers, consensus, adjudications and agreement in one ZIP archive.

Every table is there as CSV and as Parquet, with a data dictionary and a manifest of digests.
"""

import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, BinaryIO
from zipfile import ZIP_DEFLATED, ZipFile

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from feedback import export
from feedback.archive_tables import TABLES, Columns, table_rows
from feedback.catalogue import active_source
from feedback.db import now
from feedback.errors import ExportMismatch
from feedback.export import Manifest, Row, cell
from feedback.export_filter import EVERYTHING, ExportFilter
from feedback.tables import Adjudication, Reading, ReadingMode, RecordRow, Stage


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
    tables = table_rows(session)
    _reconcile(tables, count_rows(session))
    files = {"dictionary.csv": _dictionary()}
    for name, columns in TABLES.items():
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
    content = _parquet(rows, TABLES["labels"])
    stream.write(content)
    seen, digest = Counter(map(export.whose, rows)), hashlib.sha256(content)
    return export.manifest_of(seen, wanted, sha256=digest.hexdigest(), size=len(content))


def _reconcile(tables: Mapping[str, Sequence[Row]], expected: Counts) -> None:
    for name, count in asdict(expected).items():
        if len(tables[name]) != count:
            raise ExportMismatch(
                f"{name} would hold {len(tables[name])} rows where the dashboard counts {count}: "
                "do not use it, run 'trustecg audit verify'"
            )


def _csv(rows: Sequence[Row], columns: Columns) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, columns.names)
    writer.writeheader()
    writer.writerows({name: cell(row[name]) for name in columns.names} for row in rows)
    return stream.getvalue().encode()


def _parquet(rows: Sequence[Row], columns: Columns) -> bytes:
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
    for table, columns in TABLES.items():
        writer.writerows((table, name, meaning) for name, meaning in columns.described)
    writer.writerow(("(any)", "(any)", export.NEUTRAL))
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
