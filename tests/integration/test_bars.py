"""The shipped checkpoint against the figures that it must reach, as a user would measure them."""

import json

import pytest
from typer.testing import CliRunner

from core.checkpoint import read_card
from core.simulate import simulate_dataset
from dashboard.cli import app
from tests.conftest import unpack
from tests.readme import CHECKPOINT


@pytest.fixture(scope="module")
def fold_9(pytestconfig):
    """All records of fold 9, with the index of all folds that lie beside it."""
    return unpack(pytestconfig, "ptbxl-fold-9", "--fold", "9")


def evaluate(data, fold):
    words = ["evaluate", "--data", data, "--fold", fold, "--checkpoint", CHECKPOINT, "--json"]
    result = CliRunner().invoke(app, list(map(str, words)))
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.mark.real
def test_fold_9_is_as_good_as_the_card_says_and_above_the_bar(fold_9):
    figures, card = evaluate(fold_9, 9), read_card(CHECKPOINT).metrics["9"]
    assert figures["n"] == 2183
    assert figures["n_labelled"] + figures["n_refused"] == 2146
    assert figures["macro_auroc"] >= 0.94
    assert figures["macro_auroc"] == pytest.approx(card["macro_auroc"], abs=1e-3)
    assert min(figures["auroc"].values()) >= 0.91
    assert figures["macro_f1"] >= 0.75
    assert figures["macro_auroc_ci"] == pytest.approx(card["macro_auroc_ci"], abs=2e-3)


@pytest.mark.real
def test_on_9b_uncertainty_finds_wrong_calls_and_calibration_is_near_chance(fold_9):
    """Honest probabilities would show an ECE of about .02 to .03 on a thousand records."""
    figures = evaluate(fold_9, "9b")
    assert figures["uncertainty_auroc"] >= 0.79
    for name, ece in figures["ece"].items():
        assert ece <= figures["ece_floor"][name] + 0.015


def test_the_simulated_set_is_recognised_by_a_network_that_saw_real_hearts_only(tmp_path):
    figures = evaluate(simulate_dataset(tmp_path, records=500, seed=1), "all")
    assert figures["simulated"] is True
    assert figures["macro_auroc"] >= 0.80
