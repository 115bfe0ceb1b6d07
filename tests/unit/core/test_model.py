import numpy as np
import pytest
import torch

from core.checkpoint import load
from core.model import Blur, LeadEncoder, Network, _attended, folded
from core.network_config import NetworkConfig
from core.preprocess import prepare
from tests.factories_ecg import ecg
from tests.readme import CHECKPOINT


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return Network().eval()


@torch.no_grad()
def logits(network, signal):
    return network(signal).logits


def test_attention_of_every_class_sums_to_one_over_leads_and_time(network):
    with torch.inference_mode():
        attention = network(torch.randn(3, 12, 1000)).attention
    assert attention.shape == (3, 5, 12, 125)
    assert torch.allclose(attention.sum((2, 3)), torch.ones(3, 5))


def test_a_record_has_the_same_logits_alone_and_in_a_batch(network):
    signal = torch.randn(4, 12, 1000)
    alone = torch.cat([logits(network, one[None]) for one in signal])
    assert torch.allclose(logits(network, signal), alone, atol=1e-5)


def test_sees_voltage(network):
    signal = torch.randn(1, 12, 1000)
    assert not torch.allclose(logits(network, signal), logits(network, 4 * signal), atol=1e-3)


def test_knows_the_leads_apart():
    """Untaught, every lead has the same gain and offset: what was learnt makes the difference."""
    network = load(CHECKPOINT).network
    signal = torch.from_numpy(prepare(ecg()))[None]
    swapped = signal[:, [6, 1, 2, 3, 4, 5, 0, 7, 8, 9, 10, 11]]
    moved = logits(network, signal) - logits(network, swapped)
    assert moved.abs().max() > 0.1


def test_the_auxiliary_head_exists_only_where_it_is_asked_for():
    small = NetworkConfig(stem=4, token=4, width=8, blocks=1, hidden=8, statements=7)
    assert Network(small)(torch.zeros(2, 12, 1000)).statements.shape == (2, 7)
    assert Network()(torch.zeros(2, 12, 1000)).statements is None


def test_a_class_reads_the_context_where_it_attends():
    """Attention on the last 160 ms alone: what is read is the last step of the context."""
    context, attention = torch.randn(1, 8, 63), torch.zeros(1, 5, 12, 125)
    attention[:, :, 3, 124] = 1.0
    read = _attended(context, attention)
    assert torch.allclose(read, context[:, None, :, 62].expand(1, 5, 8), atol=1e-6)


@pytest.mark.parametrize("samples", [250, 251])
def test_the_blur_is_two_poolings_in_one(samples: int) -> None:
    wave = torch.from_numpy(np.random.default_rng(0).normal(size=(2, 3, samples)))
    twice = torch.nn.Sequential(
        torch.nn.AvgPool1d(2, 1, padding=1, count_include_pad=False), torch.nn.AvgPool1d(2)
    )
    assert torch.allclose(Blur()(wave), twice(wave))


def test_smooth_tokens_follow_a_shift_within_a_stride():
    """Moved by half the stride, the mean token moves less than where a stride alone drops them."""

    def moved_by(smooth):
        torch.manual_seed(0)
        leads = LeadEncoder(NetworkConfig(smooth=smooth)).eval()
        signal = torch.randn(4, 12, 1000)
        with torch.inference_mode():
            here, there = leads(signal).mean(-1), leads(signal.roll(4, -1)).mean(-1)
        assert leads(signal).shape == (4, 12, 32, 125)
        return float((here - there).abs().mean() / here.std())

    assert moved_by(smooth=True) < 0.5 * moved_by(smooth=False)


def test_a_taught_network_reads_the_mean_of_its_phases():
    torch.manual_seed(0)
    twice = Network(NetworkConfig(phases=2, statements=3)).eval()
    once = Network(NetworkConfig(statements=3)).eval()
    once.load_state_dict(twice.state_dict())
    signal = torch.randn(2, 12, 1000)
    with torch.inference_mode():
        first, second = once(signal), once(signal.roll(4, -1))
        mean = [(one + other) / 2 for one, other in zip(first, second, strict=True)]
        for part, expected in zip(twice(signal), mean, strict=True):
            assert torch.allclose(part, expected, atol=1e-6)


def test_a_network_being_taught_reads_once():
    torch.manual_seed(0)
    twice, once = Network(NetworkConfig(phases=2, dropout=0.0)), Network(NetworkConfig(dropout=0.0))
    once.load_state_dict(twice.state_dict())
    signal = torch.randn(2, 12, 1000)
    assert torch.equal(twice.train()(signal).logits, once.train()(signal).logits)


def test_logits_are_linear_in_the_features():
    for more in ({}, {"reads_context": True}, {"trees": 3}):
        network = Network(NetworkConfig(**more)).eval()
        with torch.inference_mode():
            out = network(torch.randn(2, 12, 1000))
            again = (out.features * network.head.weight).sum(-1) + network.head.bias
        assert torch.allclose(again, out.logits, atol=1e-5)


def test_a_folded_network_says_the_same_and_the_given_one_is_left_as_it_was():
    network, signal = load(CHECKPOINT).network, torch.from_numpy(prepare(ecg())[None])
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    found, known = folded(network)(signal), network(signal)
    assert torch.allclose(found.logits, known.logits, atol=1e-4)
    assert torch.allclose(found.attention, known.attention, atol=1e-6)
    assert not any(isinstance(part, torch.nn.BatchNorm1d) for part in folded(network).modules())
    assert all(torch.equal(before[name], part) for name, part in network.state_dict().items())
    assert all(weight.requires_grad for weight in network.parameters())


def test_describes_its_size(network):
    size = sum(p.numel() for p in network.parameters())
    assert network.describe()["parameters"] == size
    # 15 thresholds and 16 leaves of each tree, and what a class makes of its trees
    assert Network(NetworkConfig(trees=3)).describe()["parameters"] == size + 5 * 3 * 31 + 5
