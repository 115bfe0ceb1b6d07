"""What the README promises, executed."""

import re

import pytest
from typer.main import get_command

from core.checkpoint import read_card
from core.simulate import simulate_dataset
from dashboard.cli import app
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


def test_the_table_has_every_command_and_no_other():
    assert set(_promised()) == set(_commands(get_command(app)))


def _commands(command, *names):
    """The names of all commands, each with the groups that it is in."""
    if not hasattr(command, "commands"):
        yield " ".join(names)
        return
    for name, inner in command.commands.items():
        yield from _commands(inner, *names, name)


def _promised():
    """The commands of the first column, without what is given to them."""
    table = TEXT[TEXT.index("| command |") :].partition("\n\n")[0]
    for row in table.splitlines()[2:]:
        for said in re.findall(r"`([^`]+)`", row.split("|")[1]):
            yield re.match(r"[a-z]+(?: [a-z]+)*", said)[0]
