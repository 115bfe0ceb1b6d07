"""Labels that were taken out: who, when, what, and the manifest of each file, for good.

They stand in the audit chain, so that a file is told from another one long after it has left.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from feedback import audit
from feedback.errors import UnknownExport
from feedback.export import Manifest
from feedback.tables import AuditEntry

_LABELS, _ARCHIVE = "export.labels", "export.archive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A file that has left."""

    number: int  # of its entry in the audit chain
    at: datetime
    by: str
    everything: bool  # an archive; else the labels alone
    rows: int | None  # of its labels
    filter: dict[str, str]  # of ``ExportFilter``; empty: every answer
    sha256: str | None  # of the file; None for an archive, whose manifest has one for each table


def record_labels(session: Session, manifest: Manifest, *, actor: str, target: str) -> None:
    """Enter in the audit chain who took which labels out."""
    audit.record(session, actor, _LABELS, target, **manifest.as_json)


def record_archive(session: Session, manifest: dict[str, Any], *, actor: str, target: str) -> None:
    """Enter in the audit chain who took everything out."""
    audit.record(session, actor, _ARCHIVE, target, **manifest)


def taken_out(session: Session, count: int) -> Sequence[Taken]:
    """The files that left last, the latest first."""
    query = select(AuditEntry).where(AuditEntry.action.in_((_LABELS, _ARCHIVE)))
    found = session.scalars(query.order_by(AuditEntry.id.desc()).limit(count))
    return [_taken(entry) for entry in found]


def manifest_of(session: Session, number: int) -> dict[str, Any]:
    """The manifest of a file that has left, by its number; raises UnknownExport."""
    entry = session.get(AuditEntry, number)
    if entry is None or entry.action not in (_LABELS, _ARCHIVE):
        raise UnknownExport(f"no labels left under number {number}: choose one of the export page")
    return entry.detail


def _taken(entry: AuditEntry) -> Taken:
    detail, everything = entry.detail, entry.action == _ARCHIVE
    files = {one["name"]: one["rows"] for one in detail.get("files", ())}
    return Taken(
        number=entry.id,
        at=entry.at,
        by=entry.actor,
        everything=everything,
        rows=files.get("labels.csv") if everything else detail["rows"],
        filter=detail.get("filter", {}),
        sha256=detail.get("sha256"),
    )
