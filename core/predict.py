"""From records to opinions: quality gate, network, calibration, decision."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.arrays import Floats
from core.checkpoint import Card, Checkpoint, load
from core.ecg import SUPERCLASSES, Ecg, Signal, Superclass
from core.preprocess import prepare_all
from core.quality import Quality, assess


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """Where the network looked, for each class; not an explanation of what it concluded."""

    temporal: NDArray[np.float32]  # (5, 125), sums to 1 over the 10 s
    lead: NDArray[np.float32]  # (5, 12), sums to 1 over the leads


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What the model says of one record; a refused record has its quality and nothing else."""

    quality: Quality
    probabilities: Floats | None = None  # (5,) calibrated
    labels: tuple[Superclass, ...] = ()  # at or above their threshold
    abstained: tuple[Superclass, ...] = ()  # neither present nor certified to be ruled out
    uncertainty: float | None = None  # 0 sure .. 1: a score, see ``chance_of_error``
    attention: Attention | None = None
    features: NDArray[np.float32] | None = None  # (5, F), of which the logits are linear


class Predictor:
    """A loaded checkpoint that gives opinions; build it once, use it often."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        from core.runtime import compile_network

        self.card: Card = checkpoint.card
        self._runtime = compile_network(checkpoint.network)
        classes = [self.card.classes[name] for name in SUPERCLASSES]
        self._platt = self.card.platt
        self._threshold = np.array([c.threshold for c in classes])
        self._rule_out = np.array([_floor(c.rule_out) for c in classes])

    @classmethod
    def load(cls, path: Path) -> "Predictor":
        """Load the checkpoint in ``path``; raises as ``core.checkpoint.load`` does."""
        return cls(load(path))

    @property
    def name(self) -> str:
        """The version of the checkpoint."""
        return self.card.version

    @property
    def runtime(self) -> str:
        """The library that runs the network, and its version."""
        return self._runtime.name

    @property
    def thresholds(self) -> Floats:
        """The probabilities from which each class is called: (5,)."""
        return self._threshold

    @property
    def certified(self) -> frozenset[Superclass]:
        """The classes that can be ruled out, at a certified miss rate."""
        return frozenset(n for n in SUPERCLASSES if self.card.classes[n].rule_out is not None)

    def predict(self, ecgs: Sequence[Ecg]) -> list[Opinion]:
        """One opinion a record, in the order given; what cannot be read is refused, not scored."""
        verdicts = [assess(ecg) for ecg in ecgs]
        read = [ecg for ecg, quality in zip(ecgs, verdicts, strict=True) if quality.acceptable]
        result = self._runtime(prepare_all(read))
        parts = self._platt(result.logits), result.attention, result.features
        scored = iter(zip(*parts, strict=True))
        return [
            self._opinion(quality, *next(scored))
            if quality.acceptable
            else Opinion(quality=quality)
            for quality in verdicts
        ]

    def probabilities(self, prepared: Signal) -> Floats:
        """Calibrated, (records, 5), of what ``prepare_all`` gives: no quality gate, no opinion."""
        return self._platt(self._runtime(prepared).logits)

    def _opinion(
        self,
        quality: Quality,
        p: Floats,
        attention: NDArray[np.float32],
        features: NDArray[np.float32],
    ) -> Opinion:
        present = p >= self._threshold
        absent = ~present & (p < self._rule_out)
        return Opinion(
            quality=quality,
            probabilities=p,
            labels=_named(present),
            abstained=_named(~present & ~absent),
            uncertainty=chance_of_error(p, present),
            attention=Attention(temporal=attention.sum(1), lead=attention.sum(2)),
            features=features,
        )


def chance_of_error(probability: Floats, present: NDArray[np.bool_]) -> float:
    """The probability that at least one of five calls is wrong, were the calls independent.

    They are not (NORM excludes most others), so it states too much: on fold 9 it is more on average
    than the share of records with a wrong call. It ranks records and counts nothing.
    """
    right = np.where(present, probability, 1 - probability)
    return float(1 - np.prod(right))


def _named(which: NDArray[np.bool_]) -> tuple[Superclass, ...]:
    return tuple(name for name, chosen in zip(SUPERCLASSES, which, strict=True) if chosen)


def _floor(rule_out: float | None) -> float:
    """Without a certificate nothing is ruled out: every record below the threshold is open."""
    return 0.0 if rule_out is None else rule_out
