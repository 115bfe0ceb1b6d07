"""What the README promises, executed."""

import re

import pytest

from core.checkpoint import read_card
from core.simulate import simulate_dataset
from dashboard.settings import Settings
from tests.readme import CHECKPOINT, README, REPOSITORY, figures, shown

TEXT = README.read_text(encoding="utf-8")


def test_the_figures_are_those_of_the_shipped_card():
    assert shown() == figures(read_card(CHECKPOINT))


def test_the_python_example_runs_and_prints_an_opinion(tmp_path, monkeypatch, capsys):
    simulate_dataset(tmp_path / "instance" / "simulated", records=1, seed=1)
    (tmp_path / "checkpoints").symlink_to(REPOSITORY / "checkpoints")
    monkeypatch.chdir(tmp_path)
    (example,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    exec(compile(example, "README.md", "exec"), {})
    assert re.search(r"'NORM'.*'HYP'", capsys.readouterr().out.replace("Superclass.", ""))


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_is_in_the_readme(name):
    assert f"TRUSTECG_{name.upper()}" in TEXT


def test_every_command_is_in_the_readme():
    from dashboard.cli import app

    table = TEXT[TEXT.index("| command |") :]
    names = [c.name or c.callback.__name__ for c in app.registered_commands]
    names += [group.name for group in app.registered_groups]
    missing = [name for name in names if not re.search(rf"\b{name}\b", table)]
    assert missing == []
