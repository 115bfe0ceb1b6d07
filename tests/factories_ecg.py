"""ECGs with a heart in them, and the files of a data set to be spoilt on purpose."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.ecg import LEADS, Ecg, Lead
from core.simulate import files, simulate_record

Array = NDArray[np.floating]


@cache
def _signal(seed: int, rate: float) -> Array:
    return simulate_record(seed, rate=rate).ecg.signal


def ecg(seed: int = 1, rate: float = 100.0) -> Ecg:
    """A simulated normal ECG of ten seconds."""
    return Ecg(signal=_signal(seed, rate).copy(), rate=rate)


def changed(ecg: Ecg, **rows: Array | float) -> Ecg:
    """The same ECG with other samples in the leads named, ``changed(ecg, V5=0.0)``."""
    signal = ecg.signal.copy()
    for name, samples in rows.items():
        signal[LEADS.index(Lead(name))] = samples
    return Ecg(signal=signal, rate=ecg.rate)


def write_record(
    stem: Path,
    signal: Array | None = None,
    *,
    names: Sequence[str] = LEADS,
    rate: float = 100,
    unit: str = "mV",
    samples: int | None = None,
) -> Array:
    """Write WFDB files in the form of PTB-XL's; returns the (leads, samples) that they hold.

    ``samples`` makes the header state another length than the .dat has.
    """
    signal = ecg().signal if signal is None else signal
    digital = np.where(np.isnan(signal), -32768, np.rint(np.nan_to_num(signal) * 1000))
    digital = digital.astype("<i2")
    lines = [f"{stem.name} {len(names)} {rate:g} {samples or digital.shape[1]}"]
    for name, lead in zip(names, digital, strict=True):
        checksum = int(lead.sum(dtype=np.int64)) % 65536
        lines.append(f"{stem.name}.dat 16 1000.0(0)/{unit} 16 0 {lead[0]} {checksum} 0 {name}")
    stem.parent.mkdir(parents=True, exist_ok=True)
    stem.with_name(stem.name + ".hea").write_text("\n".join(lines) + "\n")
    stem.with_name(stem.name + ".dat").write_bytes(digital.T.tobytes())
    return np.where(digital == -32768, np.nan, digital / 1000)


def row(ecg_id: int, **cells: object) -> dict[str, object]:
    """A row of ptbxl_database.csv as PTB-XL has it; ``cells`` replace what it says."""
    place = f"{ecg_id // 1000 * 1000:05d}/{ecg_id:05d}"
    return {
        "ecg_id": ecg_id,
        "patient_id": f"{1000 + ecg_id}.0",
        "age": "56.0",
        "sex": 1,
        "weight": "63.0",
        "site": "2.0",
        "device": "CS-12   E",
        "recording_date": "1984-11-09 09:17:34",
        "report": "sinusrhythmus  normales ekg",
        "scp_codes": "{'NORM': 80.0, 'SR': 0.0}",
        "validated_by_human": True,
        "static_noise": " , I-V1,  ",
        "strat_fold": 3,
        "filename_lr": f"records100/{place}_lr",
        "filename_hr": f"records500/{place}_hr",
    } | cells


def write_index(root: Path, *rows: dict[str, object]) -> Path:
    """Write both index files of a data set; returns its folder."""
    root.mkdir(parents=True, exist_ok=True)
    files.write_statements(root / "scp_statements.csv")
    files.write_index(root / "ptbxl_database.csv", rows)
    return root
