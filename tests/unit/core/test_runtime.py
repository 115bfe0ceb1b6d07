import socket

import numpy as np
import pytest
import torch

from core.checkpoint import load
from core.preprocess import prepare, prepare_all
from core.runtime import compile_network, in_openvino, in_torch
from tests.factories_ecg import ecg
from tests.readme import CHECKPOINT


@pytest.fixture(scope="module")
def network():
    return load(CHECKPOINT).network


@pytest.mark.parametrize("records", [0, 1, 2, 65])
def test_both_runtimes_say_the_same(network, records):
    signal = prepare_all([ecg(seed=seed) for seed in range(records)])
    expected, found = in_torch(network)(signal), in_openvino(network)(signal)
    for one, other in zip(expected, found, strict=True):
        assert other.shape == one.shape
        assert np.allclose(one, other, rtol=0, atol=1e-4)


def test_without_openvino_torch_runs_the_network(network, monkeypatch):
    monkeypatch.setattr("core.runtime.find_spec", lambda name: None)
    signal = prepare(ecg())[None]
    assert np.array_equal(compile_network(network)(signal).logits, in_torch(network)(signal)[0])


def test_compiling_asks_nothing_of_the_network_outside(network, monkeypatch):
    """OpenVINO's own converter reports its use over the internet."""

    def refuse(*_args, **_kwargs):
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    compile_network(network)(prepare(ecg())[None])


def test_results_stay_when_the_next_batch_is_run(network):
    run = compile_network(network)
    first = run(prepare(ecg(seed=1))[None])
    kept = first.logits.copy()
    run(prepare(ecg(seed=2))[None])
    assert np.array_equal(first.logits, kept)


def test_features_carry_the_logits(network):
    result = in_torch(network)(prepare(ecg())[None])
    with torch.inference_mode():
        again = (torch.from_numpy(result.features) * network.head.weight).sum(-1)
        again += network.head.bias
    assert np.allclose(again.numpy(), result.logits, atol=1e-5)
