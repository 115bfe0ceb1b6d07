"""A checkpoint measured on a fold, from files to figures: the path that a user's records take."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core.calibration import Floats
from core.ecg import SUPERCLASSES, Ecg
from core.errors import RecordError
from core.evaluation import Evaluation, evaluate
from core.predict import Predictor
from core.ptbxl import Ptbxl, Record, labels
from core.roles import select

_BATCH = 64
Progress = Callable[[int, int], None]  # records done, records in all


def measure(
    predictor: Predictor,
    dataset: Ptbxl,
    fold: str,
    *,
    unread: Callable[[RecordError], object],
    progress: Progress | None = None,
) -> Evaluation:
    """Figures of a checkpoint on the labelled records of a fold by its name in ``roles.FOLDS``.

    What the quality gate refuses and what cannot be read has no probabilities and is counted as
    refused; ``unread`` is told of the latter. Raises DatasetUnreadable for a fold without records.
    """
    chosen = select(dataset, fold)
    labelled = [record for record in chosen if record.labelled]
    scored: list[Record] = []
    probability: list[Floats] = []
    for done, batch in _batches(labelled):
        for record, p in _score(predictor, dataset, batch, unread):
            scored.append(record)
            probability.append(p)
        if progress:
            progress(done, len(labelled))
    figures = evaluate(
        np.array(probability, dtype=np.float64).reshape(-1, len(SUPERCLASSES)),
        labels(scored),
        _patients(scored),
        np.array(list(predictor.card.thresholds.values())),
        refused=len(labelled) - len(scored),
    )
    return replace(figures, n=len(chosen))


def _score(
    predictor: Predictor,
    dataset: Ptbxl,
    batch: Sequence[Record],
    unread: Callable[[RecordError], object],
) -> Iterator[tuple[Record, Floats]]:
    read: list[tuple[Record, Ecg]] = []
    for record in batch:
        try:
            read.append((record, dataset.read(record.ecg_id)))
        except RecordError as error:
            unread(error)
    opinions = predictor.predict([ecg for _, ecg in read])
    for (record, _), opinion in zip(read, opinions, strict=True):
        if opinion.probabilities is not None:
            yield record, opinion.probabilities


def _batches(records: Sequence[Record]) -> Iterator[tuple[int, Sequence[Record]]]:
    for start in range(0, len(records), _BATCH):
        batch = records[start : start + _BATCH]
        yield start + len(batch), batch


def _patients(records: Iterable[Record]) -> NDArray[np.int64]:
    return np.array([record.patient_id for record in records], dtype=np.int64)
