"""Boosted trees on the common beat: as a layer they say what scikit-learn's say, and softer."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.common_beat import common_beat
from core.ecg import SUPERCLASSES
from core.errors import TrainingError
from core.trees import boosting, grow, measured, softened
from tests.factories_model import labelled_set

TREES = 6


@pytest.fixture(scope="module")
def taught():
    """Noise in which each class is a wave of its lead."""
    return labelled_set(320)


@pytest.fixture(scope="module")
def grown(taught):
    return grow(taught, TREES, seed=3)


def beats(taught):
    return common_beat(torch.from_numpy(taught.signal))[:2]


def test_a_class_that_hardly_any_record_has_or_lacks_is_named(taught):
    label = taught.label.copy()
    label[7:, 4] = False
    with pytest.raises(TrainingError, match="^[0-7] records have HYP, trees take 40: give more"):
        grow(replace(taught, label=label), TREES, seed=0)
    label[:, 4] = True
    with pytest.raises(TrainingError, match="^0 records lack HYP"):
        grow(replace(taught, label=label), TREES, seed=0)


def test_with_hard_splits_the_layer_says_what_scikit_learn_does(taught):
    found = measured(taught.signal)
    boosted = [boosting(TREES, 1).fit(found, y) for y in taught.label.T]
    assert len({len(tree.nodes) for trees in boosted for (tree,) in trees._predictors}) > 1
    layer = softened(boosted, found.std(0)).double()
    layer.softness /= 1e6
    layer.threshold *= 1e6
    # thresholds are values of a record, which belong to the left: so near to one, either is right
    layer.threshold += 50
    meant = np.stack([trees.decision_function(found) for trees in boosted], axis=1)
    said = layer.of_beat(*(part.double() for part in beats(taught)))
    np.testing.assert_allclose(said.numpy(), meant, atol=1e-5)


def test_what_is_grown_separates_the_classes_and_is_the_same_twice(taught, grown):
    said = grown(torch.from_numpy(taught.signal)).numpy()
    for k in range(len(SUPERCLASSES)):
        assert said[taught.label[:, k], k].mean() > said[~taught.label[:, k], k].mean() + 0.1
    again, other = grow(taught, TREES, seed=3), grow(taught, TREES, seed=4)
    assert torch.equal(again.threshold, grown.threshold) and torch.equal(again.leaf, grown.leaf)
    assert not torch.equal(other.threshold, grown.threshold)


def test_a_split_is_soft_and_a_class_can_be_asked_alone(taught, grown):
    beat, rhythm = beats(taught)
    said = grown.of_beat(beat.requires_grad_(), rhythm)
    said[:, 1].sum().backward()
    assert beat.grad.abs().amax((1, 2)).gt(0).float().mean() > 0.5
    one = grown.of_beat(beat, rhythm, slice(1, 2))
    torch.testing.assert_close(one[:, 0], said[:, 1])
