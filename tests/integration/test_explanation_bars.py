"""The evidence that ships with the checkpoint: the bars it must reach, and a sample anew."""

import numpy as np
import pytest

from core.checkpoint import load
from core.ecg import SUPERCLASSES
from core.explain.evidence import BETTER, PATHOLOGIES, SURVIVES
from core.explain.explainer import Explainer
from core.explain.faithfulness import removal_of
from core.explain.subjects import balanced, called
from core.predict import Predictor
from core.ptbxl import Ptbxl
from core.roles import FOLDS
from tests.conftest import unpack
from tests.evidence_table import stored, tables, written
from tests.readme import CHECKPOINT


def test_the_decision_shows_what_the_evidence_says():
    assert written() == tables(stored())


def test_the_default_beats_random_orders_in_every_class():
    evidence = stored()
    default = evidence.methods[evidence.default]
    assert default.better.mean >= BETTER
    for name in SUPERCLASSES:
        assert default.classes[name].deletion.low > 0


def test_the_default_points_better_than_chance_and_a_detector_of_r_peaks():
    evidence = stored()
    for name in PATHOLOGIES:
        hits = evidence.methods[evidence.default].aiming[name].pointing.mean
        assert hits > evidence.baselines["r-peaks"][name].pointing.mean
        assert hits > evidence.baselines["random"][name].pointing.mean


def test_nothing_that_survives_random_weights_is_offered():
    evidence = stored()
    for method, found in evidence.methods.items():
        if any(evidence.standing(method, name).offered for name in SUPERCLASSES):
            assert found.randomisation.mean <= SURVIVES


@pytest.mark.real
def test_a_sample_of_9b_measured_anew_says_the_same(pytestconfig):
    dataset = Ptbxl.open(unpack(pytestconfig, "ptbxl-fold-9", "--fold", "9"))
    checkpoint, method = load(CHECKPOINT), stored().default
    gate = [record for record in dataset.records.values() if FOLDS["9b"](record)][:150]
    subjects = balanced(list(called(Predictor(checkpoint), dataset, gate)), 10)
    explainer = Explainer(checkpoint)
    advantages = []
    for subject in subjects:
        ecg = dataset.read(subject.ecg_id)
        removal = removal_of(explainer.case(ecg, subject.superclass))
        found = explainer.attribute(ecg, subject.superclass, method)
        worth = removal.segments.sums(found.attribution)
        advantages.append(removal.curves(worth)[0].advantage)
    assert len(advantages) == 10
    assert np.mean(np.array(advantages) > 0) >= BETTER
