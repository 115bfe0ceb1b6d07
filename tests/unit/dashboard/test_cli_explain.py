import json
import shutil

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from core.checkpoint import read_card
from core.explain.evidence import save_evidence
from core.explain.explanation import Method
from core.simulate import simulate_dataset
from dashboard.cli import app, main
from tests.factories_ecg import write_record
from tests.factories_evidence import evidence, method_evidence


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    root = tmp_path_factory.mktemp("records")
    simulate_dataset(root, 12, 1)
    return root


@pytest.fixture(autouse=True)
def tiny(checkpoint, tmp_path, monkeypatch):
    """The tiny checkpoint, and threads that the test gives back."""
    monkeypatch.setenv("TRUSTECG_CHECKPOINT", str(checkpoint))
    monkeypatch.setenv("TRUSTECG_INSTANCE", str(tmp_path / "instance"))
    monkeypatch.setenv("TRUSTECG_THREADS", "1")
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def run(*words):
    return CliRunner().invoke(app, ["explain", *map(str, words)])


def answer(*words):
    result = run(*words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_json_holds_the_attribution_and_what_it_was_made_of(records, checkpoint):
    found = answer(1, "--data", records, "--superclass", "MI", "--method", "shap", "--no-judge")
    assert np.array(found["attribution"]).shape == (12, 1000)
    assert found["checkpoint"] == read_card(checkpoint).version
    assert (found["method"], found["superclass"], found["id"]) == ("shap", "MI", 1)
    assert found["sentence"].startswith(f"MI {found['probability']:.2f}: ")
    assert found["residual"] >= 0
    assert found["seed"] == 0
    assert found["seconds"] > 0
    assert found["report"] is None


def test_a_file_is_explained_without_a_data_set_and_with_a_report(tmp_path):
    write_record(tmp_path / "one")
    found = answer(tmp_path / "one.hea", "--superclass", "CD", "--method", "lead-occlusion")
    assert found["id"] is None
    assert set(found["report"]) >= {"deletion", "insertion", "stability", "agreement"}


def test_the_method_of_whoever_names_none_is_that_of_the_page(tmp_path, checkpoint, monkeypatch):
    write_record(tmp_path / "one")
    words = tmp_path / "one.hea", "--superclass", "MI", "--no-judge"
    assert answer(*words)["method"] == "integrated-gradients"
    measured = shutil.copytree(checkpoint, tmp_path / "measured")
    weights = read_card(measured).weights_sha256
    save_evidence(measured, evidence({Method.OCCLUSION: method_evidence()}, weights=weights))
    assert answer(*words, "--checkpoint", measured)["method"] == "occlusion"


def test_a_picture_is_drawn_and_says_when_a_record_is_simulated(records, tmp_path, monkeypatch):
    from matplotlib.figure import Figure

    said = []
    monkeypatch.setattr(Figure, "text", lambda self, x, y, text, **style: said.append(text))
    path = tmp_path / "one.png"
    words = "--superclass", "MI", "--method", "attention", "--no-judge", "--png", path
    result = run(1, "--data", records, *words)
    assert result.exit_code == 0, result.output
    assert path.read_bytes().startswith(b"\x89PNG")
    assert said == ["SIMULATED"]
    assert result.stdout.startswith("MI ")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["one.hea", "--method", "shap"], "SHAP compares with training records and was given none"),
        (["flat.hea"], "no explanation of a record that was refused: All twelve leads are flat"),
        (["none.hea"], "none.hea"),
    ],
)
def test_what_cannot_be_explained_is_one_line_and_exit_1(
    words, message, tmp_path, monkeypatch, capsys
):
    write_record(tmp_path / "one")
    write_record(tmp_path / "flat", np.zeros((12, 1000)))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["trustecg", "explain", *words, "--superclass", "MI"])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert message in said.err
    assert len(said.err.splitlines()) == 1


@pytest.mark.parametrize("words", [[], ["1"], ["--benchmark"], ["1", "--superclass", "XX"]])
def test_a_question_that_is_not_whole_is_a_usage_error(words):
    assert run(*words).exit_code == 2


def test_measuring_methods_takes_their_names_in_the_plural(records):
    result = run("--assess", "--data", records, "--method", "shap")
    assert result.exit_code == 2
    assert "--methods" in result.output
