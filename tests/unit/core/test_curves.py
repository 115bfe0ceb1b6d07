import numpy as np
import pytest
from sklearn import metrics

from core.curves import precision_recall_curve, roc_curve

RNG = np.random.default_rng(4)
SCORE, LABEL = RNG.integers(0, 20, 300) / 20, RNG.random(300) < 0.3


def test_roc_passes_through_the_points_of_scikit_learn_ties_included():
    false, true, _ = metrics.roc_curve(LABEL, SCORE, drop_intermediate=False)
    curve = roc_curve(SCORE, LABEL, 0.5)
    assert curve.x == pytest.approx(false)
    assert curve.y == pytest.approx(true)


def test_straight_lines_between_the_points_of_roc_enclose_its_area():
    curve = roc_curve(SCORE, LABEL, 0.5)
    assert np.trapezoid(curve.y, curve.x) == pytest.approx(metrics.roc_auc_score(LABEL, SCORE))


def test_precision_and_recall_pass_through_the_points_of_scikit_learn():
    precision, recall, _ = metrics.precision_recall_curve(LABEL, SCORE)
    curve = precision_recall_curve(SCORE, LABEL, 0.5)
    assert curve.x[1:] == pytest.approx(recall[-2::-1])
    assert curve.y[1:] == pytest.approx(precision[-2::-1])
    assert (curve.x[0], curve.y[0]) == (0, curve.y[1])


@pytest.mark.parametrize("threshold", [0.0, 0.5, 0.52, 0.95])
def test_the_point_in_use_is_what_the_threshold_calls(threshold):
    called = np.greater_equal(SCORE, threshold)
    sensitivity, wrong = called[LABEL].mean(), called[~LABEL].mean()
    assert roc_curve(SCORE, LABEL, threshold).at == pytest.approx((wrong, sensitivity))
    precision = LABEL[called].mean()
    assert precision_recall_curve(SCORE, LABEL, threshold).at == pytest.approx(
        (sensitivity, precision)
    )


def test_a_threshold_that_nothing_reaches_has_no_precision():
    assert roc_curve(SCORE, LABEL, 2.0).at == (0, 0)
    assert precision_recall_curve(SCORE, LABEL, 2.0).at is None


def test_no_records_are_a_curve_of_nothing():
    nothing = np.empty(0), np.empty(0, bool), 0.5
    assert roc_curve(*nothing).at == (0, 0)
    curve = precision_recall_curve(*nothing)
    assert (len(curve.x), len(curve.y), curve.at) == (0, 0, None)
