"""Records that the network finds alike: those that a reader has answered.

Adjudicated records are among them, but no record that the reader could still answer blind: a
worklist may yet serve it, and the verdict would then be known before the answer. Whoever has given
a final answer learns with the verdict that somebody saw it otherwise, and may amend theirs; what
measures readers looks at answers from before the verdict (``feedback.reader_answers``).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from core.arrays import Floats
from core.ecg import SUPERCLASSES, Superclass
from feedback.adjudications import Verdicts, standing_adjudications, verdicts_of
from feedback.answers import column_of
from feedback.opinions import OpinionShown
from feedback.tables import Adjudication, Prediction, Reading, RecordRow, Stage, Verdict

NEAREST = 3  # of those adjudicated, and of the others


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarEcg:
    """An ECG like the one on screen, with what this very reader and an adjudicator found in it."""

    ecg_id: int
    similarity: float  # cosine of the network's features: 1 the same, 0 nothing in common
    found: tuple[Superclass, ...]  # present, in the reader's answer that stands
    unreadable: bool
    settled: Verdicts | None  # the adjudicator's, on what readers disputed; None: not adjudicated
    settled_unreadable: bool  # the adjudicator could not read it either


@dataclass(frozen=True, slots=True)
class _Answered:
    reading_id: int
    adjudication_id: int | None
    features: bytes


def pack(features: NDArray[np.floating]) -> bytes:
    """The features of one record as they are stored: float16, some 640 bytes."""
    return np.float16(features).ravel().tobytes()


def unpack(blob: bytes) -> Floats:
    """The features of one record that ``pack`` made: (5 * F,)."""
    return np.frombuffer(blob, dtype=np.float16).astype(np.float64)


def similar(
    session: Session, reader_id: int, record: RecordRow, shown: OpinionShown
) -> list[SimilarEcg]:
    """The nearest answered records of this reader to one whose opinion they may see.

    ``shown`` is that opinion: who may not see it has none to give. Up to ``NEAREST`` adjudicated
    ones come first, then as many others. No colleague's answer is told, and nothing of records
    that this reader has not answered. Empty where the model that is shown has stored no features.
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
    near = _cosine(unpack(features), _unpack_all([one.features for one in answered]))
    order = np.argsort(-near, kind="stable")
    settled = [row for row in order if answered[row].adjudication_id]
    others = [row for row in order if not answered[row].adjudication_id]
    nearest = settled[:NEAREST] + others[:NEAREST]
    return [_similar(session, answered[row], float(near[row])) for row in nearest]


def _unpack_all(blobs: Sequence[bytes]) -> Floats:
    """The features of records of one model, (N, 5 * F)."""
    together = np.frombuffer(b"".join(blobs), dtype=np.float16)
    return together.reshape(len(blobs), -1).astype(np.float64)


def _answered(
    session: Session, reader_id: int, record: RecordRow, model_id: int
) -> Sequence[_Answered]:
    """Other records with a final answer of this reader, each with the answer that stands.

    Numbers and features alone: it is looked through at every reveal, and a diligent reader has
    thousands.
    """
    later = aliased(Reading)
    superseded = select(later.id).where(later.supersedes_id == Reading.id).exists()
    settled = standing_adjudications().subquery()
    rows = session.execute(
        select(Reading.id, settled.c.id, Prediction.features)
        .select_from(RecordRow)
        .join(Reading, Reading.record_id == RecordRow.id)
        .outerjoin(settled, settled.c.record_id == RecordRow.id)
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
    return [_Answered(*row) for row in rows]


def _cosine(one: Floats, others: Floats) -> Floats:
    """(F,) against (N, F) -> (N,); a record without any feature is like none."""
    length = np.linalg.norm(one) * np.linalg.norm(others, axis=1)
    near: Floats = np.divide(others @ one, length, out=np.zeros(len(others)), where=length > 0)
    return near


def _similar(session: Session, one: _Answered, similarity: float) -> SimilarEcg:
    answer = session.get_one(Reading, one.reading_id)
    settled = session.get_one(Adjudication, one.adjudication_id) if one.adjudication_id else None
    return SimilarEcg(
        ecg_id=session.get_one(RecordRow, answer.record_id).ecg_id,
        similarity=similarity,
        found=tuple(
            name for name in SUPERCLASSES if getattr(answer, column_of(name)) is Verdict.PRESENT
        ),
        unreadable=answer.unreadable,
        settled=verdicts_of(settled) if settled else None,
        settled_unreadable=bool(settled and settled.unreadable),
    )
