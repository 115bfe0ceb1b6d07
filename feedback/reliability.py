"""What a model's stored probabilities promised on 9b, and what the published labels say of it.

For versions of which the gate has kept no curves: the first champion was never judged.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.ecg import SUPERCLASSES, Superclass
from core.reliability import Bin, expected_calibration_error, reliability_bins
from core.roles import TUNING_FOLD, in_first_half
from feedback.catalogue import active_source
from feedback.tables import ModelVersion, Prediction, RecordRow

FEWEST = 100  # records; curves of fewer say little, and would tell of single ones

_PROBABILITIES = tuple(getattr(Prediction, f"p_{name.lower()}") for name in SUPERCLASSES)
_LABELS = tuple(getattr(RecordRow, f"label_{name.lower()}") for name in SUPERCLASSES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """The curves of one model; none where ``records`` are fewer than ``FEWEST``."""

    records: int  # of 9b, labelled, on which it has an opinion
    bins: Mapping[Superclass, Sequence[Bin]]
    ece: Mapping[Superclass, float]


def measured_reliability(session: Session, model: ModelVersion) -> Reliability:
    """The curves of a model on 9b of the active data set; raises NoDataset."""
    query = (
        select(RecordRow.patient_id, *_PROBABILITIES, *_LABELS)
        .join(Prediction, Prediction.record_id == RecordRow.id)
        .where(
            RecordRow.source_id == active_source(session).id,
            RecordRow.fold == TUNING_FOLD,
            RecordRow.labelled,
            Prediction.model_id == model.id,
            Prediction.p_norm.is_not(None),
        )
    )
    rows = [row[1:] for row in session.execute(query) if not in_first_half(row.patient_id)]
    if len(rows) < FEWEST:
        return Reliability(records=len(rows), bins={}, ece={})
    values = np.array(rows, dtype=np.float64)
    pairs = {
        name: (values[:, k], values[:, len(SUPERCLASSES) + k].astype(bool))
        for k, name in enumerate(SUPERCLASSES)
    }
    return Reliability(
        records=len(rows),
        bins={name: reliability_bins(*pair) for name, pair in pairs.items()},
        ece={name: expected_calibration_error(*pair) for name, pair in pairs.items()},
    )
