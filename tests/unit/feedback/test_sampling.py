"""Each strategy on a pool whose answer is known."""

import math
import time

import numpy as np
import pytest

from core.ecg import SUPERCLASSES
from feedback.errors import InvalidQuery
from feedback.sampling import (
    PICKERS,
    Pool,
    Strategy,
    disagreement,
    entropy,
    gradient_spread,
    in_turn,
    k_centre,
    margin,
    mutual_information,
    pick,
    strategies,
)

SURE = [0.99, 0.01, 0.01, 0.01, 0.01]


def a_pool(count: int = 200, seed: int = 0) -> Pool:
    rng = np.random.default_rng(seed)
    probability = rng.random((count, 5))
    return Pool(
        probability=probability,
        sampled=np.clip(probability + rng.normal(0, 0.1, (7, count, 5)), 0.01, 0.99),
        features=rng.normal(size=(count, 8)),
        label=rng.random((count, 5)) < 0.3,
    )


def first(strategy: Strategy, pool: Pool, count: int) -> list[int]:
    """Rows without an audit, the first first."""
    return PICKERS[strategy](pool, count, np.random.default_rng(0)).rows[:count].tolist()


class TestScores:
    def test_entropy_in_bits(self):
        assert entropy(np.array([0.5] * 5)) == pytest.approx(5)
        assert entropy(np.array([0.25, 0.5, 0, 1, 0])) == pytest.approx(1.8112781, abs=1e-6)

    def test_margin_is_to_the_nearest_threshold(self):
        p = np.array([[0.9, 0.1, 0.45, 0.1, 0.1]])
        assert margin(p, np.full(5, 0.5)) == pytest.approx([0.05])
        assert margin(p, np.array([0.5, 0.12, 0.9, 0.5, 0.5])) == pytest.approx([0.02])

    def test_samples_that_agree_to_be_unsure_tell_nothing(self):
        """Mutual information is nil for certain doubt, and a bit for certain contradiction."""
        doubt = np.full((2, 1, 1), 0.5)
        contradiction = np.array([[[0.0]], [[1.0]]])
        assert mutual_information(doubt) == pytest.approx([0], abs=1e-9)
        assert mutual_information(contradiction) == pytest.approx([1], abs=1e-9)

    def test_mutual_information_between(self):
        """Samples 0.25 and 0.75: 1 bit for their mean, less 0.8112781 for each."""
        assert mutual_information(np.array([[[0.25]], [[0.75]]])) == pytest.approx(
            [0.1887219], abs=1e-6
        )

    def test_disagreement_is_the_worst_contradiction(self):
        p = np.array([[0.9, 0.2, 0.1, 0.1, 0.1], [0.9, 0.2, 0.1, 0.1, 0.1]])
        label = np.array([[True, False, False, False, False], [False, True, False, False, False]])
        assert disagreement(p, label) == pytest.approx([0.2, 0.9])


class TestKCentre:
    line = np.array([[0.0], [1.0], [2.0], [9.0], [10.0]])

    def test_the_farthest_from_what_was_read_comes_first(self):
        rows, distance = k_centre(self.line, np.array([[0.0]]), 3)
        assert rows.tolist() == [4, 2, 1]
        assert distance.tolist() == [10, 2, 1]

    def test_where_nothing_was_read_it_begins_in_the_middle(self):
        rows, distance = k_centre(self.line, np.empty((0, 1)), 3)
        assert rows.tolist() == [2, 4, 0]  # 2 is next to the mean, 4.4
        assert distance.tolist() == [0, 8, 2]

    def test_none_twice(self):
        rows, _ = k_centre(np.zeros((6, 2)), np.empty((0, 2)), 6)
        assert sorted(rows.tolist()) == list(range(6))


class TestGradientSpread:
    def test_it_does_not_pick_twins(self):
        features = np.array([[1.0, 0], [1, 0], [1, 0], [0, 1]])
        probability = np.array([[0.5, 0, 0, 0, 0]] * 4)
        for seed in range(20):
            rows = gradient_spread(probability, features, 2, np.random.default_rng(seed))
            assert sorted(rows.tolist()) in ([0, 3], [1, 3], [2, 3])

    def test_of_what_the_model_is_sure_of_it_takes_one_at_most(self):
        rng = np.random.default_rng(0)
        probability = np.array([[0.0] * 5] * 50 + [[0.5] * 5] * 10)
        rows = gradient_spread(probability, rng.normal(size=(60, 4)), 10, rng)
        assert np.sum(rows < 50) <= 1
        assert len(set(rows.tolist())) == 10

    def test_it_goes_on_where_nothing_is_left_to_tell_records_apart(self):
        rows = gradient_spread(np.zeros((5, 5)), np.ones((5, 2)), 5, np.random.default_rng(0))
        assert sorted(rows.tolist()) == list(range(5))


def test_each_class_has_its_turn():
    p = np.full((10, 5), 0.01)
    p[3, 0], p[4, 1], p[5, 2], p[6, 3], p[7, 4] = 0.5, 0.4, 0.6, 0.3, 0.2
    rows, classes = in_turn(p, np.full(5, 0.5), 5)
    assert rows.tolist() == [3, 4, 5, 6, 7]
    assert classes.tolist() == [0, 1, 2, 3, 4]


class TestOrder:
    def test_by_uncertainty(self):
        p = np.array([SURE, [0.6] * 5, [0.5] * 5, SURE])
        assert first(Strategy.ENTROPY, Pool(probability=p), 2) == [2, 1]

    def test_by_margin(self):
        p = np.array([SURE, [0.9, 0.49, 0.1, 0.1, 0.1], [0.4] * 5])
        assert first(Strategy.MARGIN, Pool(probability=p), 2) == [1, 2]

    def test_by_what_samples_disagree_on(self):
        sampled = np.array([[[0.5] * 5, [0.1] * 5], [[0.5] * 5, [0.9] * 5]])
        pool = Pool(probability=sampled.mean(0), sampled=sampled)
        assert first(Strategy.BALD, pool, 1) == [1]

    def test_by_contradiction_of_the_published_label(self):
        pool = Pool(probability=np.array([SURE, SURE]), label=np.array([[1, 0, 0, 0, 0], [0] * 5]))
        assert first(Strategy.DISAGREEMENT, pool, 1) == [1]


class TestPick:
    @pytest.mark.parametrize("strategy", list(Strategy))
    def test_all_are_different_and_the_same_by_seed(self, strategy: Strategy):
        pool = a_pool()
        picks = pick(strategy, pool, 40, seed=3)
        assert len({p.row for p in picks}) == len(picks) == 40
        assert picks == pick(strategy, pool, 40, seed=3)
        assert [p.row for p in picks] != [p.row for p in pick(strategy, pool, 40, seed=4)]

    @pytest.mark.parametrize("strategy", [s for s in Strategy if s is not Strategy.RANDOM])
    def test_an_audit_share_is_always_in(self, strategy: Strategy):
        picks = pick(strategy, a_pool(), 40, seed=3)
        assert sum(p.audit for p in picks) == 6  # 15 %
        assert not any(p.audit for p in pick(strategy, a_pool(), 40, seed=3, audit_share=0))

    def test_random_picks_are_all_audits(self):
        assert all(p.audit for p in pick(Strategy.RANDOM, a_pool(), 40, seed=3))

    def test_audits_are_drawn_from_all_records_and_not_from_the_rest(self):
        """A tenth of the records leads the order; a tenth of the audits are among them too."""
        p = np.array([SURE] * 180 + [[0.5] * 5] * 20)
        audited = [
            one.row
            for seed in range(200)
            for one in pick(Strategy.ENTROPY, Pool(probability=p), 20, seed=seed)
            if one.audit
        ]
        assert np.mean(np.array(audited) >= 180) == pytest.approx(0.1, abs=0.04)

    def test_audits_do_not_stand_together(self):
        """Their place would tell a reader which they are."""
        places = [
            place
            for seed in range(100)
            for place, one in enumerate(pick(Strategy.ENTROPY, a_pool(), 40, seed=seed))
            if one.audit
        ]
        assert np.mean(places) == pytest.approx(19.5, abs=2)

    @pytest.mark.parametrize("strategy", list(Strategy))
    def test_a_pool_that_is_smaller_than_asked_for(self, strategy: Strategy):
        assert sorted(p.row for p in pick(strategy, a_pool(7), 40, seed=1)) == list(range(7))

    @pytest.mark.parametrize("strategy", list(Strategy))
    def test_an_empty_pool(self, strategy: Strategy):
        assert pick(strategy, a_pool(0), 5, seed=1) == []

    def test_thousands_are_drawn_at_once(self):
        pool = Pool(probability=np.full((20_000, 5), 0.5))
        began = time.process_time()
        picks = pick(Strategy.RANDOM, pool, 5000, seed=1)
        assert time.process_time() - began < 0.5  # it was 2.5 s: the audits gone through for each
        assert len({one.row for one in picks}) == 5000

    def test_why_in_words(self):
        p = np.array([SURE, [0.5] * 5])
        said = {
            strategy: next(
                one.why
                for one in pick(strategy, Pool(probability=p), 2, seed=0, audit_share=0)
                if one.row == 1
            )
            for strategy in (Strategy.ENTROPY, Strategy.MARGIN, Strategy.RANDOM)
        }
        assert said == {
            Strategy.ENTROPY: "entropy of the five calls 5.00 bits; rank 1 of 2",
            Strategy.MARGIN: "NORM is 0.000 from its threshold; rank 1 of 2",
            Strategy.RANDOM: "random: drawn whatever the model says of it",
        }

    def test_why_a_published_label_is_doubted(self):
        pool = Pool(probability=np.array([SURE]), label=np.zeros((1, 5), bool))
        (only,) = pick(Strategy.DISAGREEMENT, pool, 1, seed=0, audit_share=0)
        assert only.why == "the model gives NORM 0.99, published as absent; rank 1 of 1"

    @pytest.mark.parametrize(
        ("strategy", "missing"),
        [
            (Strategy.BALD, "sampled probabilities"),
            (Strategy.CORE_SET, "features"),
            (Strategy.DIVERSE, "features"),
            (Strategy.DISAGREEMENT, "published labels"),
        ],
    )
    def test_what_a_strategy_needs_must_be_there(self, strategy: Strategy, missing: str):
        with pytest.raises(InvalidQuery) as refused:
            pick(strategy, Pool(probability=np.array([SURE])), 1, seed=0)
        assert str(refused.value) == (
            f"'{strategy.words}' needs {missing} of the records: choose another strategy"
        )

    def test_a_share_that_cannot_be(self):
        with pytest.raises(InvalidQuery, match="give 0 to 1"):
            pick(Strategy.ENTROPY, a_pool(), 5, seed=0, audit_share=math.inf)


def test_names():
    assert strategies(["bald", "random"]) == [Strategy.BALD, Strategy.RANDOM]
    with pytest.raises(InvalidQuery, match="no strategy 'best': give some of bald, class-balanced"):
        strategies(["best"])


def test_every_strategy_can_be_picked_and_explained():
    assert set(PICKERS) == set(Strategy)
    assert all(strategy.sentence for strategy in Strategy)
    assert all("-" not in strategy.words for strategy in Strategy)  # words, not keys
    assert Strategy.BALD.words == "BALD (Bayesian active learning by disagreement)"
    assert Strategy.BALD == "bald"  # as it is stored
    assert len(SUPERCLASSES) == 5
