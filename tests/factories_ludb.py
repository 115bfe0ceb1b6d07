"""LUDB: the Lobachevsky University database, and what its cardiologists marked.

Kalyakulina et al., IEEE Access 8:186181 (2020): 200 ECGs of ten seconds at 500 Hz; every lead
was marked by itself.
"""

import csv
import tarfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.ecg import LEADS, Ecg
from core.wfdb_reader import read_wfdb

SAME_BEAT_S = 0.15
_QRS, _P, _T = "N", "p", "t"  # as WFDB writes them
Wave = tuple[str, float | None, float, float | None]  # symbol; begin, peak and end in s


@dataclass(frozen=True)
class Marked:
    """One record: each beat's marks by name, in s, each the median over the leads that have it."""

    number: int
    ecg: Ecg
    rhythm: str
    conduction: str
    beats: list[dict[str, float]]


def extract(archive: Path, folder: Path) -> Path:
    """Unpack the archive once; returns the root of the database."""
    root = folder / "ludb"
    if not (folder / "done").exists():
        with tarfile.open(archive) as packed:
            packed.extraction_filter = getattr(tarfile, "data_filter", None)  # since 3.11.4
            packed.extractall(folder)
        (folder / "done").touch()
    return root


def read_all(root: Path) -> Iterator[Marked]:
    """Every record that is there."""
    with (root / "ludb.csv").open(newline="") as stream:
        about = {row["ID"].strip(): row for row in csv.DictReader(stream)}
    for header in sorted((root / "data").glob("*.hea"), key=lambda path: int(path.stem)):
        row = about[header.stem]
        yield Marked(
            number=int(header.stem),
            ecg=read_wfdb(header),
            rhythm=row["Rhythms"].strip(),
            conduction=row["Conduction abnormalities"].strip(),
            beats=_beats(header.with_suffix("")),
        )


def _beats(stem: Path) -> list[dict[str, float]]:
    leads = [_waves(stem, lead.lower()) for lead in LEADS]
    peaks = sorted(peak for waves in leads for symbol, _, peak, _ in waves if symbol == _QRS)
    starts = np.flatnonzero(np.diff(peaks, prepend=-1) > SAME_BEAT_S)
    centres = np.array([np.median(group) for group in np.split(peaks, starts[1:])])
    found: list[dict[str, list[float]]] = [defaultdict(list) for _ in centres]
    for waves in leads:
        for name, at, beat in _named(waves, centres):
            found[beat][name].append(at)
    return [{name: float(np.median(at)) for name, at in beat.items()} for beat in found]


def _named(waves: list[Wave], centres: np.ndarray) -> Iterator[tuple[str, float, int]]:
    """Each mark of one lead with its name and beat: P goes with the next QRS, T with the last."""
    index = [int(np.abs(centres - wave[2]).argmin()) for wave in waves]
    for k, (symbol, begin, peak, end) in enumerate(waves):
        if symbol == _QRS:
            yield "r", peak, index[k]
            marks = (("qrs_onset", begin), ("qrs_end", end))
            beat = index[k]
        elif symbol == _P and k + 1 < len(waves) and waves[k + 1][0] == _QRS:
            marks, beat = (("p_onset", begin), ("p_end", end)), index[k + 1]
        elif symbol == _T and k and waves[k - 1][0] == _QRS:
            marks, beat = (("t_onset", begin), ("t_end", end)), index[k - 1]
        else:
            continue
        yield from ((name, at, beat) for name, at in marks if at is not None)


def _waves(stem: Path, lead: str) -> list[Wave]:
    import wfdb

    found = wfdb.rdann(str(stem), lead)
    symbols, times = found.symbol, found.sample / found.fs
    return [
        (
            symbol,
            times[k - 1] if k and symbols[k - 1] == "(" else None,
            times[k],
            times[k + 1] if k + 1 < len(symbols) and symbols[k + 1] == ")" else None,
        )
        for k, symbol in enumerate(symbols)
        if symbol in (_QRS, _P, _T)
    ]
