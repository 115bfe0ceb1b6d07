"""Features of records that did not teach the network which gives them.

The shipped network was taught on the labels of folds 1-8: its features of those records know the
answers. So a network of its own is taught on folds 1-3 and stopped on fold 4, and what it makes
of the folds after those is what a strategy may be tried on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from core.errors import DatasetUnreadable
from core.labelled import LabelledSet, common_statements, joined, load_set
from core.ptbxl import Ptbxl
from core.runtime import Runtime, compile_network
from core.training import EpochReport, TrainingRun
from core.training_config import TrainingConfig

TAUGHT_FOLDS, STOPPING_FOLD, POOL_FOLDS = (1, 2, 3), 4, (5, 6, 7, 8)
JUDGES = ("9a", "9b")
_BATCH = 64


@dataclass(frozen=True, slots=True)
class Embeddings:
    """Features of the pool and of the two halves of fold 9, in one space."""

    features: dict[str, NDArray[np.float32]]  # "pool", "9a", "9b" -> (N, F)
    label: dict[str, NDArray[np.bool_]]  # -> (N, 5)

    def save(self, path: Path) -> None:
        """Write them as .npz, in one move: what is cut off is not there."""
        parts: dict[str, NDArray[Any]] = {}
        for name in self.features:
            parts |= {f"features {name}": self.features[name], f"label {name}": self.label[name]}
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            np.savez(file, **parts)  # type: ignore[arg-type]
        part.replace(path)

    @classmethod
    def load(cls, path: Path) -> "Embeddings":
        """Read what ``save`` wrote; raises DatasetUnreadable for anything else."""
        try:
            # opened here: of half a file np.load leaves the closing to chance
            with path.open("rb") as file, np.load(file, allow_pickle=False) as parts:
                names = ("pool", *JUDGES)
                return cls(
                    {name: parts[f"features {name}"] for name in names},
                    {name: parts[f"label {name}"] for name in names},
                )
        except (ValueError, KeyError, EOFError, BadZipFile) as error:
            raise DatasetUnreadable(
                f"{path} holds no embeddings ({error}): delete it, and it is made anew"
            ) from error


def embed(
    dataset: Ptbxl, *, epochs: int, report: Callable[[EpochReport], None] | None = None
) -> Embeddings:
    """Teach the encoder, and give the features of the folds that it has not seen.

    Raises TrainingError and DatasetUnreadable as training does.
    """
    encoder = _taught(dataset, epochs, report)
    features: dict[str, NDArray[np.float32]] = {}
    label: dict[str, NDArray[np.bool_]] = {}
    for name, folds in {"pool": map(str, POOL_FOLDS), **{one: [one] for one in JUDGES}}.items():
        sets = [_features(load_set(dataset, fold), encoder) for fold in folds]
        features[name] = np.concatenate([one for one, _ in sets])
        label[name] = np.concatenate([one for _, one in sets])
    return Embeddings(features, label)


def _taught(dataset: Ptbxl, epochs: int, report: Callable[[EpochReport], None] | None) -> Runtime:
    statements = common_statements(dataset)
    taught = joined(load_set(dataset, str(fold), statements) for fold in TAUGHT_FOLDS)
    stopping = load_set(dataset, str(STOPPING_FOLD), statements)
    run = TrainingRun(taught, stopping, TrainingConfig(epochs=epochs))
    while not run.finished:
        epoch = run.run_epoch()
        if report:
            report(epoch)
    return compile_network(run.shipped())


def _features(
    records: LabelledSet, encoder: Runtime
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    parts = [
        encoder(records.signal[first : first + _BATCH]).features
        for first in range(0, len(records.signal), _BATCH)
    ]
    return np.concatenate(parts).reshape(len(records.signal), -1), records.label
