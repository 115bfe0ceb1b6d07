"""Who took which labels out, and what each file held."""

import hashlib
import io

import pytest
from sqlalchemy import select

from feedback import archive, audit, export, taken
from feedback.db import Sessions
from feedback.errors import UnknownExport
from feedback.export_filter import ExportFilter
from feedback.tables import AuditEntry, User
from tests.factories_readings import blind

BOSS = "boss@example.org"


@pytest.fixture
def gone(library: Sessions, reader: User) -> bytes:
    """The labels of one answer, taken out once; then everything."""
    blind(library, reader.id, 1)
    stream, whole = io.StringIO(newline=""), io.BytesIO()
    wanted = ExportFilter.of({"reader": reader.email})
    with library.read() as session:
        manifest = export.write_labels(session, stream, wanted)
        everything = archive.write_archive(session, whole)
    with library.begin() as session:
        taken.record_labels(session, manifest, actor=BOSS, target="labels.csv")
        taken.record_archive(session, everything, actor=BOSS, target="all.zip")
    return stream.getvalue().encode()


def test_what_left_is_told_the_latest_first(library: Sessions, gone: bytes, reader: User) -> None:
    with library.read() as session:
        everything, labels = taken.taken_out(session, 5)
    assert (everything.everything, everything.rows, everything.sha256) == (True, 1, None)
    assert (labels.everything, labels.rows, labels.by) == (False, 1, BOSS)
    assert labels.sha256 == hashlib.sha256(gone).hexdigest()
    assert labels.filter == {"reader": reader.email}


def test_no_more_is_told_than_was_asked_for(library: Sessions, gone: bytes) -> None:
    with library.read() as session:
        assert len(taken.taken_out(session, 1)) == 1


def test_a_manifest_fits_its_file_long_after(library: Sessions, gone: bytes, reader: User) -> None:
    blind(library, reader.id, 2)
    with library.read() as session:
        everything, labels = taken.taken_out(session, 2)
        held = taken.manifest_of(session, labels.number)
        files = taken.manifest_of(session, everything.number)["files"]
    assert (held["rows"], held["bytes"]) == (1, len(gone))
    assert held["sha256"] == hashlib.sha256(gone).hexdigest()
    assert held["columns"] == gone.decode().splitlines()[0].split(",")
    assert all(len(one["sha256"]) == 64 for one in files)


def test_no_other_entry_of_the_chain_is_told(library: Sessions, gone: bytes) -> None:
    with library.read() as session:
        other = session.scalar(
            select(AuditEntry.id).where(AuditEntry.action.startswith("reading.")).limit(1)
        )
        for number in (other, 10**6):
            with pytest.raises(UnknownExport, match=f"^no labels left under number {number}"):
                taken.manifest_of(session, number)


def test_an_entry_of_before_the_manifests_is_told_too(library: Sessions) -> None:
    with library.begin() as session:
        audit.record(session, BOSS, "export.labels", "download", rows=3, sha256="ab")
        audit.record(session, BOSS, "export.archive", "download", files=[])
    with library.read() as session:
        everything, labels = taken.taken_out(session, 2)
    assert (labels.rows, labels.filter) == (3, {})
    assert everything.rows is None
