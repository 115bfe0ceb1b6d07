"""Inference on a processor: the network as OpenVINO runs it, in float32.

It fuses what torch computes one operation after the other, and runs the same weights in half
the time; ``docs/decisions/0005-openvino-runs-the-network.md`` has the figures. Gradients, and
machines for which there is no OpenVINO, take torch.
"""

import logging
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.ecg import LEADS, Signal
from core.model import Network
from core.preprocess import MODEL_SAMPLES

Float32s = NDArray[np.float32]
_log = logging.getLogger(__name__)


class Result(NamedTuple):
    """What the network says of N records, as numpy arrays."""

    logits: Float32s  # (N, 5)
    attention: Float32s  # (N, 5, 12, 125)
    features: Float32s  # (N, 5, F)


@dataclass(frozen=True, slots=True)
class Runtime:
    """A network ready to be called, from several threads at once, on (N, 12, 1000) records."""

    name: str  # the library that runs it, and its version
    run: Callable[[Signal], Result]

    def __call__(self, signal: Signal) -> Result:
        return self.run(signal)


def compile_network(network: Network) -> Runtime:
    """The network in OpenVINO, else in torch, with the threads that torch has now."""
    try:
        return in_openvino(network)
    except (ImportError, RuntimeError) as error:  # not installed, or not for this processor
        _log.warning("torch runs the network, at half the speed: no OpenVINO (%s)", error)
        return in_torch(network)


def preceded(runtime: Runtime, before: Callable[[], None]) -> Runtime:
    """The same, with ``before`` called first each time."""

    def run(signal: Signal) -> Result:
        before()
        return runtime(signal)

    return replace(runtime, run=run)


def in_torch(network: Network) -> Runtime:
    """The network as torch runs it."""

    @torch.inference_mode()
    def run(signal: Signal) -> Result:
        out = network(torch.from_numpy(signal))
        return Result(out.logits.numpy(), out.attention.numpy(), out.features.numpy())

    return Runtime(f"torch {torch.__version__}", run)


def in_openvino(network: Network) -> Runtime:
    """The network as OpenVINO runs it; raises ImportError or RuntimeError where it cannot.

    The front end is called itself: ``openvino.convert_model`` would report its use to Intel.
    """
    import openvino
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    example = torch.zeros(2, 12, MODEL_SAMPLES)
    with warnings.catch_warnings(), torch.inference_mode():
        # torch announces the end of tracing; OpenVINO 2026.4 reads torch.export only in part
        warnings.simplefilter("ignore")
        decoder = TorchScriptPythonDecoder(_Evidence(network), example_input=(example,))
    frontend = FrontEndManager().load_by_framework("pytorch")
    batches = frontend.convert(frontend.load(decoder))
    single = batches.clone()
    single.reshape([1, len(LEADS), MODEL_SAMPLES])  # a fifth quicker: no shape is left to find out
    settings = {
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        "INFERENCE_PRECISION_HINT": "f32",  # where it can, it would take bfloat16
        "PERFORMANCE_HINT": "LATENCY",
    }
    core = openvino.Core()
    of_one, of_any = (core.compile_model(model, "CPU", settings) for model in (single, batches))
    weight, bias = network.head.weight.detach().numpy(), network.head.bias.detach().numpy()
    requests = threading.local()  # a request holds its results: shared, one call answers another

    def run(signal: Signal) -> Result:
        if not len(signal):  # shapes of nothing come out wrong
            return in_torch(network)(signal)
        if not hasattr(requests, "of_any"):
            requests.of_one = of_one.create_infer_request()
            requests.of_any = of_any.create_infer_request()
        request = requests.of_one if len(signal) == 1 else requests.of_any
        out = request.infer([signal])
        attention, features = np.array(out[0]), np.array(out[1])
        # not left to OpenVINO 2026.4, which adds the bias of a class to the record of that number
        return Result((features * weight).sum(-1) + bias, attention, features)

    return Runtime(f"OpenVINO {version('openvino')}", run)


class _Evidence(nn.Module):
    """What the logits are made of, without them, as the tracer wants it."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, signal: Tensor) -> tuple[Tensor, Tensor]:
        out = self.network(signal)
        return out.attention, out.features
