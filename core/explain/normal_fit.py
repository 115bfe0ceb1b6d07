"""Fit the normal waves anew: ``python -m core.explain.normal_fit PTBXL_FOLDER``.

The mean over patients of folds 1-8 that are labelled normal and nothing else, each of them by
the median of their beats.
"""

import json
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.delineation import delineate
from core.ecg import LEADS, Ecg, Superclass
from core.errors import RecordError
from core.explain.normal import SIZES, WAVES, isoelectric, laid, spans
from core.explain.segments import Wave, from_marks
from core.preprocess import MODEL_SAMPLES, prepare
from core.ptbxl import Ptbxl, Record
from core.quality import assess
from core.roles import select

_RECORDS = 1500  # the first ones of as many patients
_FEWEST = 4  # whole waves of a record
_Waves = dict[Wave, NDArray[np.float64]]


def fit(dataset: Ptbxl, records: int = _RECORDS) -> tuple[_Waves, int]:
    """The mean normal waves, (12, size) in mV, and the number of records they come from."""
    found: list[_Waves] = []
    for _, ecg in dataset.readable(_normal(dataset), unread=_tell):
        if not assess(ecg).acceptable:
            continue
        waves = median_waves(ecg)
        if set(waves) == set(SIZES):
            found.append(waves)
        if len(found) == records:
            break
    return {wave: np.mean([one[wave] for one in found], axis=0) for wave in SIZES}, len(found)


def median_waves(ecg: Ecg) -> _Waves:
    """The median of each wave over the beats of a record; those seen too seldom are left out."""
    signal, beats = prepare(ecg), delineate(ecg)
    segments = from_marks(beats)
    above = signal - isoelectric(signal, segments)[:, None]
    seen: dict[Wave, list[NDArray[np.float64]]] = {wave: [] for wave in SIZES}
    for wave, beat, times in spans(segments):
        if wave not in SIZES:
            continue
        at = laid(wave, times, beats[beat])
        if at[0] >= 0 and at[-1] < MODEL_SAMPLES:
            seen[wave].append(np.stack([np.interp(at, range(MODEL_SAMPLES), row) for row in above]))
    return {wave: np.median(all_, axis=0) for wave, all_ in seen.items() if len(all_) >= _FEWEST}


def _normal(dataset: Ptbxl) -> Iterable[Record]:
    """The first record of each patient that is labelled normal and nothing else."""
    patients: set[int] = set()
    for record in select(dataset, "1-8"):
        if record.superclasses != {Superclass.NORM} or record.patient_id in patients:
            continue
        patients.add(record.patient_id)
        yield record


def _tell(error: RecordError) -> None:
    print(error, file=sys.stderr)


def main(folder: str) -> None:
    """Fit on the data set in ``folder`` and write the file that explanations read."""
    waves, records = fit(Ptbxl.open(Path(folder)))
    stored = {
        "fitted": f"python -m core.explain.normal_fit on folds 1-8 of PTB-XL, {records} records",
        "mv": {
            wave: dict(zip(LEADS, np.round(mean, 3).tolist(), strict=True))
            for wave, mean in waves.items()
        },
    }
    WAVES.write_text(json.dumps(stored, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
