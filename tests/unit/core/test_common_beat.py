"""The common beat as layers: where it stands, and what does not move it."""

import numpy as np
import pytest
import torch

from core.beats import find_beats
from core.common_beat import AFTER, BEFORE, MEASURED, common_beat, laid_out, measures
from core.ecg import LEADS
from core.preprocess import prepare
from tests.factories_ecg import ecg


@pytest.fixture(scope="module")
def signal():
    return torch.from_numpy(prepare(ecg()))[None]


def test_it_is_the_beat_that_readers_of_marks_find(signal):
    beat, _, _, weight = common_beat(signal)
    found = find_beats(signal[0].numpy(), 100)
    assert abs(int((weight > 0).sum()) - len(found.windows)) <= 1
    assert weight.sum().item() == pytest.approx(1)
    # each centre is good to a sample or two
    closest = max(
        np.corrcoef(np.roll(found.common, lag, 1).ravel(), beat[0].ravel())[0, 1]
        for lag in range(-2, 3)
    )
    assert closest > 0.97


def test_it_is_the_same_later_in_the_record(signal):
    here, later = common_beat(signal).beat, common_beat(signal.roll(20, -1)).beat
    assert (here - later).abs().max() < 0.05  # mV


def test_it_follows_the_voltage(signal):
    assert torch.allclose(common_beat(2 * signal).beat, 2 * common_beat(signal).beat, atol=0.02)


def test_an_odd_beat_hardly_moves_it(signal):
    odd = signal.clone()
    odd[..., 300:400] *= -3
    (before, _, _, weight), (after, *_) = common_beat(signal), common_beat(odd)
    by_plain_mean = 4 * before.abs().max() / (weight > 0).sum()
    assert (before - after).abs().max() < 0.5 * by_plain_mean


def test_records_do_not_hear_each_other(signal):
    other = torch.randn(1, 12, 1000)
    together = common_beat(torch.cat([other, signal])).beat[1:]
    assert torch.allclose(together, common_beat(signal).beat, atol=1e-6)


@pytest.mark.parametrize("still", [torch.zeros(1, 12, 1000), torch.ones(1, 12, 1000)])
def test_a_record_without_beats_has_a_flat_one(still):
    beat, rhythm, _, weight = common_beat(still)
    assert not beat.any() and not rhythm.any() and not weight.any()
    assert torch.isfinite(measures(beat, rhythm)).all()


def test_every_voltage_is_taken_from_its_lead():
    beat = torch.zeros(1, len(LEADS), BEFORE + AFTER)
    for lead, height in (("V5", 1.5), ("V6", 1.0), ("aVL", 0.7), ("V1", -1.2), ("V3", -2.0)):
        beat[0, LEADS.index(lead), BEFORE] = height
    found = measures(beat, torch.tensor([[0.8, 0.1]]))[0]
    assert len(found) == MEASURED
    sums = found[beat.numel() : beat.numel() + 3].tolist()
    assert sums == pytest.approx([1.2 + 1.5, 0.7 + 2.0, 1.5 + 1.0 + 0.7 + 1.2 + 2.0])
    r = found[beat.numel() + 3 :][: len(LEADS)]
    assert r.tolist() == pytest.approx([0, 0, 0, 0, 0.7, 0, 0, 0, 0, 0, 1.5, 1.0])
    assert found[-2:].tolist() == pytest.approx([0.8, 0.1])


def test_rhythm_is_the_time_between_beats(signal):
    rhythm = common_beat(signal).rhythm[0].numpy()
    between = np.diff(find_beats(signal[0].numpy(), 100).peaks) / 100
    np.testing.assert_allclose(rhythm, [between.mean(), between.std()], atol=0.02)


def test_what_is_said_of_its_samples_is_laid_on_every_beat(signal):
    found = common_beat(signal)
    said = torch.zeros_like(found.beat)
    said[0, LEADS.index("V5"), BEFORE] = 3.0
    laid = laid_out(said, found)[0]
    assert laid.sum().item() == pytest.approx(3)
    where = found.at[0][found.weight[0] > 0]
    assert torch.equal(laid.nonzero()[:, 1], where.sort().values)
    assert not laid[: LEADS.index("V5")].any()
