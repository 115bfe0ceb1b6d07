import sys
from dataclasses import replace
from subprocess import run

import numpy as np
import pytest

from core.checkpoint import load
from core.ecg import LEADS, SUPERCLASSES, Ecg
from core.predict import Predictor, chance_of_error
from tests.factories_ecg import ecg as an_ecg


@pytest.fixture(scope="module")
def predictor(checkpoint):
    return Predictor.load(checkpoint)


def test_gives_one_opinion_a_record_in_the_order_asked(predictor):
    first, second = an_ecg(seed=1), an_ecg(seed=2)
    both = predictor.predict([first, second])
    turned = predictor.predict([second, first])
    assert both[0].probabilities == pytest.approx(turned[1].probabilities, abs=1e-5)
    assert both[1].probabilities == pytest.approx(turned[0].probabilities, abs=1e-5)


def test_a_refused_record_has_reasons_and_no_opinion_and_the_others_go_on(predictor):
    flat = Ecg(signal=np.zeros((12, 1000), np.float32), rate=100)
    refused, read = predictor.predict([flat, an_ecg()])
    assert not refused.quality.acceptable
    assert refused.quality.reasons
    assert (refused.probabilities, refused.labels, refused.uncertainty) == (None, (), None)
    assert refused.attention is None
    assert read.probabilities is not None


def test_predicts_none(predictor):
    assert predictor.predict([]) == []


def test_attention_sums_to_one_over_time_and_over_leads(predictor):
    attention = predictor.predict([an_ecg()])[0].attention
    assert attention.temporal.sum(1) == pytest.approx(np.ones(5), abs=1e-4)
    assert attention.lead.shape == (5, len(LEADS))
    assert attention.lead.sum(1) == pytest.approx(np.ones(5), abs=1e-4)


def with_lines(checkpoint, threshold, rule_out):
    """The tiny checkpoint with every class decided at these probabilities."""
    loaded = load(checkpoint)
    update = {"threshold": threshold, "rule_out": rule_out}
    classes = {k: c.model_copy(update=update) for k, c in loaded.card.classes.items()}
    return Predictor(replace(loaded, card=loaded.card.model_copy(update={"classes": classes})))


@pytest.mark.parametrize(
    ("threshold", "rule_out", "labels", "abstained"),
    [
        (0.0, 0.0, SUPERCLASSES, ()),
        (1.1, 1.0, (), ()),
        (1.1, 0.0, (), SUPERCLASSES),
        (1.1, None, (), SUPERCLASSES),
    ],
    ids=["above the threshold", "certified to be absent", "in between", "nothing certified"],
)
def test_a_class_is_present_absent_or_open(checkpoint, threshold, rule_out, labels, abstained):
    opinion = with_lines(checkpoint, threshold, rule_out).predict([an_ecg()])[0]
    assert (opinion.labels, opinion.abstained) == (labels, abstained)


def test_a_network_that_gives_no_numbers_rules_nothing_out(checkpoint):
    broken = load(checkpoint)
    broken.network.head.bias.data.fill_(float("nan"))
    opinion = Predictor(broken).predict([an_ecg()])[0]
    assert (opinion.labels, opinion.abstained) == ((), SUPERCLASSES)


def test_uncertainty_is_the_chance_of_at_least_one_wrong_call():
    p = np.array([0.9, 0.2, 0.0, 0.0, 0.5])
    present = np.array([True, False, False, False, True])
    assert chance_of_error(p, present) == pytest.approx(1 - 0.9 * 0.8 * 0.5)
    assert chance_of_error(np.array([1.0, 0, 0, 0, 0]), np.arange(5) == 0) == 0


def test_importing_it_does_not_bring_torch():
    code = "import sys, core.predict; assert 'torch' not in sys.modules"
    run([sys.executable, "-c", code], check=True)
