"""The beat that the beats of a record have in common, and what is measured on it, as layers.

``core.beats`` finds it for those who read marks; here it is found in torch without a loop, so that
it is differentiated, traced and run as every other layer of the network.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import avg_pool1d, max_pool1d, pad

from core.beats import AFTER_S, BEFORE_S, REFRACTORY_S
from core.ecg import LEADS, Lead
from core.preprocess import MODEL_RATE, MODEL_SAMPLES

BEFORE, AFTER = round(BEFORE_S * MODEL_RATE), round(AFTER_S * MODEL_RATE)  # samples around QRS
_MOST = round(MODEL_SAMPLES / MODEL_RATE / REFRACTORY_S)  # beats: more are not conducted
_LAG = 2  # samples to either side: what rises within 40 ms is QRS, T does not (12 Hz)
_QRS = 9  # samples over which steepness is gathered
_HEIGHT = 0.45  # of the steepest 3 %: lower ones are T or P
_STEEPEST = round(0.03 * MODEL_SAMPLES)
_NONE = 1e-6  # in place of nothing at all
_STILL_MV = 1e-3  # by which a silent lead is told from a quiet one

_MEASURES = 9  # of each lead, beside its samples
_SUMS = 3
RHYTHM = 2
MEASURED = len(LEADS) * (BEFORE + AFTER + _MEASURES) + _SUMS + RHYTHM
QRS = slice(BEFORE - round(0.08 * MODEL_RATE), BEFORE + round(0.12 * MODEL_RATE))  # of a beat


class CommonBeat(NamedTuple):
    """The common beats of B records, and where they come from."""

    beat: Tensor  # (B, 12, 75) in mV, above the level between P and QRS; flat without a beat
    rhythm: Tensor  # (B, 2) mean and standard deviation of the time between beats, in s
    at: Tensor  # (B, 38) the samples of the QRS complexes it is made of
    weight: Tensor  # (B, 38) what each beat counts, 1 together; 0 where there is none


def common_beat(signal: Tensor) -> CommonBeat:
    """The common beat of each record (B, 12, 1000) in mV.

    Each beat counts by how near it is to the mean of all: an odd beat hardly moves it, and noise
    is averaged out as no median would. Trees on it rank better than on the median beat
    (decision 0015).
    """
    with torch.no_grad():
        at, found = _qrs(signal)
    around = (at[:, :, None] + torch.arange(-BEFORE, AFTER)).flatten(1)
    beats = signal.gather(2, around[:, None].expand(-1, len(LEADS), -1))
    beats = beats.reshape(-1, len(LEADS), _MOST, BEFORE + AFTER)  # (B, 12, 38, 75)
    equal = found / (found.sum(1, keepdim=True) + _NONE)
    odd = (beats - _weighted(beats, equal)[:, :, None]).square()
    odd = odd[..., BEFORE // 2 : -BEFORE // 2].mean((1, 3))
    near = found / (odd + 0.1 * (odd * equal).sum(1, keepdim=True) + 1e-5)
    weight = near / (near.sum(1, keepdim=True) + _NONE)
    beat = _weighted(beats, weight)
    level = _span(beat, -0.12, -0.06).mean(2, keepdim=True)
    return CommonBeat(beat - level, _rhythm(at, found), at, weight)


def laid_out(values: Tensor, found: CommonBeat) -> Tensor:
    """What is said of the samples of common beats, (B, 12, 75), laid where they come from.

    (B, 12, 1000); a sample of a beat has the share that its beat counts.
    """
    laid = values.new_zeros(len(values), len(LEADS), MODEL_SAMPLES)
    around = (found.at[:, :, None] + torch.arange(-BEFORE, AFTER)).flatten(1)
    shares = (values[:, :, None] * found.weight[:, None, :, None]).flatten(2)
    return laid.scatter_add(2, around[:, None].expand_as(shares), shares)


def measures(beat: Tensor, rhythm: Tensor) -> Tensor:
    """What trees look at: (B, 12, 75) in mV and (B, 2) in s -> (B, MEASURED).

    The samples; R, S and both together, area, ST, T and P of each lead; Sokolow-Lyon's and
    Cornell's voltage, and that of all leads; the rhythm.
    """
    p, qrs = _span(beat, -0.22, -0.08), beat[:, :, QRS]
    st, t = _span(beat, 0.08, 0.14), _span(beat, 0.12, 0.42)
    r, s = qrs.amax(2), -qrs.amin(2)
    v1, v3, v5, v6, avl = (
        LEADS.index(lead) for lead in (Lead.V1, Lead.V3, Lead.V5, Lead.V6, Lead.AVL)
    )
    sokolow_lyon = s[:, v1] + torch.maximum(r[:, v5], r[:, v6])
    sums = torch.stack([sokolow_lyon, r[:, avl] + s[:, v3], (r + s).sum(1)], 1)
    qrst = [r, s, r + s, qrs.abs().sum(2), st.mean(2), t.amax(2), t.amin(2)]
    return torch.cat([beat.flatten(1), sums, *qrst, p.amax(2), p.amin(2), rhythm], 1)


def _qrs(signal: Tensor) -> tuple[Tensor, Tensor]:
    """Where QRS complexes lie that are whole within the record, (B, 38), and which of them do.

    The steepness of all leads together is searched, each lead brought to its own scale, so that
    one loose electrode does not hide the beats of the others.
    """
    wider = pad(signal.float(), (_LAG, _LAG), mode="replicate")
    steep = (wider[..., 2 * _LAG :] - wider[..., : -2 * _LAG]).abs()
    steep = steep / (steep.mean(-1, keepdim=True) + _STILL_MV)
    together = avg_pool1d(steep.clamp(max=12).mean(1, keepdim=True), _QRS, 1, _QRS // 2)
    reach = round(REFRACTORY_S * MODEL_RATE) // 2
    highest = max_pool1d(together, 2 * reach + 1, 1, reach)
    enough = _HEIGHT * together.topk(_STEEPEST, dim=-1).values[..., -1:]
    is_peak = (together >= highest) & (together >= enough)
    peaks = torch.where(is_peak, together, torch.zeros_like(together))[:, 0, BEFORE:-AFTER]
    height, at = peaks.topk(_MOST, dim=-1)
    return at + BEFORE, (height > 0).to(signal.dtype)


def _rhythm(at: Tensor, found: Tensor) -> Tensor:
    """Mean and standard deviation of the time between beats (B, 2) in s; 0 for one beat or none."""
    beyond = 2 * MODEL_SAMPLES  # where beats that were not found come to lie
    places = torch.where(found > 0, at.to(found.dtype), float(beyond))
    places = places.topk(_MOST, dim=-1, largest=False).values
    between = (places[:, 1:] - places[:, :-1]) / MODEL_RATE
    both = (places[:, 1:] < beyond).to(found.dtype)
    count = both.sum(1, keepdim=True) + _NONE
    mean = (between * both).sum(1, keepdim=True) / count
    square = ((between - mean).square() * both).sum(1, keepdim=True) / count
    return torch.cat([mean, square.sqrt()], 1)


def _weighted(beats: Tensor, weight: Tensor) -> Tensor:
    """The sum of (B, 12, 38, 75) beats by (B, 38) weights: (B, 12, 75)."""
    return (beats * weight[:, None, :, None]).sum(2)


def _span(beat: Tensor, first_s: float, last_s: float) -> Tensor:
    """The samples of the beat between two times from its QRS, in s."""
    first, last = (round((BEFORE_S + at) * MODEL_RATE) for at in (first_s, last_s))
    return beat[:, :, first:last]
