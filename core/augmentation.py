"""The same heart in another record: what records are changed by while a network is taught."""

from collections.abc import Sequence

import torch
from torch import Tensor

from core.ecg import LEADS
from core.preprocess import MODEL_RATE, MODEL_SAMPLES
from core.training_config import TrainingConfig


def move(signal: Tensor, config: TrainingConfig) -> Tensor:
    """Shift, stretch and amplify (B, 12, 1000), all leads alike: the same heart, another record."""
    batch = len(signal)
    most = int(config.shift_s * MODEL_RATE)
    shift = torch.randint(-most, most + 1, (batch, 1, 1))
    moved = _stretched(signal, shift, config.stretch) if config.stretch else _moved(signal, shift)
    return moved * (1 + config.amplitude * (2 * torch.rand(batch, 1, 1) - 1))


def disturb(signal: Tensor, config: TrainingConfig) -> Tensor:
    """Add noise to (B, 12, 1000), and zero leads: what teachers are spared."""
    batch = len(signal)
    noise = config.noise_mv * torch.rand(batch, 1, 1) * torch.randn_like(signal)
    touched = torch.rand(batch, 1, 1) < 0.5
    dropped = touched & (torch.rand(batch, len(LEADS), 1) < config.lead_dropout)
    return (signal + noise).masked_fill(dropped, 0.0)


def _moved(signal: Tensor, shift: Tensor) -> Tensor:
    """(B, 12, 1000) moved to the right in a circle by (B, 1, 1) samples."""
    return _at(signal, torch.arange(MODEL_SAMPLES) - shift)


def _stretched(signal: Tensor, shift: Tensor, most: float) -> Tensor:
    """Moved, and slower or faster around the middle, by linear interpolation."""
    speed = 1 + most * (2 * torch.rand(len(signal), 1, 1) - 1)
    middle = MODEL_SAMPLES / 2
    at = (torch.arange(MODEL_SAMPLES) - middle) * speed + middle - shift
    before = at.floor()
    share = at - before
    index = before.long()
    return _at(signal, index) * (1 - share) + _at(signal, index + 1) * share


def _at(signal: Tensor, index: Tensor) -> Tensor:
    """The samples of (B, 12, 1000) at (B, 1, 1000) positions on the circle."""
    return signal.gather(2, (index % MODEL_SAMPLES).expand(-1, len(LEADS), -1))


def mix(tensors: Sequence[Tensor], alpha: float) -> list[Tensor]:
    """Blend every record of a batch with another one, the same in each of the tensors (B, ...).

    Zhang et al., "mixup: beyond empirical risk minimization", ICLR 2018. The record itself keeps
    the larger share.
    """
    batch = len(tensors[0])
    share = torch.distributions.Beta(alpha, alpha).sample((batch,))
    share = torch.maximum(share, 1 - share)
    other = torch.randperm(batch)
    weights = [share.reshape(-1, *[1] * (tensor.dim() - 1)) for tensor in tensors]
    return [w * t + (1 - w) * t[other] for w, t in zip(weights, tensors, strict=True)]
