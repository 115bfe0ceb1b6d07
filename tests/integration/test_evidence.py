"""Where the published program fails, measured in our design's EVIDENCE: one test a finding."""

import numpy as np
import pytest

from core.appraisal import occlusion_check
from core.checkpoint import load
from core.ecg import LEADS, Ecg, Superclass
from core.errors import RecordNotFound
from core.predict import Predictor
from core.preprocess import prepare_all
from core.ptbxl import Ptbxl
from dashboard.figures.paper import ecg_paper
from dashboard.settings import Settings

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def predictor():
    return Predictor.load(Settings().checkpoint)


@pytest.fixture(scope="module")
def dataset(ptbxl_root):
    return Ptbxl.open(ptbxl_root)


@pytest.fixture(scope="module")
def normal(dataset):
    """Twenty records that cardiologists call normal."""
    chosen = [r for r in dataset.records.values() if r.superclasses == {Superclass.NORM}]
    return [dataset.read(record.ecg_id) for record in chosen[:20]]


def changed(ecg: Ecg, signal: np.ndarray) -> Ecg:
    return Ecg(signal=signal.astype(np.float32), rate=ecg.rate)


def probabilities(predictor, ecgs):
    return np.array([opinion.probabilities for opinion in predictor.predict(ecgs)])


def test_1_shuffled_leads_change_the_opinion_and_raise_a_warning(predictor, normal):
    order = np.random.default_rng(0).permutation(12)
    shuffled = [changed(ecg, ecg.signal[order]) for ecg in normal]
    moved = np.abs(probabilities(predictor, shuffled) - probabilities(predictor, normal))
    assert np.median(moved.max(axis=1)) > 0.2
    warned = [bool(o.quality.warnings) for o in predictor.predict(shuffled)]
    assert all(warned)


def test_2_voltage_reaches_the_model_and_hypertrophy_reacts(predictor, normal):
    hyp = list(Superclass).index(Superclass.HYP)
    tall = [changed(ecg, ecg.signal * 2) for ecg in normal]
    rise = probabilities(predictor, tall)[:, hyp] - probabilities(predictor, normal)[:, hyp]
    assert np.median(rise) > 0.1


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda signal: np.zeros_like(signal), id="flat line"),
        pytest.param(lambda signal: signal * np.nan, id="all missing"),
        pytest.param(
            lambda signal: np.where(np.arange(12)[:, None] == 3, np.nan, signal), id="NaN lead"
        ),
    ],
)
def test_3_what_cannot_be_read_is_refused_and_never_normal(predictor, normal, spoil):
    opinion = predictor.predict([changed(normal[0], spoil(normal[0].signal))])[0]
    assert not opinion.quality.acceptable
    assert opinion.quality.reasons
    assert opinion.probabilities is None
    assert opinion.labels == ()


def test_4_the_miss_rate_behind_every_class_is_on_the_card(predictor):
    for card in predictor.card.classes.values():
        assert card.positives > 100
        assert card.missed_low <= card.missed / card.positives <= card.missed_high


def test_5_a_zeroed_lead_of_a_normal_record_makes_no_new_abnormal_call(predictor, normal):
    """Straight to the network: the quality gate would refuse a record with a flat lead."""
    card, network = predictor.card, load(Settings().checkpoint).network
    thresholds = np.array(list(card.thresholds.values()))
    check = occlusion_check(network, card.platt, thresholds, prepare_all(normal))
    assert check.trials >= 10 * len(LEADS)
    assert check.new_calls / check.trials < 0.05
    assert card.occlusion_check.new_calls / card.occlusion_check.trials < 0.05


def test_6_attention_has_a_measured_relation_to_what_moves_the_output(predictor):
    check = predictor.card.attention_check
    assert check.records >= 200
    assert -1 <= check.spearman <= 1
    assert check.entropy < 0.99  # of the uniform one; the published network has 0.96


def test_7_every_lead_is_drawn_under_its_own_name(normal):
    traces = [t for t in ecg_paper(normal[0])["data"] if "lead" in t.get("meta", {})]
    assert {trace["meta"]["lead"] for trace in traces} == set(LEADS)


@pytest.mark.parametrize("ecg_id", [0, -1, 10**9])
def test_8_no_result_without_a_record(dataset, ecg_id):
    with pytest.raises(RecordNotFound, match=f"ecg_id {ecg_id} is not in "):
        dataset.read(ecg_id)
