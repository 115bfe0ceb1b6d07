"""Samples of the records on screen: read from disk once, kept for a while."""

from collections import OrderedDict
from pathlib import Path
from threading import Lock
from typing import Protocol

from core.ecg import Ecg
from core.errors import RecordNotFound

_KEPT = 32  # records of 10 s at 500 Hz: 240 KB each


class Stored(Protocol):
    """What is asked of a catalogue record: where its files are."""

    ecg_id: int
    filename_lr: str
    filename_hr: str


class SampleCache:
    """The last records read, each at the best rate that is on disk."""

    def __init__(self, kept: int = _KEPT) -> None:
        self._kept = kept
        self._ecgs: OrderedDict[tuple[Path, int], Ecg] = OrderedDict()
        self._lock = Lock()

    def read(self, root: Path, record: Stored) -> Ecg:
        """The samples in mV, 500 Hz where the data set has them, else 100 Hz; a RecordError else.

        A file that changes on disk is read again.
        """
        stem = best_file(root, record)
        key = (stem, _changed(stem))
        with self._lock:
            if key in self._ecgs:
                self._ecgs.move_to_end(key)
                return self._ecgs[key]
        ecg = _read(stem, record.ecg_id, root)
        with self._lock:
            self._ecgs[key] = ecg
            while len(self._ecgs) > self._kept:
                self._ecgs.popitem(last=False)
        return ecg


def best_file(root: Path, record: Stored) -> Path:
    """The stem of the record's 500 Hz files, or of its 100 Hz files where it has no others."""
    for name in (record.filename_hr, record.filename_lr):
        if name and _samples_file(root / name).is_file():
            return root / name
    raise RecordNotFound(
        f"the samples of ECG {record.ecg_id} are not in {root}: run 'trustecg data verify {root}'"
    )


def _samples_file(stem: Path) -> Path:
    return stem.with_name(stem.name + ".dat")


def _changed(stem: Path) -> int:
    return _samples_file(stem).stat().st_mtime_ns


def _read(stem: Path, ecg_id: int, root: Path) -> Ecg:
    from core.wfdb_reader import read_wfdb

    return read_wfdb(stem, ecg_id=ecg_id, within=root)
