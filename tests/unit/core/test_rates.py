import numpy as np

from core.rates import Rate


def test_rate_carries_the_interval_of_clopper_and_pearson():
    rate = Rate.of_counts(0, 59)
    assert (rate.value, rate.low, round(rate.high, 4)) == (0.0, 0.0, 0.0606)  # 1-0.025**(1/59)


def test_nothing_to_count_is_no_rate_and_could_be_any():
    rate = Rate.of_counts(0, 0)
    assert np.isnan(rate.value)
    assert (rate.low, rate.high) == (0.0, 1.0)


def test_rate_counts_among_those_asked_for():
    rate = Rate.among(np.array([1, 1, 0, 1], bool), np.array([1, 0, 1, 1], bool))
    assert (rate.count, rate.of) == (2, 3)
