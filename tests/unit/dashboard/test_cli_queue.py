"""``trustecg queue simulate``: what it prints, keeps and refuses."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from core.embedding import Embeddings
from core.simulate import simulate_dataset
from dashboard.cli import app

COUNT = {"pool": 200, "9a": 80, "9b": 80}


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate_dataset(tmp_path_factory.mktemp("simulated"), records=10, seed=3)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """Features of which each class is a threshold on one."""
    rng = np.random.default_rng(0)
    features = {name: rng.normal(size=(n, 12)).astype(np.float32) for name, n in COUNT.items()}
    label = {name: one[:, :5] > 0.5 for name, one in features.items()}
    Embeddings(features, label).save(tmp_path / "kept.npz")
    return tmp_path / "kept.npz"


def simulate(data: Path, kept: Path, *words: str) -> Result:
    given = ["queue", "simulate", "--data", str(data), "--embeddings", str(kept)]
    small = ["--seeds", "3", "--rounds", "3", "--budget", "80"]
    return CliRunner().invoke(app, [*given, *small, *words])


def test_one_json_object_with_random_as_the_baseline(
    simulated: Path, kept: Path, tmp_path: Path
) -> None:
    out = tmp_path / "result.json"
    result = simulate(simulated, kept, "--strategies", "bald,margin", "--json", "--out", str(out))
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert answer == json.loads(out.read_text())
    assert list(answer["curves"]) == ["random", "bald", "margin"]
    assert list(answer["savings"]) == ["bald", "margin"]
    assert answer["labels"] == [20, 40, 60, 80]
    assert (answer["simulated"], answer["seeds"], answer["records"]) == (True, 3, COUNT)
    assert answer["default"] in answer["curves"]


def test_a_line_a_strategy_and_the_default(simulated: Path, kept: Path) -> None:
    lines = simulate(simulated, kept, "--strategies", "bald,random").stdout.splitlines()
    assert lines[0].startswith("200 SIMULATED records of folds 5, 6, 7, 8 replayed, 3 seeds")
    assert [line.split()[0] for line in lines[1:]] == ["random", "bald", "default:"]
    assert "saves" in lines[2]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--strategies", "best"], "no strategy 'best'"),
        (["--strategies", "disagreement"], "disagreement looks at the published labels"),
        (["--budget", "4", "--rounds", "9"], "a budget of 4 for 9 rounds"),
        (["--budget", "900"], "the pool has 200 records"),
    ],
)
def test_what_cannot_be_asked_for(simulated: Path, kept: Path, words: list[str], said: str) -> None:
    result = simulate(simulated, kept, *words)
    assert result.exit_code == 2
    assert said in " ".join(result.output.replace("│", " ").split())
