"""Which records may be used for what: nobody is judged on what taught or tuned them."""

import hashlib
from collections.abc import Callable
from enum import StrEnum
from functools import partial

from core.errors import DatasetUnreadable
from core.ptbxl import Ptbxl, Record

TRAINING_FOLDS = tuple(range(1, 9))
TUNING_FOLD = 9  # 9a: early stopping, calibration, thresholds; 9b: the gate
TEST_FOLD = 10  # read by 'trustecg evaluate' alone; nothing is chosen on it


class Role(StrEnum):
    """What a checkpoint of this project has been through on records, and what figures are worth."""

    sentence: str

    def __new__(cls, value: str, sentence: str) -> "Role":
        role = str.__new__(cls, value)
        role._value_ = value
        role.sentence = sentence
        return role

    TAUGHT = (
        "taught",
        "checkpoints are taught on these records: on them they show what they learned, not how "
        "well they do on others",
    )
    TUNED = (
        "tuned",
        "where to stop, calibration and thresholds are chosen on these records: on them a "
        "checkpoint looks better than it is",
    )
    GATE = ("gate", "checkpoints are neither taught nor tuned on these records: they are the gate")
    TEST = ("test", "these records are the locked test: nothing is chosen on them")
    MIXED = (
        "mixed",
        "some of these records taught or tuned checkpoints, which look better on them than "
        "they are",
    )

    @property
    def held_out(self) -> bool:
        """Whether figures on these records may be read as a test result."""
        return self in (Role.GATE, Role.TEST)


def _has_fold(fold: int, record: Record) -> bool:
    return record.fold == fold


FOLDS: dict[str, Callable[[Record], bool]] = {
    **{str(fold): partial(_has_fold, fold) for fold in range(1, 11)},
    "1-8": lambda record: record.fold in TRAINING_FOLDS,
    "1-9": lambda record: record.fold != TEST_FOLD,
    "9a": lambda record: record.fold == TUNING_FOLD and in_first_half(record.patient_id),
    "9b": lambda record: record.fold == TUNING_FOLD and not in_first_half(record.patient_id),
    "all": lambda record: True,
}
_ROLES = {
    **{str(fold): Role.TAUGHT for fold in TRAINING_FOLDS},
    "1-8": Role.TAUGHT,
    "1-9": Role.MIXED,
    "9": Role.MIXED,
    "9a": Role.TUNED,
    "9b": Role.GATE,
    "10": Role.TEST,
    "all": Role.MIXED,
}


def role_of(fold: str) -> Role:
    """What the records of a fold by its name in FOLDS are used for."""
    return _ROLES[fold]


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
