"""Records that the network finds alike: those that a reader has answered, nearest first."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from core.calibration import Floats
from core.ecg import SUPERCLASSES, Superclass
from feedback.answers import column_of
from feedback.opinions import OpinionShown
from feedback.tables import Prediction, Reading, RecordRow, Stage, Verdict

NEAREST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarEcg:
    """An ECG like the one on screen, with what this very reader has found in it."""

    ecg_id: int
    similarity: float  # cosine of the network's features: 1 the same, 0 nothing in common
    found: tuple[Superclass, ...]  # present, in the reader's answer that stands
    unreadable: bool


def pack(features: NDArray[np.floating]) -> bytes:
    """The features of one record as they are stored: float16, some 640 bytes."""
    return np.float16(features).ravel().tobytes()


def similar(
    session: Session, reader_id: int, record: RecordRow, shown: OpinionShown
) -> list[SimilarEcg]:
    """The ``NEAREST`` answered records of this reader to one whose opinion they may see.

    ``shown`` is that opinion: who may not see it has none to give. Of colleagues' answers, and of
    records that this reader has not answered, nothing is told. Empty where the model that is
    shown has stored no features.
    """
    if shown.model_id is None:
        return []
    features = session.scalar(
        select(Prediction.features).where(
            Prediction.model_id == shown.model_id, Prediction.record_id == record.id
        )
    )
    answered = _answered(session, reader_id, record, shown.model_id)
    if features is None or not answered:
        return []
    near = _cosine(_unpack(features), np.stack([_unpack(blob) for _, _, blob in answered]))
    order = np.argsort(-near, kind="stable")[:NEAREST]
    return [_similar(answered[row][0], answered[row][1], float(near[row])) for row in order]


def _answered(
    session: Session, reader_id: int, record: RecordRow, model_id: int
) -> Sequence[tuple[int, Reading, bytes]]:
    """Other records with a final answer of this reader: ECG, the answer that stands, features."""
    later = aliased(Reading)
    superseded = select(later.id).where(later.supersedes_id == Reading.id).exists()
    rows = session.execute(
        select(RecordRow.ecg_id, Reading, Prediction.features)
        .join(Reading, Reading.record_id == RecordRow.id)
        .join(Prediction, Prediction.record_id == RecordRow.id)
        .where(
            RecordRow.source_id == record.source_id,
            RecordRow.id != record.id,
            Reading.reader_id == reader_id,
            Reading.stage == Stage.FINAL,
            ~superseded,
            Prediction.model_id == model_id,
            Prediction.features.is_not(None),
        )
        .order_by(RecordRow.ecg_id)
    )
    return [(ecg_id, answer, blob) for ecg_id, answer, blob in rows if blob is not None]


def _unpack(blob: bytes) -> Floats:
    return np.frombuffer(blob, dtype=np.float16).astype(np.float64)


def _cosine(one: Floats, others: Floats) -> Floats:
    """(F,) against (N, F) -> (N,); a record without any feature is like none."""
    length = np.linalg.norm(one) * np.linalg.norm(others, axis=1)
    near: Floats = np.divide(others @ one, length, out=np.zeros(len(others)), where=length > 0)
    return near


def _similar(ecg_id: int, answer: Reading, similarity: float) -> SimilarEcg:
    return SimilarEcg(
        ecg_id=ecg_id,
        similarity=similarity,
        found=tuple(
            name for name in SUPERCLASSES if getattr(answer, column_of(name)) is Verdict.PRESENT
        ),
        unreadable=answer.unreadable,
    )
