"""What the reader of beats adds to a logit, laid on the samples of the beats that it reads.

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

STEPS = 16  # of each way: of 12 records of 9b, 2 % of the difference was left over at most


def reading_share(case: "Case", against: Signal) -> NDArray[np.float64]:
    """Each sample's share of what the reader adds, by integrated gradients: (12, 1000).

    They are those of the mean way from ``against`` (records, 12, 1000). The sum is what the reader
    says of the record less what it says of them on average; where the record has no beat, or the
    network no reader, it is 0.
    """
    import torch

    from core.common_beat import QRS, common_beat, laid_out

    reader = case.network.reader
    if reader is None:
        return np.zeros(case.signal.shape)
    weight = case.network.head.weight[case.column, -case.network.config.reading :]
    with torch.no_grad():
        found = common_beat(torch.from_numpy(case.signal[None]))
        others = common_beat(torch.from_numpy(against))
        away = [here - there for here, there in zip(found[:2], others[:2], strict=True)]
    left = 1 - (torch.arange(STEPS) + 0.5) / STEPS
    with torch.enable_grad():
        stops = [  # (STEPS, N, 12, 75) of the beat, (STEPS, N, 2) of the rhythm
            (here - torch.einsum("s,n...->sn...", left, way)).requires_grad_()
            for here, way in zip(found[:2], away, strict=True)
        ]
        said = reader.of_beat(*(stop.flatten(0, 1) for stop in stops)) @ weight
        slopes = torch.autograd.grad(said.sum(), stops)
    beat, rhythm = ((s.mean(0) * way).mean(0) for s, way in zip(slopes, away, strict=True))
    beat[:, QRS] += rhythm.sum() / beat[:, QRS].numel()
    values: NDArray[np.float64] = laid_out(beat[None], found)[0].numpy().astype(np.float64)
    return values
