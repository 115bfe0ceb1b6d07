"""Parameter randomisation: does an explanation say anything of the weights?

Adebayo et al., "Sanity checks for saliency maps", NeurIPS 2018. What an untaught network is
explained by cannot be what the taught one has learned.
"""

import torch

from core.checkpoint import Checkpoint
from core.ecg import Signal
from core.model import Network


def randomised(checkpoint: Checkpoint, seed: int, signal: Signal) -> Checkpoint:
    """The same network as it was before its teaching, every weight drawn anew.

    ``signal`` is (records, 12, 1000): batch normalisation takes its statistics from it, since
    without them a deep untaught network says the same of every record.
    """
    state = torch.get_rng_state()
    try:
        torch.manual_seed(seed)
        network = Network(checkpoint.network.config).eval()
    finally:
        torch.set_rng_state(state)
    _normalise(network, signal)
    return Checkpoint(checkpoint.card, network.eval())


@torch.no_grad()
def _normalise(network: Network, signal: Signal) -> None:
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            module.train().momentum = None  # the plain mean over all that is seen
    network(torch.from_numpy(signal))
