"""The last layer alone: the fit, what it could as well believe, and the directions it sees."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from core.last_layer import LastLayer, Projection


def data(count: int = 400, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Features with a constant, and two classes of which the second is rare."""
    rng = np.random.default_rng(seed)
    x = np.c_[rng.normal(size=(count, 6)), np.ones(count)]
    z = np.c_[x @ [1, -2, 0, 0, 0.5, 0, 0.3], x @ [0, 1, 1, 0, 0, 0, -3]]
    return x, rng.random(z.shape) < 1 / (1 + np.exp(-z))


def test_it_is_the_penalised_maximum_likelihood():
    x, y = data()
    layer = LastLayer.teach(x, y, penalty=4.0)
    for k in range(2):
        other = LogisticRegression(C=1 / 4.0, tol=1e-10).fit(x[:, :-1], y[:, k])
        assert layer.weight[k, :-1] == pytest.approx(other.coef_[0], abs=2e-3)
        assert layer.weight[k, -1] == pytest.approx(other.intercept_[0], abs=2e-3)


@pytest.mark.parametrize("penalty", [0.5, 4.0])
def test_a_start_changes_nothing_even_one_that_is_sure_and_wrong(penalty: float):
    x, y = data()
    wrong = LastLayer(np.full((2, 7), 40.0), np.empty((2, 7, 7)))
    from_nothing = LastLayer.teach(x, y, penalty=penalty)
    from_wrong = LastLayer.teach(x, y, penalty=penalty, start=wrong)
    assert from_wrong.weight == pytest.approx(from_nothing.weight, abs=1e-3)


def test_more_records_leave_less_to_believe():
    x, y = data(2000)
    probe = data(50, seed=1)[0]
    spread = [
        LastLayer.teach(x[:n], y[:n], penalty=1.0).sampled(probe).std(0).mean() for n in (60, 2000)
    ]
    assert spread[1] < spread[0] / 3


def test_samples_lie_around_the_answer():
    x, y = data()
    layer = LastLayer.teach(x, y, penalty=1.0)
    sampled = layer.sampled(x, samples=11)
    assert sampled.shape == (11, 400, 2)
    assert sampled[5] == pytest.approx(layer.probability(x))
    assert np.all(np.diff(sampled, axis=0) > 0)


def test_a_class_that_nobody_has_is_improbable():
    x, _ = data()
    layer = LastLayer.teach(x, np.zeros((400, 1), bool), penalty=1.0)
    assert layer.probability(x).max() < 0.05


def test_the_projection_keeps_the_main_direction():
    rng = np.random.default_rng(0)
    main = rng.normal(size=(300, 1))
    features = main @ np.array([[1.0, 2.0, 3.0]]) + 0.01 * rng.normal(size=(300, 3)) + 5
    turned = Projection.of(features, 1)(features)
    assert turned.shape == (300, 2)
    assert abs(np.corrcoef(turned[:, 0], main[:, 0])[0, 1]) > 0.999
    assert np.mean(turned[:, 0] ** 2) == pytest.approx(1)
    assert np.all(turned[:, 1] == 1)
