import sys
from subprocess import run

import numpy as np
import pytest
import torch

from core.checkpoint import load
from core.ecg import SUPERCLASSES, Ecg, Superclass
from core.errors import BackgroundMissing, CheckpointNotFound, NotExplainable
from core.explain.case import BATCH
from core.explain.explainer import ATTRIBUTORS, Explainer
from core.explain.explanation import Method, Unit
from core.predict import Predictor
from core.preprocess import prepare_all
from tests.factories_ecg import ecg as an_ecg

BACKGROUND = prepare_all([an_ecg(seed) for seed in range(3, 11)])
ATTENTION = (Method.TEMPORAL_ATTENTION, Method.LEAD_ATTENTION, Method.ATTENTION)


@pytest.fixture(scope="module")
def explainer(checkpoint):
    return Explainer.load(checkpoint, BACKGROUND)


@pytest.mark.parametrize("method", ATTRIBUTORS)
def test_every_method_says_a_number_a_sample_and_what_it_was_made_of(explainer, method):
    found = explainer.attribute(an_ecg(), Superclass.STTC, method)
    assert (found.method, found.superclass) == (method, Superclass.STTC)
    assert found.attribution.shape == (12, 1000)
    assert found.attribution.dtype == np.float32
    assert np.isfinite(found.attribution).all()
    assert found.attribution.any()
    assert found.baseline
    assert found.samples >= 1
    assert found.seconds > 0


@pytest.mark.parametrize("method", ATTRIBUTORS)
def test_work_that_may_wait_is_asked_before_each_pass(checkpoint, method):
    passes = []
    patient = Explainer.load(checkpoint, BACKGROUND, before_pass=lambda: passes.append(method))
    patient.warm_up()
    assert not passes  # what is traced is no record that can wait
    found = patient.attribute(an_ecg(), Superclass.MI, method)
    assert len(passes) >= found.samples / BATCH


@pytest.mark.parametrize("method", ATTRIBUTORS)
def test_the_same_question_has_the_same_answer(explainer, method):
    first, second = (explainer.attribute(an_ecg(), Superclass.MI, method) for _ in range(2))
    assert np.array_equal(first.attribution, second.attribution)


@pytest.mark.parametrize("method", ATTRIBUTORS)
def test_another_class_has_another_explanation(explainer, method):
    mi, hyp = (explainer.attribute(an_ecg(), c, method) for c in (Superclass.MI, Superclass.HYP))
    assert not np.allclose(mi.attribution, hyp.attribution, rtol=1e-5, atol=0)


@pytest.mark.parametrize("method", ATTRIBUTORS)
def test_explaining_leaves_the_network_and_the_chance_of_others_as_they_were(checkpoint, method):
    loaded = load(checkpoint)
    before = {name: tensor.clone() for name, tensor in loaded.network.state_dict().items()}
    np.random.seed(3)
    torch.manual_seed(3)
    drawn = np.random.random(), torch.rand(1)
    np.random.seed(3)
    torch.manual_seed(3)
    Explainer(loaded, BACKGROUND).attribute(an_ecg(), Superclass.CD, method)
    assert (np.random.random(), torch.rand(1)) == drawn
    after = loaded.network.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert all(parameter.grad is None for parameter in loaded.network.parameters())
    assert not loaded.network.training
    assert not loaded.network.leads._forward_hooks


def test_the_logit_is_the_one_that_was_scored(explainer, checkpoint):
    ecg = an_ecg(seed=2)
    column = SUPERCLASSES.index(Superclass.CD)
    explained = explainer.attribute(ecg, Superclass.CD, Method.LEAD_ATTENTION)
    logits = np.zeros((1, 5))
    logits[0, column] = explained.logit
    probability = explainer.card.platt(logits)[0, column]
    scored = Predictor.load(checkpoint).predict([ecg])[0].probabilities[column]
    assert probability == pytest.approx(scored, abs=1e-5)


@pytest.mark.parametrize("method", ATTENTION)
def test_attention_is_a_share_of_what_the_opinion_shows(explainer, checkpoint, method):
    found = explainer.attribute(an_ecg(), Superclass.HYP, method)
    shown = Predictor.load(checkpoint).predict([an_ecg()])[0].attention
    assert found.unit is Unit.ATTENTION
    assert found.attribution.sum() == pytest.approx(1, abs=1e-4)
    lead = shown.lead[SUPERCLASSES.index(Superclass.HYP)]
    if method is Method.TEMPORAL_ATTENTION:
        lead = np.full(12, 1 / 12)
    # the samples before the first and after the last token weigh a little more than they did
    assert found.attribution.sum(1) == pytest.approx(lead, abs=2e-3)


def test_a_refused_record_has_no_explanation_and_says_why(explainer):
    flat = Ecg(signal=np.zeros((12, 1000), np.float32), rate=100)
    with pytest.raises(NotExplainable) as refused:
        explainer.attribute(flat, Superclass.MI, Method.GRAD_CAM)
    reason = "All twelve leads are flat: check the electrodes and the cable."
    assert refused.value.reasons == (reason,)
    assert str(refused.value) == f"no explanation of a record that was refused: {reason}"


def test_another_rate_is_explained_at_the_rate_of_the_network(explainer):
    fast = explainer.attribute(an_ecg(rate=500), Superclass.MI, Method.INTEGRATED_GRADIENTS)
    assert fast.attribution.shape == (12, 1000)


def test_shap_without_training_records_says_what_it_lacks(checkpoint):
    with pytest.raises(BackgroundMissing) as missing:
        Explainer.load(checkpoint).attribute(an_ecg(), Superclass.MI, Method.SHAP)
    assert str(missing.value) == (
        "SHAP compares with training records and was given none: name their data set"
    )


def test_a_warm_explainer_has_imported_what_takes_long(checkpoint):
    code = (
        "import sys, pathlib\n"
        "from core.explain.explainer import Explainer\n"
        f"Explainer.load(pathlib.Path({str(checkpoint)!r})).warm_up()\n"
        "assert {'shap', 'captum', 'openvino'} <= set(sys.modules)"
    )
    run([sys.executable, "-W", "error", "-c", code], check=True)


def test_a_checkpoint_that_is_not_there_is_named(tmp_path):
    with pytest.raises(CheckpointNotFound):
        Explainer.load(tmp_path)


def test_importing_explanations_brings_no_heavy_library():
    code = (
        "import sys\n"
        "import core.explain.background, core.explain.explainer, core.explain.faithfulness\n"
        "heavy = {'torch', 'shap', 'captum', 'numba', 'matplotlib', 'openvino'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    run([sys.executable, "-c", code], check=True)
