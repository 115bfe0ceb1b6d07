"""Ours against the published network, timed in one run.

Each round times one and then the other, in turns, so that whatever else the machine does hits
both; what is reported are medians over the rounds, and ratios of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

from core import preprocess
from core.arrays import Floats
from core.ecg import Ecg, Signal
from core.errors import DatasetUnreadable, RecordError
from core.predict import Opinion, Predictor
from core.progress import Progress
from core.ptbxl import Ptbxl

if TYPE_CHECKING:
    from core.reference import Reference

BATCH = 64
_SINGLES = 16  # records one after another in a round: one alone is too short to time
_CATALOGUE_ROUNDS = 3  # at most: one takes as long as all the other rows together


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two, as far as it is timed."""

    name: str
    prepare_all: Callable[[Sequence[Ecg]], Signal]
    probabilities: Callable[[Signal], Floats]
    predict: Callable[[Sequence[Ecg]], list[Opinion]]

    @classmethod
    def ours(cls, predictor: Predictor) -> "Side":
        """A checkpoint, by the way that opinions take."""
        return cls(
            name=predictor.card.version,
            prepare_all=preprocess.prepare_all,
            probabilities=predictor.probabilities,
            predict=predictor.predict,
        )

    @classmethod
    def published(cls, reference: "Reference") -> "Side":
        """The published network with its own preprocessing."""
        return cls(
            name=reference.name,
            prepare_all=reference.prepare_all,
            probabilities=reference.probabilities,
            predict=reference.predict,
        )

    def score(self, ecgs: Sequence[Ecg]) -> Floats:
        """Preprocessing, network and probabilities, without a quality gate."""
        return self.probabilities(self.prepare_all(ecgs))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One thing that was timed."""

    name: str
    unit: str  # "ms" a record, where less is better, or "records/s"
    ours: float
    reference: float | None  # None: the reference has no such thing
    rounds: int

    @property
    def ratio(self) -> float | None:
        """Ours / reference."""
        return None if self.reference is None else self.ours / self.reference


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """All that was timed in one run, and on what."""

    ours: str
    reference: str
    runtime: str  # what runs ours; torch runs the reference
    threads: int  # of both
    records: int  # of the whole-catalogue row
    refused: int  # of these, by our quality gate
    preprocessing: Row
    single: Row
    batch: Row
    catalogue: Row
    opinion: Row

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows of the table, in its order."""
        return self.preprocessing, self.single, self.batch, self.catalogue, self.opinion


def bench(
    predictor: Predictor,
    reference: "Reference",
    dataset: Ptbxl,
    *,
    records: int,
    rounds: int,
    progress: Progress = lambda done, total: None,
) -> Bench:
    """Time both on the first so many readable records of a data set, with torch's threads as set.

    Raises DatasetUnreadable where no record can be scored.
    """
    import torch

    sides = Side.ours(predictor), Side.published(reference)
    sample = _sample(dataset, records)
    refused = sample.warm_up(sides)[0]
    measures = _measures(sample, rounds)
    tick = _ticks(progress, sum(m.rounds * m.sides for m in measures.values()))
    return Bench(
        ours=sides[0].name,
        reference=sides[1].name,
        runtime=predictor.runtime,
        threads=torch.get_num_threads(),
        records=len(sample.ids),
        refused=refused,
        **{key: _row(m, sides[: m.sides], tick) for key, m in measures.items()},
    )


@dataclass(frozen=True, slots=True)
class _Sample:
    """The records that are scored, and each way in which they are."""

    dataset: Ptbxl
    ids: Sequence[int]
    ecgs: Sequence[Ecg]  # a full batch that both sides can score

    @property
    def few(self) -> Sequence[Ecg]:
        return self.ecgs[:_SINGLES]

    def warm_up(self, sides: Sequence[Side]) -> list[int]:
        """Score once in each shape, since the first call builds what the others reuse.

        Returns how many records each side refused.
        """
        for side in sides:
            self.batch(side)
            side.score(self.ecgs[:1])
        return [self.catalogue(side) for side in sides]

    def preprocessing(self, side: Side) -> None:
        side.prepare_all(self.ecgs)

    def single(self, side: Side) -> None:
        for ecg in self.few:
            side.score([ecg])

    def batch(self, side: Side) -> None:
        side.score(self.ecgs)

    def catalogue(self, side: Side) -> int:
        """Read and score the records as a scoring job does; returns how many were refused."""
        refused = 0
        for start in range(0, len(self.ids), BATCH):
            ecgs = [self.dataset.read(ecg_id) for ecg_id in self.ids[start : start + BATCH]]
            refused += sum(not opinion.quality.acceptable for opinion in side.predict(ecgs))
        return refused

    def opinion(self, side: Side) -> None:
        for ecg in self.few:
            side.predict([ecg])


def _sample(dataset: Ptbxl, limit: int) -> _Sample:
    """The first readable records; reading them also brings their files into memory."""
    ids: list[int] = []
    ecgs: list[Ecg] = []
    for record, ecg in islice(dataset.readable(), limit):
        ids.append(record.ecg_id)
        if len(ecgs) < BATCH and _scorable(ecg):
            ecgs.append(ecg)
    if not ecgs:
        raise DatasetUnreadable(
            f"{dataset.root} has no record of ten seconds that can be read: fetch it again, or "
            "leave --data out to time simulated records"
        )
    return _Sample(dataset, ids, list(islice(cycle(ecgs), BATCH)))


def _scorable(ecg: Ecg) -> bool:
    try:
        preprocess.prepare(ecg)
    except RecordError:
        return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measure:
    """A piece of work, and for how many records it is done at once."""

    name: str
    work: Callable[[Side], object]
    records: int
    rounds: int
    latency: bool = False  # told in ms a record, else in records/s
    sides: int = 2  # that do it, ours first

    @property
    def unit(self) -> str:
        return "ms" if self.latency else "records/s"

    def figure(self, seconds: float) -> float:
        each = seconds / self.records
        return 1000 * each if self.latency else 1 / each


def _measures(sample: _Sample, rounds: int) -> dict[str, _Measure]:
    """What is timed, by the field of Bench that it goes to."""
    measure = partial(_Measure, rounds=rounds, records=len(sample.ecgs))
    alone = partial(measure, records=len(sample.few), latency=True)
    return {
        "preprocessing": measure(name="preprocessing", work=sample.preprocessing),
        "single": alone(name="single record", work=sample.single),
        "batch": measure(name=f"batch of {BATCH}", work=sample.batch),
        "catalogue": measure(
            name="whole catalogue",
            work=sample.catalogue,
            records=len(sample.ids),
            rounds=min(rounds, _CATALOGUE_ROUNDS),
        ),
        "opinion": alone(name="opinion", work=sample.opinion, sides=1),
    }


def _row(measure: _Measure, sides: Sequence[Side], tick: Callable[[], object]) -> Row:
    """Time a piece of work on each side, the one that goes first in turns."""
    seconds: list[list[float]] = [[] for _ in sides]
    turn = list(zip(sides, seconds, strict=True))
    for _ in range(measure.rounds):
        for side, taken in turn:
            start = perf_counter()
            measure.work(side)
            taken.append(perf_counter() - start)
            tick()
        turn.reverse()
    figures = [measure.figure(median(taken)) for taken in seconds]
    return Row(
        name=measure.name,
        unit=measure.unit,
        ours=figures[0],
        reference=figures[1] if len(figures) > 1 else None,
        rounds=measure.rounds,
    )


def _ticks(progress: Progress, total: int) -> Callable[[], object]:
    done = iter(range(1, total + 1))
    return lambda: progress(next(done), total)
