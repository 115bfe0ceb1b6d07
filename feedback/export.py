"""Labels out: one CSV row for each reader and record, with its data dictionary and manifest."""

import csv
import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, TextIO

from sqlalchemy import Executable, and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

from core.ecg import SUPERCLASSES
from feedback.answers import column_of
from feedback.db import now
from feedback.errors import ExportMismatch
from feedback.export_filter import EVERYTHING, ExportFilter, count_standing
from feedback.tables import ModelVersion, Reading, RecordRow, Source, Stage, User

Row = Mapping[str, Any]  # column -> value; None: not given
_CLASSES = [(name.lower(), name.title) for name in SUPERCLASSES]
_VERDICTS = "present, absent or unsure; empty where unreadable"

COLUMNS: tuple[tuple[str, str], ...] = (
    ("ecg_id", "Record number in its data set."),
    ("patient_id", "Patient number in its data set; a patient may have several ECGs."),
    ("data_set", "sha256 of the index of the data set: ecg_id is unique within one."),
    ("simulated", "true: the ECG came from the simulator and no patient; false: a real one."),
    ("fold", "Fold of the data set, 1 to 10."),
    ("reader", "E-mail address of the reader."),
    ("mode", "blind-first: answered before the model's opinion was shown; assisted: with it."),
    (
        "stage",
        "final: the answer after the opinion was seen; blind: only the one before it exists.",
    ),
    *((name, f"{title}: {_VERDICTS}.") for name, title in _CLASSES),
    ("unreadable", "true where the reader could not read the ECG, else false."),
    ("confidence", "low, medium or high; empty where not given."),
    ("comment", "The reader's words."),
    (
        "measurements",
        "Calipers kept with this answer, a JSON list of lead, start_s, end_s, millivolts.",
    ),
    *((f"blind_{name}", f"{title}, blind answer: {_VERDICTS}.") for name, title in _CLASSES),
    ("blind_unreadable", "true where the blind answer was that the ECG cannot be read."),
    ("blind_confidence", "Confidence of the blind answer."),
    ("blind_comment", "The reader's words in the blind answer."),
    ("blind_measurements", "Calipers kept with the blind answer, as in measurements."),
    *(
        (
            f"agrees_{name}",
            f"{title}: agree or disagree with the model; empty: abstained or unsure.",
        )
        for name, title in _CLASSES
    ),
    ("model_version", "Model whose opinion was on screen; empty where none was shown."),
    *((f"p_{name}", f"{title}: probability on screen, 0 to 1.") for name, title in _CLASSES),
    *(
        (f"threshold_{name}", f"{title}: present from this probability on.")
        for name, title in _CLASSES
    ),
    ("model_labels", "Classes that the model called present, separated by spaces."),
    ("model_abstained", "Classes that the model left open, separated by spaces."),
    ("model_uncertainty", "Uncertainty on screen, 0 to 1."),
    ("model_unavailable", "Why no opinion was on screen, where there was none."),
    ("amendments", "How often the final answer was superseded by a later one; this is the last."),
    ("started", "When the reader opened the record for this answer, UTC, ISO 8601."),
    ("submitted", "When this answer was stored, UTC, ISO 8601."),
    ("blind_submitted", "When the blind answer was stored, UTC, ISO 8601."),
    ("reading_id", "Number of this answer in the database and in its audit chain."),
)
KINDS: Mapping[str, type] = {  # of the columns that are not text
    **dict.fromkeys(("ecg_id", "patient_id", "fold", "amendments", "reading_id"), int),
    **dict.fromkeys(("simulated", "unreadable", "blind_unreadable"), bool),
    **{f"{what}_{name}": float for what in ("p", "threshold") for name, _ in _CLASSES},
    "model_uncertainty": float,
    **dict.fromkeys(("started", "submitted", "blind_submitted"), datetime),
}
NEUTRAL = (
    "In CSV, text that begins with = + - or @, full-width ones too, a tab or a line break, also "
    "after spaces, has an ' put before it."
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a file of labels holds: enough to tell later that it is whole and unaltered."""

    rows: int
    simulated: int  # rows on simulated ECGs
    readers: int
    sha256: str  # of the file's bytes
    bytes: int
    columns: tuple[str, ...]
    filter: dict[str, str]  # of ``ExportFilter``; empty: every answer
    exported_at: str  # UTC, ISO 8601

    @property
    def as_json(self) -> dict[str, Any]:
        """The manifest as it is written beside the file."""
        return asdict(self)


def count_readings(session: Session, wanted: ExportFilter = EVERYTHING) -> int:
    """How many rows an export has: pairs of reader and record whose answer is let out."""
    return count_standing(session, wanted)


def write_labels(session: Session, stream: TextIO, wanted: ExportFilter = EVERYTHING) -> Manifest:
    """Write the labels as CSV (RFC 4180, UTF-8) to a text stream that leaves line ends alone.

    Raises as ``label_rows`` does: throw the file away then.
    """
    digest, seen = _Digest(stream), Counter[tuple[str, bool]]()
    writer = csv.DictWriter(digest, [name for name, _ in COLUMNS])
    writer.writeheader()
    for row in label_rows(session, wanted):
        writer.writerow({name: cell(value) for name, value in row.items()})
        seen[whose(row)] += 1
    return manifest_of(seen, wanted, sha256=digest.hexdigest, size=digest.bytes)


def label_rows(session: Session, wanted: ExportFilter = EVERYTHING) -> Iterator[Row]:
    """The rows of an export, each value of its kind.

    Raises InvalidFilter for a reader or worklist that there is not; after the last row
    ExportMismatch where they are not as many as ``count_readings`` counts.
    """
    wanted.check(session)
    expected, rows = count_readings(session, wanted), 0
    with session.execute(_current(wanted), execution_options={"yield_per": 1000}) as found:
        for row in found:
            rows += 1
            yield _values(row)
    if rows != expected:
        raise ExportMismatch(
            f"the file would hold {rows} rows where the dashboard counts {expected}: "
            "do not use it, run 'trustecg audit verify'"
        )


def whose(row: Row) -> tuple[str, bool]:
    """Of a row what its manifest counts: the reader, and whether the ECG is simulated."""
    return row["reader"], row["simulated"]


def manifest_of(
    seen: Counter[tuple[str, bool]], wanted: ExportFilter, *, sha256: str, size: int
) -> Manifest:
    """The manifest of a file with these rows, counted by ``whose``."""
    return Manifest(
        rows=seen.total(),
        simulated=sum(rows for (_, simulated), rows in seen.items() if simulated),
        readers=len({reader for reader, _ in seen}),
        sha256=sha256,
        bytes=size,
        columns=tuple(name for name, _ in COLUMNS),
        filter=wanted.as_json,
        exported_at=cell(now()),
    )


def write_dictionary(stream: TextIO) -> None:
    """Write what each column means, as CSV."""
    writer = csv.writer(stream)
    writer.writerow(("column", "meaning"))
    writer.writerows(COLUMNS)
    writer.writerow(("(any)", NEUTRAL))


def cell(value: Any) -> str:
    """The value as it stands in a CSV; text alone can be a formula, and a number stays one."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, bool):
        return str(value).lower()
    return neutral(value) if isinstance(value, str) else str(value)


def neutral(text: str) -> str:
    """The text as one that no spreadsheet takes for a formula (CWE-1236)."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def to_the_second(value: datetime) -> datetime:
    """A time as every file has it, so that a CSV and a Parquet file say the same."""
    return value.replace(microsecond=0)


class _Digest:
    """A text stream that hashes what passes through it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._sha256, self.bytes = stream, hashlib.sha256(), 0

    def write(self, text: str) -> int:
        content = text.encode()
        self._sha256.update(content)
        self.bytes += len(content)
        return self._stream.write(text)

    @property
    def hexdigest(self) -> str:
        return self._sha256.hexdigest()


def _current(wanted: ExportFilter) -> Executable:
    """For each reader and record the answer that stands: the last final one, else the blind."""
    blind, later, final = (aliased(Reading, name=name) for name in ("blind", "later", "final"))
    stands = ~exists().where(later.supersedes_id == Reading.id)
    finished = exists().where(
        final.record_id == Reading.record_id,
        final.reader_id == Reading.reader_id,
        final.stage == Stage.FINAL,
    )
    mine = and_(
        blind.record_id == Reading.record_id,
        blind.reader_id == Reading.reader_id,
        blind.stage == Stage.BLIND,
    )
    shown = and_(ModelVersion.id == Reading.model_id, Reading.stage == Stage.FINAL)
    return (
        select(
            Reading,
            RecordRow.ecg_id,
            RecordRow.patient_id,
            RecordRow.fold,
            Source.digest,
            Source.simulated,
            User.email,
            blind,
            ModelVersion.version,
        )
        .join(RecordRow, RecordRow.id == Reading.record_id)
        .join(Source, Source.id == RecordRow.source_id)
        .join(User, User.id == Reading.reader_id)
        .outerjoin(blind, mine)
        .outerjoin(ModelVersion, shown)
        .where(stands, or_(Reading.stage == Stage.FINAL, ~finished), *wanted.conditions)
        .order_by(Source.id, RecordRow.ecg_id, User.email)
    )


def _values(row: Any) -> Row:
    reading, ecg_id, patient_id, fold, digest, simulated, email, blind, version = row
    return {
        "ecg_id": ecg_id,
        "patient_id": patient_id,
        "data_set": digest,
        "simulated": simulated,
        "fold": fold,
        "reader": email,
        "mode": reading.mode,
        "stage": reading.stage,
        **dict(_answer("", reading)),
        **dict(_answer("blind_", blind)),
        **dict(_opinion(reading)),
        "model_version": version,
        "amendments": reading.sequence,
        "started": to_the_second(reading.started_at),
        "submitted": to_the_second(reading.submitted_at),
        "blind_submitted": to_the_second(blind.submitted_at) if blind else None,
        "reading_id": reading.id,
    }


def _answer(prefix: str, reading: Reading | None) -> Iterator[tuple[str, Any]]:
    for name in SUPERCLASSES:
        yield f"{prefix}{name.lower()}", getattr(reading, column_of(name)) if reading else None
    yield f"{prefix}unreadable", reading.unreadable if reading else None
    yield f"{prefix}confidence", reading.confidence if reading else None
    yield f"{prefix}comment", reading.comment if reading else None
    measured = json.dumps(reading.measurements) if reading and reading.measurements else None
    yield f"{prefix}measurements", measured


def _opinion(reading: Reading) -> Iterator[tuple[str, Any]]:
    shown, agreement = reading.shown or {}, reading.agreement or {}
    for name in SUPERCLASSES:
        yield f"agrees_{name.lower()}", agreement.get(name)
        yield f"p_{name.lower()}", shown.get("probabilities", {}).get(name)
        yield f"threshold_{name.lower()}", shown.get("thresholds", {}).get(name)
    yield "model_labels", _words(shown.get("predicted"))
    yield "model_abstained", _words(shown.get("abstained"))
    yield "model_uncertainty", shown.get("uncertainty")
    yield "model_unavailable", shown.get("unavailable")


def _words(names: list[str] | None) -> str | None:
    """None where no opinion was on screen; empty where it named no class."""
    return None if names is None else " ".join(names)
