"""Teach the network on folds 1-8, stop it on 9a, and leave a checkpoint with its card.

Deterministic by seed on one machine with one number of threads; a killed run goes on from its
last whole epoch.
"""

import copy
import csv
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from core.augmentation import disturb, mix, move
from core.checkpoint import CARD, WEIGHTS, Checkpoint
from core.ecg import Signal
from core.errors import StateUnusable, TrainingError
from core.evaluation import auroc
from core.labelled import LabelledSet
from core.model import Network
from core.preprocess import TOKEN_SAMPLES
from core.progress import Progress
from core.roles import TRAINING_FOLDS
from core.training_config import TrainingConfig

if TYPE_CHECKING:
    from core.trees import GrownTrees

STATE = "state.pt"  # everything that a killed run needs to go on
LOG = "log.csv"


@dataclass(frozen=True, kw_only=True)
class EpochReport:
    """What one epoch came to: a line of the log."""

    epoch: int
    loss: float
    auroc_9a: float  # macro, of the averaged weights
    seconds: float
    seconds_left: float  # at this speed, if the run is not stopped early


class TrainingRun:
    """One run: its networks, its optimiser and where it stands."""

    between: Progress | None = None  # told of the batches of an epoch that are done, and of all

    def __init__(
        self,
        taught: LabelledSet,
        stopping: LabelledSet,
        config: TrainingConfig,
        *,
        teachers: Sequence[Checkpoint] = (),
        trees: "GrownTrees | None" = None,
        start: Checkpoint | None = None,
    ) -> None:
        """A run that is ready for its first epoch.

        ``teachers`` are distilled: what they say, on average, of each batch as it was augmented
        enters the target (Beyer et al., "Knowledge distillation: a good teacher is patient and
        consistent", 2022). ``start`` gives the first weights. ``trees`` are put beside what
        was taught, and have no part in the teaching: they have seen the labels, and would be all
        that the network listens to. Raises TrainingError.
        """
        if len(taught.label) < config.batch:
            raise TrainingError(
                f"{len(taught.label)} training records do not fill one batch of {config.batch}: "
                "give more records or a smaller batch"
            )
        if not (stopping.label.any(0) & ~stopping.label.all(0)).any():
            raise TrainingError(
                f"of the {len(stopping.label)} records of 9a all or none have each class, so no "
                "epoch can be told from the untaught network: give more records"
            )
        if trees and start and start.network.config.trees:
            raise TrainingError(
                f"{start.card.version} has trees: set trees = 0, or start from one without"
            )
        torch.manual_seed(config.seed)
        counted = {
            "statements": taught.statement.shape[1],
            "trees": start.network.config.trees if start else 0,
        }
        self.config = replace(config, network=replace(config.network, **counted))
        self.taught, self.stopping = taught, stopping
        self.teachers, self.trees, self.start = teachers, trees, start
        self.network = Network(self.config.network)
        _refuse_judging_folds(teachers, start)
        if start:
            self._start_from(start)
        self.average = copy.deepcopy(self.network).eval()
        self.best = copy.deepcopy(self.average.state_dict())
        self.steps = len(taught.label) // config.batch
        self.optimiser = torch.optim.AdamW(
            self.network.parameters(), config.learning_rate, weight_decay=config.weight_decay
        )
        total = max(1, config.epochs * self.steps)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimiser,
            config.learning_rate,
            total_steps=total,
            # of a warm-up of one step torch divides by the none that lie within it
            pct_start=config.warm_up if config.warm_up * total != 1 else 0.0,
        )
        self.epoch, self.best_epoch, self.seconds = 0, 0, 0.0
        self.reports: list[EpochReport] = []
        self.best_auroc = macro_auroc(self.average, stopping) if start else 0.0

    def _start_from(self, start: Checkpoint) -> None:
        """Take its weights; what is taught from them ships only if it is better on 9a."""
        known, here = start.network.state_dict(), self.network.state_dict()
        own = {k: v for k, v in here.items() if k.startswith("statements.")}
        try:
            self.network.load_state_dict({**own, **known})
        except RuntimeError as error:
            raise TrainingError(
                f"{start.card.version}, to start from, has another shape than the config asks for: "
                "give both the same [network]"
            ) from error

    @cached_property
    def _key(self) -> str:
        """What makes a saved state this run's: config, data, teachers and first weights."""
        parts = [str(asdict(self.config)), self.taught.digest, self.stopping.digest]
        parts += [teacher.card.weights_sha256 for teacher in self.teachers]
        return " ".join([*parts, f"from {self.start.card.weights_sha256}"] if self.start else parts)

    @property
    def finished(self) -> bool:
        """Whether the epochs are spent or 9a has not improved for too long."""
        stale = self.epoch - self.best_epoch >= self.config.patience
        return self.epoch >= self.config.epochs or stale

    def run_epoch(self) -> EpochReport:
        """Teach one epoch, look at 9a, and keep the averaged weights if they are the best.

        Raises TrainingError for a loss that is no number.
        """
        start = time.monotonic()
        self._prepare_to_learn()
        losses = []
        for number, batch in enumerate(self._batches(), 1):
            losses.append(self._step(batch))
            self._tell(number)
        loss = float(np.mean(losses))
        if not np.isfinite(loss):
            raise TrainingError(
                f"the loss of epoch {self.epoch + 1} is {loss}: lower the learning rate, or set "
                "bfloat16 = false"
            )
        area = macro_auroc(self.average, self.stopping)
        self.epoch += 1
        if area > self.best_auroc:
            self.best, self.best_auroc = copy.deepcopy(self.average.state_dict()), area
            self.best_epoch = self.epoch
        took = time.monotonic() - start
        self.seconds += took
        report = EpochReport(
            epoch=self.epoch,
            loss=loss,
            auroc_9a=area,
            seconds=took,
            seconds_left=self.seconds / self.epoch * (self.config.epochs - self.epoch),
        )
        self.reports.append(report)
        return report

    def shipped(self) -> Network:
        """The best averaged weights without the auxiliary head, and the trees beside them."""
        return self._shipped(self.best)

    def _shipped(self, state: dict[str, Tensor]) -> Network:
        network = Network(replace(self.config.network, statements=0))
        kept = {k: v for k, v in state.items() if not k.startswith("statements.")}
        network.load_state_dict(kept)
        return self.trees.beside(network, self.config.tree_share) if self.trees else network.eval()

    def _batches(self) -> Iterator[Tensor]:
        order = torch.randperm(len(self.taught.label))
        return iter(order[: self.steps * self.config.batch].reshape(self.steps, -1))

    def _tell(self, batch: int) -> None:
        if self.between:
            self.between(batch, self.steps)

    def _prepare_to_learn(self) -> None:
        self.network.train()

    def _step(self, batch: Tensor) -> float:
        loss = self._loss(batch.numpy())
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        self.schedule.step()
        self._update_average()
        return float(loss.detach())

    def _loss(self, rows: NDArray[np.int64]) -> Tensor:
        """What the network has to learn on these records of the taught set."""
        moved = move(torch.from_numpy(self.taught.signal[rows]), self.config)
        signal = disturb(moved, self.config)
        label = torch.from_numpy(self.taught.label[rows]).float()
        statement = torch.from_numpy(self.taught.statement[rows]).float()
        if self.config.mixup:
            signal, moved, label, statement = mix(
                (signal, moved, label, statement), self.config.mixup
            )
        if self.teachers:
            said = self._said_by_teachers(moved)
            label = torch.lerp(label, said.sigmoid(), self.config.teacher_weight)
        with _precision(self.config):
            out = self.network(signal)
        loss = bce(out.logits, label)
        if out.statements is not None:
            loss = loss + self.config.statement_weight * bce(out.statements.float(), statement)
        return loss

    @torch.no_grad()
    def _said_by_teachers(self, signal: Tensor) -> Tensor:
        """The mean of their logits, (B, 5).

        Each hears the batch a little later than the one before, within one stride, so that their
        mean hangs less on where in a stride a beat falls.
        """
        later = [TOKEN_SAMPLES * k // len(self.teachers) for k in range(len(self.teachers))]
        with _precision(self.config):
            said = [
                teacher.network(signal.roll(samples, -1)).logits
                for samples, teacher in zip(later, self.teachers, strict=True)
            ]
        return torch.stack(said).mean(0)

    @torch.no_grad()
    def _update_average(self) -> None:
        taken = self.schedule.last_epoch
        decay = min(self.config.average, (1 + taken) / (10 + taken))  # quick at first
        pairs = zip(
            self.average.state_dict().values(), self.network.state_dict().values(), strict=True
        )
        for mean, new in pairs:
            if mean.dtype.is_floating_point:
                mean.lerp_(new, 1 - decay)
            else:
                mean.copy_(new)

    _PARTS = ("network", "average", "optimiser", "schedule")
    _NUMBERS = ("epoch", "best_epoch", "best_auroc", "seconds", "best")

    def save(self, path: Path) -> None:
        """Write everything that a killed run needs, in one move."""
        part = path.with_suffix(".part")
        with part.open("wb") as file:  # a full disk is an OSError; torch would raise its own kind
            torch.save(self._state() | {"key": self._key}, file)
        part.replace(path)

    def resume(self, path: Path) -> None:
        """Go on from a saved state; raises StateUnusable if another run left it or it is broken.

        The run is then as it was, ready for its first epoch.
        """
        content, key, fresh = BytesIO(path.read_bytes()), self._key, copy.deepcopy(self._state())
        try:
            state = torch.load(content, weights_only=True)
            ours = state["key"] == key
            if ours:
                self._take(state)
        except Exception as error:  # torch raises a dozen kinds on half of a file
            self._take(fresh)  # what fits has been taken before the first that does not
            raise StateUnusable(f"{path} does not load: empty its folder to start anew") from error
        if not ours:
            raise StateUnusable(
                f"{path} belongs to a run with another config or other data: "
                "choose another --out, or empty its folder to start anew"
            )

    def _state(self) -> dict[str, Any]:
        state: dict[str, Any] = {name: getattr(self, name).state_dict() for name in self._PARTS}
        state |= {name: getattr(self, name) for name in self._NUMBERS}
        reports = [asdict(report) for report in self.reports]
        return state | {"reports": reports, "random": torch.get_rng_state()}

    def _take(self, state: dict[str, Any]) -> None:
        for name in self._PARTS:
            getattr(self, name).load_state_dict(state[name])
        for name in self._NUMBERS:
            setattr(self, name, state[name])
        self.reports = [EpochReport(**report) for report in state["reports"]]
        torch.set_rng_state(state["random"])


def claim(out: Path) -> None:
    """Make the folder of a run; raises TrainingError for one with what no run can go on from.

    A run that goes on has its state there, and ``resume`` sees whose it is.
    """
    out.mkdir(parents=True, exist_ok=True)
    found = [name for name in (LOG, CARD, WEIGHTS) if (out / name).exists()]
    if found and not (out / STATE).is_file():
        raise TrainingError(
            f"{out} holds {', '.join(found)} of a run that cannot go on: choose another --out, "
            "or empty it"
        )


def run_to_end(
    run: TrainingRun,
    out: Path,
    report: Callable[[EpochReport], None],
    resumed: Callable[[int], object] | None = None,
) -> None:
    """Run every epoch that is left, with the state and the log saved after each.

    ``resumed`` is told after which epoch a run goes on that was killed, or had ended.
    """
    if (out / STATE).is_file():
        run.resume(out / STATE)
        _log(out / LOG, run.reports)  # it may have been killed between the two
        if resumed:
            resumed(run.epoch)
    while not run.finished:
        epoch = run.run_epoch()
        run.save(out / STATE)
        _log(out / LOG, run.reports)
        report(epoch)


@torch.no_grad()
def logits(network: Network, signal: Signal, batch: int = 256) -> NDArray[np.float32]:
    """The (N, 5) logits of prepared records."""
    network.eval()
    chunks = (signal[start : start + batch] for start in range(0, len(signal), batch))
    parts = [network(torch.from_numpy(chunk)).logits for chunk in chunks]
    return np.asarray(torch.cat(parts).numpy(), dtype=np.float32)


def macro_auroc(network: Network, on: LabelledSet) -> float:
    """The mean area over the classes that the records have and lack."""
    score = logits(network, on.signal).astype(np.float64)
    return float(np.nanmean([auroc(score[:, k], on.label[:, k]) for k in range(score.shape[1])]))


def _refuse_judging_folds(teachers: Sequence[Checkpoint], start: Checkpoint | None) -> None:
    """Raise TrainingError for a checkpoint that has learnt records on which others are judged."""
    for checkpoint in [*teachers, *([start] if start else [])]:
        if foreign := sorted(set(checkpoint.card.data.folds) - set(TRAINING_FOLDS)):
            raise TrainingError(
                f"{checkpoint.card.version} was taught on fold {', '.join(map(str, foreign))}, "
                "which only judges: what it hands on could no longer be judged there"
            )


def computes_bfloat16() -> bool:
    """Whether the processor does: where it only imitates it, a step takes ten times as long."""
    has = torch.cpu.get_capabilities()
    return any(name.endswith("bf16") and bool(found) for name, found in has.items())


def _precision(config: TrainingConfig) -> torch.autocast:
    return torch.autocast("cpu", torch.bfloat16, enabled=config.bfloat16 and computes_bfloat16())


def _log(path: Path, reports: Sequence[EpochReport]) -> None:
    """Write the log anew, in one move: each epoch is in it once, whenever a run is killed."""
    part = path.with_suffix(".csv.part")
    with part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [f.name for f in fields(EpochReport)])
        writer.writeheader()
        writer.writerows(map(asdict, reports))
    part.replace(path)
