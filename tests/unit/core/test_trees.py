"""Boosted trees on the common beat, and who learns from them."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.ecg import SUPERCLASSES
from core.errors import TrainingError
from core.evaluation import auroc
from core.model import NetworkConfig
from core.trees import Forest, common_beats, teach_reader
from tests.factories_model import labelled_set

SMALL = NetworkConfig(reading=8)


def grown(taught):
    beats = common_beats(taught.signal)
    forest = Forest.grow(taught, beats, seed=0)
    return forest, beats


@pytest.fixture(scope="module")
def taught():
    """Noise, in which a class is the voltage of a lead; both of a patient's records far apart."""
    found = labelled_set(160)
    return replace(found, patient=np.arange(160) % 80)


def test_a_class_that_hardly_any_patient_has_is_named():
    taught = labelled_set(160)
    taught.label[7:, 4] = False
    with pytest.raises(TrainingError, match="^[0-7] patients have HYP, trees take 40: give more"):
        grown(taught)


def test_each_set_of_trees_lacks_the_patients_of_its_part(taught):
    """A patient's labels move what three of four sets say."""
    (forest, beats), label = grown(taught), taught.label.copy()
    mine = taught.patient == 7
    label[mine] = ~label[mine]
    others, _ = grown(replace(taught, label=label))
    same = [
        torch.equal(Forest((before,)).logits(beats), Forest((after,)).logits(beats))
        for before, after in zip(forest.trees, others.trees, strict=True)
    ]
    assert sorted(same) == [False, False, False, True]
    assert forest.logits(beats).shape == (160, len(SUPERCLASSES))


def test_the_reader_says_what_trees_say_and_the_same_twice(taught):
    forest, beats = grown(taught)
    reader = teach_reader(forest, beats, SMALL, epochs=60, seed=3)
    with torch.no_grad():
        said, meant = reader.of_beats(beats), forest.logits(beats)
    for k in range(len(SUPERCLASSES)):
        above = (meant[:, k] > meant[:, k].median()).numpy()
        if above.any():
            assert auroc(said[:, k].numpy().astype(float), above) > 0.7
    again = teach_reader(forest, beats, SMALL, epochs=60, seed=3)
    assert again.digest == reader.digest
    assert teach_reader(forest, beats, SMALL, epochs=1, seed=3).digest != reader.digest
