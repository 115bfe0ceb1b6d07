"""What is revealed of a record once a reader has answered it blind.

Of one record it is the one way by which published labels, report and prediction come to a reader;
``feedback.worklist`` lists labels and predictions under the same rule.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from core.ecg import SUPERCLASSES, Superclass
from feedback.errors import NotRevealed
from feedback.policy import opinion_visible
from feedback.tables import (
    Json,
    ModelVersion,
    Prediction,
    ReadingMode,
    RecordRow,
    Stage,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpinionShown:
    """What is revealed of a record after the blind answer."""

    published: tuple[Superclass, ...]  # labels of the data set
    scp_codes: Mapping[str, float]  # statement -> likelihood in percent, 0 where unknown
    report: str
    model_id: int | None = None
    model_version: str | None = None
    unavailable: str | None = None  # why the model has no opinion; then the rest is empty
    probabilities: Mapping[Superclass, float] | None = None
    thresholds: Mapping[Superclass, float] | None = None
    predicted: tuple[Superclass, ...] = ()
    abstained: tuple[Superclass, ...] = ()
    uncertainty: float | None = None  # 0..1
    warnings: tuple[str, ...] = ()  # readable, but suspect

    @property
    def decided(self) -> tuple[Superclass, ...]:
        """The classes on which there is an opinion to agree with."""
        if self.unavailable:
            return ()
        return tuple(name for name in SUPERCLASSES if name not in self.abstained)

    @property
    def shown(self) -> Json:
        """What is kept with the final answer as having been on screen."""
        if self.unavailable:
            return {"model": self.model_version, "unavailable": self.unavailable}
        return {
            "model": self.model_version,
            "probabilities": _by_name(self.probabilities),
            "thresholds": _by_name(self.thresholds),
            "predicted": [str(name) for name in self.predicted],
            "abstained": [str(name) for name in self.abstained],
            "uncertainty": self.uncertainty,
        }

    @property
    def digest(self) -> str:
        """Tells this opinion from another one on the same record."""
        content = json.dumps(self.shown, sort_keys=True).encode()
        return hashlib.sha256(content).hexdigest()[:16]


def reveal(
    session: Session,
    record: RecordRow,
    stage: Stage | None,
    pinned: int | None,
    mode: ReadingMode = ReadingMode.BLIND_FIRST,
) -> OpinionShown:
    """The opinion on a record for a reader who has come to ``stage``; raises NotRevealed.

    ``pinned`` is the model that was active at the blind answer. Its opinion is shown, so that a
    reload shows the same; the active model's where that one has none, and of a new champion that
    has not come to this record, the opinion of the one that it replaced.
    """
    if not opinion_visible(stage, mode):
        raise NotRevealed(
            f"ECG {record.ecg_id} has no blind answer of yours: "
            "answer it first, then the opinion is shown"
        )
    hidden = session.execute(
        select(RecordRow.labels, RecordRow.scp_codes, RecordRow.report).where(
            RecordRow.id == record.id
        )
    ).one()
    return OpinionShown(
        published=_classes(hidden.labels.split()),
        scp_codes=hidden.scp_codes,
        report=hidden.report,
        **_of_model(session, record.id, pinned),
    )


def model_to_reveal(session: Session, record_id: int) -> int | None:
    """The id of the model whose opinion would be revealed now; the champion's where none has one.

    A blind answer keeps it, so that a champion that comes to the record later changes nothing on
    that reader's page.
    """
    found = _opinion_on(session, record_id, None)
    if found is not None:
        return found[1].id
    return session.scalar(select(ModelVersion.id).where(ModelVersion.active))


def _opinion_on(
    session: Session, record_id: int, pinned: int | None
) -> Row[Prediction, ModelVersion] | None:
    replaced = select(ModelVersion.replaced_id).where(ModelVersion.active).scalar_subquery()
    return session.execute(
        select(Prediction, ModelVersion)
        .join(ModelVersion, ModelVersion.id == Prediction.model_id)
        .where(
            Prediction.record_id == record_id,
            # a champion of a minute ago has not scored everything: the one before it has
            (ModelVersion.id == pinned) | ModelVersion.active | (ModelVersion.id == replaced),
        )
        .order_by((ModelVersion.id == pinned).desc(), ModelVersion.active.desc())
    ).first()


def _of_model(session: Session, record_id: int, pinned: int | None) -> dict[str, Any]:
    found = _opinion_on(session, record_id, pinned)
    if found is None:
        return {"unavailable": "The model has not seen this record yet."}
    prediction, model = found
    named = {"model_id": model.id, "model_version": model.version}
    return named | (_why_not(prediction) or _figures(prediction, model))


def _why_not(prediction: Prediction) -> dict[str, Any] | None:
    if prediction.error:
        return {"unavailable": f"The record could not be read: {prediction.error}"}
    if not prediction.acceptable or prediction.p_norm is None:
        reasons = " ".join(prediction.reasons) or "its signal quality is too poor."
        return {"unavailable": f"The model refused this record: {reasons}"}
    return None


def _figures(prediction: Prediction, model: ModelVersion) -> dict[str, Any]:
    thresholds = model.card["thresholds"]
    return {
        "probabilities": {n: getattr(prediction, f"p_{n.lower()}") for n in SUPERCLASSES},
        "thresholds": {name: float(thresholds[name]) for name in SUPERCLASSES},
        "predicted": _classes((prediction.labels or "").split()),
        "abstained": _classes(prediction.abstained),
        "uncertainty": prediction.uncertainty,
        "warnings": tuple(prediction.warnings),
    }


def _classes(names: Iterable[str]) -> tuple[Superclass, ...]:
    return tuple(Superclass(name) for name in names)


def _by_name(values: Mapping[Superclass, float] | None) -> dict[str, float]:
    return {str(name): value for name, value in (values or {}).items()}
