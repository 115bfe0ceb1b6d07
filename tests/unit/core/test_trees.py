"""Boosted trees on the common beat: what they have never seen, and who learns from them."""

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


def test_nothing_that_trees_say_of_a_patient_hangs_on_their_labels(taught):
    forest, beats = grown(taught)
    before = forest.unseen(beats)
    label = taught.label.copy()
    mine = taught.patient == 7
    label[mine] = ~label[mine]
    forest, beats = grown(replace(taught, label=label))
    after = forest.unseen(beats)
    assert before.shape == (160, len(SUPERCLASSES)) and before.dtype == torch.float32
    assert torch.equal(after[mine], before[mine])
    assert (after[~mine] != before[~mine]).any()  # others were taught by them


def test_the_reader_says_what_trees_say_and_the_same_twice(taught):
    forest, beats = grown(taught)
    reader = teach_reader(forest, beats, SMALL, epochs=60, seed=3)
    with torch.no_grad():
        said, meant = reader.of_beats(beats), forest.unseen(beats)
    for k in range(len(SUPERCLASSES)):
        above = (meant[:, k] > meant[:, k].median()).numpy()
        if above.any():
            assert auroc(said[:, k].numpy().astype(float), above) > 0.7
    again = teach_reader(forest, beats, SMALL, epochs=60, seed=3)
    assert again.digest == reader.digest
    assert teach_reader(forest, beats, SMALL, epochs=1, seed=3).digest != reader.digest
