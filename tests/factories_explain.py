"""Cases for the methods of explanation: a network whose reasons are known."""

from types import SimpleNamespace
from typing import Any

import numpy as np

from core.ecg import LEADS, Ecg, Lead, Signal, Superclass
from core.explain.case import Case
from core.preprocess import prepare
from tests.factories_ecg import ecg as an_ecg


def watching(
    lead: Lead, start: int = 0, end: int = 1000, gain: float = 0.01, power: int = 1
) -> Any:
    """A network of torch that adds up powers of the voltage of one lead between samples."""
    import torch
    from torch import nn

    class Watching(nn.Module):
        config = SimpleNamespace(phases=1)
        trees = None

        def forward(self, signal: torch.Tensor, said: None = None) -> Any:
            watched = signal[:, LEADS.index(lead), start:end] ** power
            total = gain * watched.sum(-1, keepdim=True)
            return SimpleNamespace(logits=total * torch.arange(1.0, 6.0))

    return Watching().eval()


def case(
    network: Any,
    superclass: Superclass = Superclass.MI,
    ecg: Ecg | None = None,
    background: Signal | None = None,
) -> Case:
    """One record and one class for a network that torch runs."""
    import torch

    def run(signal: Signal) -> Any:
        with torch.no_grad():
            return SimpleNamespace(logits=network(torch.from_numpy(signal)).logits.numpy())

    ecg = ecg or an_ecg()
    return Case(
        ecg=ecg,
        signal=prepare(ecg),
        superclass=superclass,
        network=network,
        runtime=run,
        background=background,
    )


def parts(values: np.ndarray, lead: Lead, start: int, end: int) -> tuple[float, float]:
    """The sum of an attribution within a stretch of a lead, and the sum of the rest."""
    inside = float(values[LEADS.index(lead), start:end].sum())
    return inside, float(values.sum()) - inside
