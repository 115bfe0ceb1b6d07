"""Evidence of methods, as it stands beside a checkpoint, and what it is counted from."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from core.ecg import SUPERCLASSES, Superclass
from core.explain.evidence import (
    PATHOLOGIES,
    Aiming,
    ClassEvidence,
    Estimate,
    Evidence,
    MethodEvidence,
)
from core.explain.explanation import Method
from core.model import Output
from core.network_config import NetworkConfig


def estimate(mean: float, *, half: float = 0.05, of: int = 40) -> Estimate:
    """A mean with an interval of ``half`` to either side."""
    return Estimate(mean=mean, low=mean - half, high=mean + half, of=of)


def aiming(pointing: float) -> Aiming:
    """A rate of the pointing game."""
    return Aiming(pointing=estimate(pointing), mass=estimate(0.4))


def method_evidence(
    *,
    randomisation: float = 0.0,
    better: float = 1.0,
    deletion: Mapping[Superclass, float] | None = None,
    pointing: Mapping[Superclass, float] | None = None,
) -> MethodEvidence:
    """A method that meets every bar, but for what is said of it."""
    advantage = dict.fromkeys(SUPERCLASSES, 2.0) | dict(deletion or {})
    hits = dict.fromkeys(PATHOLOGIES, 0.9) | dict(pointing or {})
    return MethodEvidence(
        randomisation=estimate(randomisation),
        occlusion=0.5,
        better=estimate(better, half=0.0),
        classes={
            name: ClassEvidence(
                better=estimate(better, half=0.0),
                deletion=estimate(advantage[name]),
                insertion=estimate(1.0),
            )
            for name in SUPERCLASSES
        },
        aiming={name: aiming(hit) for name, hit in hits.items()},
        residual=None,
    )


def evidence(methods: Mapping[Method, MethodEvidence], *, weights: str = "0" * 64) -> Evidence:
    """Evidence of these methods, with R peaks that hit half of the regions."""
    found = Evidence(
        checkpoint="2026.01-00000000",
        weights_sha256=weights,
        created="2026-01-01T00:00:00+00:00",
        fold="9b",
        simulated=False,
        simulated_seed=202,
        random_seeds=3,
        methods=dict(methods),
        baselines={
            name: {c: aiming(hit) for c in PATHOLOGIES}
            for name, hit in (("random", 0.15), ("r-peaks", 0.5))
        },
        default=None,
    )
    return found.model_copy(update={"default": found.choose()})


class KnownNetwork(nn.Module):
    """A network of which the truth is known: every logit is the mean of one lead up to a sample."""

    def __init__(self, lead: int, end: int) -> None:
        super().__init__()
        self.lead, self.end = lead, end
        self.config, self.trees = NetworkConfig(), None

    def forward(self, signal: Tensor, said: None = None) -> Output:
        mean = 10 * signal[:, self.lead, : self.end].mean(-1)  # (B,)
        logits = mean[:, None].repeat(1, len(SUPERCLASSES))
        attention = torch.full((len(signal), len(SUPERCLASSES), 12, 125), 1 / 1500)
        return Output(logits, attention, logits[..., None], None)
