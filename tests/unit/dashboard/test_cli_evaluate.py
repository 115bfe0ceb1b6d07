import json
import re

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from core.checkpoint import read_card
from core.ecg import SUPERCLASSES
from core.reference import Reference
from core.simulate import simulate_dataset
from dashboard.cli import app, main
from tests.factories_dataset import dataset, edited
from tests.factories_ecg import write_record

CLASSES = [str(name) for name in SUPERCLASSES]


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    return simulate_dataset(tmp_path_factory.mktemp("simulated"), records=60, seed=3)


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Weights in the form of the published file."""
    path = tmp_path_factory.mktemp("published") / "trustecg_model.pt"
    torch.save(Reference.untrained().network.state_dict(), path)
    return path


@pytest.fixture
def run(checkpoint, tmp_path, monkeypatch):
    """Run ``evaluate`` with the tiny checkpoint as the served one."""
    monkeypatch.setenv("TRUSTECG_CHECKPOINT", str(checkpoint))
    monkeypatch.setenv("TRUSTECG_INSTANCE", str(tmp_path / "instance"))
    return lambda *words: CliRunner().invoke(app, ["evaluate", *map(str, words)])


@pytest.fixture
def answer(run):
    """The JSON object of ``evaluate``."""

    def answer(*words):
        result = run(*words, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    return answer


def test_figures_are_those_of_the_design(answer, simulated, checkpoint):
    figures = answer("--data", simulated, "--fold", "all")
    assert (figures["n"], figures["fold"], figures["simulated"]) == (60, "all", True)
    assert figures["checkpoint"] == read_card(checkpoint).version
    for key in (
        "auroc", "auroc_ci", "auprc", "f1", "ece", "ece_floor", "brier", "thresholds",
        "sensitivity", "specificity", "reliability", "confusion",
    ):  # fmt: skip
        assert list(figures[key]) == CLASSES
    low, high = figures["macro_auroc_ci"]
    assert 0 <= low <= figures["macro_auroc"] <= high <= 1
    assert "uncertainty_auroc" in figures
    assert "reference" not in figures


def test_parts_of_the_figures_have_the_keys_that_the_reference_states(answer, simulated):
    figures = answer("--data", simulated, "--fold", "all")
    assert set(figures["sensitivity"]["MI"]) == {"value", "count", "of", "low", "high"}
    assert set(figures["reliability"]["MI"][0]) == {
        "predicted", "observed", "n", "low", "high", "left", "right",
    }  # fmt: skip
    assert list(figures["abstain"]) == [*CLASSES, "any"]
    assert set(figures["abstain"]["any"]) == {
        "coverage", "coverage_ci", "error", "error_ci", "n", "certified", "missed",
    }  # fmt: skip
    assert set(figures["confusion"]["MI"]) == {"n", "alongside"}
    assert set(figures["confusion"]["MI"]["alongside"]["CD"]) == {"present", "called", "correct"}
    group = figures["subgroups"][0]
    assert set(group) == {
        "by", "value", "n", "too_few", "pooled", "macro_auroc", "macro_auroc_ci", "auroc",
    }  # fmt: skip
    assert {group["by"] for group in figures["subgroups"]} == {
        "sex", "age", "device", "site", "noise",
    }  # fmt: skip


def test_a_figure_that_cannot_be_had_is_null(answer, tmp_path):
    figures = answer("--data", dataset(tmp_path).root, "--fold", "3")  # one record
    assert figures["n_labelled"] == 1
    assert figures["macro_auroc"] is None
    assert figures["subgroups"][0]["macro_auroc_ci"] == [None, None]


def test_the_reference_alone_is_measured_in_the_same_keys(answer, simulated, published):
    ours = answer("--data", simulated, "--fold", "all")
    figures = answer("--data", simulated, "--fold", "all", "--reference", published)
    assert list(figures) == list(ours)
    assert figures["checkpoint"].startswith("reference ")
    assert figures["thresholds"] == dict.fromkeys(CLASSES, 0.5)
    assert figures["uncertainty_auroc"] is None
    assert figures["abstain"]["any"]["coverage"] == 1
    assert not figures["abstain"]["any"]["certified"]


def test_a_checkpoint_is_compared_with_the_reference(answer, simulated, published, checkpoint):
    words = "--data", simulated, "--fold", "all"
    both = answer(*words, "--checkpoint", checkpoint, "--reference", published)
    ours, other = answer(*words), answer(*words, "--reference", published)
    assert both["reference"] == {k: other[k] for k in both["reference"]}
    assert both["macro_auroc"] == ours["macro_auroc"]
    against = both["against_reference"]
    assert list(against["by_class"]) == CLASSES
    assert against["n"] + against["only_first"] == both["n_labelled"]
    assert against["n"] + against["only_second"] == other["n_labelled"]
    assert against["first"]["macro_auroc"] - against["second"]["macro_auroc"] == pytest.approx(
        against["macro"]["difference"]
    )
    for part in (against["macro"], *against["by_class"].values()):
        assert part["low"] <= part["difference"] <= part["high"]


def test_a_person_reads_a_short_table(run, simulated, published, checkpoint):
    words = "--data", simulated, "--fold", "all", "--checkpoint", checkpoint
    result = run(*words, "--reference", published)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    version = read_card(checkpoint).version
    assert re.fullmatch(
        rf"{version} on SIMULATED records, fold all: 60 of 60 labelled, \d+ scored, \d+ refused",
        lines[0],
    )
    assert [line.split()[0] for line in lines[3:8]] == CLASSES
    assert len({len(line) for line in lines[2:8]}) == 1  # columns in line
    assert lines[8].startswith("ruled out though there: NORM ")
    assert lines[9].startswith("AUROC above reference ")
    assert lines[10].startswith("left out: 0 that only reference ")
    assert [line.split()[0] for line in lines[11:]] == ["macro", *CLASSES]
    assert all(len(line) <= 100 for line in lines)


@pytest.mark.parametrize(
    ("fold", "role", "words"),
    [
        ("2", "taught", "fold 2 is no test: checkpoints are taught on these records"),
        ("all", "mixed", "fold all is no test: some of these records taught or tuned"),
        ("9", "mixed", "fold 9 is no test: "),
        ("9a", "tuned", "fold 9a is no test: where to stop, calibration and thresholds"),
        ("9b", "gate", None),
        ("10", "test", None),
    ],
)
def test_a_fold_that_taught_or_tuned_is_said_to_be_no_test(run, simulated, fold, role, words):
    result = run("--data", simulated, "--fold", fold, "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["role"] == role
    assert (words or "") in result.stderr
    assert ("is no test" in result.stderr) is (words is not None)


def test_html_leaves_a_page_and_says_so(run, simulated, tmp_path):
    page = tmp_path / "page.html"
    result = run("--data", simulated, "--fold", "all", "--html", page, "--json")
    assert result.exit_code == 0
    assert f"wrote {page}" in result.stderr
    assert json.loads(result.stdout)["n"] == 60
    assert page.read_text().startswith("<!doctype html>")


def test_records_are_counted_by_what_became_of_them(run, tmp_path):
    data = edited(dataset(tmp_path), lambda rows: rows[0].update(scp_codes="{'SR': 0.0}"))
    write_record(tmp_path / data.record(2).filename_lr, np.zeros((12, 1000)))
    first = run("--data", tmp_path, "--fold", "all").stdout.splitlines()[0]
    assert first.endswith("on fold all: 5 of 6 labelled, 4 scored, 1 refused")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--fold", "11"], "fold 11 is none of 1, 2"),
        (["--fold", "9", "--html", "no/such/page.html"], "no/such is no folder"),
        (["--fold", "9", "--html", "."], "is a directory"),
        ([], "Missing option '--fold'"),
    ],
)
def test_nonsense_is_a_usage_error(run, simulated, words, message):
    result = run("--data", simulated, *words)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["--fold", "10"],
            "{tmp} has no record of fold 10: it holds the folds 2, 3, 4, 5, 6, 7",
        ),
        (
            ["--fold", "2", "--checkpoint", "{tmp}"],
            "no card.json in {tmp}: restore the folder, or train one with 'trustecg train'",
        ),
    ],
)
def test_what_is_not_there_is_one_line_and_exit_1(
    checkpoint, tmp_path, monkeypatch, capsys, words, message
):
    root = str(dataset(tmp_path).root)
    words = [word.format(tmp=tmp_path) for word in words]
    monkeypatch.setenv("TRUSTECG_CHECKPOINT", str(checkpoint))
    monkeypatch.setattr("sys.argv", ["trustecg", "evaluate", "--data", root, *words])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 1
    assert capsys.readouterr().err.splitlines()[-1] == f"trustecg: {message.format(tmp=tmp_path)}"


def flat(data):
    for record in data.records.values():
        write_record(data.root / record.filename_lr, np.zeros((12, 1000)))


def unlabelled(data):
    edited(data, lambda rows: [row.update(scp_codes="{'SR': 0.0}") for row in rows])


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (unlabelled, "none of 6 records of fold all is labelled, choose another fold"),
        (
            flat,
            "of 6 labelled records of fold all {version} has an opinion on none; "
            "'trustecg data verify' and 'trustecg quality' tell why",
        ),
    ],
)
def test_a_fold_of_which_nothing_can_be_measured_is_one_line_and_exit_1(
    checkpoint, tmp_path, monkeypatch, capsys, spoil, why
):
    spoil(dataset(tmp_path))
    monkeypatch.setenv("TRUSTECG_CHECKPOINT", str(checkpoint))
    words = ["--data", str(tmp_path), "--fold", "all", "--html", str(tmp_path / "page.html")]
    monkeypatch.setattr("sys.argv", ["trustecg", "evaluate", *words])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 1
    out = capsys.readouterr()
    assert out.out == ""
    assert out.err.splitlines()[-1] == (
        f"trustecg: nothing to measure in {tmp_path}: "
        + why.format(version=read_card(checkpoint).version)
    )
    assert not (tmp_path / "page.html").exists()


def test_a_reference_that_is_not_there_is_one_line_and_exit_1(
    tmp_path, monkeypatch, capsys, simulated
):
    missing = tmp_path / "none.pt"
    words = ["--data", str(simulated), "--fold", "all", "--reference", str(missing)]
    monkeypatch.setattr("sys.argv", ["trustecg", "evaluate", *words])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 1
    out = capsys.readouterr()
    assert (out.out, out.err.count("\n")) == ("", 1)
    assert str(missing) in out.err
