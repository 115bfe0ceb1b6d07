import socket
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from core.checkpoint import load
from core.model import Network
from core.network_config import NetworkConfig
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


@pytest.mark.parametrize("error", [ImportError("no module"), RuntimeError("no such processor")])
def test_where_openvino_cannot_torch_runs_the_network(network, monkeypatch, caplog, error):
    def fail(network):
        raise error

    monkeypatch.setattr("core.runtime.in_openvino", fail)
    signal = prepare(ecg())[None]
    runtime = compile_network(network)
    assert runtime.name == f"torch {torch.__version__}"
    assert np.array_equal(runtime(signal).logits, in_torch(network)(signal).logits)
    assert caplog.messages == [f"torch runs the network, at half the speed: no OpenVINO ({error})"]


def test_openvino_runs_the_network_where_it_is_installed(network):
    assert compile_network(network).name.startswith("OpenVINO 2026")


def test_threads_do_not_get_each_others_results(network):
    runtime = compile_network(network)
    batches = [prepare_all([ecg(seed=seed)] * 4) for seed in range(6)]
    expected = [runtime(batch).logits for batch in batches]
    with ThreadPoolExecutor(max_workers=6) as pool:
        for found in (list(pool.map(runtime, batches)) for _ in range(5)):
            for one, other in zip(expected, found, strict=True):
                assert np.allclose(one, other.logits, rtol=0, atol=1e-5)


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


def test_phases_and_smooth_tokens_run_in_openvino():
    network = Network(NetworkConfig(smooth=True, phases=2)).eval()
    signal = prepare_all([ecg(seed=seed) for seed in range(3)])
    expected, found = in_torch(network)(signal), in_openvino(network)(signal)
    for one, other in zip(expected, found, strict=True):
        assert np.allclose(one, other, rtol=0, atol=1e-4)


def test_features_carry_the_logits(network):
    result = in_torch(network)(prepare(ecg())[None])
    with torch.inference_mode():
        again = (torch.from_numpy(result.features) * network.head.weight).sum(-1)
        again += network.head.bias
    assert np.allclose(again.numpy(), result.logits, atol=1e-5)
