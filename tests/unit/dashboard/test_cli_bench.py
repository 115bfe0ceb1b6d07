import json
from importlib.metadata import version

import pytest
import torch
from typer.testing import CliRunner

from core import bench
from core.checkpoint import read_card
from core.explain.explanation import Method
from core.reference import Reference
from core.simulate import simulate_dataset
from dashboard.cli import app, main
from tests.factories_dataset import dataset


@pytest.fixture(autouse=True)
def quick(checkpoint, tmp_path, monkeypatch):
    """The tiny checkpoint, small batches, and threads that the test gives back."""
    monkeypatch.setenv("TRUSTECG_CHECKPOINT", str(checkpoint))
    monkeypatch.setenv("TRUSTECG_INSTANCE", str(tmp_path / "instance"))
    monkeypatch.setenv("TRUSTECG_THREADS", "1")
    monkeypatch.setattr(bench, "BATCH", 2)
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def records(tmp_path):
    return dataset(tmp_path / "records").root


def run(*words):
    """The speed of the network alone: explanations have a test of their own."""
    usual = ["bench", "--no-explanations", "--rounds", "1"]
    result = CliRunner().invoke(app, [*usual, *map(str, words)])
    assert result.exit_code == 0, result.output
    return result


def test_json_holds_ratios_and_the_figures_behind_them(records, checkpoint, monkeypatch):
    monkeypatch.setenv("TRUSTECG_THREADS", "3")
    answer = json.loads(run("--data", records, "--threads", 1, "--json").stdout)
    assert answer["ours"] == read_card(checkpoint).version
    assert answer["reference"] == "reference untrained"
    assert (answer["threads"], answer["rounds"], answer["records"]) == (1, 1, 6)
    assert (answer["refused"], answer["simulated"], answer["untrained"]) == (0, False, True)
    rows = {row["name"]: row for row in answer["rows"]}
    for name, key in {
        "preprocessing": "preprocess_ratio",
        "single record": "single_ratio",
        "batch of 2": "batch_ratio",
        "whole catalogue": "catalogue_ratio",
    }.items():
        row = rows.pop(name)
        assert answer[key] == row["ratio"] == row["ours"] / row["reference"]
    assert (rows["opinion"]["unit"], rows["opinion"]["reference"]) == ("ms", None)


def test_a_table_says_what_was_timed_and_on_what(records, checkpoint):
    lines = run("--data", records).stdout.splitlines()
    assert lines[:3] == [
        f"{read_card(checkpoint).version} against reference untrained "
        "(speed does not depend on training)",
        f"ours in OpenVINO {version('openvino')}; 1 thread(s), medians of 1 rounds "
        "(1 of the whole catalogue)",
        "6 records, 0 refused by our quality gate",
    ]
    assert lines[4].split() == ["ours", "reference", "ratio"]
    assert len({len(line) for line in lines[4:]}) == 1
    assert lines[-1].split()[-2:] == ["-", "-"]


def test_given_weights_are_named(records, tmp_path):
    path = tmp_path / "weights.pt"
    torch.save(Reference.untrained(3).network.state_dict(), path)
    said = run("--data", records, "--reference", path).stdout
    assert said.splitlines()[0].endswith(f"against {Reference.load(path).name}")


def test_without_data_the_records_are_simulated_and_go_again(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "instance"))
    (tmp_path / "instance").mkdir()
    result = run("--records", 3)
    assert result.stdout.splitlines()[2].startswith("3 simulated records, ")
    assert list((tmp_path / "instance").iterdir()) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["--reference", "none.pt"],
            "no file none.pt: give the .pt file of the published network",
        ),
        (
            ["--checkpoint", "none"],
            "no card.json in none: restore the folder, or train one with 'trustecg train'",
        ),
        (
            ["--data", "none"],
            "no ptbxl_database.csv in none: point to the folder that holds it, or run "
            "'trustecg data download' or 'trustecg data simulate'",
        ),
    ],
)
def test_what_is_not_there_is_one_line_and_exit_1(words, message, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["trustecg", "bench", *words])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == f"trustecg: {message}\n"


def test_both_sides_have_the_threads_that_were_asked_for(records, monkeypatch):
    """OpenVINO takes their number when the network is made ready, torch at every call."""
    import openvino

    given = []
    compiled = openvino.Core.compile_model

    def spy(self, model, device, config):
        given.append(config["INFERENCE_NUM_THREADS"])
        return compiled(self, model, device, config)

    monkeypatch.setattr(openvino.Core, "compile_model", spy)
    torch.set_num_threads(2)
    answer = json.loads(run("--data", records, "--threads", 1, "--json").stdout)
    assert {*given} == {1} == {torch.get_num_threads()} == {answer["threads"]}
    assert answer["runtime"] == f"OpenVINO {version('openvino')}"


@pytest.mark.parametrize("words", [["--rounds", "0"], ["--threads", "0"], ["--records", "0"]])
def test_nothing_to_time_is_a_usage_error(words):
    assert CliRunner().invoke(app, ["bench", *words]).exit_code == 2


def test_explanations_are_timed_in_seconds_and_in_passes(tmp_path):
    data = simulate_dataset(tmp_path / "data", 30, 3)
    answer = json.loads(run("--data", data, "--explanations", "--json").stdout)
    timed = {row["method"]: row for row in answer["explanations"]}
    assert list(timed) == [method.value for method in Method]
    for method, row in timed.items():
        assert row["seconds"] > 0 and row["passes"] > 0, method
    assert timed["lime"]["seconds"] > timed["temporal-attention"]["seconds"]
    with_sum = {method for method, row in timed.items() if row["residual"] is not None}
    assert with_sum == {"integrated-gradients", "shap"}
    said = run("--data", data, "--explanations").stdout
    assert [line.split()[0] for line in said.splitlines()[-9:]] == list(timed)
