import numpy as np
import torch

from core.checkpoint import Checkpoint, load
from core.explain.randomisation import randomised
from core.model import Network
from core.network_config import NetworkConfig
from tests.factories_model import labelled_set

SIGNAL = labelled_set(8).signal


def test_every_weight_is_drawn_anew_and_the_checkpoint_left_alone(checkpoint):
    taught = load(checkpoint)
    before = {name: tensor.clone() for name, tensor in taught.network.state_dict().items()}
    untaught = randomised(taught, 0, SIGNAL)
    for name, tensor in untaught.network.named_parameters():
        if tensor.dim() > 1 and "gain" not in name:
            assert not torch.allclose(tensor, before[name]), name
    after = taught.network.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_trees_are_drawn_anew_as_well():
    torch.manual_seed(3)
    taught = Checkpoint(None, Network(NetworkConfig(trees=5)).eval())
    drawn, known = randomised(taught, 0, SIGNAL).network.trees, taught.network.trees
    for name in ("measure", "threshold", "leaf"):
        assert not torch.equal(getattr(drawn, name), getattr(known, name))
    assert drawn(torch.from_numpy(SIGNAL)).std(0).min() > 1e-3


def test_the_same_seed_draws_the_same_weights(checkpoint):
    taught = load(checkpoint)
    one, same, other = (randomised(taught, seed, SIGNAL).network for seed in (1, 1, 2))
    assert torch.equal(one.head.weight, same.head.weight)
    assert not torch.equal(one.head.weight, other.head.weight)


def test_the_untaught_network_tells_records_apart(checkpoint):
    network = randomised(load(checkpoint), 0, SIGNAL).network
    assert not network.training
    with torch.no_grad():
        logits = network(torch.from_numpy(SIGNAL)).logits.numpy()
    assert np.ptp(logits, axis=0).min() > 1e-4


def test_the_chance_of_others_is_left_as_it_was(checkpoint):
    taught = load(checkpoint)
    torch.manual_seed(5)
    drawn = torch.rand(1)
    torch.manual_seed(5)
    randomised(taught, 0, SIGNAL)
    assert torch.rand(1) == drawn
