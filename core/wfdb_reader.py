"""One WFDB record from disk to an ``Ecg`` in millivolts, leads in their standard order."""

from pathlib import Path
from typing import Any

import numpy as np

from core.ecg import LEADS, Ecg
from core.errors import LeadsError, RecordNotFound, RecordUnreadable

_MILLIVOLTS_PER = {"mv": 1.0, "uv": 1e-3, "µv": 1e-3, "v": 1e3}
_ROW = {lead.upper(): row for row, lead in enumerate(LEADS)}


def read_wfdb(stem: Path, *, ecg_id: int | None = None, within: Path | None = None) -> Ecg:
    """Read ``stem``.hea and its samples; leads are placed by their name, not their position.

    ``stem`` may carry the suffix .hea. With ``within``, a path that leads out of that folder
    is refused. Raises RecordNotFound, RecordUnreadable or LeadsError.
    """
    stem = stem.with_suffix("") if stem.suffix == ".hea" else stem
    if within is not None and not stem.resolve().is_relative_to(within.resolve()):
        raise RecordNotFound(f"{stem} lies outside {within}: correct the index of the data set")
    for suffix in (".hea", ".dat"):
        if not stem.with_name(stem.name + suffix).is_file():
            raise RecordNotFound(f"{stem}{suffix} is not there: run 'trustecg data verify'")
    return _to_ecg(_read_samples(stem), stem, ecg_id)


def _read_samples(stem: Path) -> Any:
    """The wfdb record with its digital samples, checked against the header's checksums."""
    import wfdb  # 1 s to import: only where samples are read

    try:
        record = wfdb.rdrecord(str(stem), physical=False)
        agree = record.checksum is None or record.calc_checksum() == record.checksum
    except Exception as error:  # wfdb raises whatever its parser stumbles over
        raise RecordUnreadable(
            f"{stem}.hea and .dat disagree or do not parse ({error}): fetch them again"
        ) from error
    if not agree:
        raise RecordUnreadable(
            f"{stem}.dat does not have the checksums that {stem}.hea states: fetch them again"
        )
    return record


def _to_ecg(record: Any, stem: Path, ecg_id: int | None) -> Ecg:
    names = [str(name) for name in record.sig_name]
    rows = [_ROW.get(name.upper().strip()) for name in names]
    if len(names) != len(LEADS) or set(rows) != set(_ROW.values()):
        raise LeadsError(
            f"{stem}.hea names the leads {', '.join(names)}: "
            f"the twelve {', '.join(LEADS)} are needed, each once"
        )
    signal = np.empty((len(LEADS), record.sig_len), dtype=np.float32)
    for row, unit, samples in zip(rows, record.units, record.dac().T, strict=True):
        scale = _MILLIVOLTS_PER.get(str(unit).lower())
        if scale is None:
            raise RecordUnreadable(f"{stem}.hea gives the unit {unit!r}: mV, uV or V is needed")
        signal[row] = samples * scale
    return Ecg(signal=signal, rate=float(record.fs), ecg_id=ecg_id)
