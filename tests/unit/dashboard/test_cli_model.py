import json
import shutil
from contextlib import contextmanager

import numpy as np
import pytest
from typer.testing import CliRunner

from core.checkpoint import WEIGHTS, read_card
from core.ecg import SUPERCLASSES
from core.errors import CheckpointAltered, TrainingError
from core.ptbxl import Ptbxl
from core.simulate import simulate_dataset
from core.training import LOG
from dashboard.cli import app, main, model
from tests.factories_ecg import ecg, write_record


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    return simulate_dataset(tmp_path_factory.mktemp("simulated"), records=40, seed=3)


@pytest.fixture
def run(checkpoint, tmp_path, monkeypatch):
    """Run a command with the tiny checkpoint; returns exit code and the JSON of stdout."""
    monkeypatch.setenv("TRUSTECG_CHECKPOINT", str(checkpoint))
    monkeypatch.setenv("TRUSTECG_INSTANCE", str(tmp_path / "instance"))

    def run(*words):
        result = CliRunner().invoke(app, [*map(str, words), "--json"])
        return result.exit_code, json.loads(result.stdout)

    return run


def test_predict_answers_in_the_order_asked(run, simulated, checkpoint):
    code, answer = run("predict", "--data", simulated, 7, 2, 5)
    assert code == 0
    assert answer["checkpoint"] == read_card(checkpoint).version
    assert [record["id"] for record in answer["records"]] == [7, 2, 5]
    record = answer["records"][0]
    assert list(record["probabilities"]) == list(SUPERCLASSES)
    assert set(record) == {
        "id", "probabilities", "labels", "abstained", "uncertainty", "quality",
    }  # fmt: skip
    assert 0 <= record["uncertainty"] <= 1


def test_predict_takes_files_and_goes_on_after_a_broken_one(run, tmp_path):
    write_record(tmp_path / "good")
    write_record(tmp_path / "short", ecg().signal[:, :300])
    write_record(tmp_path / "lying", samples=2000)
    names = [str(tmp_path / f"{name}.hea") for name in ("good", "lying", "none", "short")]
    code, answer = run("predict", *names)
    assert code == 1
    good, lying, none, short = answer["records"]
    assert [record["id"] for record in answer["records"]] == names
    assert good["probabilities"]
    assert "states 48000 (12 leads of 2000 samples)" in lying["error"]
    assert "is not there" in none["error"]
    assert short["quality"]["acceptable"] is False
    assert "3.00 s" in short["quality"]["reasons"][0]
    assert "probabilities" not in short


def test_predict_says_what_to_distrust_before_what_it_thinks(run, tmp_path):
    signal = ecg().signal[[6, *range(1, 6), 0, *range(7, 12)]]
    write_record(tmp_path / "swapped", signal)
    run("predict", tmp_path / "swapped.hea")  # sets the tiny checkpoint
    line = CliRunner().invoke(app, ["predict", str(tmp_path / "swapped.hea")]).stdout
    assert line.index("Possible lead reversal") < line.index("NORM 0")


@pytest.mark.parametrize("name", ["\u00b2", "\u0663"])
def test_digits_that_are_no_number_here_do_not_lose_the_other_answers(run, simulated, name):
    code, answer = run("predict", "--data", simulated, "1", name)
    first, second = answer["records"]
    assert code == 1
    assert first["id"] == 1 and "probabilities" in first
    assert second["error"] == f"{name!r} is no ecg_id: with --data, give whole numbers"


def test_predict_names_an_id_that_is_not_there(run, simulated):
    code, answer = run("predict", "--data", simulated, 1, 137_000, "x1")
    assert code == 1
    assert "ecg_id 137000 is not in" in answer["records"][1]["error"]
    assert "'x1' is no ecg_id" in answer["records"][2]["error"]
    assert "error" not in answer["records"][0]


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("1", "1: ecg_id 1 of which data set? Give --data DIR"),
        ("x.dat", "x.dat: x.dat is no WFDB header: give FILE.hea, or ids with --data"),
    ],
)
def test_predict_says_on_stderr_what_it_could_not_read(checkpoint, target, message):
    words = ["predict", target, "--checkpoint", str(checkpoint)]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 1
    assert result.stderr == f"{message}\n"


def test_the_worker_refuses_an_altered_checkpoint(checkpoint, tmp_path, monkeypatch):
    altered = shutil.copytree(checkpoint, tmp_path / "altered")
    with (altered / WEIGHTS).open("ab") as file:
        file.write(b"x")
    monkeypatch.setenv("TRUSTECG_CHECKPOINT", str(altered))
    monkeypatch.setenv("TRUSTECG_INSTANCE", str(tmp_path / "instance"))
    result = CliRunner().invoke(app, ["worker"])
    assert isinstance(result.exception, CheckpointAltered)


def test_a_missing_checkpoint_is_one_line_and_exit_1(simulated, tmp_path, monkeypatch, capsys):
    words = ["predict", "--data", str(simulated), "1", "--checkpoint", str(tmp_path)]
    monkeypatch.setattr("sys.argv", ["trustecg", *words])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 1
    out = capsys.readouterr()
    assert out.out == ""
    assert out.err == (
        f"trustecg: no card.json in {tmp_path}: restore the folder, "
        "or train one with 'trustecg train'\n"
    )


TINY_TOML = """
epochs = 1
batch = 8
bfloat16 = false
[network]
stem = 4
token = 4
width = 8
blocks = 1
hidden = 8
"""


@pytest.fixture
def train(simulated, tmp_path):
    """Run ``train`` with a tiny network; gives its result."""
    (tmp_path / "config.toml").write_text(TINY_TOML)

    def train(out, data=simulated):
        words = ["train", "--data", data, "--out", out, "--config", tmp_path / "config.toml"]
        return CliRunner().invoke(app, list(map(str, words)))

    return train


def test_train_says_what_it_leaves_out_and_that_it_goes_on(train, simulated, tmp_path):
    data = shutil.copytree(simulated, tmp_path / "data")
    broken = next(r for r in Ptbxl.open(data).in_folds(range(1, 9)) if r.labelled)
    (data / f"{broken.filename_lr}.dat").write_bytes(b"")
    first, again = (train(tmp_path / "taught", data) for _ in range(2))
    assert (first.exit_code, again.exit_code) == (0, 0), first.output + again.output
    said = f"left out as unreadable: 1, the first of them: record {broken.ecg_id}: {data}"
    assert said in first.stderr
    assert "goes on" not in first.stderr
    assert "taken up after epoch 1/1\n" in again.stderr
    assert "epoch   1/1" not in again.stderr


def test_train_without_a_terminal_says_a_line_an_epoch(train, tmp_path):
    lines = train(tmp_path / "taught").stderr.splitlines()
    assert lines[:3] == ["Reading folds 1-8 ...", "Reading fold 9 ...", "Teaching ..."]
    assert lines[3].startswith("epoch   1/1  loss ")
    assert len(lines) == 5


def test_train_shows_within_an_epoch_how_long_it_takes(train, tmp_path, monkeypatch):
    told = []

    @contextmanager
    def bar(label, total):
        yield lambda by=1, *, done=None, total=total: told.append((label, done, total))

    monkeypatch.setattr(model, "progress", bar)
    assert train(tmp_path / "taught").exit_code == 0
    batches = [(done, total) for label, done, total in told if label == "Teaching"]
    total = batches[-1][1]
    assert total > 1
    assert batches == [(done, total) for done in range(1, total + 1)]


def test_train_leaves_the_checkpoint_of_another_run_alone(train, checkpoint, tmp_path):
    other = shutil.copytree(checkpoint, tmp_path / "other")
    result = train(other)
    assert isinstance(result.exception, TrainingError)
    assert str(result.exception).startswith(f"{other} holds card.json, weights.safetensors of")
    assert read_card(other) == read_card(checkpoint)


def test_train_leaves_a_checkpoint_that_predicts(run, train, simulated, tmp_path):
    out = tmp_path / "taught"
    result = train(out)
    assert result.exit_code == 0, result.output
    assert "epoch   1/1  loss" in result.stderr
    assert len((out / LOG).read_text().splitlines()) == 2
    assert read_card(out).data.simulated
    code, answer = run("predict", "--data", simulated, 1, "--checkpoint", out)
    assert code == 0
    assert np.isfinite(answer["records"][0]["probabilities"]["MI"])
