"""``readers`` and ``gold`` as typed."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from core.ecg import Superclass
from dashboard.cli import readers
from feedback.errors import InvalidGold
from feedback.tables import Role
from tests.factories import above, add_person, installation, predict, serve_model
from tests.factories_dataset import dataset
from tests.factories_readings import answer, blind, final

HEAD = "ecg_id,NORM,MI,STTC,CD,HYP"


@pytest.fixture(autouse=True)
def _instance(tmp_path: Path, migrated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader who came over to the model's MI on ECG 1."""
    monkeypatch.setenv("TRUSTECG_INSTANCE", str(tmp_path / "instance"))
    place = installation(tmp_path / "instance", dataset(tmp_path / "data"), migrated)
    reader = add_person(place.sessions, "reader@example.org", Role.CLINICIAN).id
    with place.sessions.begin() as session:
        serve_model(session)
        predict(session, 1, above(Superclass.MI))
    blind(place.sessions, reader, 1, answer())
    final(place.sessions, reader, 1, answer(Superclass.MI))


def run(*arguments: object) -> Result:
    app = typer.Typer()
    readers.register(app)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def told(*arguments: object) -> dict[str, object]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_gold_judges_a_reader(tmp_path: Path) -> None:
    (one,) = told("readers")["readers"]
    assert (one["records"], one["changes_of_mind"]["unjudged"]) == (1, 1)
    file = tmp_path / "gold.csv"
    file.write_text(f"{HEAD}\n1,0,0,0,0,0\n", encoding="utf-8")
    assert told("gold", "add", file) == {"gold": 1}
    assert told("gold", "list")["gold"] == [
        {"ecg_id": 1, "fold": 2, "origin": "given", "classes": 5}
    ]
    (one,) = told("readers", "--reader", "reader@example.org")["readers"]
    assert one["changes_of_mind"]["followed_wrong"]["count"] == 1
    assert one["gold"]["blind-first"]["MI"]["agrees"] == pytest.approx(
        {"count": 1, "of": 1, "rate": 1.0, "low": 0.025, "high": 1.0}, abs=1e-9
    )
    said = run("readers").stdout
    assert "came over to the model where it was wrong: 1 of 1, 1.00 [0.03, 1.00], few" in said


def test_nobody_else_is_reported(tmp_path: Path) -> None:
    assert told("readers", "--reader", "nobody@example.org")["readers"] == []
    said = run("readers", "--reader", "nobody@example.org").stdout
    assert said == "no answer of nobody@example.org is there\n"
    assert isinstance(run("gold", "adjudicated").exception, InvalidGold)


def test_a_csv_of_another_encoding_is_refused_in_words(tmp_path: Path) -> None:
    file = tmp_path / "gold.csv"
    file.write_bytes(f"{HEAD},Größe\n1,0,0,0,0,0,1".encode("latin-1"))
    refused = run("gold", "add", file).exception
    assert isinstance(refused, InvalidGold)
    assert str(refused) == f"{file} is not in UTF-8: save it as CSV in UTF-8"
