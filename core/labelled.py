"""Labelled records of a fold in memory: what the network is taught, stopped and judged on."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from core.arrays import Bools
from core.ecg import LEADS, SUPERCLASSES, Ecg, Signal
from core.errors import RecordError, TrainingError
from core.preprocess import MODEL_SAMPLES, PREPARED, prepare
from core.progress import Progress
from core.ptbxl import Ptbxl, Record, Unread, labels
from core.roles import select

_RARE_STATEMENT = 50  # fewer training records than this teach nothing


@dataclass(frozen=True)
class LabelledSet:
    """Prepared records in memory."""

    signal: Signal  # (N, 12, 1000) mV
    label: NDArray[np.bool_]  # (N, 5)
    statement: NDArray[np.bool_]  # (N, statements)
    patient: NDArray[np.int64]  # (N,)
    ecg_id: NDArray[np.int64]  # (N,)
    samples: NDArray[np.uint8]  # (N, 32) of ``samples_digest``

    @property
    def digest(self) -> str:
        """sha256 of everything that is learned from, the same on every machine.

        Of the samples as they were read, and of the filter's name: processors round its sums each
        in their way.
        """
        parts = (self.ecg_id, self.label, self.statement, self.samples)
        digest = hashlib.sha256(PREPARED.encode())
        for part in parts:
            digest.update(np.ascontiguousarray(part).view(np.uint8).reshape(-1).data)
        return digest.hexdigest()

    def of(self, which: Bools) -> Self:
        """The records of a mask, (N,)."""
        return replace(self, **{f.name: getattr(self, f.name)[which] for f in fields(self)})


def joined(sets: Iterable[LabelledSet]) -> LabelledSet:
    """The records of all of them, in their order."""
    parts = list(sets)
    names = [field.name for field in fields(LabelledSet)]
    return LabelledSet(**{n: np.concatenate([getattr(p, n) for p in parts]) for n in names})


def samples_digest(ecg: Ecg) -> NDArray[np.uint8]:
    """sha256 of a record's samples as they were read, and of their rate: (32,).

    From stored integers to millivolts no sums are taken: every processor rounds alike.
    """
    digest = hashlib.sha256(f"{float(ecg.rate)!r} ".encode())
    digest.update(np.ascontiguousarray(ecg.signal, dtype="<f4").data)
    return np.frombuffer(digest.digest(), dtype=np.uint8)


def load_set(
    dataset: Ptbxl,
    fold: str,
    statements: Sequence[str] = (),
    progress: Progress | None = None,
    unread: Unread | None = None,
) -> LabelledSet:
    """Read and prepare the labelled records of a fold; unreadable ones are left out.

    ``statements`` are the SCP codes that an auxiliary head is to learn; ``unread`` is told of what
    is left out. Raises DatasetUnreadable for a fold without records, TrainingError where none of
    them can be read.
    """
    chosen = [record for record in select(dataset, fold) if record.labelled]
    found = load_records(dataset, chosen, statements, progress, unread)
    if not len(found.label):
        raise TrainingError(f"no record of fold {fold} can be read: run 'trustecg data verify'")
    return found


def load_records(
    dataset: Ptbxl,
    chosen: Sequence[Record],
    statements: Sequence[str] = (),
    progress: Progress | None = None,
    unread: Unread | None = None,
) -> LabelledSet:
    """Read and prepare these records with their published labels, without the unreadable ones."""
    kept: list[Record] = []
    signals: list[Signal] = []
    samples: list[NDArray[np.uint8]] = []
    for number, record in enumerate(chosen, 1):
        try:
            ecg = dataset.read(record.ecg_id)
            signals.append(prepare(ecg))
            samples.append(samples_digest(ecg))
            kept.append(record)
        except RecordError as error:  # one bad file must not stop a night's run
            if unread:
                unread(RecordError(f"record {record.ecg_id}: {error}"))
        finally:
            if progress:
                progress(number, len(chosen))
    return LabelledSet(
        signal=np.stack(signals) if signals else np.empty((0, len(LEADS), MODEL_SAMPLES), "f4"),
        label=labels(kept).reshape(len(kept), len(SUPERCLASSES)),
        statement=np.array(
            [[s in r.scp_codes for s in statements] for r in kept], dtype=bool
        ).reshape(len(kept), len(statements)),
        patient=np.array([record.patient_id for record in kept], dtype=np.int64),
        ecg_id=np.array([record.ecg_id for record in kept], dtype=np.int64),
        samples=np.array(samples, dtype=np.uint8).reshape(len(kept), 32),
    )


def common_statements(dataset: Ptbxl) -> tuple[str, ...]:
    """The SCP statements that enough training records carry, in alphabetical order."""
    count = Counter(code for r in select(dataset, "1-8") if r.labelled for code in r.scp_codes)
    return tuple(sorted(code for code, n in count.items() if n >= _RARE_STATEMENT))
