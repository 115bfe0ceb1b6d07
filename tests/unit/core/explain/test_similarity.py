import numpy as np
import pytest
from scipy.stats import spearmanr

from core.explain.segments import Segments, segment
from core.explain.similarity import agreement, spearman, strengths
from tests.factories_ecg import ecg

SEGMENTS = segment(ecg()).grouped()


def test_a_part_is_as_strong_as_its_mean_however_long_it_is():
    found = strengths(SEGMENTS, np.full((12, 1000), -0.5))
    assert found == pytest.approx(np.full(len(SEGMENTS.parts), -0.5))


def test_strengths_are_of_the_parts_in_their_order():
    attribution = np.zeros((12, 1000))
    attribution[SEGMENTS.ids == 7] = 3.0
    assert np.flatnonzero(strengths(SEGMENTS, attribution)).tolist() == [7]


def test_the_rank_correlation_is_spearmans_ties_included():
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 6, 60).astype(float), rng.standard_normal(60)
    assert spearman(first, second) == pytest.approx(spearmanr(first, second).statistic)


def test_what_says_the_same_everywhere_agrees_with_nothing():
    assert spearman(np.ones(20), np.arange(20.0)) == 0.0


def test_an_explanation_agrees_with_itself_and_not_with_its_opposite():
    attribution = np.random.default_rng(0).standard_normal((12, 1000))
    assert agreement(SEGMENTS, attribution, attribution) == pytest.approx(1)
    assert agreement(SEGMENTS, attribution, -attribution) == pytest.approx(-1)


def test_maps_that_share_no_more_than_lengths_do_not_agree():
    rng = np.random.default_rng(0)
    even = Segments(SEGMENTS.ids, SEGMENTS.parts).spread
    lengths = SEGMENTS.sums(np.ones((12, 1000)))
    one, other = (even(lengths * rng.random(len(lengths))) for _ in range(2))
    assert abs(agreement(SEGMENTS, one, other)) < 0.4
