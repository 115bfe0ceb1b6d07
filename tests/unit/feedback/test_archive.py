"""Everything out in one archive: whole, counted, and the same again when read back."""

import csv
import hashlib
import io
import json
from collections.abc import Sequence
from zipfile import ZipFile

import pyarrow as pa
import pytest
from pyarrow import parquet

from core.ecg import SUPERCLASSES, Superclass
from feedback import archive, export
from feedback.archive import Counts, count_rows, write_archive
from feedback.db import Sessions
from feedback.errors import ExportMismatch, InvalidFilter
from feedback.export_filter import ExportFilter
from feedback.tables import Role, User, Verdict
from tests.factories import above, add_person, predict
from tests.factories_adjudication import dispute, settled
from tests.factories_readings import answer, blind, final

MI = Superclass.MI
TABLES = ("labels", "consensus", "adjudications", "agreement", "readers", "pairs")
CLASSES = [name.lower() for name in SUPERCLASSES]
UTC_TIME = pa.timestamp("us", tz="UTC")


@pytest.fixture
def taken(library: Sessions, reader: User, colleague: User) -> Sessions:
    """ECGs 1 and 2 in dispute over MI, of which 1 is settled."""
    dispute_and_settle(library, reader, colleague)
    return library


def dispute_and_settle(sessions: Sessions, reader: User, colleague: User) -> None:
    umpire = add_person(sessions, "umpire@example.org", Role.ADJUDICATOR)
    for ecg_id in (1, 2):
        dispute(sessions, (reader.id, colleague.id), ecg_id)
    settled(sessions, umpire.id, 1, {MI: Verdict.PRESENT}, comment="=1+1")


def opened(sessions: Sessions) -> ZipFile:
    stream = io.BytesIO()
    with sessions.read() as session:
        write_archive(session, stream)
    return ZipFile(stream)


def table(files: ZipFile, name: str) -> pa.Table:
    return parquet.read_table(io.BytesIO(files.read(f"{name}.parquet")))


def rows(files: ZipFile, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(files.read(f"{name}.csv").decode())))


def test_the_manifest_fits_every_file(taken: Sessions) -> None:
    files = opened(taken)
    manifest = json.loads(files.read("manifest.json"))
    assert {one["name"] for one in manifest["files"]} == set(files.namelist()) - {"manifest.json"}
    for one in manifest["files"]:
        content = files.read(one["name"])
        assert one["sha256"] == hashlib.sha256(content).hexdigest()
        assert one["bytes"] == len(content)
    counted = {one["name"]: one["rows"] for one in manifest["files"]}
    assert counted["labels.csv"] == counted["labels.parquet"] == 4
    assert (counted["consensus.csv"], counted["adjudications.csv"]) == (2, 1)


def test_the_consensus_is_labelled_as_in_ptbxl(taken: Sessions) -> None:
    first, second = rows(opened(taken), "consensus")
    assert (first["MI"], first["NORM"], first["diagnostic_superclass"]) == ("1", "0", "['MI']")
    assert (first["source_MI"], first["strat_fold"]) == ("adjudicated", "2")
    assert (second["MI"], second["outcome_MI"]) == ("", "conflict")
    assert second["diagnostic_superclass"] == ""  # not the list without what is disputed


def test_an_adjudication_leaves_with_its_author(taken: Sessions) -> None:
    (one,) = rows(opened(taken), "adjudications")
    assert (one["adjudicator"], one["MI"], one["CD"]) == ("umpire@example.org", "present", "")
    assert one["comment"] == "'=1+1"  # no formula


def test_agreement_says_nothing_where_nothing_is_known(taken: Sessions) -> None:
    found = {row["question"]: row for row in rows(opened(taken), "agreement")}
    assert (found["MI"]["records"], found["MI"]["raw"]) == ("2", "0.0")
    assert found["CD"]["raw"] == "1.0"
    assert found["CD"]["alpha"] == ""  # one answer only: nothing to agree on beyond chance


def test_each_reader_leaves_with_what_the_others_say(taken: Sessions) -> None:
    found = {(row["reader"], row["superclass"]): row for row in rows(opened(taken), "readers")}
    assert len(found) == 2 * len(SUPERCLASSES)
    mi = [row for (_, superclass), row in found.items() if superclass == "MI"]
    assert sorted((row["present"], row["compared"], row["agrees"]) for row in mi) == [
        ("0.0", "2", "0.0"),
        ("1.0", "2", "0.0"),
    ]


def test_each_pair_leaves_with_its_agreement(taken: Sessions) -> None:
    found = {row["superclass"]: row for row in rows(opened(taken), "pairs")}
    assert set(found) == set(map(str, SUPERCLASSES))
    assert (found["MI"]["records"], found["MI"]["raw"], found["CD"]["raw"]) == ("2", "0.0", "1.0")
    assert found["MI"]["reader"] != found["MI"]["other"]


def test_cohens_kappa_leaves_where_two_have_answered(
    taken: Sessions, reader: User, colleague: User
) -> None:
    for who in (reader, colleague):
        blind(taken, who.id, 3, answer(MI))
        blind(taken, who.id, 4)
    found = {row["question"]: row for row in rows(opened(taken), "agreement")}
    (pair,) = [row for row in rows(opened(taken), "pairs") if row["superclass"] == "MI"]
    assert found["MI"]["cohen"] == pair["cohen"] != ""


def test_a_number_below_zero_is_no_formula(taken: Sessions) -> None:
    found = {row["question"]: row for row in rows(opened(taken), "agreement")}
    assert float(found["MI"]["alpha"]) < 0


@pytest.mark.parametrize("name", TABLES)
def test_parquet_holds_what_the_csv_holds(taken: Sessions, reader: User, name: str) -> None:
    with taken.begin() as session:
        predict(session, 3, above(MI), uncertainty=0.125)
    blind(taken, reader.id, 3, answer(MI))
    final(taken, reader.id, 3, answer(MI))
    files = opened(taken)
    held = table(files, name).to_pylist()
    assert [{key: export.cell(one) for key, one in row.items()} for row in held] == rows(
        files, name
    )


@pytest.mark.parametrize("name", TABLES)
def test_parquet_has_the_same_types_with_rows_and_without(
    library: Sessions, reader: User, colleague: User, name: str
) -> None:
    empty = table(opened(library), name).schema
    dispute_and_settle(library, reader, colleague)
    assert table(opened(library), name).schema == empty


@pytest.mark.parametrize(
    ("name", "columns", "kind"),
    [
        ("labels", ("ecg_id", "patient_id", "fold", "amendments", "reading_id"), pa.int64()),
        ("labels", ("simulated", "unreadable", "blind_unreadable"), pa.bool_()),
        ("labels", [f"p_{one}" for one in CLASSES], pa.float64()),
        ("labels", [f"threshold_{one}" for one in CLASSES], pa.float64()),
        ("labels", ("model_uncertainty",), pa.float64()),
        ("labels", ("started", "submitted", "blind_submitted"), UTC_TIME),
        ("labels", ("reader", "mode", "comment", "model_version", *CLASSES), pa.string()),
        ("consensus", ("ecg_id", "patient_id", "strat_fold", *SUPERCLASSES), pa.int64()),
        ("consensus", ("unreadable",), pa.bool_()),
        ("consensus", ("diagnostic_superclass", "source_MI", "readings"), pa.string()),
        ("adjudications", ("ecg_id", "sequence"), pa.int64()),
        ("adjudications", ("unreadable",), pa.bool_()),
        ("adjudications", ("submitted",), UTC_TIME),
        ("adjudications", ("adjudicator", "comment", *SUPERCLASSES), pa.string()),
        ("agreement", ("records", "answers"), pa.int64()),
        ("agreement", ("raw", "ac1_low", "alpha_high"), pa.float64()),
        ("agreement", ("question",), pa.string()),
        ("readers", ("answers", "unsure", "compared"), pa.int64()),
        ("readers", ("present", "agrees"), pa.float64()),
        ("pairs", ("reader", "other", "superclass"), pa.string()),
        ("pairs", ("records",), pa.int64()),
        ("pairs", ("raw", "cohen_high"), pa.float64()),
    ],
)
def test_parquet_has_types(
    library: Sessions, name: str, columns: Sequence[str], kind: pa.DataType
) -> None:
    schema = table(opened(library), name).schema
    assert {str(column): schema.field(column).type for column in columns} == {
        str(column): kind for column in columns
    }
    assert all(field.nullable for field in schema)


def test_parquet_tells_nothing_from_an_empty_text(library: Sessions, reader: User) -> None:
    blind(library, reader.id, 1, answer(comment="=1+1"))
    (row,) = table(opened(library), "labels").to_pylist()
    assert (row["p_mi"], row["model_labels"], row["confidence"]) == (None, None, None)
    assert (row["ecg_id"], row["simulated"], row["unreadable"]) == (1, False, False)
    assert row["comment"] == "=1+1"  # as it was written: no spreadsheet runs it from here


def test_labels_alone_leave_as_parquet(library: Sessions, reader: User) -> None:
    blind(library, reader.id, 1, answer(MI))
    blind(library, reader.id, 2, answer())
    stream = io.BytesIO()
    with library.read() as session:
        manifest = archive.write_parquet(session, stream, ExportFilter.of({"superclass": "MI"}))
    content = stream.getvalue()
    held = parquet.read_table(io.BytesIO(content))
    assert held.column("ecg_id").to_pylist() == [1]
    assert (manifest.rows, manifest.readers, manifest.filter) == (1, 1, {"superclass": "MI"})
    assert (manifest.sha256, manifest.bytes) == (hashlib.sha256(content).hexdigest(), len(content))
    assert list(manifest.columns) == held.column_names


def test_parquet_of_a_reader_that_there_is_not_is_refused(library: Sessions) -> None:
    stream = io.BytesIO()
    with library.read() as session, pytest.raises(InvalidFilter):
        archive.write_parquet(session, stream, ExportFilter.of({"reader": "x@y.org"}))
    assert stream.getvalue() == b""


def test_nothing_read_is_an_archive_without_rows(library: Sessions) -> None:
    with library.read() as session:
        assert count_rows(session) == Counts(labels=0, consensus=0, adjudications=0)
    assert rows(opened(library), "consensus") == []


@pytest.mark.parametrize("table", ["consensus", "adjudications"])
def test_a_count_that_differs_stops_it(
    taken: Sessions, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = {"labels": 4, "consensus": 2, "adjudications": 1}
    wrong = Counts(**counts | {table: 7})
    monkeypatch.setattr(archive, "count_rows", lambda session: wrong)
    with pytest.raises(ExportMismatch, match=f"{table} would hold . rows where the dashboard"):
        opened(taken)


def test_every_column_is_explained(taken: Sessions) -> None:
    files = opened(taken)
    listed = {(row["table"], row["column"]) for row in rows(files, "dictionary")}
    for name in TABLES:
        assert {(name, column) for column in rows(files, name)[0]} <= listed
    assert ("(any)", "(any)") in listed  # a ' before what a spreadsheet would compute
