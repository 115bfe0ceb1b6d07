"""Teach a champion what readers have said, gently, and keep what it knows.

The last layer is taught, and held to what it was: a few hundred answers can tell how what the
network hears is to be weighed, and not what to listen for
(``docs/decisions/0010-a-challenger-shows-that-it-is-better.md``). Consensus labels come with a
replay sample of folds 1-8 against forgetting. On the replay, and on classes that the readers left
open, the champion's own opinion is part of the target (Li & Hoiem, "Learning without forgetting",
2018). It is formed once, at several places of a stride, and asked for wherever the record is moved
to: what is kept must not hang on where a beat falls. Batch normalisation keeps its statistics: a
few hundred records of one ward are no better measure of all hearts than those that it has. As every
run of ``core.training`` it is deterministic by seed, and goes on from its last epoch.
"""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ConfigDict
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from core.arrays import Bools
from core.augmentation import disturb, move
from core.checkpoint import Checkpoint
from core.ecg import SUPERCLASSES
from core.errors import StateUnusable
from core.labelled import LabelledSet, joined
from core.model import Network
from core.network_config import CHECKED
from core.preprocess import TOKEN_SAMPLES
from core.training import STATE, EpochReport, TrainingRun, computes_bfloat16
from core.training_config import Count, NotNegative, Part, Positive, Share, TrainingConfig

_PLACES = (0, TOKEN_SAMPLES)  # the context has a stride of two tokens


@dataclass(frozen=True, kw_only=True)
class FinetuningConfig(TrainingConfig):
    """How a champion is taught on; the network is the champion's."""

    # a run that an update interrupts may have settings that are no longer there
    __pydantic_config__: ClassVar = CHECKED | ConfigDict(extra="ignore")

    epochs: Count = 6  # three minutes of one processor for 500 labels
    patience: Count = 3
    learning_rate: Positive = 2e-3
    warm_up: Share = 0.25
    average: Share = 0.98
    stretch: Share = 0.08
    noise_mv: NotNegative = 0.05
    layers: Literal["last", "all"] = "last"  # what is taught; the others stay as they are
    l2_sp: NotNegative = 3000.0  # how firmly the last layer is held: ``_l2_sp_penalty``
    weight_decay: Part = 0.0  # it would pull towards 0, not to the champion
    threads: Count = 1  # of torch: with more, another machine may give other weights
    bfloat16: bool = field(default_factory=computes_bfloat16)  # where it begins; the row keeps it

    @property
    def plain(self) -> dict[str, Any]:
        """The values that ``of`` takes back, without the network, which is the champion's."""
        return {name: value for name, value in asdict(self).items() if name != "network"}


@dataclass(frozen=True)
class TaughtSet(LabelledSet):
    """Records with how much of each class's target is the label, and how much each counts."""

    trust: NDArray[np.float32]  # (N, 5): 1 the label alone, 0 the champion's opinion alone
    weight: NDArray[np.float32]  # (N,) of the record in the loss

    @property
    def digest(self) -> str:
        """sha256 of everything that is learned from."""
        own = hashlib.sha256(super().digest.encode())
        own.update(self.trust.tobytes() + self.weight.tobytes())
        return own.hexdigest()


def taught_set(
    read: LabelledSet, said: Bools, weight: NDArray[np.float32], replay: LabelledSet, keep: float
) -> TaughtSet:
    """Readers' records, of whose classes ``said`` (N, 5) have a label, and the replay sample.

    ``weight`` (N,) is that of the readers' records; ``keep`` is the champion's share in the
    target of the replayed ones.
    """
    replayed = np.full((len(replay.label), len(SUPERCLASSES)), 1 - keep)
    return TaughtSet(
        **vars(joined([read, replay])),
        trust=np.concatenate([said, replayed]).astype(np.float32),
        weight=np.concatenate([weight, np.ones(len(replay.label))]).astype(np.float32),
    )


class ChampionOutputs(NamedTuple):
    """What a champion says and hears of the taught records, wherever in a stride beats fall."""

    probability: Tensor  # (N, 5)
    feature_std: Tensor  # (5, F) over the records, of what its last layer hears of each class


class FinetuningRun(TrainingRun):
    """One run from a champion's weights."""

    taught: TaughtSet
    config: FinetuningConfig

    def __init__(
        self,
        taught: TaughtSet,
        stopping: LabelledSet,
        config: FinetuningConfig,
        champion: Checkpoint,
    ) -> None:
        """A run that is ready for its first epoch; raises TrainingError."""
        own = replace(config, network=champion.network.config)
        super().__init__(taught, stopping, own, teachers=[champion], start=champion)

    @property
    def improved(self) -> bool:
        """Whether an epoch was better on 9a than the champion."""
        return self.best_epoch > 0

    def shipped(self) -> Network:
        """The best averaged weights; where none was better than the champion, the last ones.

        Those are kept to be looked at: the gate stops them.
        """
        return self._shipped(self.best if self.improved else self.average.state_dict())

    @cached_property
    def _key(self) -> str:
        return f"fine-tuning {self.taught.digest} {super()._key}"

    def _prepare_to_learn(self) -> None:
        self.network.train()
        for part in self.network.modules():
            if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
                part.eval()
        self.network.requires_grad_(self.config.layers == "all")
        self.network.head.weight.requires_grad_()
        self.network.head.bias.requires_grad_()

    @cached_property
    def _champion(self) -> ChampionOutputs:
        """The champion, asked once a record at several places of a stride."""
        network, said, heard = self.teachers[0].network, [], []
        for start in range(0, len(self.taught.signal), self.config.batch):
            part = torch.from_numpy(self.taught.signal[start : start + self.config.batch])
            with torch.no_grad():
                places = [network(part.roll(samples, -1)) for samples in _PLACES]
            said.append(torch.stack([place.logits for place in places]).mean(0))
            heard.append(torch.stack([place.features for place in places]).mean(0))
            self._tell(0)
        return ChampionOutputs(torch.cat(said).sigmoid(), torch.cat(heard).std(0))

    def _loss(self, rows: NDArray[np.int64]) -> Tensor:
        """Weighted cross-entropy with targets between label and champion, by ``trust``."""
        signal = disturb(move(torch.from_numpy(self.taught.signal[rows]), self.config), self.config)
        label = torch.from_numpy(self.taught.label[rows]).float()
        trust = torch.from_numpy(self.taught.trust[rows])
        weight = torch.from_numpy(self.taught.weight[rows])[:, None]
        target = torch.lerp(self._champion.probability[rows], label, trust)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.config.bfloat16):
            out = self.network(signal)
        loss = bce(out.logits.float(), target, reduction="none")
        return (loss * weight).sum() / (weight.sum() * len(SUPERCLASSES)) + self._l2_sp_penalty()

    def _l2_sp_penalty(self) -> Tensor:
        """``l2_sp`` / 2 * sum of (std * (weight - the champion's))^2 over the last layer's weights.

        That is beside a loss summed over records; like it, it is divided by their weight and the
        classes. So held, a record one standard deviation off moves by the same whatever the
        feature. The bias is free: readers may meet a class more often than folds 1-8 do. The
        starting point of Li, Grandvalet & Davoine, "Explicit inductive bias for transfer learning
        with convolutional networks", ICML 2018.
        """
        step = self.network.head.weight - self.teachers[0].network.head.weight.detach()
        square: Tensor = (step * self._champion.feature_std).square().sum() / len(SUPERCLASSES)
        return square * (self.config.l2_sp / 2 / float(self.taught.weight.sum()))


def run_to_end(run: FinetuningRun, folder: Path, report: Callable[[EpochReport], None]) -> None:
    """Run every epoch that is left; ``report`` may raise to end it before the state is saved.

    A state that does not fit is of another release of the program, updated while the run was
    interrupted: it is taught from its first epoch again.
    """
    if (folder / STATE).is_file():
        with suppress(StateUnusable):
            run.resume(folder / STATE)
    folder.mkdir(parents=True, exist_ok=True)
    while not run.finished:
        epoch = run.run_epoch()
        report(epoch)
        run.save(folder / STATE)
