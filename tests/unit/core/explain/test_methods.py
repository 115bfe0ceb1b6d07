"""Each method on networks whose reasons are known."""

import numpy as np
import pytest

from core.ecg import LEADS, Ecg, Lead, Superclass
from core.explain.explainer import ATTRIBUTORS
from core.explain.explanation import Method
from core.explain.gradients import integrate
from core.explain.normal import twin
from core.explain.segments import Segment, Wave
from core.explain.shapley import PARTS, RESIDUAL
from core.explain.tokens import to_samples
from core.preprocess import prepare
from tests.factories_ecg import ecg as an_ecg
from tests.factories_explain import case, parts, watching


def attribute(method, given):
    return ATTRIBUTORS[method].attribute(given)


def test_integrated_gradients_are_voltage_times_weight_where_the_logit_is_a_sum():
    given = case(watching(Lead.V2, 300, 400))
    found = attribute(Method.INTEGRATED_GRADIENTS, given)
    expected = np.zeros((12, 1000))
    row = LEADS.index(Lead.V2)
    above = given.signal - given.baseline.signal
    expected[row, 300:400] = 0.02 * above[row, 300:400]  # MI is the second class
    assert found.values == pytest.approx(expected, abs=1e-6)
    assert found.residual == pytest.approx(0, abs=1e-4)


def test_lead_occlusion_gives_a_lead_what_the_logit_loses_without_it():
    given = case(watching(Lead.AVL), Superclass.HYP)
    found = attribute(Method.LEAD_OCCLUSION, given)
    inside, outside = parts(found.values, Lead.AVL, 0, 1000)
    assert inside == pytest.approx(given.logit - given.baseline_logit, abs=1e-5)
    assert outside == pytest.approx(0, abs=1e-5)


def test_occlusion_gives_a_wave_what_the_logit_loses_without_it():
    given = case(watching(Lead.V4))
    found = attribute(Method.OCCLUSION, given)
    st = given.segments.grouped().parts.index(Segment(Lead.V4, Wave.ST, None))
    inside = given.segments.grouped().ids == st
    above = given.signal - given.baseline.signal
    assert found.values[inside].sum() == pytest.approx(0.02 * above[inside].sum(), abs=1e-4)
    assert np.abs(found.values[np.arange(12) != LEADS.index(Lead.V4)]).max() < 1e-6
    assert found.samples == len(given.segments.grouped().parts) + 1


def test_a_record_is_compared_with_its_normal_twin_and_a_normal_one_with_a_flat_line():
    sick, well = (case(watching(Lead.V4), c) for c in (Superclass.MI, Superclass.NORM))
    assert (sick.baseline.name, well.baseline.name) == (
        "the same beats of a normal heart",
        "a flat line",
    )
    assert not well.baseline.signal.any()
    assert np.array_equal(sick.baseline.signal, twin(sick.signal, sick.beats))


def test_a_record_without_beats_is_compared_with_a_flat_line():
    still = Ecg(signal=np.zeros((12, 1000), np.float32), rate=100)
    assert case(watching(Lead.V4), ecg=still).baseline.name == "a flat line"


def test_what_speaks_against_the_class_is_negative():
    found = [
        attribute(Method.LEAD_OCCLUSION, case(watching(Lead.AVL, gain=gain))).values.sum()
        for gain in (1.0, -1.0)
    ]
    assert found[0] == pytest.approx(-found[1])
    assert found[0] != 0


def test_integration_converges_with_its_steps(checkpoint):
    from core.checkpoint import load

    given = case(load(checkpoint).network)
    start = given.baseline.signal
    difference = given.logit - given.baseline_logit
    coarse, fine = (abs(integrate(given, start, n).sum() - difference) for n in (2, 64))
    assert fine < coarse
    assert fine < 0.05 * abs(difference)


def test_shap_is_voltage_above_the_mean_of_the_background_where_the_logit_is_a_sum():
    background = np.stack([prepare(an_ecg(seed)) for seed in (4, 5, 6)])
    given = case(watching(Lead.V2, 300, 400), background=background)
    found = attribute(Method.SHAP, given)
    expected = np.zeros((12, 1000))
    row = LEADS.index(Lead.V2)
    above = given.signal - background.mean(0)
    expected[row, 300:400] = 0.02 * above[row, 300:400]
    assert found.values == pytest.approx(expected, abs=1e-5)
    assert found.residual == pytest.approx(0, abs=1e-3)
    assert (found.baseline, found.samples) == ("the mean of 3 training records", 3 * PARTS)


def test_shap_walks_the_other_way_too_where_much_is_left_over():
    network = watching(Lead.V2, power=3)
    record = case(network).signal
    far, near = (case(network, background=share * record[None]) for share in (-0.5, 0.0))
    twice, once = (attribute(Method.SHAP, given) for given in (far, near))
    assert (twice.samples, once.samples) == (2 * PARTS, PARTS)
    assert twice.residual < RESIDUAL  # 0.073 after the first time


def test_lime_finds_the_wave_that_counts():
    given = case(watching(Lead.V4))
    found = attribute(Method.LIME, given)
    waves = given.segments.grouped()
    truth = waves.sums(
        0.02 * (given.signal - given.baseline.signal) * (np.arange(12) == 9)[:, None]
    )
    worth = waves.sums(found.values)
    assert np.corrcoef(worth, truth)[0, 1] > 0.98
    assert waves.parts[int(np.abs(worth).argmax())].lead is Lead.V4


def test_a_token_is_shown_at_the_sample_that_it_reads():
    tokens = np.zeros(125)
    tokens[50] = 1
    assert to_samples(tokens).argmax() == 400
    assert to_samples(tokens, shift=4).argmax() == 404
    assert to_samples(tokens)[396] == pytest.approx(0.5)


@pytest.mark.parametrize("at", [240, 244, 500, 703])
@pytest.mark.parametrize("smooth", [False, True])
@pytest.mark.parametrize("phases", [1, 2])
def test_a_token_reads_where_it_is_shown(at, smooth, phases):
    """Through filters that are symmetric, as taught ones need not be."""
    import torch

    from core.explain.tokens import phase_shifts
    from core.model import Network
    from core.network_config import NetworkConfig

    network = Network(NetworkConfig(stem=4, token=4, width=8, smooth=smooth)).eval()
    for parameter in network.leads.parameters():
        parameter.data.fill_(1.0)
    felt = np.zeros(1000)
    for shift in phase_shifts(phases):
        still, spike = torch.zeros(1, 12, 1000), torch.zeros(1, 12, 1000)
        spike[0, 3, at - shift] = 1
        with torch.no_grad():
            change = (network.leads(spike) - network.leads(still))[0, 3].abs().sum(0)
        felt += to_samples(change.numpy(), shift)
    centre = (felt * np.arange(1000)).sum() / felt.sum()
    assert abs(centre - at) <= 1
