"""Reader of PTB-XL as PhysioNet lays it out.

Wagner et al., "PTB-XL, a large publicly available electrocardiography dataset",
Scientific Data 7:154 (2020), https://doi.org/10.13026/kfzx-aw45.
"""

import ast
import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.ecg import SUPERCLASSES, Ecg, Superclass
from core.errors import (
    DatasetNotFound,
    DatasetUnreadable,
    RecordError,
    RecordNotFound,
    RecordUnreadable,
)
from core.wfdb_reader import read_wfdb

INDEX, STATEMENTS = "ptbxl_database.csv", "scp_statements.csv"
AGE_OVER_89 = 300  # how PTB-XL stores every age above 89, for privacy
SIMULATED_MARK = "SIMULATED.json"  # the simulator writes it; its presence marks a data set
NOISE_FLAGS = (
    "baseline_drift",
    "static_noise",
    "burst_noise",
    "electrodes_problems",
)
SamplingRate = Literal[100, 500]  # Hz
Sex = Literal["male", "female"]
Unread = Callable[[RecordError], object]  # told of a record that cannot be read


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
        for name in (INDEX, STATEMENTS):
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
        path = self.root / STATEMENTS
        rows = _rows(path, ("", "diagnostic", "diagnostic_class"))
        try:
            return {
                row[""]: Superclass(row["diagnostic_class"])
                for _, row in rows
                if row["diagnostic"] and float(row["diagnostic"]) == 1
            }
        except ValueError as error:
            raise DatasetUnreadable(f"{path} does not parse ({error}): fetch it again") from error

    @property
    def records(self) -> dict[int, Record]:
        """Every record by ecg_id, in the order of the index; rows in ``skipped`` are left out."""
        return self._index[0]

    @property
    def skipped(self) -> Sequence[RecordUnreadable]:
        """What is wrong with each row of the index that could not be read."""
        return [fault for _, fault in self._index[1]]

    @cached_property
    def _index(self) -> tuple[dict[int, Record], list[tuple[str, RecordUnreadable]]]:
        """Records, and faults with the ecg_id as it is written there.

        One broken row must not lose the other 21,798.
        """
        path = self.root / INDEX
        records: dict[int, Record] = {}
        faults: list[tuple[str, RecordUnreadable]] = []
        for line, row in _rows(path, _COLUMNS):
            try:
                record = _parse(row, self.superclass_of)
                if record.ecg_id in records:
                    raise ValueError("this ecg_id was there before")
                records[record.ecg_id] = record
            except _NOT_PARSED as error:
                faults.append((row["ecg_id"], _fault(path, line, row["ecg_id"], error)))
        if faults and not records:
            raise DatasetUnreadable(f"no row of {path} can be read. {faults[0][1]}")
        return records, faults

    def in_folds(self, folds: Iterable[int]) -> list[Record]:
        """The records of these folds, in the order of the index; missing folds give none."""
        wanted = set(folds)
        return [record for record in self.records.values() if record.fold in wanted]

    def record(self, ecg_id: int) -> Record:
        """One record's metadata; raises RecordNotFound, or what its row was left out for."""
        if ecg_id in self.records:
            return self.records[ecg_id]
        for written, fault in self._index[1]:
            if written == str(ecg_id):
                raise fault
        raise RecordNotFound(
            f"ecg_id {ecg_id} is not in {self.root / INDEX}: "
            "choose an id that its first column lists"
        )

    def read(self, ecg_id: int, rate: SamplingRate = 100) -> Ecg:
        """Read one record's samples at 100 or 500 Hz; raises a RecordError."""
        record = self.record(ecg_id)
        name = record.filename_lr if rate == 100 else record.filename_hr
        ecg = read_wfdb(self.root / name, ecg_id=ecg_id, within=self.root)
        if ecg.rate != rate:
            raise RecordUnreadable(
                f"{self.root / name}.hea states {ecg.rate:g} Hz, the index files it under "
                f"{rate} Hz: fetch the record again"
            )
        return ecg

    def readable(
        self, records: Iterable[Record] | None = None, *, unread: Unread | None = None
    ) -> Iterator[tuple[Record, Ecg]]:
        """Records, all or these, with their samples at 100 Hz; one bad file stops no work.

        What cannot be read is passed over, for 'trustecg data verify' to name; ``unread`` is
        told of it.
        """
        for record in self.records.values() if records is None else records:
            try:
                ecg = self.read(record.ecg_id)
            except RecordError as error:
                if unread:
                    unread(error)
            else:
                yield record, ecg


def labels(records: Iterable[Record]) -> NDArray[np.bool_]:
    """The superclasses of the records: (records, 5) bool in the order of SUPERCLASSES."""
    rows = [[name in record.superclasses for name in SUPERCLASSES] for record in records]
    return np.array(rows, dtype=bool).reshape(len(rows), len(SUPERCLASSES))


_COLUMNS = (
    "ecg_id", "patient_id", "age", "sex", "height", "weight", "site", "device",
    "recording_date", "report", "scp_codes", "validated_by_human", *NOISE_FLAGS,
    "extra_beats", "pacemaker", "strat_fold", "filename_lr", "filename_hr",
)  # fmt: skip
_SEX: dict[float | None, Sex] = {0: "male", 1: "female"}  # PTB-XL's coding
_NOT_PARSED = (ValueError, TypeError, SyntaxError, AttributeError, OverflowError, RecursionError)


def _rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row of a csv file with its line number; missing cells are empty.

    The csv module rather than pandas: it parses each row alone, in a third of the time.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream, restval="")
            missing = [name for name in columns if name not in (reader.fieldnames or ())]
            if missing:
                raise DatasetUnreadable(
                    f"{path} has no column {', '.join(map(repr, missing))}: fetch it again"
                )
            for row in reader:
                yield reader.line_num, row
    except (csv.Error, UnicodeDecodeError) as error:
        raise DatasetUnreadable(f"{path} does not parse ({error}): fetch it again") from error


def _fault(path: Path, line: int, ecg_id: str, error: Exception) -> RecordUnreadable:
    return RecordUnreadable(
        f"{path}, line {line}, ecg_id {ecg_id or 'missing'}: {error}. "
        "The record is left out: correct the row or fetch the file again"
    )


def _parse(row: Mapping[str, str], superclass_of: Mapping[str, Superclass]) -> Record:
    if None in row:  # where DictReader puts what is beyond the header
        raise ValueError("it has more cells than the header")
    codes = _codes(row["scp_codes"])
    age = _number(row, "age")
    site = _number(row, "site")
    return Record(
        ecg_id=_whole(row, "ecg_id"),
        patient_id=_whole(row, "patient_id"),
        age=None if age is None else int(age),
        sex=_SEX.get(_number(row, "sex")),
        height=_number(row, "height"),
        weight=_number(row, "weight"),
        site=None if site is None else str(int(site)),
        device=_text(row["device"]),
        recorded_at=_time(row["recording_date"]),
        report=_text(row["report"]) or "",
        scp_codes=codes,
        noise={flag: text for flag in NOISE_FLAGS if (text := _text(row[flag]))},
        extra_beats=_text(row["extra_beats"]),
        pacemaker=_text(row["pacemaker"]),
        validated_by_human=row["validated_by_human"] == "True",
        fold=_whole(row, "strat_fold"),
        filename_lr=_path(row, "filename_lr"),
        filename_hr=_path(row, "filename_hr"),
        superclasses=frozenset(superclass_of[c] for c in codes if c in superclass_of),
    )


def _codes(text: str) -> dict[str, float]:
    try:
        codes = ast.literal_eval(text)
        return {str(code): float(likelihood) for code, likelihood in codes.items()}
    except _NOT_PARSED:
        raise ValueError(f"scp_codes is {text[:80]!r}, not {{'statement': likelihood}}") from None


def _whole(row: Mapping[str, str], column: str) -> int:
    number = _number(row, column)
    if number is None or number != int(number):
        raise ValueError(f"{column} is {row[column]!r}, not a whole number")
    return int(number)


def _number(row: Mapping[str, str], column: str) -> float | None:
    try:
        number = float(row[column]) if row[column] else None
    except ValueError:
        raise ValueError(f"{column} is {row[column]!r}, not a number") from None
    if number is not None and not -1e9 < number < 1e9:  # NaN and infinity too
        raise ValueError(f"{column} is {row[column]!r}, not a number")
    return number


def _path(row: Mapping[str, str], column: str) -> str:
    if not row[column]:
        raise ValueError(f"{column} is empty")
    return row[column]


def _text(value: str) -> str | None:
    return " ".join(value.split()) or None


def _time(value: str) -> datetime | None:
    return datetime.fromisoformat(value) if value else None
