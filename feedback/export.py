"""Labels out: one CSV row for each reader and record, with its data dictionary and manifest."""

import csv
import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, TextIO

from sqlalchemy import Executable, and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

from core.ecg import SUPERCLASSES
from feedback import audit
from feedback.answers import column_of
from feedback.db import now
from feedback.errors import ExportMismatch
from feedback.export_filter import EVERYTHING, ExportFilter, count_standing
from feedback.tables import ModelVersion, Reading, RecordRow, Source, Stage, User

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
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a file of labels holds: enough to tell later that it is whole and unaltered."""

    rows: int
    simulated: int  # rows on simulated ECGs
    readers: int
    sha256: str  # of the file's bytes in UTF-8
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

    Raises ExportMismatch where the rows written are not those that ``count_readings`` counts:
    throw the file away then; InvalidFilter for a reader or worklist that there is not.
    """
    wanted.check(session)
    expected, digest = count_readings(session, wanted), _Digest(stream)
    writer = csv.DictWriter(digest, [name for name, _ in COLUMNS])
    writer.writeheader()
    rows = simulated = 0
    readers = set()
    with session.execute(_current(wanted), execution_options={"yield_per": 1000}) as found:
        for row in found:
            cells = _cells(row)
            writer.writerow({name: neutral(cell) for name, cell in cells.items()})
            rows, simulated = rows + 1, simulated + (cells["simulated"] == "true")
            readers.add(cells["reader"])
    if rows != expected:
        raise ExportMismatch(
            f"the file would hold {rows} rows where the dashboard counts {expected}: "
            "do not use it, run 'trustecg audit verify'"
        )
    return Manifest(
        rows=rows,
        simulated=simulated,
        readers=len(readers),
        sha256=digest.hexdigest,
        bytes=digest.bytes,
        columns=tuple(name for name, _ in COLUMNS),
        filter=wanted.as_json,
        exported_at=_time(now()),
    )


def write_dictionary(stream: TextIO) -> None:
    """Write what each column means, as CSV."""
    writer = csv.writer(stream)
    writer.writerow(("column", "meaning"))
    writer.writerows(COLUMNS)
    writer.writerow(
        ("(any)", "A cell beginning with = + - @ or a control character has an ' put before it.")
    )


def record_export(session: Session, manifest: Manifest, *, actor: str, target: str) -> None:
    """Enter in the audit chain who took which labels out."""
    asked = {"filter": manifest.filter} if manifest.filter else {}
    held = {"rows": manifest.rows, "sha256": manifest.sha256}
    audit.record(session, actor, "export.labels", target, **held, **asked)


def neutral(cell: str) -> str:
    """The cell as text that no spreadsheet takes for a formula (CWE-1236)."""
    return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA) else cell


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


def _cells(row: Any) -> dict[str, str]:
    reading, ecg_id, patient_id, fold, digest, simulated, email, blind, version = row
    return {
        "ecg_id": str(ecg_id),
        "patient_id": str(patient_id),
        "data_set": digest,
        "simulated": _flag(simulated),
        "fold": str(fold),
        "reader": email,
        "mode": reading.mode,
        "stage": reading.stage,
        **dict(_answer("", reading)),
        "comment": reading.comment,
        "measurements": json.dumps(reading.measurements) if reading.measurements else "",
        **dict(_answer("blind_", blind)),
        **dict(_opinion(reading)),
        "model_version": version or "",
        "amendments": str(reading.sequence),
        "started": _time(reading.started_at),
        "submitted": _time(reading.submitted_at),
        "blind_submitted": _time(blind.submitted_at) if blind else "",
        "reading_id": str(reading.id),
    }


def _answer(prefix: str, reading: Reading | None) -> Iterator[tuple[str, str]]:
    for name in SUPERCLASSES:
        verdict = getattr(reading, column_of(name)) if reading else None
        yield f"{prefix}{name.lower()}", verdict or ""
    yield f"{prefix}unreadable", _flag(reading.unreadable) if reading else ""
    yield f"{prefix}confidence", (reading.confidence if reading else None) or ""


def _opinion(reading: Reading) -> Iterator[tuple[str, str]]:
    shown, agreement = reading.shown or {}, reading.agreement or {}
    for name in SUPERCLASSES:
        yield f"agrees_{name.lower()}", agreement.get(name, "")
        yield f"p_{name.lower()}", _number(shown.get("probabilities", {}).get(name))
        yield f"threshold_{name.lower()}", _number(shown.get("thresholds", {}).get(name))
    yield "model_labels", " ".join(shown.get("predicted", ()))
    yield "model_abstained", " ".join(shown.get("abstained", ()))
    yield "model_uncertainty", _number(shown.get("uncertainty"))
    yield "model_unavailable", shown.get("unavailable", "")


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _number(value: float | None) -> str:
    return "" if value is None else repr(value)


def _time(value: datetime) -> str:
    return value.isoformat(timespec="seconds")
