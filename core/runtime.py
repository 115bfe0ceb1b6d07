"""Inference on a processor: the network as OpenVINO runs it, in float32.

It fuses what torch computes one operation after the other, and runs the same weights in half
the time; ``docs/decisions/0007-openvino-runs-the-network.md`` has the figures. Gradients, and
machines for which there is no OpenVINO, take torch.
"""

import warnings
from collections.abc import Callable
from importlib.util import find_spec
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.ecg import Signal
from core.model import Network
from core.preprocess import MODEL_SAMPLES

Float32s = NDArray[np.float32]


class Result(NamedTuple):
    """What the network says of N records, as numpy arrays."""

    logits: Float32s  # (N, 5)
    attention: Float32s  # (N, 5, 12, 125)
    features: Float32s  # (N, 5, H)


Run = Callable[[Signal], Result]


def compile_network(network: Network) -> Run:
    """A function that runs ``network`` on (N, 12, 1000) records, with the threads that torch has.

    In OpenVINO where it is installed, else in torch.
    """
    return in_openvino(network) if find_spec("openvino") else in_torch(network)


def in_torch(network: Network) -> Run:
    """The network as torch runs it."""

    @torch.inference_mode()
    def run(signal: Signal) -> Result:
        out = network(torch.from_numpy(signal))
        return Result(out.logits.numpy(), out.attention.numpy(), out.features.numpy())

    return run


def in_openvino(network: Network) -> Run:
    """The network as OpenVINO runs it.

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
    compiled = openvino.Core().compile_model(
        frontend.convert(frontend.load(decoder)),
        "CPU",
        {
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
            "INFERENCE_PRECISION_HINT": "f32",  # where it can, it would take bfloat16
            "PERFORMANCE_HINT": "LATENCY",
        },
    )

    weight, bias = network.head.weight.detach().numpy(), network.head.bias.detach().numpy()

    def run(signal: Signal) -> Result:
        out = compiled([signal])
        attention, features = np.array(out[0]), np.array(out[1])
        # not left to OpenVINO 2026.4, which adds the bias of a class to the record of that number
        return Result((features * weight).sum(-1) + bias, attention, features)

    return run


class _Evidence(nn.Module):
    """What the logits are made of, without them, as the tracer wants it."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, signal: Tensor) -> tuple[Tensor, Tensor]:
        out = self.network(signal)
        return out.attention, out.features
