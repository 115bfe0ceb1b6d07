"""Boosted trees on the median beat: what they look at, and what they have never seen."""

from dataclasses import replace

import numpy as np
import pytest

from core.ecg import SUPERCLASSES
from core.errors import TrainingError
from core.preprocess import prepare
from core.trees import beat_features, cross_fitted_logits
from tests.factories_ecg import ecg
from tests.factories_model import labelled_set


def test_features_follow_the_voltage_and_not_where_in_the_record_beats_fall():
    signal = prepare(ecg())
    here, later = beat_features(signal), beat_features(np.roll(signal, 20, axis=-1))
    twice = beat_features(2 * signal)
    assert here.shape == later.shape == twice.shape and here.dtype == np.float32
    np.testing.assert_allclose(later[3:42], here[3:42], rtol=0.05, atol=0.02)  # mV
    np.testing.assert_allclose(twice[3:42], 2 * here[3:42], rtol=1e-3)
    np.testing.assert_array_equal(twice[:3], here[:3])  # beats and the time between them


@pytest.mark.parametrize("signal", [np.zeros((12, 1000)), np.ones((12, 1000))])
def test_a_record_without_beats_has_features_too(signal):
    assert np.isfinite(beat_features(signal.astype(np.float32))).all()


def test_a_class_that_hardly_any_patient_has_is_named():
    taught = labelled_set(160)
    taught.label[7:, 4] = False
    with pytest.raises(TrainingError, match="^[0-7] patients have HYP, trees take 40: give more"):
        cross_fitted_logits(taught, seed=0)


def test_nothing_that_trees_say_of_a_patient_hangs_on_their_labels():
    taught = labelled_set(160)
    patient = np.arange(160) % 80  # both of a patient's records, far apart
    taught = replace(taught, patient=patient)
    before = cross_fitted_logits(taught, seed=0)
    label = taught.label.copy()
    mine = patient == 7
    label[mine] = ~label[mine]
    after = cross_fitted_logits(replace(taught, label=label), seed=0)
    assert before.shape == (160, len(SUPERCLASSES)) and before.dtype == np.float32
    np.testing.assert_array_equal(after[mine], before[mine])
    assert (after[~mine] != before[~mine]).any()  # others were taught by them
    np.testing.assert_array_equal(cross_fitted_logits(taught, seed=0), before)
