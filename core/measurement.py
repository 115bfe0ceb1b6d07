"""What a model says of a fold, from files to arrays: the path that a user's records take."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from core.arrays import Bools, Floats
from core.ecg import SUPERCLASSES, Ecg, Superclass
from core.predict import Opinion
from core.progress import Progress
from core.ptbxl import Ptbxl, Record, Unread, labels
from core.resampling import Ids
from core.roles import select

_BATCH = 64


class Scorer(Protocol):
    """A model that can be measured: a checkpoint, or the published network."""

    @property
    def name(self) -> str:
        """What it is called in a report."""

    @property
    def thresholds(self) -> Floats:
        """The probabilities from which each class is called: (5,)."""

    @property
    def certified(self) -> frozenset[Superclass]:
        """The classes that it can rule out, at a certified miss rate."""

    def predict(self, ecgs: Sequence[Ecg]) -> list[Opinion]:
        """One opinion a record, in the order given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """The labelled records of a fold that a model scored, and what it said of them."""

    name: str
    thresholds: Floats  # (5,)
    n: int  # records of the fold, unlabelled ones included
    refused: int  # labelled records without an opinion: refused by the model, or not readable
    records: Sequence[Record]
    probability: Floats  # (records, 5)
    abstained: Bools  # (records, 5) neither called nor ruled out
    uncertainty: Floats | None  # (records,); None for a model that states none
    certified: frozenset[Superclass]  # what it can rule out with a certified miss rate

    @property
    def label(self) -> Bools:
        """What the records have: (records, 5)."""
        return labels(self.records)

    @property
    def called(self) -> Bools:
        """What the model calls: (records, 5)."""
        called: Bools = self.probability >= self.thresholds
        return called

    @property
    def patient(self) -> Ids:
        """Whose the records are: (records,)."""
        return np.array([record.patient_id for record in self.records], dtype=np.int64)


def score_fold(
    scorers: Sequence[Scorer],
    dataset: Ptbxl,
    fold: str,
    *,
    unread: Unread,
    progress: Progress | None = None,
) -> list[Scored]:
    """What each model says of the labelled records of a fold by its name in ``roles.FOLDS``.

    Every record is read once, for all of them. What a model refuses and what cannot be read is
    counted as refused; ``unread`` is told of the latter. Raises DatasetUnreadable for a fold
    without records.
    """
    chosen = select(dataset, fold)
    labelled = [record for record in chosen if record.labelled]
    tallies = [_Tally(scorer) for scorer in scorers]
    for start in range(0, len(labelled), _BATCH):
        batch = labelled[start : start + _BATCH]
        read = list(dataset.readable(batch, unread=unread))
        for tally in tallies:
            tally.add(read)
        if progress:
            progress(start + len(batch), len(labelled))
    return [tally.scored(len(chosen), len(labelled)) for tally in tallies]


@dataclass
class _Tally:
    scorer: Scorer
    records: list[Record] = field(default_factory=list)
    opinions: list[Opinion] = field(default_factory=list)

    def add(self, read: Sequence[tuple[Record, Ecg]]) -> None:
        opinions = self.scorer.predict([ecg for _, ecg in read])
        for (record, _), opinion in zip(read, opinions, strict=True):
            if opinion.probabilities is not None:
                self.records.append(record)
                self.opinions.append(opinion)

    def scored(self, n: int, labelled: int) -> Scored:
        probability = [opinion.probabilities for opinion in self.opinions]
        abstained = [[name in o.abstained for name in SUPERCLASSES] for o in self.opinions]
        shape = len(self.opinions), len(SUPERCLASSES)
        return Scored(
            name=self.scorer.name,
            thresholds=self.scorer.thresholds,
            n=n,
            refused=labelled - len(self.records),
            records=self.records,
            probability=np.array(probability, dtype=np.float64).reshape(shape),
            abstained=np.array(abstained, dtype=bool).reshape(shape),
            uncertainty=_uncertainty(self.opinions),
            certified=self.scorer.certified,
        )


def _uncertainty(opinions: Sequence[Opinion]) -> Floats | None:
    stated = [opinion.uncertainty for opinion in opinions if opinion.uncertainty is not None]
    return np.array(stated) if opinions and len(stated) == len(opinions) else None
