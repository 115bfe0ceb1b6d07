import numpy as np
import pytest
import torch
from torch import nn

from core.appraisal import attention_check, occlusion_check
from core.calibration import Platt
from core.checkpoint import read_card
from core.ecg import SUPERCLASSES
from core.model import Output
from tests.factories_model import labelled_set

EQUAL = Platt(np.ones(5), np.zeros(5))


class Rule(nn.Module):
    """A network that one can see through: class k is the swing of lead k, attention as told."""

    def __init__(self, attention: torch.Tensor) -> None:
        super().__init__()
        self.attention = attention  # (12,) over the leads, the same for each class

    def forward(self, signal: torch.Tensor) -> Output:
        swing = signal.abs().mean(-1)  # (B, 12)
        weight = torch.arange(1.0, 13)
        logits = (swing * weight).sum(1, keepdim=True).expand(-1, 5)
        spread = self.attention[None, None, :, None].expand(len(signal), 5, 12, 125) / 125
        return Output(logits, spread, torch.zeros(len(signal), 5, 1), None)


def ones(records: int = 3) -> np.ndarray:
    return np.ones((records, 12, 1000), np.float32)


def test_attention_that_follows_occlusion_has_rank_correlation_one():
    following = torch.arange(1.0, 13) / 78
    check = attention_check(Rule(following), ones())
    assert check.records == 3
    assert check.spearman == pytest.approx(1)


def test_attention_against_occlusion_has_rank_correlation_minus_one():
    assert attention_check(Rule(torch.arange(12, 0, -1) / 78), ones()).spearman == pytest.approx(-1)


def test_uniform_attention_is_unrelated_and_has_full_entropy():
    check = attention_check(Rule(torch.full((12,), 1 / 12)), ones())
    assert check.spearman == 0
    assert check.entropy == pytest.approx(1)


class CallsMiWithoutV1(nn.Module):
    """NORM for every record, and MI as soon as lead V1 is flat."""

    def forward(self, signal: torch.Tensor) -> Output:
        logits = torch.full((len(signal), 5), -9.0)
        logits[:, 0] = 9.0
        logits[signal[:, 6].abs().amax(-1) == 0, 1] = 9.0
        return Output(
            logits,
            torch.full((len(signal), 5, 12, 125), 1 / 1500),
            torch.zeros(len(signal), 5, 1),
            None,
        )


def test_occlusion_counts_the_abnormal_calls_that_a_zeroed_lead_makes():
    check = occlusion_check(CallsMiWithoutV1(), EQUAL, np.full(5, 0.5), ones(4))
    assert (check.trials, check.new_calls) == (48, 4)


def test_occlusion_without_a_normal_record_tries_nothing():
    check = occlusion_check(CallsMiWithoutV1(), EQUAL, np.full(5, 1.1), ones(4))
    assert (check.trials, check.new_calls) == (0, 0)


def test_the_card_counts_its_misses_on_records_that_set_no_threshold(checkpoint):
    card = read_card(checkpoint)
    gate = labelled_set(32, seed=2)  # as tests.factories_model.tiny_checkpoint hands in
    for k, name in enumerate(SUPERCLASSES):
        assert card.classes[name].positives == gate.label[:, k].sum()
        assert 0 <= card.classes[name].missed <= card.classes[name].positives
    counted = {fold: figures["n_labelled"] for fold, figures in card.metrics.items()}
    assert counted["9"] == counted["9a"] + counted["9b"]


def test_the_card_counts_no_records_that_it_was_not_given(checkpoint):
    """What is unlabelled, unreadable or refused never comes to it: 'trustecg evaluate' counts."""
    for figures in read_card(checkpoint).metrics.values():
        assert not {"n", "n_refused"} & set(figures)
