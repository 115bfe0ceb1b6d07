"""What the network hears of a pool, for strategies that look at more than probabilities.

They see what they see when they are replayed (``feedback.replay``): features turned to their main
directions, and a last layer on them; here one that was taught the published labels of the folds
that teach, as the model was.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.arrays import Bools, Floats
from core.ecg import SUPERCLASSES
from core.last_layer import DIRECTIONS, LastLayer, Projection
from core.roles import TRAINING_FOLDS
from feedback.catalogue import active_source
from feedback.errors import InvalidQuery
from feedback.replay import PENALTY
from feedback.sampling import Pool, Strategy
from feedback.similar import unpack
from feedback.tables import ModelVersion, Prediction, Reading, RecordRow

NEEDED_BY = frozenset({Strategy.BALD, Strategy.CORE_SET, Strategy.DIVERSE})
_LABELS = tuple(f"label_{name.lower()}" for name in SUPERCLASSES)


@dataclass(frozen=True, slots=True)
class _Heard:
    """All records of the data set of which the model has stored features."""

    record_id: NDArray[np.int64]  # (N,), rising
    features: Floats  # (N, D + 1), turned
    label: Bools  # (N, 5), as published
    teaches: Bools  # (N,) labelled, and of a fold that teaches


def with_features(
    session: Session,
    pool: Pool,
    record_ids: NDArray[np.int64],
    model: ModelVersion,
    strategy: Strategy,
) -> Pool:
    """The pool with features, those of records that anybody has read, and for BALD what it samples.

    ``record_ids`` (N,) are the pool's, and each of them has stored features. Raises InvalidQuery
    where there are none, or for BALD none of a record that teaches.
    """
    heard = _heard(session, model)
    features = heard.features[np.searchsorted(heard.record_id, record_ids)]
    read = np.isin(heard.record_id, session.scalars(select(Reading.record_id).distinct()).all())
    sampled = _taught(heard, model).sampled(features) if strategy is Strategy.BALD else None
    return replace(pool, features=features, read=heard.features[read], sampled=sampled)


def _taught(heard: _Heard, model: ModelVersion) -> LastLayer:
    which = heard.teaches
    if not which.any():
        raise InvalidQuery(
            f"model {model.version} has scored no labelled record of the folds that teach: "
            "choose another strategy, or wait until it has"
        )
    return LastLayer.teach(heard.features[which], heard.label[which], penalty=PENALTY)


def _heard(session: Session, model: ModelVersion) -> _Heard:
    labels = [getattr(RecordRow, name) for name in _LABELS]
    rows = session.execute(
        select(RecordRow.id, RecordRow.fold, RecordRow.labelled, Prediction.features, *labels)
        .join(Prediction, Prediction.record_id == RecordRow.id)
        .where(
            RecordRow.source_id == active_source(session).id,
            Prediction.model_id == model.id,
            Prediction.features.is_not(None),
        )
        .order_by(RecordRow.id)
    ).all()
    if not rows:
        raise InvalidQuery(
            f"model {model.version} has stored no features yet: choose another strategy, or wait "
            "until it has scored"
        )
    heard = np.stack([unpack(row.features) for row in rows])
    turned = Projection.of(heard, min(DIRECTIONS, heard.shape[1]))
    return _Heard(
        record_id=np.array([row.id for row in rows]),
        features=turned(heard),
        label=np.array([row[4:] for row in rows], dtype=bool),
        teaches=np.array([row.labelled and row.fold in TRAINING_FOLDS for row in rows]),
    )
