import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from core.ecg import Superclass
from core.evaluation import auprc, auroc, evaluate, f1_score

RNG = np.random.default_rng(3)


def a_set(records: int = 400):
    label = RNG.random((records, 5)) < 0.4
    label[:, 0] |= ~label.any(1)
    probability = np.clip(0.35 * label + RNG.random(label.shape) * 0.6, 0, 1)
    return probability, label, np.arange(records) // 2


def test_auroc_agrees_with_scikit_learn_ties_included():
    score, label = RNG.integers(0, 20, 500) / 20, RNG.random(500) < 0.3
    assert auroc(score, label) == pytest.approx(roc_auc_score(label, score))


def test_auroc_weighs_records_as_if_they_were_repeated():
    score, label, weight = RNG.random(60), RNG.random(60) < 0.5, RNG.integers(0, 4, 60)
    repeated = np.repeat(score, weight), np.repeat(label, weight)
    assert auroc(score, label, weight.astype(float)) == pytest.approx(auroc(*repeated))


def test_auprc_agrees_with_scikit_learn_ties_included():
    score, label = RNG.integers(0, 20, 500) / 20, RNG.random(500) < 0.1
    assert auprc(score, label) == pytest.approx(average_precision_score(label, score))
    assert np.isnan(auprc(score, np.zeros(500, bool)))


@pytest.mark.parametrize("only", [True, False])
def test_auroc_of_one_class_is_unknown_not_perfect(only):
    assert np.isnan(auroc(np.array([0.2, 0.8]), np.array([only, only])))


def test_figures_are_those_of_the_labelled_records():
    probability, label, patient = a_set()
    label[:50] = False
    result = evaluate(probability, label, patient, np.full(5, 0.5))
    alone = evaluate(probability[50:], label[50:], patient[50:], np.full(5, 0.5))
    assert result.n_labelled == 350
    assert result.macro_auroc == alone.macro_auroc
    assert result.f1 == alone.f1


def test_interval_holds_the_figure_and_narrows_with_more_patients():
    few, many = evaluate(*a_set(200), np.full(5, 0.5)), evaluate(*a_set(3000), np.full(5, 0.5))
    for result in (few, many):
        low, high = result.macro_auroc_ci
        assert low < result.macro_auroc < high
    assert np.diff(many.macro_auroc_ci) < np.diff(few.macro_auroc_ci) / 2


def test_an_absent_class_has_no_figure_and_spoils_no_mean():
    probability, label, patient = a_set()
    label[:, 4] = False
    result = evaluate(probability, label, patient, np.full(5, 0.5))
    assert np.isnan(result.auroc[Superclass.HYP])
    assert 0.5 < result.macro_auroc < 1


def test_an_empty_set_has_no_figures():
    empty = np.empty((0, 5)), np.empty((0, 5), bool), np.empty(0, np.int64)
    result = evaluate(*empty, np.full(5, 0.5))
    assert result.n_labelled == 0
    assert np.isnan(result.macro_auroc)


def test_f1_counts_what_is_called_and_what_is_there():
    assert f1_score(np.array([1, 1, 0], bool), np.array([1, 0, 1], bool)) == 0.5
    assert np.isnan(f1_score(np.zeros(3, bool), np.zeros(3, bool)))
