"""What the trees add to a logit, laid on the samples of the beats that they measure.

Between two records lie mixtures of their rhythms, in which no beat is either's. So the way from
one to the other is walked from common beat to common beat, and what is found there is laid back
on the beats of the record, each by what it counts; what the rhythm says lies on their QRS.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.ecg import Signal

if TYPE_CHECKING:
    from core.explain.case import Case

STEPS = 16  # of each way: from 50 training records, 0.2 % was left over in the median of 24
ALONE = 64  # of one way, whose errors no other evens out: 0.3 %


def trees_share(case: "Case", against: Signal) -> NDArray[np.float64]:
    """Each sample's share of what the trees add, by integrated gradients: (12, 1000).

    They are those of the mean way from ``against`` (records, 12, 1000). The sum is what the trees
    say of the record less what they say of them on average; where the record has no beat, or the
    network no trees, it is 0.
    """
    import torch

    from core.common_beat import QRS, common_beat, laid_out

    trees = case.network.trees
    if trees is None:
        return np.zeros(case.signal.shape)
    asked = slice(case.column, case.column + 1)
    weight = case.network.head.weight[asked, -1].detach()
    with torch.no_grad():
        found = common_beat(torch.from_numpy(case.signal[None]))
        others = common_beat(torch.from_numpy(against))
        away = [here - there for here, there in zip(found[:2], others[:2], strict=True)]
    steps = max(STEPS, ALONE // len(against))
    left = 1 - (torch.arange(steps) + 0.5) / steps
    with torch.enable_grad():
        stops = [  # (steps, N, 12, 75) of the beat, (steps, N, 2) of the rhythm
            (here - torch.einsum("s,n...->sn...", left, way)).requires_grad_()
            for here, way in zip(found[:2], away, strict=True)
        ]
        beats, rhythms = (stop.flatten(0, 1) for stop in stops)
        said = weight * trees.of_beat(beats, rhythms, asked)
        slopes = torch.autograd.grad(said.sum(), stops)
    beat, rhythm = ((s.mean(0) * way).mean(0) for s, way in zip(slopes, away, strict=True))
    beat[:, QRS] += rhythm.sum() / beat[:, QRS].numel()
    values: NDArray[np.float64] = laid_out(beat[None], found)[0].numpy().astype(np.float64)
    return values
