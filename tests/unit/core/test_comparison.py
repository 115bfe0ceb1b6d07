import dataclasses

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from core.comparison import compare
from core.ecg import SUPERCLASSES
from tests.factories_scored import some_scored


def without(scored, count):
    """The same, without its first records."""
    return dataclasses.replace(
        scored, records=scored.records[count:], probability=scored.probability[count:]
    )


def test_difference_is_ours_less_theirs():
    good, poor = some_scored(skill=0.4), some_scored(skill=0.1, seed=1)
    result = compare(good, poor)
    for k, name in enumerate(SUPERCLASSES):
        expected = roc_auc_score(good.label[:, k], good.probability[:, k])
        expected -= roc_auc_score(poor.label[:, k], poor.probability[:, k])
        assert result.by_class[name].difference == pytest.approx(expected)
    expected = np.mean([part.difference for part in result.by_class.values()])
    assert result.macro.difference == pytest.approx(expected)
    assert 0 < result.macro.low < result.macro.difference < result.macro.high


def test_a_model_is_no_better_than_itself():
    result = compare(some_scored(), some_scored())
    assert (result.macro.difference, result.macro.low, result.macro.high) == (0, 0, 0)


def test_interval_is_that_of_a_bootstrap_done_by_hand():
    """Both models on the same drawn patients, each time."""
    ours, theirs = some_scored(150, skill=0.3), some_scored(150, skill=0.2, seed=1)
    patients, rng, differences = np.unique(ours.patient), np.random.default_rng(1), []
    for _ in range(400):
        drawn = rng.choice(patients, len(patients))
        rows = np.concatenate([np.flatnonzero(ours.patient == who) for who in drawn])
        areas = [roc_auc_score(one.label[rows], one.probability[rows]) for one in (ours, theirs)]
        differences.append(areas[0] - areas[1])
    result = compare(ours, theirs).macro
    assert (result.low, result.high) == pytest.approx(
        np.quantile(differences, [0.025, 0.975]), abs=0.012
    )


def test_pairing_cancels_what_is_hard_for_both():
    """A copy with a little noise: each area is uncertain, their difference hardly is."""
    ours = some_scored(skill=0.2)
    noise = 0.001 * np.random.default_rng(2).random(ours.probability.shape)
    result = compare(ours, dataclasses.replace(ours, probability=ours.probability + noise))
    assert result.macro.high - result.macro.low < 0.005


def test_records_are_paired_by_their_id_whatever_their_order():
    ours, theirs = some_scored(), some_scored(skill=0.1, seed=1)
    order = np.random.default_rng(3).permutation(300)
    shuffled = dataclasses.replace(
        theirs,
        records=[theirs.records[row] for row in order],
        probability=theirs.probability[order],
    )
    assert compare(ours, shuffled) == compare(ours, theirs)


def test_figures_stand_beside_their_difference_on_the_same_records():
    """What the first refused does not count for the second either."""
    ours, theirs = without(some_scored(), 40), some_scored(skill=0.1, seed=1)
    result = compare(ours, theirs)
    for k, name in enumerate(SUPERCLASSES):
        label, p = theirs.label[40:, k], theirs.probability[40:, k]
        assert result.second.auroc[name] == pytest.approx(roc_auc_score(label, p))
        assert result.first.auroc[name] - result.second.auroc[name] == pytest.approx(
            result.by_class[name].difference
        )
    assert result.first.macro_auroc - result.second.macro_auroc == pytest.approx(
        result.macro.difference
    )


def test_what_one_model_alone_refused_is_left_out_and_counted():
    ours, theirs = without(some_scored(), 40), some_scored(skill=0.1, seed=1)
    ends_early = dataclasses.replace(
        theirs, records=theirs.records[:290], probability=theirs.probability[:290]
    )
    result = compare(ours, ends_early)
    assert (result.n, result.only_first, result.only_second) == (250, 10, 40)


def test_only_records_that_both_scored_are_compared():
    ours, theirs = without(some_scored(), 40), some_scored(skill=0.1, seed=1)
    result = compare(ours, theirs)
    assert result.n == 260
    assert result.macro == compare(ours, without(theirs, 40)).macro


def test_models_that_scored_no_record_in_common_have_no_difference():
    nothing = without(some_scored(), 300)
    result = compare(nothing, nothing)
    assert result.n == 0
    assert np.isnan(result.macro.difference)
