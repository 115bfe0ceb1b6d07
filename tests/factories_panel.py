"""Answers of several readers as arrays, without a database."""

from collections.abc import Mapping, Sequence

import numpy as np

from core.ecg import SUPERCLASSES, Superclass
from feedback.agreement import MISSING
from feedback.panel import Panel, RecordKey

CODES = {"-": 0, "+": 1, "?": 2, ".": MISSING, "x": MISSING}


def some_panel(rows: Sequence[str], name: Superclass = Superclass.MI, *, fold: int = 1) -> Panel:
    """One string a record, one character a reader: + present, - absent, ? unsure, x unreadable.

    A dot is no answer. All other classes are absent.
    """
    cells = np.array([list(row) for row in rows])
    answered = cells != "."
    verdict = np.where(answered & (cells != "x"), 0, MISSING)[:, :, None].repeat(5, axis=2)
    verdict[:, :, SUPERCLASSES.index(name)] = [[CODES[cell] for cell in row] for row in rows]
    return Panel(
        records=[
            RecordKey(record_id=100 + i, ecg_id=1 + i, patient_id=i, fold=fold)
            for i in range(len(rows))
        ],
        readers=[f"reader{n}@example.org" for n in range(cells.shape[1])],
        verdict=verdict.astype(np.int64),
        unreadable=cells == "x",
        reading=np.where(answered, np.arange(1, cells.size + 1).reshape(cells.shape), 0),
        assisted=np.zeros(cells.shape, dtype=bool),
    )


def table(cells: Sequence[Sequence[int]]) -> np.ndarray:
    """Ratings of two readers from their contingency table: (records, 2)."""
    return np.array(
        [(i, j) for i, row in enumerate(cells) for j, count in enumerate(row) for _ in range(count)]
    )


def planted(
    truth: np.ndarray, accuracy: Mapping[int, tuple[float, float]], seed: int = 0
) -> np.ndarray:
    """Counts (records, readers, 2) of readers with a given sensitivity and specificity."""
    rng = np.random.default_rng(seed)
    said = [
        np.where(truth, rng.random(len(truth)) < sens, rng.random(len(truth)) >= spec)
        for sens, spec in accuracy.values()
    ]
    return np.stack([np.stack([~one, one], axis=1) for one in said], axis=1).astype(np.int64)
