"""Which records may be used for what: nobody is judged on what taught or tuned them."""

import hashlib
from collections.abc import Callable
from functools import partial

from core.errors import DatasetUnreadable
from core.ptbxl import Ptbxl, Record

TRAINING_FOLDS = tuple(range(1, 9))
TUNING_FOLD = 9  # 9a: early stopping, calibration, thresholds; 9b: the gate
TEST_FOLD = 10  # read by 'trustecg evaluate' alone; nothing is chosen on it


def _has_fold(fold: int, record: Record) -> bool:
    return record.fold == fold


FOLDS: dict[str, Callable[[Record], bool]] = {
    **{str(fold): partial(_has_fold, fold) for fold in range(1, 11)},
    "1-8": lambda record: record.fold in TRAINING_FOLDS,
    "9a": lambda record: record.fold == TUNING_FOLD and in_first_half(record.patient_id),
    "9b": lambda record: record.fold == TUNING_FOLD and not in_first_half(record.patient_id),
    "all": lambda record: True,
}


def in_first_half(patient_id: int) -> bool:
    """Whether a patient of fold 9 belongs to 9a; a digest decides, so it never changes."""
    return hashlib.sha256(str(patient_id).encode()).digest()[0] < 128


def select(dataset: Ptbxl, fold: str) -> list[Record]:
    """The records of a fold by its name in FOLDS; raises DatasetUnreadable where it has none."""
    chosen = [record for record in dataset.records.values() if FOLDS[fold](record)]
    if not chosen:
        present = sorted({record.fold for record in dataset.records.values()})
        raise DatasetUnreadable(
            f"{dataset.root} has no record of fold {fold}: it holds the folds "
            f"{', '.join(map(str, present)) or 'none'}"
        )
    return chosen
