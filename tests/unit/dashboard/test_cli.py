"""The command line: one line and exit 1 for what could not be done, exit 2 for usage."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from dashboard import cli
from dashboard.cli.output import emit, progress
from dashboard.preparation import prepare
from dashboard.settings import load_settings
from tests.factories_dataset import dataset


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Run the command line in this process; its exit status."""
    monkeypatch.setattr(sys, "argv", ["trustecg", *arguments])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    return int(caught.value.code or 0)


@pytest.fixture
def installation(tmp_path: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation with six records, by the environment; its folder."""
    monkeypatch.setenv("TRUSTECG_INSTANCE", str(tmp_path / "instance"))
    monkeypatch.setenv("TRUSTECG_CHECKPOINT", str(checkpoint))
    dataset(tmp_path / "instance" / "ptbxl")
    return tmp_path / "instance"


def test_help_names_every_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "--help") == 0
    shown = capsys.readouterr().out
    for command in ("up", "serve", "worker", "score", "train", "evaluate", "predict", "export"):
        assert f" {command} " in shown
    for group in ("data", "db", "user", "audit"):
        assert f" {group} " in shown


@pytest.mark.parametrize("arguments", [["dance"], ["up", "--port", "eighty"], ["up", "extra"]])
def test_a_mistake_in_usage_exits_with_2(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    assert call(monkeypatch, *arguments) == 2


def test_what_cannot_be_done_is_one_line(
    installation: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TRUSTECG_CHECKPOINT", str(installation / "none"))
    assert call(monkeypatch, "up", "--port", "0") == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        f"trustecg: no card.json in {installation / 'none'}: "
        "restore the folder, or train one with 'trustecg train'\n"
    )


def test_serving_before_there_is_anything_is_refused(
    installation: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "serve", "--port", "0") == 1
    said = capsys.readouterr().err
    assert said.endswith("run 'trustecg db upgrade'\n") and said.count("\n") == 1


def test_score_predicts_the_whole_catalogue(
    installation: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare(load_settings())
    capsys.readouterr()
    assert call(monkeypatch, "score", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer.pop("checkpoint")
    assert answer == {"records": 6, "scored": 6, "refused": 0, "failed": 0, "open": 0}


def test_json_is_alone_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("Counting", 3) as advance:
        advance(3)
    emit({"n": 3}, True, "three")
    said = capsys.readouterr()
    assert (json.loads(said.out), said.err) == ({"n": 3}, "Counting ...\n")


def test_the_commands_do_not_load_torch_before_they_need_it() -> None:
    code = "import sys, dashboard.cli; print([m for m in ('torch', 'dash') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
