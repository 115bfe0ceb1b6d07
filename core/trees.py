"""Boosted trees on the common beat, and the reader of beats that learns from them.

Trees on what a cardiologist measures, voltages, ST, width, err elsewhere than a network on the
signal does, and are no part of one. So a small network learns what they say, of real beats and of
mixtures of two, as many as it likes: it ranks as they do and is differentiated, run and
explained with the rest (decision 0015).
"""

import copy
import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import GroupKFold
from threadpoolctl import threadpool_limits
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from core.common_beat import common_beat, measures
from core.ecg import LEADS, SUPERCLASSES, Signal
from core.errors import TrainingError
from core.labelled import LabelledSet
from core.model import BeatReader, NetworkConfig
from core.progress import Progress

_PARTS = 4  # in which patients are kept out in turn
_PATIENTS = 10 * _PARTS  # with a class, and without, so that every part has some
_SURE = 8.0  # logit beyond which trees are not believed to know
_BATCH = 64
_PEAK = 2e-3  # learning rate of the reader
_AVERAGE = 0.998  # decay of the reader's weight average
_UNMIXED = 0.3  # share of beats that are left as they are
_GAIN, _NOISE_MV = 0.15, 0.02  # largest change of a beat's voltage, and noise on it


class Beats(NamedTuple):
    """What the reader is given of N records."""

    beat: Tensor  # (N, 12, 75) in mV
    rhythm: Tensor  # (N, 2) in s


@torch.no_grad()
def common_beats(signal: Signal) -> Beats:
    """The common beats of prepared records (N, 12, 1000)."""
    parts = [common_beat(part) for part in torch.split(torch.from_numpy(signal), _BATCH)]
    return Beats(torch.cat([p.beat for p in parts]), torch.cat([p.rhythm for p in parts]))


def _measured(beats: Beats) -> NDArray[np.float32]:
    """What trees look at, (N, F): what the reader measures, with every second sample."""
    found, samples = measures(*beats).numpy(), beats.beat[0].numel()
    return np.concatenate([found[:, samples:], found[:, :samples:2]], axis=1)


@dataclass(frozen=True)
class Forest:
    """Trees in four sets, each grown without the patients of one part of the records.

    A teacher that has seen the label would repeat it.
    """

    part: NDArray[np.intp]  # (N,) of the records that they were grown on
    trees: tuple[tuple[HistGradientBoostingClassifier, ...], ...]  # by part, by class

    @classmethod
    def grow(
        cls, taught: LabelledSet, beats: Beats, seed: int, progress: Progress | None = None
    ) -> "Forest":
        """Grow them; raises TrainingError where too few patients have or lack a class."""
        _refuse_few(taught)
        measured, sets = _measured(beats), []
        part = np.zeros(len(taught.label), dtype=np.intp)
        folds = GroupKFold(_PARTS).split(measured, groups=taught.patient)
        with threadpool_limits(torch.get_num_threads()):
            for number, (known, unseen) in enumerate(folds):
                part[unseen] = number
                label = taught.label[known]
                sets.append(tuple(_trees(seed).fit(measured[known], y) for y in label.T))
                if progress:
                    progress(number + 1, _PARTS)
        return cls(part, tuple(sets))

    def unseen(self, beats: Beats) -> Tensor:
        """The logits of trees that have not seen the records, nor their patients: (N, 5).

        The beats are those of the records that the trees were grown on, as they are or changed.
        """
        measured = _measured(beats)
        said = np.zeros((len(measured), len(SUPERCLASSES)), dtype=np.float32)
        with threadpool_limits(torch.get_num_threads()):
            for number, trees in enumerate(self.trees):
                mine = self.part == number
                said[mine] = np.stack([t.decision_function(measured[mine]) for t in trees], axis=1)
        return torch.from_numpy(said.clip(-_SURE, _SURE))


@dataclass(frozen=True)
class TaughtReader:
    """A reader of beats and the layer that makes five logits of what it reads."""

    reader: BeatReader
    head: nn.Linear
    seconds: float = 0.0  # that teaching took, trees included

    @property
    def parameters(self) -> list[nn.Parameter]:
        """What is taught."""
        return [*self.reader.parameters(), *self.head.parameters()]

    @cached_property
    def digest(self) -> str:
        """Sha256 of all weights."""
        states = [*self.reader.state_dict().values(), *self.head.state_dict().values()]
        return hashlib.sha256(b"".join(v.numpy().tobytes() for v in states)).hexdigest()

    @torch.no_grad()
    def of_signal(self, signal: Tensor) -> Tensor:
        """Logits of records (B, 12, 1000) in mV: (B, 5)."""
        return self.of_beats(Beats(*common_beat(signal)[:2]))

    def of_beats(self, beats: Beats) -> Tensor:
        """Logits of common beats: (N, 5)."""
        said: Tensor = self.head(self.reader.of_beat(*beats))
        return said


def teach_reader(
    forest: Forest,
    beats: Beats,
    network: NetworkConfig,
    *,
    epochs: int,
    seed: int,
    progress: Progress | None = None,
) -> TaughtReader:
    """Teach a reader what the trees say of unseen beats, each epoch of other mixtures of them.

    It is spared no noise and no missing lead, they are: it learns to read through both.
    """
    torch.manual_seed(seed)
    reader = BeatReader(network)
    _scale(reader, beats)
    learner = TaughtReader(reader, nn.Linear(network.reading, len(SUPERCLASSES)))
    average = copy.deepcopy(learner)
    optimiser = torch.optim.AdamW(learner.parameters, weight_decay=0.01)
    steps = len(beats.beat) // _BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, _PEAK, total_steps=epochs * steps, pct_start=0.1
    )
    reader.train()
    for epoch in range(epochs):
        mixed = _mixed(beats, forest.part)
        target = forest.unseen(mixed).sigmoid()
        heard = _disturbed(mixed)
        for rows in torch.randperm(len(target))[: steps * _BATCH].reshape(steps, -1):
            said = learner.of_beats(Beats(heard.beat[rows], heard.rhythm[rows]))
            loss = bce(said, target[rows])
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            _follow(average, learner)
        if progress:
            progress(epoch + 1, epochs)
    average.reader.eval()
    return average


@torch.no_grad()
def _scale(reader: BeatReader, beats: Beats) -> None:
    """Bring what is measured to one scale, with a floor of 0.05 mV, and the samples to 0.25 mV.

    Each sample by its own deviation, the reader heard most where least happens: 0.9234 on 9a
    where this gave 0.9305.
    """
    found, samples = measures(*beats), beats.beat[0].numel()
    reader.width.copy_(found.std(0) + 0.05)
    reader.width[:samples] = 0.25
    reader.centre[samples:] = found[:, samples:].mean(0)


def _mixed(beats: Beats, part: NDArray[np.intp]) -> Beats:
    """Each beat mixed with one of the same part, and louder or softer.

    The trees that have not seen the one have not seen the other either.
    """
    other = torch.arange(len(part))
    for number in range(_PARTS):
        mine = torch.from_numpy(np.flatnonzero(part == number))
        other[mine] = mine[torch.randperm(len(mine))]
    share = torch.distributions.Beta(0.5, 0.5).sample((len(part),))
    share = torch.maximum(share, 1 - share).where(torch.rand(len(part)) >= _UNMIXED, 1.0)
    gain = 1 + _GAIN * (2 * torch.rand(len(part), 1, 1) - 1)
    return Beats(
        torch.lerp(beats.beat[other], beats.beat, share[:, None, None]) * gain,
        torch.lerp(beats.rhythm[other], beats.rhythm, share[:, None]),
    )


def _disturbed(beats: Beats) -> Beats:
    """With noise, in a third without some leads, and up to 10 ms early or late."""
    beat = beats.beat
    noisy = beat + _NOISE_MV * torch.rand(len(beat), 1, 1) * torch.randn_like(beat)
    dropped = (torch.rand(len(beat), 1, 1) < 0.3) & (torch.rand(len(beat), len(LEADS), 1) < 0.12)
    shift = torch.randint(-1, 2, (len(beat), 1, 1))
    at = (torch.arange(beat.shape[2]) + shift).clamp(0, beat.shape[2] - 1)
    return Beats(noisy.masked_fill(dropped, 0.0).gather(2, at.expand_as(beat)), beats.rhythm)


@torch.no_grad()
def _follow(average: TaughtReader, learner: TaughtReader) -> None:
    """Move the averaged weights towards those that learn."""
    for mean, new in zip(average.parameters, learner.parameters, strict=True):
        mean.lerp_(new, 1 - _AVERAGE)


def _refuse_few(taught: LabelledSet) -> None:
    for k, name in enumerate(SUPERCLASSES):
        for has, word in ((True, "have"), (False, "lack")):
            patients = len(np.unique(taught.patient[taught.label[:, k] == has]))
            if patients < _PATIENTS:
                raise TrainingError(
                    f"{patients} patients {word} {name}, trees take {_PATIENTS}: "
                    "give more records, or set reading = 0"
                )


def _trees(seed: int) -> HistGradientBoostingClassifier:
    # slow and small, each split among a fifth of the features: neighbouring samples say the same
    return HistGradientBoostingClassifier(
        max_iter=500,
        learning_rate=0.04,
        max_leaf_nodes=24,
        min_samples_leaf=40,
        l2_regularization=5.0,
        max_features=0.2,
        early_stopping=True,
        n_iter_no_change=40,
        random_state=seed,
    )
