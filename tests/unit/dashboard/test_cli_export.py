"""``export`` on the command line: what it writes under which name, and what it refuses."""

import hashlib
import json
from pathlib import Path

import pytest
import typer
from pyarrow import parquet
from typer.testing import CliRunner, Result

from dashboard.cli import people
from feedback.errors import InvalidFilter


@pytest.fixture(autouse=True)
def _instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUSTECG_INSTANCE", str(tmp_path / "instance"))


def run(*arguments: object) -> Result:
    app = typer.Typer()
    people.register(app)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_days_that_never_were_are_refused_and_leave_no_file(tmp_path: Path) -> None:
    run("db", "upgrade")
    file = tmp_path / "labels.csv"
    refused = run("export", file, "--since", "2026-02-01", "--until", "2026-01-31")
    assert isinstance(refused.exception, InvalidFilter)
    assert str(refused.exception) == (
        "filter of until is '2026-01-31': it is before since, 2026-02-01: "
        "give that day or a later one"
    )
    assert not file.exists()


def test_a_name_of_parquet_gets_parquet(tmp_path: Path) -> None:
    run("db", "upgrade")
    file = tmp_path / "labels.parquet"
    done = run("export", file, "--mode", "assisted", "--json")
    assert done.exit_code == 0, done.output
    manifest = json.loads((tmp_path / "labels.manifest.json").read_text())
    assert parquet.read_table(file).column_names == manifest["columns"]
    assert manifest["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert manifest["filter"] == {"mode": "assisted"}
    assert (tmp_path / "labels.dictionary.csv").is_file()
