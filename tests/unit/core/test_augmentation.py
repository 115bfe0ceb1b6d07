"""Records are changed as a heart may differ between two recordings, and no otherwise."""

from dataclasses import replace

import torch

from core.augmentation import disturb, mix, move
from tests.factories_model import TINY


def test_moving_moves_all_leads_alike():
    signal = torch.randn(64, 1, 1000).expand(64, 12, 1000)
    moved = move(signal, TINY)
    assert not torch.equal(moved, signal)
    assert torch.equal(moved, moved[:, :1].expand_as(moved))


def test_disturbing_sometimes_drops_a_lead():
    dropped = (disturb(torch.ones(64, 12, 1000), TINY) == 0).all(-1)
    assert 0 < dropped.float().mean() < 0.2


def test_noise_is_as_large_as_the_config_allows():
    noise = disturb(torch.zeros(256, 12, 1000), replace(TINY, noise_mv=0.05, lead_dropout=0.0))
    size = noise.std((1, 2))
    assert 0.048 < size.max() < 0.052
    assert size.min() < 0.005


def test_stretching_changes_the_rate_and_nothing_else():
    config = replace(TINY, noise_mv=0.0, amplitude=0.0, lead_dropout=0.0, shift_s=0.0, stretch=0.1)
    wave = torch.sin(2 * torch.pi * 50 * torch.arange(1000) / 1000)  # 5 Hz
    changed = move(wave.expand(64, 12, 1000), config)
    crossings = (changed[:, 0].diff(dim=-1).sign().diff(dim=-1) != 0).sum(-1) / 2
    assert 43 <= crossings.min() < 48
    assert 52 < crossings.max() <= 57
    assert changed.abs().max() <= 1.0
    assert torch.equal(changed, changed[:, :1].expand_as(changed))


def test_mixup_blends_signal_and_label_by_the_same_share():
    signal, label = torch.arange(64.0)[:, None, None].expand(64, 12, 4), torch.arange(64.0)[:, None]
    mixed, blended = mix((signal, label), 0.3)
    assert not torch.equal(blended, label)
    assert torch.equal(mixed, blended[..., None].expand_as(mixed))


def test_mixup_leaves_a_record_the_larger_share():
    mixed = mix((torch.eye(64),), 0.5)[0]
    assert (mixed.diagonal() >= 0.5).all()
