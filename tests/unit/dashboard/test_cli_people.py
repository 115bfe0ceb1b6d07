"""``db``, ``user``, ``audit`` and ``export`` on the command line."""

import csv
import hashlib
import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import typer
from pyarrow import parquet
from typer.testing import CliRunner, Result

from dashboard.cli import people
from feedback.db import now
from feedback.errors import InvalidFilter, SchemaOutdated, UserExists


@pytest.fixture(autouse=True)
def _instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUSTECG_INSTANCE", str(tmp_path / "instance"))


def run(*arguments: object) -> Result:
    app = typer.Typer()
    people.register(app)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def done(*arguments: object) -> dict[str, object]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_an_account_comes_with_a_one_time_password(tmp_path: Path) -> None:
    done("db", "upgrade")
    made = done("user", "add", "Boss@example.org", "--role", "admin")
    assert (made["email"], made["role"]) == ("boss@example.org", "admin")
    assert len(str(made["password"])) == 19
    assert datetime.fromisoformat(str(made["until"])) > now() + timedelta(days=6)
    assert done("user", "reset", "boss@example.org")["password"] != made["password"]
    again = run("user", "add", "boss@example.org", "--role", "admin")
    assert isinstance(again.exception, UserExists)


def test_a_role_that_there_is_not_is_a_usage_error() -> None:
    assert run("user", "add", "a@example.org", "--role", "king").exit_code == 2


def test_without_tables_it_says_what_to_run() -> None:
    result = run("user", "add", "a@example.org", "--role", "admin")
    assert isinstance(result.exception, SchemaOutdated)
    assert str(result.exception).endswith("run 'trustecg db upgrade'")


def test_a_downgrade_keeps_a_copy(tmp_path: Path) -> None:
    done("db", "upgrade")
    done("db", "check")
    kept = done("db", "downgrade", "base")["copy"]
    assert Path(str(kept)).stat().st_size > 0
    assert isinstance(run("db", "check").exception, SchemaOutdated)


def test_the_chain_is_verified() -> None:
    done("db", "upgrade")
    done("user", "add", "a@example.org", "--role", "clinician")
    found = done("audit", "verify")
    assert (found["entries"], found["readings"]) == (1, 0)


def test_an_export_writes_labels_dictionary_and_manifest(tmp_path: Path) -> None:
    done("db", "upgrade")
    file = tmp_path / "labels.csv"
    result = done("export", file)
    manifest = json.loads((tmp_path / "labels.manifest.json").read_text())
    assert result["rows"] == manifest["rows"] == 0
    assert manifest["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    with (tmp_path / "labels.dictionary.csv").open(newline="") as stream:
        described = [row["column"] for row in csv.DictReader(stream)]
    assert described[:-1] == manifest["columns"]
    assert done("audit", "verify")["entries"] == 1


def test_the_manifest_states_the_filter(tmp_path: Path) -> None:
    done("db", "upgrade")
    file = tmp_path / "labels.csv"
    done("export", file, "--mode", "assisted", "--since", "2026-01-31")
    manifest = json.loads((tmp_path / "labels.manifest.json").read_text())
    assert manifest["filter"] == {"mode": "assisted", "since": "2026-01-31"}
    refused = run("export", tmp_path / "all.zip", "--mode", "assisted")
    assert refused.exit_code == 2 and "give a FILE.csv" in refused.output
    assert isinstance(run("export", file, "--reader", "x@y.org").exception, InvalidFilter)


def test_an_archive_takes_no_place_for_a_dictionary(tmp_path: Path) -> None:
    done("db", "upgrade")
    refused = run("export", tmp_path / "all.zip", "--dictionary", tmp_path / "meaning.csv")
    assert refused.exit_code == 2 and "leave --dictionary out" in refused.output


def test_an_archive_of_no_data_set_leaves_no_file(tmp_path: Path) -> None:
    done("db", "upgrade")
    for name in ("all.zip", "ALL.ZIP"):
        assert run("export", tmp_path / name).exit_code == 1  # no data set is there yet
        assert not (tmp_path / name).exists()


def test_an_export_that_fails_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done("db", "upgrade")
    folder = tmp_path / "out"
    folder.mkdir()
    monkeypatch.setattr(people.export, "count_readings", lambda *_: 1)
    assert run("export", folder / "labels.csv").exit_code == 1
    assert list(folder.iterdir()) == []


def test_the_dictionary_goes_where_it_is_wanted(tmp_path: Path) -> None:
    done("db", "upgrade")
    done("export", tmp_path / "labels.csv", "--dictionary", tmp_path / "meaning.csv")
    assert (tmp_path / "meaning.csv").is_file()
    assert not (tmp_path / "labels.dictionary.csv").exists()


def test_days_that_never_were_are_refused_and_leave_no_file(tmp_path: Path) -> None:
    run("db", "upgrade")
    file = tmp_path / "labels.csv"
    refused = run("export", file, "--since", "2026-02-01", "--until", "2026-01-31")
    assert isinstance(refused.exception, InvalidFilter)
    assert str(refused.exception) == (
        "filter of until is '2026-01-31': it is before the first day, 2026-02-01: "
        "give that day or a later one"
    )
    assert not file.exists()


@pytest.mark.parametrize("name", ["labels.parquet", "labels.PARQUET"])
def test_a_name_of_parquet_gets_parquet(tmp_path: Path, name: str) -> None:
    run("db", "upgrade")
    file = tmp_path / name
    written = run("export", file, "--mode", "assisted", "--json")
    assert written.exit_code == 0, written.output
    manifest = json.loads((tmp_path / "labels.manifest.json").read_text())
    assert parquet.read_table(file).column_names == manifest["columns"]
    assert manifest["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert manifest["filter"] == {"mode": "assisted"}
    assert (tmp_path / "labels.dictionary.csv").is_file()
