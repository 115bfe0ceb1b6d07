"""What the trees add: all of it is told, and on the beats that they measured."""

import numpy as np
import pytest
import torch

from core.common_beat import AFTER, BEFORE, common_beat
from core.ecg import SUPERCLASSES, Ecg, Superclass
from core.explain.beat_trees import trees_share
from core.explain.gradients import IntegratedGradients
from core.explain.shapley import Shap
from core.model import Network
from core.network_config import NetworkConfig
from core.preprocess import prepare
from tests.factories_ecg import ecg
from tests.factories_explain import case
from tests.factories_model import labelled_set

SMALL = NetworkConfig(stem=4, token=4, width=8, blocks=1, hidden=8, trees=30, phases=2)


@pytest.fixture(scope="module")
def network():
    """One in which trees that ask about anything have nearly all of the say."""
    torch.manual_seed(3)
    made = Network(SMALL).eval()
    trees = made.trees
    trees.leaf *= 10
    trees.softness.fill_(0.5)
    with torch.no_grad():
        made.head.weight[:, -1] = 4
    return made


def said(network, signal, superclass):
    with torch.no_grad():
        trees = network.trees(torch.from_numpy(signal)).mean(0)
        return float((trees * network.head.weight[:, -1])[SUPERCLASSES.index(superclass)])


@pytest.mark.parametrize("superclass", [Superclass.NORM, Superclass.HYP])
def test_all_that_is_added_is_told(network, superclass):
    others = 3 * np.stack([prepare(ecg(seed=seed)) for seed in (4, 5, 6)])
    asked = case(network, superclass)
    difference = said(network, asked.signal[None], superclass) - said(network, others, superclass)
    assert trees_share(asked, others).sum() == pytest.approx(difference, rel=0.03)


def test_it_lies_on_the_beats(network):
    asked = case(network)
    at, weight = common_beat(torch.from_numpy(asked.signal[None]))[2:]
    beats = np.zeros(1000, dtype=bool)
    for start in at[weight > 0].tolist():
        beats[start - BEFORE : start + AFTER] = True
    share = trees_share(asked, asked.baseline.signal[None])
    assert share[:, beats].any() and not share[:, ~beats].any()


def test_a_network_without_trees_and_a_record_without_beats_have_no_share(network):
    silent = Network(NetworkConfig(stem=4, token=4, width=8, blocks=1, hidden=8)).eval()
    asked = case(silent)
    assert not trees_share(asked, asked.baseline.signal[None]).any()
    still = case(network, ecg=Ecg(signal=np.zeros((12, 1000), dtype=np.float32), rate=100))
    assert not trees_share(still, prepare(ecg())[None]).any()


@pytest.mark.parametrize("method", [IntegratedGradients(), Shap()])
def test_the_parts_still_add_up(network, method):
    background = labelled_set(8, seed=2).signal
    found = method.attribute(case(network, Superclass.NORM, background=background))
    assert found.residual < 0.06
