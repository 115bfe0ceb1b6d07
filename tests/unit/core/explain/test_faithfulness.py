import json
from dataclasses import asdict

import numpy as np
import pytest

from core.checkpoint import Checkpoint
from core.ecg import LEADS, Lead, Superclass
from core.errors import NotExplainable
from core.explain.explainer import ATTRIBUTORS, Explainer
from core.explain.explanation import Method
from core.explain.faithfulness import report
from core.explain.segments import Wave
from core.runtime import in_torch
from tests.factories_ecg import changed, ecg
from tests.factories_evidence import KnownNetwork

V2 = LEADS.index(Lead.V2)


@pytest.fixture
def explainer(monkeypatch):
    """Of a network whose logit is the mean of V2, in the first half of the record, and no more."""
    known = Explainer(Checkpoint(None, KnownNetwork(V2, 500)))
    known.__dict__["_runtime"] = in_torch(known._network)  # it has no head for OpenVINO to read
    monkeypatch.setattr(Explainer, "methods", (Method.INTEGRATED_GRADIENTS, Method.OCCLUSION))
    return known


def v2_tall():
    """A heart whose V2 is far taller than normal."""
    tall = ecg().signal[V2] * 3
    return changed(ecg(), V2=np.abs(tall))


def test_an_explanation_that_is_right_beats_random_orders(explainer):
    explanation = explainer.attribute(v2_tall(), Superclass.MI, Method.INTEGRATED_GRADIENTS)
    found = report(explainer, v2_tall(), explanation)
    assert found.better_than_random
    assert found.deletion.low > 0
    assert found.insertion.low > 0
    assert found.residual is not None and found.residual <= 0.05


def test_an_explanation_that_is_wrong_does_not(explainer):
    right = explainer.attribute(v2_tall(), Superclass.MI, Method.INTEGRATED_GRADIENTS)
    fields = {name: getattr(right, name) for name in right.__slots__}
    wrong = type(right)(**fields | {"attribution": -right.attribution})
    found = report(explainer, v2_tall(), wrong)
    assert not found.better_than_random
    assert found.deletion.high < 0


def test_methods_that_are_both_right_agree_and_none_is_held_against_itself(explainer):
    explanation = explainer.attribute(v2_tall(), Superclass.MI, Method.INTEGRATED_GRADIENTS)
    found = report(explainer, v2_tall(), explanation)
    assert set(found.agreement) == {Method.OCCLUSION}
    assert found.agreement[Method.OCCLUSION] > 0.9


def test_it_is_held_against_the_explanations_that_are_given(explainer):
    explanation = explainer.attribute(v2_tall(), Superclass.MI, Method.OCCLUSION)
    other = explainer.attribute(v2_tall(), Superclass.MI, Method.INTEGRATED_GRADIENTS)
    found = report(explainer, v2_tall(), explanation, [explanation, other])
    assert set(found.agreement) == {Method.INTEGRATED_GRADIENTS}


def test_a_steady_method_is_told_from_one_that_noise_moves(explainer, monkeypatch):
    class Wild:
        """Another answer for every record."""

        method, unit = Method.GRAD_CAM, ATTRIBUTORS[Method.GRAD_CAM].unit

        def attribute(self, case):
            seed = abs(int(case.signal.sum() * 1e6))
            found = ATTRIBUTORS[Method.OCCLUSION].attribute(case)
            drawn = np.random.default_rng(seed).standard_normal((12, 1000))
            return type(found)(values=drawn, baseline=found.baseline, samples=1)

    monkeypatch.setitem(ATTRIBUTORS, Method.GRAD_CAM, Wild())
    steady, wild = (
        report(explainer, v2_tall(), explainer.attribute(v2_tall(), Superclass.MI, method), [])
        for method in (Method.OCCLUSION, Method.GRAD_CAM)
    )
    assert steady.stability > 0.3 > wild.stability


def test_a_report_is_json_and_says_what_was_done(explainer):
    explanation = explainer.attribute(v2_tall(), Superclass.MI, Method.OCCLUSION)
    found = report(explainer, v2_tall(), explanation)
    stored = json.loads(json.dumps(found.to_json()))
    assert stored["removed_becomes"] == explanation.baseline
    assert stored["better_than_random"] is True
    assert stored["shares"][0] == 0 and stored["shares"][-1] == 1
    assert stored["deletion"] == json.loads(json.dumps(asdict(found.deletion)))
    assert stored["parts"] >= 12 * len({Wave.QRS, Wave.T})


def test_a_refused_record_has_no_report(explainer):
    explanation = explainer.attribute(v2_tall(), Superclass.MI, Method.OCCLUSION)
    with pytest.raises(NotExplainable):
        report(explainer, changed(ecg(), **dict.fromkeys(map(str, LEADS), 0.0)), explanation)
