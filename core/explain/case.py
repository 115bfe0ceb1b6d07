"""What every method is given, and what it gives back."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from core.arrays import Floats
from core.delineation import BeatMarks, delineate
from core.ecg import SUPERCLASSES, Ecg, Signal, Superclass
from core.explain.explanation import Method, Unit
from core.explain.normal import twin
from core.explain.segments import Segments, from_marks

if TYPE_CHECKING:
    from core.model import Network
    from core.runtime import Runtime

FLAT = "a flat line"
NORMAL_TWIN = "the same beats of a normal heart"
BATCH = 16  # records a pass: larger ones leave the processor's cache and cost twice as much each


class Baseline(NamedTuple):
    """A record that a record is compared with, and what stands for a part that is taken out.

    For four classes it is the record's normal twin. What speaks for a normal record is missing
    from a flat one, and from no twin.
    """

    signal: Signal  # (12, 1000)
    name: str


@dataclass(frozen=True, kw_only=True)
class Case:
    """One record, one class, and the network whose word on it is to be explained."""

    ecg: Ecg
    signal: Signal  # (12, 1000) as the network sees it, mV
    superclass: Superclass
    network: "Network"
    runtime: "Runtime"  # the same network without gradients, at half the cost
    background: Signal | None  # (records, 12, 1000) prepared training records

    @property
    def column(self) -> int:
        """Where the class stands among the five logits."""
        return SUPERCLASSES.index(self.superclass)

    @cached_property
    def beats(self) -> tuple[BeatMarks, ...]:
        """The waves of every beat, in s."""
        return delineate(self.ecg)

    @cached_property
    def segments(self) -> Segments:
        """The waves of each beat, lead by lead."""
        return from_marks(self.beats)

    @cached_property
    def baseline(self) -> Baseline:
        """What a record without evidence for the class is taken to be."""
        if self.superclass is Superclass.NORM or not self.beats:
            return Baseline(np.zeros_like(self.signal), FLAT)
        return Baseline(twin(self.signal, self.beats), NORMAL_TWIN)

    def logits(self, signals: Signal) -> Floats:
        """The logit of the class for (records, 12, 1000), at one batch after another."""
        starts = range(0, len(signals), BATCH)
        parts = [self.runtime(signals[i : i + BATCH]).logits[:, self.column] for i in starts]
        return np.concatenate(parts).astype(np.float64)

    @cached_property
    def logit(self) -> float:
        """The logit of the class for the record as it is."""
        return float(self.logits(self.signal[None])[0])

    @cached_property
    def baseline_logit(self) -> float:
        """The logit of the class for the baseline."""
        return float(self.logits(self.baseline.signal[None])[0])

    def without(self, masks: NDArray[np.bool_]) -> Signal:
        """The record with each part of (parts, 12, 1000) as the baseline has it."""
        return np.where(masks, self.baseline.signal, self.signal)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """What a method found; the fields are those of ``Explanation``."""

    values: NDArray[np.floating]  # (12, 1000)
    baseline: str
    samples: int
    seed: int | None = None
    residual: float | None = None


class Attributor(Protocol):
    """One method; ``attribute`` is all that the methods have in common."""

    method: ClassVar[Method]
    unit: ClassVar[Unit]

    def attribute(self, case: Case) -> Attribution:
        """Say where in the record of the case the logit comes from."""


def relative_residual(values: NDArray[np.floating], difference: float) -> float:
    """How far the sum of attributions is from ``difference``, as a share of it."""
    gap = abs(float(values.sum()) - difference)
    return gap / abs(difference) if difference else float(gap > 0)


@contextmanager
def numpy_seed(seed: int) -> Iterator[None]:
    """Seed numpy's global generator, which shap and captum draw from, and give it back after."""
    state = np.random.get_state()
    np.random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(state)
