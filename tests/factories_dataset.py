"""A handful of records in the PTB-XL layout, written in no time: waves, not physiology."""

import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from core.ecg import LEADS
from core.ptbxl import Ptbxl

STATEMENTS = {"NORM": "NORM", "IMI": "MI", "NDT": "STTC", "LAFB": "CD", "LVH": "HYP"}


def dataset(root: Path, records: int = 6) -> Ptbxl:
    """Records 1 to ``records`` under ``root``, readable and in all folds in turn."""
    root.mkdir(parents=True, exist_ok=True)
    _write_csv(
        root / "scp_statements.csv",
        [
            {"": code, "diagnostic": 1.0, "diagnostic_class": name}
            for code, name in STATEMENTS.items()
        ],
    )
    _write_csv(root / "ptbxl_database.csv", [_row(ecg_id) for ecg_id in range(1, records + 1)])
    for ecg_id in range(1, records + 1):
        write_samples(root, ecg_id)
    return Ptbxl.open(root)


def edited(data: Ptbxl, change: Callable[[list[dict[str, str]]], object]) -> Ptbxl:
    """The data set after someone has changed the rows of its index."""
    path = data.root / "ptbxl_database.csv"
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    change(rows)
    _write_csv(path, rows)
    return Ptbxl.open(data.root)


def write_samples(root: Path, ecg_id: int) -> None:
    """The .hea and .dat of one record at 100 Hz."""
    import wfdb

    folder = root / "records100" / "00000"
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(ecg_id)
    time = np.arange(1000)[:, None] / 100
    # two waves, one after the other: leads of a single one are those of no heart
    first, second = (np.exp(-(((time % 0.8) - at) ** 2) / 0.0008) for at in (0.4, 0.44))
    beats = first * rng.uniform(0.4, 1.4, len(LEADS)) - second * rng.uniform(0, 0.5, len(LEADS))
    wfdb.wrsamp(
        f"{ecg_id:05d}_lr",
        fs=100,
        units=["mV"] * len(LEADS),
        sig_name=[lead.upper() for lead in LEADS],
        p_signal=beats + 0.02 * rng.standard_normal(beats.shape),
        fmt=["16"] * len(LEADS),
        adc_gain=[1000.0] * len(LEADS),
        baseline=[0] * len(LEADS),
        write_dir=str(folder),
    )


def _row(ecg_id: int) -> dict[str, object]:
    code = list(STATEMENTS)[ecg_id % len(STATEMENTS)]
    return {
        "ecg_id": ecg_id,
        "patient_id": 1000 + ecg_id,
        "age": 40 + ecg_id,
        "sex": ecg_id % 2,
        "height": "",
        "weight": "",
        "site": "",
        "device": "AT-6 C",
        "recording_date": "1990-01-02 03:04:05",
        "report": "sinusrhythmus",
        "scp_codes": str({code: 100.0}),
        "baseline_drift": "",
        "static_noise": "",
        "burst_noise": "",
        "electrodes_problems": "",
        "extra_beats": "",
        "pacemaker": "",
        "validated_by_human": True,
        "strat_fold": 1 + ecg_id % 10,
        "filename_lr": f"records100/00000/{ecg_id:05d}_lr",
        "filename_hr": f"records500/00000/{ecg_id:05d}_hr",
    }


def _write_csv(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
