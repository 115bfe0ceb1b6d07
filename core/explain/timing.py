"""How long an explanation takes, in seconds and in forward passes of one record."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from statistics import median
from time import perf_counter

from core.ecg import SUPERCLASSES, Ecg
from core.errors import DatasetUnreadable
from core.explain.case import Case
from core.explain.explainer import Explainer
from core.explain.explanation import Method
from core.progress import Progress
from core.ptbxl import Ptbxl
from core.quality import assess

RECORDS = 3  # explained in turns, each for another class: one alone may be an odd one
_PASSES = 20  # of one record, to time what one takes


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplanationTime:
    """One method, for one class of one record."""

    method: Method
    seconds: float  # median over records and rounds
    passes: float  # the same in forward passes of one record, as it is served
    residual: float | None  # of additivity, the largest; None where none is promised


def time_explanations(
    explainer: Explainer,
    dataset: Ptbxl,
    *,
    rounds: int = 1,
    progress: Progress = lambda done, total: None,
) -> list[ExplanationTime]:
    """Time every method, ready and with the record prepared, with torch's threads as set.

    Raises DatasetUnreadable where no record can be explained.
    """
    ecgs = list(islice(_explainable(dataset), RECORDS))
    if not ecgs:
        raise DatasetUnreadable(f"{dataset.root} has no record that can be explained: give others")
    explainer.warm_up()
    work = [
        (method, ecg, SUPERCLASSES[1 + turn % 4])
        for method in explainer.methods
        for _ in range(rounds)
        for turn, ecg in enumerate(ecgs)
    ]
    times: dict[Method, list[float]] = {method: [] for method in explainer.methods}
    residuals: dict[Method, list[float]] = {method: [] for method in explainer.methods}
    for done, (method, ecg, superclass) in enumerate(work, 1):
        found = explainer.attribute(ecg, superclass, method)
        times[method].append(found.seconds)
        residuals[method] += [] if found.residual is None else [found.residual]
        progress(done, len(work))
    one = _forward_pass(explainer.case(ecgs[0], SUPERCLASSES[1]))
    return [_time(method, times[method], residuals[method], one) for method in times]


def _time(
    method: Method, seconds: Sequence[float], residuals: Sequence[float], one: float
) -> ExplanationTime:
    return ExplanationTime(
        method=method,
        seconds=median(seconds),
        passes=median(seconds) / one,
        residual=max(residuals, default=None),
    )


def _forward_pass(case: Case) -> float:
    """Seconds that the network takes for one record, as it is served."""
    taken = []
    for _ in range(_PASSES):
        start = perf_counter()
        case.runtime(case.signal[None])
        taken.append(perf_counter() - start)
    return median(taken)


def _explainable(dataset: Ptbxl) -> Iterator[Ecg]:
    return (ecg for _, ecg in dataset.readable() if assess(ecg).acceptable)
