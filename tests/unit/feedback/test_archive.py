"""Everything out in one archive: whole, counted, and the same again when read back."""

import csv
import hashlib
import io
import json
from zipfile import ZipFile

import pytest
from pyarrow import parquet

from core.ecg import Superclass
from feedback import archive
from feedback.archive import Counts, count_rows, write_archive
from feedback.db import Sessions
from feedback.errors import ExportMismatch
from feedback.tables import Role, User, Verdict
from tests.factories import add_person
from tests.factories_adjudication import dispute, settled

MI = Superclass.MI


@pytest.fixture
def taken(library: Sessions, reader: User, colleague: User) -> Sessions:
    """ECGs 1 and 2 in dispute over MI, of which 1 is settled."""
    umpire = add_person(library, "umpire@example.org", Role.ADJUDICATOR)
    for ecg_id in (1, 2):
        dispute(library, (reader.id, colleague.id), ecg_id)
    settled(library, umpire.id, 1, {MI: Verdict.PRESENT}, comment="=1+1")
    return library


def opened(sessions: Sessions) -> ZipFile:
    stream = io.BytesIO()
    with sessions.read() as session:
        write_archive(session, stream)
    return ZipFile(stream)


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


def test_an_adjudication_leaves_with_its_author(taken: Sessions) -> None:
    (one,) = rows(opened(taken), "adjudications")
    assert (one["adjudicator"], one["MI"], one["CD"]) == ("umpire@example.org", "present", "")
    assert one["comment"] == "'=1+1"  # no formula


def test_agreement_says_nothing_where_nothing_is_known(taken: Sessions) -> None:
    found = {row["question"]: row for row in rows(opened(taken), "agreement")}
    assert (found["MI"]["records"], found["MI"]["raw"]) == ("2", "0.0")
    assert found["CD"]["raw"] == "1.0"
    assert found["CD"]["alpha"] == ""  # one answer only: nothing to agree on beyond chance


def test_parquet_holds_what_the_csv_holds(taken: Sessions) -> None:
    files = opened(taken)
    for name in ("labels", "consensus", "adjudications", "agreement"):
        table = parquet.read_table(io.BytesIO(files.read(f"{name}.parquet")))
        assert table.column_names == list(rows(files, name)[0])
        assert table.num_rows == len(rows(files, name))
    table = parquet.read_table(io.BytesIO(files.read("consensus.parquet")))
    assert table.column("MI").to_pylist() == [1, None]


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
    for name in ("labels", "consensus", "adjudications", "agreement"):
        assert {(name, column) for column in rows(files, name)[0]} <= listed
