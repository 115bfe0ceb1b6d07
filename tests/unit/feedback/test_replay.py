"""Replaying records as if unread, and reading savings off curves."""

import numpy as np
import pytest

from feedback.replay import Embedded, Plan, Saving, monotone, replay, replay_all, saving
from feedback.sampling import Strategy

LABELS = [100, 200, 300, 400, 500]


def embedded(count: int, seed: int = 0) -> Embedded:
    """Five classes, each a threshold on a direction of its own; the last one is rare."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(count, 8))
    shift = np.array([0, 0.3, 0.6, 0.9, 1.6])
    label = x[:, :5] + 0.5 * rng.normal(size=(count, 5)) > shift
    return Embedded(np.c_[x, np.ones(count)], label)


PLAN = Plan(start=20, batch=10, rounds=4, penalty=1.0)
POOL, JUDGE = embedded(300), {"9b": embedded(400, seed=1)}


class TestReplay:
    @pytest.mark.parametrize("strategy", [s for s in Strategy if s is not Strategy.DISAGREEMENT])
    def test_more_labels_teach_more_and_a_seed_is_a_run(self, strategy: Strategy):
        curve = replay(strategy, POOL, JUDGE, PLAN, seed=1)["9b"]
        assert curve.shape == (5,)
        assert curve[-1] > curve[0]
        assert replay(strategy, POOL, JUDGE, PLAN, seed=1)["9b"].tolist() == curve.tolist()
        assert replay(strategy, POOL, JUDGE, PLAN, seed=2)["9b"].tolist() != curve.tolist()

    def test_all_start_from_the_same_records(self):
        curves = replay_all([Strategy.RANDOM, Strategy.BALD], POOL, JUDGE, PLAN, seeds=3)
        first = [found["9b"][:, 0].tolist() for found in curves.values()]
        assert first[0] == first[1]
        assert curves[Strategy.BALD]["9b"].shape == (3, 5)

    def test_labels_of_what_was_not_read_are_not_looked_at(self):
        seen: list[np.ndarray] = []

        class Watched(np.ndarray):
            def __getitem__(self, key):  # type: ignore[no-untyped-def]
                seen.append(np.array(key))
                return super().__getitem__(key)

        label = POOL.label.view(Watched)
        replay(Strategy.ENTROPY, Embedded(POOL.features, label), JUDGE, PLAN, seed=1)
        asked = {int(row) for key in seen if key.dtype.kind == "i" for row in key}
        assert len(asked) == PLAN.budget


class TestSaving:
    def test_half_the_labels(self):
        random = np.array([[0.5, 0.6, 0.7, 0.8, 0.9]] * 6)
        quick = np.array([[0.5, 0.8, 0.95, 0.96, 0.97]] * 6)
        found = saving(quick, random, LABELS)
        assert found.needed == pytest.approx(200 + 100 * 2 / 3)
        assert found.saved == pytest.approx(1 - found.needed / 500)
        assert (found.low, found.high) == pytest.approx((found.saved, found.saved))
        assert found.reached
        assert found.meets(0.3)

    def test_a_strategy_that_never_gets_there_saves_nothing(self):
        random = np.array([[0.5, 0.6, 0.7, 0.8, 0.9]] * 6)
        found = saving(random - 0.01, random, LABELS)
        assert (found.needed, found.saved, found.reached) == (500, 0, False)
        assert not found.meets(0.3)

    def test_what_hangs_on_the_seed_is_not_sure(self):
        random = np.array([[0.5, 0.6, 0.7, 0.8, 0.9]] * 6)
        lucky = random + np.array([0.3, 0.3, -0.1, -0.1, -0.1, -0.1])[:, None]
        found = saving(lucky, random, LABELS)
        assert found.low == 0
        assert found.high > 0.3

    def test_the_bar_needs_both(self):
        one = Saving(needed=300, saved=0.4, low=0.0, high=0.6, reached=True)
        assert not one.meets(0.3)

    def test_a_curve_that_shakes_is_smoothed_before_it_is_read(self):
        assert monotone(np.array([1.0, 3.0, 2.0, 4.0])).tolist() == [1, 2.5, 2.5, 4]
        assert monotone(np.array([3.0, 2.0, 1.0])).tolist() == [2, 2, 2]
