import numpy as np
import pytest
from sklearn.metrics import brier_score_loss

from core.reliability import brier, ece_floor, expected_calibration_error, reliability_bins

RNG = np.random.default_rng(5)


def test_ece_is_zero_for_honest_and_the_gap_for_overconfident_probabilities():
    label = np.arange(1000) % 10 < 3
    assert expected_calibration_error(np.full(1000, 0.3), label) == pytest.approx(0)
    assert expected_calibration_error(np.full(1000, 0.9), label) == pytest.approx(0.6)


def test_brier_agrees_with_scikit_learn():
    probability, label = RNG.random(500), RNG.random(500) < 0.4
    assert brier(probability, label) == pytest.approx(brier_score_loss(label, probability))


def test_bins_say_what_was_predicted_and_what_was_observed():
    probability = np.r_[np.full(40, 0.02), np.full(10, 0.5), 1.0]
    label = np.r_[np.zeros(40, bool), np.arange(10) < 4, True]
    low, middle, top = reliability_bins(probability, label)
    assert (low.predicted, low.observed, low.n) == (pytest.approx(0.02), 0.0, 40)
    assert low.high == pytest.approx(1 - 0.025 ** (1 / 40))
    assert (middle.predicted, middle.observed, middle.n) == (0.5, 0.4, 10)
    assert (top.predicted, top.observed, top.n) == (1.0, 1.0, 1)
    assert [(one.left * 15, one.right * 15) for one in (low, middle, top)] == [
        (pytest.approx(0), pytest.approx(1)),
        (pytest.approx(7), pytest.approx(8)),
        (pytest.approx(14), pytest.approx(15)),
    ]


def test_bins_give_the_calibration_error_back():
    probability, label = RNG.random(500) ** 2, RNG.random(500) < 0.4
    gaps = [b.n * abs(b.observed - b.predicted) for b in reliability_bins(probability, label)]
    assert sum(gaps) / 500 == pytest.approx(expected_calibration_error(probability, label))


def test_floor_is_what_sampling_makes_of_an_honest_coin():
    """E|share - 0.5| of n tosses is sqrt(2 / pi) * 0.5 / sqrt(n)."""
    expected = np.sqrt(2 / np.pi) * 0.5 / np.sqrt(400)
    assert ece_floor(np.full(400, 0.5)) == pytest.approx(expected, rel=0.15)


def test_floor_falls_with_more_records_and_stays_below_a_miscalibrated_error():
    probability = RNG.random(4000)
    label = RNG.random(4000) < probability**2
    assert ece_floor(probability) < ece_floor(probability[:200]) / 2
    assert expected_calibration_error(probability, label) > 3 * ece_floor(probability)


def test_no_records_have_no_calibration():
    assert np.isnan(brier(np.empty(0), np.empty(0, bool)))
    assert np.isnan(ece_floor(np.empty(0)))
    assert reliability_bins(np.empty(0), np.empty(0, bool)) == []
