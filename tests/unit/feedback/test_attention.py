"""Attention survives storage to within what anyone can see."""

import numpy as np
import pytest

from feedback.attention import pack, unpack


def test_it_comes_back_summing_to_one_in_about_two_kilobytes() -> None:
    rng = np.random.default_rng(1)
    temporal, lead = rng.dirichlet(np.ones(125), 5), rng.dirichlet(np.ones(12), 5)
    blob = pack(temporal, lead)
    stored = unpack(blob)
    assert len(blob) < 2500
    assert stored.temporal.dtype == stored.lead.dtype == np.float32
    assert stored.temporal.sum(axis=1) == pytest.approx(1)
    assert np.abs(stored.temporal - temporal).max() < 1e-3
    assert np.abs(stored.lead - lead).max() < 1e-3


def test_none_at_all_is_zero_and_not_nan() -> None:
    assert not unpack(pack(np.zeros((5, 125)), np.zeros((5, 12)))).lead.any()
