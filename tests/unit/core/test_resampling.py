import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from core.resampling import (
    Ranked,
    auroc_draws,
    interval,
    macro,
    macro_auroc_interval,
    patient_weights,
)
from tests.factories_scored import some_scored

RNG = np.random.default_rng(3)


def test_all_records_of_a_patient_are_drawn_together():
    weight = patient_weights(np.array([5, 9, 5, 9, 9]), bootstraps=50)
    assert (weight[:, 0] == weight[:, 2]).all()
    assert (weight[:, 1] == weight[:, 3]).all()


def test_every_resample_draws_as_many_patients_as_there_are():
    weight = patient_weights(np.array([5, 9, 5, 7]), bootstraps=50)
    assert (weight[:, [0, 1, 3]].sum(axis=1) == 3).all()


def test_areas_of_a_resample_are_those_of_its_records_written_out():
    score, label = RNG.integers(0, 30, 80) / 30, RNG.random(80) < 0.4
    weight = patient_weights(np.arange(80) // 2, bootstraps=20)
    ranked = Ranked(score, label)
    areas, precisions = ranked.auroc(weight), ranked.average_precision(weight)
    for w, area, precision in zip(weight.astype(int), areas, precisions, strict=True):
        y, s = np.repeat(label, w), np.repeat(score, w)
        assert area == pytest.approx(roc_auc_score(y, s))
        assert precision == pytest.approx(average_precision_score(y, s))


def test_interval_is_that_of_a_bootstrap_done_by_hand():
    """Patients drawn one by one, their records copied out, scikit-learn's area on each copy."""
    scored = some_scored(120)
    patients = np.unique(scored.patient)
    rng = np.random.default_rng(11)
    areas = []
    for _ in range(400):
        drawn = rng.choice(patients, len(patients))
        rows = np.concatenate([np.flatnonzero(scored.patient == who) for who in drawn])
        areas.append(roc_auc_score(scored.label[rows], scored.probability[rows], average="macro"))
    low, high = macro_auroc_interval(scored.probability, scored.label, scored.patient)
    assert (low, high) == pytest.approx(np.quantile(areas, [0.025, 0.975]), abs=0.006)


def test_interval_knows_that_records_of_one_patient_are_alike():
    """Ten copies of every record are no more evidence than one."""
    scored = some_scored(100)
    probability, label, patient = scored.probability, scored.label, np.arange(100)
    ten = [np.repeat(values, 10, axis=0) for values in (probability, label, patient)]
    width = np.diff(macro_auroc_interval(*ten))
    assert width == pytest.approx(
        np.diff(macro_auroc_interval(probability, label, patient)), rel=0.15
    )


def test_a_resample_without_a_class_spoils_no_interval():
    draws = np.array([[0.8, np.nan, 0.9], [0.6, np.nan, np.nan]])
    assert macro(draws) == pytest.approx([0.7, np.nan, 0.9], nan_ok=True)
    assert interval(macro(draws)) == pytest.approx((0.705, 0.895))
    assert np.isnan(interval(np.full(5, np.nan))).all()


def test_no_records_have_no_interval():
    weight = patient_weights(np.empty(0, np.int64), bootstraps=10)
    draws = auroc_draws(np.empty((0, 5)), np.empty((0, 5), bool), weight)
    assert draws.shape == (5, 10)
    assert np.isnan(draws).all()
