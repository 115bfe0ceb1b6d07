"""The questions on which explanations are judged: records, and classes that are called there.

A class that is not called is no question to an explanation, but one to the network.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from core.ecg import SUPERCLASSES, Superclass
from core.predict import Predictor
from core.ptbxl import Ptbxl, Record

_BATCH = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One class that the model calls in one record."""

    ecg_id: int
    patient_id: int
    superclass: Superclass


def called(predictor: Predictor, dataset: Ptbxl, records: Iterable[Record]) -> Iterator[Subject]:
    """Every class called in the records, in their order; what cannot be read has none."""
    read = list(dataset.readable(records))
    for start in range(0, len(read), _BATCH):
        some = read[start : start + _BATCH]
        opinions = predictor.predict([ecg for _, ecg in some])
        for (record, _), opinion in zip(some, opinions, strict=True):
            for name in opinion.labels:
                yield Subject(ecg_id=record.ecg_id, patient_id=record.patient_id, superclass=name)


def balanced(subjects: Sequence[Subject], count: int, seed: int = 0) -> list[Subject]:
    """Up to ``count`` of them, one a record, drawn so that the classes are as many as they can be.

    The start of the list is balanced too.
    """
    drawn = [subjects[i] for i in np.random.default_rng(seed).permutation(len(subjects))]
    waiting = {name: [s for s in drawn if s.superclass is name] for name in SUPERCLASSES}
    chosen: dict[int, Subject] = {}
    had: Counter[Superclass] = Counter()
    while len(chosen) < count and any(waiting.values()):
        name = min((n for n in SUPERCLASSES if waiting[n]), key=lambda n: had[n])
        subject = waiting[name].pop()
        if subject.ecg_id not in chosen:
            chosen[subject.ecg_id] = subject
            had[name] += 1
    return list(chosen.values())
