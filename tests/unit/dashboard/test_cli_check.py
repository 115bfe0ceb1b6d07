"""``trustecg check``: what it prints, and the exit status that a gate can go by."""

import inspect
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from core import metamorphic, trial
from core.checkpoint import read_card
from core.metamorphic import Check
from core.simulate import simulate_dataset
from dashboard.cli import app
from dashboard.cli.check import check as command


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate_dataset(tmp_path_factory.mktemp("simulated"), records=6, seed=3)


def check(data: Path, checkpoint: Path, *words: str) -> Result:
    given = ["check", "--data", str(data), "--checkpoint", str(checkpoint), *words]
    return CliRunner().invoke(app, given)


def test_a_checkpoint_that_has_learnt_nothing_fails(simulated: Path, checkpoint: Path) -> None:
    result = check(simulated, checkpoint, "--records", "5", "--json")
    assert result.exit_code == 1
    answer = json.loads(result.stdout)
    assert answer["checkpoint"] == read_card(checkpoint).version
    assert (answer["records"], answer["role"], answer["simulated"]) == (5, "1-9", True)
    assert answer["passed"] is False
    first = answer["checks"][0]
    assert list(first) == ["name", "records", "held", "bar", "sentence", "passed"]
    refused = [one for one in answer["checks"] if one["name"] == "all leads flat"]
    assert refused[0]["passed"] is True


@pytest.mark.parametrize(("held", "status", "verdict"), [(0.98, 0, "passed"), (0.5, 1, "FAILED")])
def test_one_line_a_check_and_exit_1_where_one_fails(
    simulated: Path,
    checkpoint: Path,
    monkeypatch: pytest.MonkeyPatch,
    held: float,
    status: int,
    verdict: str,
) -> None:
    one = Check(name="200 ms later", records=300, held=held, bar=0.95, sentence="So it is.")
    monkeypatch.setattr(metamorphic, "all_checks", lambda *_: [one])
    result = check(simulated, checkpoint)
    assert result.exit_code == status
    assert result.stdout == (f"{verdict}  200 ms later {held:7.1%} of   300, bar  95%  So it is.\n")


def test_the_gate_asks_as_many_records_as_the_command() -> None:
    assert inspect.signature(command).parameters["records"].default == trial.PROBES


def test_no_records_are_a_mistake_in_usage(simulated: Path, checkpoint: Path) -> None:
    assert check(simulated, checkpoint, "--records", "0").exit_code == 2
