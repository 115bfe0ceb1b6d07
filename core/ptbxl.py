"""Reader of PTB-XL as PhysioNet lays it out.

Wagner et al., "PTB-XL, a large publicly available electrocardiography dataset",
Scientific Data 7:154 (2020), https://doi.org/10.13026/kfzx-aw45.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Literal, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.ecg import SUPERCLASSES, Ecg, Superclass
from core.errors import DatasetNotFound, DatasetUnreadable, RecordNotFound
from core.wfdb_reader import read_wfdb

AGE_OVER_89 = 300  # how PTB-XL stores every age above 89, for privacy
SIMULATED_MARK = "SIMULATED.json"  # the simulator writes it; its presence marks a data set
NOISE_FLAGS = (
    "baseline_drift",
    "static_noise",
    "burst_noise",
    "electrodes_problems",
)
Rate = Literal[100, 500]
Sex = Literal["male", "female"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What PTB-XL says about one ECG, without its samples."""

    ecg_id: int
    patient_id: int
    age: int | None  # years; AGE_OVER_89 stands for any age above 89
    sex: Sex | None
    height: float | None  # cm
    weight: float | None  # kg
    site: str | None
    device: str | None
    recorded_at: datetime | None  # wall-clock time of the hospital, zone unknown
    report: str
    scp_codes: Mapping[str, float]  # statement -> likelihood in percent, 0 where unknown
    noise: Mapping[str, str]  # flag of NOISE_FLAGS -> the annotator's words
    extra_beats: str | None
    pacemaker: str | None
    validated_by_human: bool
    fold: int
    filename_lr: str
    filename_hr: str
    superclasses: frozenset[Superclass]

    @property
    def labelled(self) -> bool:
        """Whether the benchmark counts this record: it has at least one superclass."""
        return bool(self.superclasses)


@dataclass(frozen=True)
class Ptbxl:
    """A data set in the PTB-XL layout at ``root``."""

    root: Path

    @classmethod
    def open(cls, root: Path) -> "Ptbxl":
        """Open the data set, or raise DatasetNotFound where its index files are missing."""
        for name in ("ptbxl_database.csv", "scp_statements.csv"):
            if not (root / name).is_file():
                raise DatasetNotFound(
                    f"no {name} in {root}: point to the folder that holds it, "
                    "or run 'trustecg data download' or 'trustecg data simulate'"
                )
        return cls(root)

    @property
    def simulated(self) -> bool:
        """Whether these records came from the simulator and no patient."""
        return (self.root / SIMULATED_MARK).is_file()

    @cached_property
    def superclass_of(self) -> dict[str, Superclass]:
        """The superclass of every diagnostic SCP statement."""
        path = self.root / "scp_statements.csv"
        try:
            table = pd.read_csv(path, index_col=0)
            diagnostic = table[table["diagnostic"] == 1]["diagnostic_class"]
            return {str(code): Superclass(name) for code, name in diagnostic.items()}
        except (ValueError, KeyError, UnicodeDecodeError) as error:
            raise DatasetUnreadable(f"{path} does not parse ({error}): fetch it again") from error

    @cached_property
    def records(self) -> dict[int, Record]:
        """Every record by ecg_id, in the order of the index."""
        path = self.root / "ptbxl_database.csv"
        try:
            table = pd.read_csv(path, index_col="ecg_id", dtype=_TEXT_COLUMNS)
            rows = (_parse(row, self.superclass_of) for row in _dicts(table))
            return {record.ecg_id: record for record in rows}
        except (ValueError, KeyError, SyntaxError, UnicodeDecodeError) as error:
            raise DatasetUnreadable(f"{path} does not parse ({error}): fetch it again") from error

    def in_folds(self, folds: Iterable[int]) -> list[Record]:
        """The records of these folds, in the order of the index; missing folds give none."""
        wanted = set(folds)
        return [record for record in self.records.values() if record.fold in wanted]

    def record(self, ecg_id: int) -> Record:
        """One record's metadata, or RecordNotFound."""
        try:
            return self.records[ecg_id]
        except KeyError:
            raise RecordNotFound(
                f"ecg_id {ecg_id} is not in {self.root / 'ptbxl_database.csv'}: "
                "choose an id that its first column lists"
            ) from None

    def read(self, ecg_id: int, rate: Rate = 100) -> Ecg:
        """Read one record's samples at 100 or 500 Hz; raises a RecordError."""
        record = self.record(ecg_id)
        name = record.filename_lr if rate == 100 else record.filename_hr
        return read_wfdb(self.root / name, ecg_id=ecg_id, within=self.root)


def labels(records: Iterable[Record]) -> NDArray[np.bool_]:
    """The superclasses of the records: (records, 5) bool in the order of SUPERCLASSES."""
    rows = [[name in record.superclasses for name in SUPERCLASSES] for record in records]
    return np.array(rows, dtype=bool).reshape(len(rows), len(SUPERCLASSES))


_TEXT_COLUMNS = dict.fromkeys(
    ("device", "report", "scp_codes", *NOISE_FLAGS, "extra_beats", "pacemaker"), str
)


def _dicts(table: pd.DataFrame) -> Iterator[dict[str, object]]:
    """Rows as dicts with None for what is missing: far quicker than iterrows."""
    plain = table.reset_index().astype(object).where(lambda t: t.notna(), None)
    return iter(cast(list[dict[str, object]], plain.to_dict("records")))


def _parse(row: Mapping[str, object], superclass_of: Mapping[str, Superclass]) -> Record:
    codes: dict[str, float] = ast.literal_eval(str(row["scp_codes"]))
    return Record(
        ecg_id=_whole(row["ecg_id"]),
        patient_id=_whole(row["patient_id"]),
        age=None if row["age"] is None else _whole(row["age"]),
        sex=_SEX.get(row["sex"]),
        height=_number(row["height"]),
        weight=_number(row["weight"]),
        site=None if row["site"] is None else str(_whole(row["site"])),
        device=_text(row["device"]),
        recorded_at=_time(row["recording_date"]),
        report=_text(row["report"]) or "",
        scp_codes=codes,
        noise={flag: text for flag in NOISE_FLAGS if (text := _text(row[flag]))},
        extra_beats=_text(row["extra_beats"]),
        pacemaker=_text(row["pacemaker"]),
        validated_by_human=bool(row["validated_by_human"]),
        fold=_whole(row["strat_fold"]),
        filename_lr=str(row["filename_lr"]),
        filename_hr=str(row["filename_hr"]),
        superclasses=frozenset(superclass_of[c] for c in codes if c in superclass_of),
    )


_SEX: dict[object, Sex] = {0: "male", 1: "female"}  # PTB-XL's coding


def _whole(value: object) -> int:
    return int(float(str(value)))


def _number(value: object) -> float | None:
    return None if value is None else float(str(value))


def _text(value: object) -> str | None:
    return None if value is None else " ".join(str(value).split()) or None


def _time(value: object) -> datetime | None:
    return None if value is None else datetime.fromisoformat(str(value))
