"""One WFDB record from disk to an ``Ecg`` in millivolts, leads in their standard order."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.ecg import LEADS, Ecg
from core.errors import LeadsError, RecordNotFound, RecordUnreadable

_MILLIVOLTS_PER = {"mv": 1.0, "uv": 1e-3, "µv": 1e-3, "v": 1e3}
_ROW = {lead.upper(): row for row, lead in enumerate(LEADS)}
_NO_SAMPLE = -32768  # how format 16 marks a sample that was not taken
_RECORD_LINE = re.compile(r"(\S+) (\d+) (\d+(?:\.\d+)?) (\d+)\s*")
_NO_GAIN = re.compile(r"0*\.?0*(?:e[+-]?\d+)?(?:[(/]\S*)?", re.IGNORECASE)  # nothing, or zero
_SIGNAL_LINE = re.compile(
    r"(?P<file>\S+) 16 (?P<gain>\d+(?:\.\d+)?)\((?P<baseline>-?\d+)\)/(?P<unit>\S+) "
    r"\d+ -?\d+ -?\d+ (?P<checksum>-?\d+) 0 (?P<name>\S+)\s*"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Samples:
    """What a record holds, leads still in the order of the file."""

    names: list[str]
    units: list[str]
    values: NDArray[np.floating]  # (samples, leads) in their units, NaN where none was taken
    rate: float  # Hz


def read_wfdb(stem: Path, *, ecg_id: int | None = None, within: Path | None = None) -> Ecg:
    """Read ``stem``.hea and its samples; leads are placed by their name, not their position.

    ``stem`` may carry the suffix .hea. With ``within``, a path that leads out of that folder
    is refused. Raises RecordNotFound, RecordUnreadable, LeadsError, or SignalInvalid for a rate
    that cannot be.
    """
    stem = stem.with_suffix("") if stem.suffix == ".hea" else stem
    if within is not None and _climbs(stem, within):
        raise RecordNotFound(f"{stem} lies outside {within}: correct the index of the data set")
    for suffix in (".hea", ".dat"):
        if not stem.with_name(stem.name + suffix).is_file():
            remedy = "give FILE.hea with FILE.dat beside it"
            if within is not None:
                remedy = "run 'trustecg data verify'"
            raise RecordNotFound(f"{stem}{suffix} is not there: {remedy}")
    try:
        record = _read_plain(stem) or _read_any(stem)
    except OSError as error:  # no permission, a disk that fails, a file gone since
        raise RecordUnreadable(
            f"{stem}.hea and .dat cannot be read ({error.strerror}): see that this user may read "
            "them and the disk is well"
        ) from error
    return _to_ecg(record, stem, ecg_id)


def _climbs(stem: Path, within: Path) -> bool:
    """Whether the path leaves the folder by its text; links in the folder are its owner's."""
    folder = os.path.abspath(within)
    return os.path.commonpath([folder, os.path.abspath(stem)]) != folder


def _read_plain(stem: Path) -> _Samples | None:
    """Read a record in the form of all PTB-XL's, some 20 times as fast as wfdb; else None."""
    lines = _lines(stem)
    record = _RECORD_LINE.fullmatch(lines[0]) if lines else None
    signals = [match for line in lines[1:] if (match := _SIGNAL_LINE.fullmatch(line))]
    if record is None or not len(lines) - 1 == len(signals) == int(record[2]) > 0:
        return None
    gains = np.array([float(signal["gain"]) for signal in signals])
    _check_gains(lines, stem)
    _check_files({signal["file"] for signal in signals}, stem)
    _check_size(len(signals), int(record[4]), 0, stem)
    digital = np.fromfile(stem.with_name(stem.name + ".dat"), "<i2").reshape(-1, len(signals))
    stated = [int(signal["checksum"]) % 65536 for signal in signals]
    _check_sums([int(total) % 65536 for total in digital.sum(axis=0, dtype=np.int64)], stated, stem)
    values = (digital - np.array([float(signal["baseline"]) for signal in signals])) / gains
    values[digital == _NO_SAMPLE] = np.nan
    return _Samples(
        names=[signal["name"] for signal in signals],
        units=[signal["unit"] for signal in signals],
        values=values,
        rate=float(record[3]),
    )


def _read_any(stem: Path) -> _Samples:
    """Read any other form that WFDB knows, through wfdb."""
    import wfdb  # 1 s to import: only where it is needed

    try:
        header = wfdb.rdheader(str(stem))
        # a multi-segment header names no file of its own
        _check_files(set(getattr(header, "file_name", None) or ()), stem)
        if set(header.fmt) == {"16"} and header.sig_len is not None:
            _check_size(header.n_sig, header.sig_len, header.byte_offset[0] or 0, stem)
        _check_gains(_lines(stem), stem)
        record: Any = wfdb.rdrecord(str(stem), physical=False)
        if record.checksum is not None:
            _check_sums(record.calc_checksum(), record.checksum, stem)
        return _Samples(
            names=[str(name) for name in record.sig_name],
            units=[str(unit) for unit in record.units],
            values=record.dac(),
            rate=float(record.fs),
        )
    except RecordUnreadable:
        raise
    except Exception as error:  # wfdb raises whatever its parser stumbles over
        raise RecordUnreadable(
            f"{stem}.hea and .dat disagree or do not parse ({error}): fetch them again"
        ) from error


def _lines(stem: Path) -> list[str]:
    """The header: the record's line, then one line a signal."""
    text = stem.with_name(stem.name + ".hea").read_text(encoding="latin-1")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _check_gains(lines: list[str], stem: Path) -> None:
    """Refuse a record that was not calibrated: wfdb would assume 200 units per mV."""
    for fields in map(str.split, lines[1:]):
        if len(fields) < 3 or _NO_GAIN.fullmatch(fields[2]):
            lead = fields[-1] if len(fields) > 8 else "?"
            raise RecordUnreadable(
                f"{stem}.hea gives no gain for lead {lead}: voltages are unknown; export the "
                "record again with the gain of its recorder"
            )


def _check_files(files: set[str], stem: Path) -> None:
    """Refuse a header that takes its samples from elsewhere."""
    if files != {f"{stem.name}.dat"}:
        named = ", ".join(map(repr, sorted(files))) or "no file"
        raise RecordUnreadable(
            f"{stem}.hea names {named} as its samples, not {stem.name}.dat beside it: "
            "give one header and one .dat of the same name"
        )


def _check_size(leads: int, samples: int, offset: int, stem: Path) -> None:
    stated = offset + 2 * leads * samples
    found = stem.with_name(f"{stem.name}.dat").stat().st_size
    if stated != found:
        raise RecordUnreadable(
            f"{stem}.dat has {found} bytes, {stem}.hea states {stated} "
            f"({leads} leads of {samples} samples): fetch them again"
        )


def _check_sums(found: list[int], stated: list[int], stem: Path) -> None:
    if found != stated:
        raise RecordUnreadable(
            f"{stem}.dat does not have the checksums that {stem}.hea states: fetch them again"
        )


def _to_ecg(record: _Samples, stem: Path, ecg_id: int | None) -> Ecg:
    rows = [_ROW.get(name.upper().strip()) for name in record.names]
    if len(rows) != len(LEADS) or set(rows) != set(_ROW.values()):
        raise LeadsError(
            f"{stem}.hea names the leads {', '.join(record.names)}: "
            f"the twelve {', '.join(LEADS)} are needed, each once"
        )
    signal = np.empty((len(LEADS), len(record.values)), dtype=np.float32)
    for row, unit, samples in zip(rows, record.units, record.values.T, strict=True):
        scale = _MILLIVOLTS_PER.get(unit.lower())
        if scale is None:
            raise RecordUnreadable(f"{stem}.hea gives the unit {unit!r}: mV, uV or V is needed")
        signal[row] = samples * scale
    return Ecg(signal=signal, rate=record.rate, ecg_id=ecg_id)
