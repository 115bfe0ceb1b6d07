import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import beta

from core import calibration
from core.calibration import best_f1_threshold, fit_platt, rule_out_threshold
from core.errors import TrainingError
from core.evaluation import f1_score

RNG = np.random.default_rng(7)


def test_platt_finds_the_sigmoid_that_made_the_labels():
    logits = RNG.normal(0, 2, size=(20_000, 5))
    slope, offset = np.array([0.5, 1, 1.5, 2, 0.8]), np.array([-1, 0, 1, 0.5, -2])
    labels = RNG.random(logits.shape) < expit(slope * logits + offset)
    platt = fit_platt(logits, labels)
    assert platt.slope == pytest.approx(slope, rel=0.1)
    assert platt.offset == pytest.approx(offset, abs=0.12)


def test_platt_never_turns_the_ranking_round():
    logits = RNG.normal(size=(500, 1))
    platt = fit_platt(logits, RNG.random((500, 1)) < expit(-2 * logits))
    assert platt.slope[0] > 0


def test_platt_says_where_it_finds_no_sigmoid():
    logits = RNG.normal(size=(500, 2))
    labels = RNG.random((500, 2)) < expit(logits)
    logits[7, 1] = np.nan
    with pytest.raises(TrainingError) as error:
        fit_platt(logits, labels)
    assert str(error.value) == (
        "MI cannot be calibrated on 9a (NaN result encountered): the log of the run tells whether "
        "it diverged; lower its learning rate"
    )


def test_platt_takes_a_search_that_was_broken_off_half_way_for_none(monkeypatch):
    search = calibration.minimize
    monkeypatch.setattr(
        calibration, "minimize", lambda *a, **kw: search(*a, **kw, options={"maxiter": 1})
    )
    logits = RNG.normal(0, 2, size=(500, 1))
    with pytest.raises(TrainingError, match="^NORM cannot be calibrated on 9a .Maximum number"):
        fit_platt(logits, RNG.random((500, 1)) < expit(3 * logits - 2))


def test_platt_finds_its_way_among_logits_that_lie_close_together():
    """Two records of 9a, as the simulator may leave them, and a network that has learnt nothing."""
    platt = fit_platt(np.array([[-0.01319486], [-0.0132778]]), np.array([[True], [False]]))
    p = platt(np.array([[-0.01319486], [-0.0132778]]))
    assert p[0, 0] > 0.99 and p[1, 0] < 0.01


def test_platt_takes_a_least_whose_last_digit_rounding_hides(monkeypatch):
    """BFGS calls that a failure."""
    logits = RNG.normal(0, 2, size=(1000, 1))
    labels = RNG.random((1000, 1)) < expit(logits)
    found = fit_platt(logits, labels)
    search = calibration.minimize

    def unsure(*given, **options):
        fit = search(*given, **options)
        fit.success = False
        return fit

    monkeypatch.setattr(calibration, "minimize", unsure)
    assert fit_platt(logits, labels) == found


def test_threshold_has_the_best_f1_of_all():
    label = RNG.random(300) < 0.3
    probability = np.clip(0.3 * label + RNG.random(300) * 0.7, 0, 1)
    chosen = f1_score(probability >= best_f1_threshold(probability, label), label)
    assert chosen == max(f1_score(probability >= t, label) for t in probability)


def test_threshold_does_not_part_equal_probabilities():
    probability = np.array([0.9, 0.5, 0.5, 0.5, 0.1])
    label = np.array([True, True, False, True, False])
    assert 0.1 < best_f1_threshold(probability, label) <= 0.5


def share_below(x: float) -> float:
    """Of positives distributed as Beta(4, 2)."""
    return float(beta.cdf(x, 4, 2))


def test_rule_out_keeps_its_promise_on_new_records():
    """Of 400 certificates drawn from one population, at most 5 % (and chance) break it."""
    broken = 0
    for _ in range(400):
        positives = RNG.beta(4, 2, size=300)
        floor = rule_out_threshold(positives, np.ones(300, bool))
        broken += share_below(floor) > 0.05
    assert broken / 400 < 0.08


def test_too_few_positives_certify_nothing():
    assert rule_out_threshold(np.linspace(0, 1, 40), np.ones(40, bool)) is None


def test_fifty_nine_positives_are_the_fewest_that_certify():
    """0.95 ** 59 < 0.05 <= 0.95 ** 58: none of 59 may lie below."""
    assert rule_out_threshold(np.linspace(0.2, 1, 58), np.ones(58, bool)) is None
    assert rule_out_threshold(np.linspace(0.2, 1, 59), np.ones(59, bool)) == 0.2
