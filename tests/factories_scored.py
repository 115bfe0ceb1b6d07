"""Records without samples, and what a model might have said of them."""

from datetime import datetime
from typing import Any

import numpy as np

from core.ecg import SUPERCLASSES
from core.measurement import Scored
from core.ptbxl import Record


def a_record(ecg_id: int = 1, **facts: Any) -> Record:
    """A record of a patient of its own, with the ``facts`` that matter."""
    known: dict[str, Any] = {
        "patient_id": 1000 + ecg_id, "age": 60, "sex": "female", "height": None, "weight": None,
        "site": "0", "device": "AT-6 C", "recorded_at": datetime(1990, 1, 2), "report": "",
        "scp_codes": {}, "noise": {}, "extra_beats": None, "pacemaker": None,
        "validated_by_human": True, "fold": 9, "filename_lr": "", "filename_hr": "",
        "superclasses": frozenset(SUPERCLASSES[:1]),
    }  # fmt: skip
    return Record(ecg_id=ecg_id, **known | facts)


def some_scored(count: int = 300, /, *, skill: float = 0.35, seed: int = 0, **facts: Any) -> Scored:
    """A model of some skill on labelled records, two of each patient; ``facts`` replace fields."""
    rng = np.random.default_rng(seed)
    label = np.random.default_rng(7).random((count, 5)) < 0.4  # the same for every model
    label[:, 0] |= ~label.any(1)
    probability = np.clip(skill * label + rng.random(label.shape) * 0.6, 0, 1)
    known: dict[str, Any] = {
        "name": f"model {seed}",
        "thresholds": np.full(5, 0.5),
        "n": count,
        "refused": 0,
        "records": [
            a_record(
                i + 1,
                patient_id=i // 2,
                sex=("male", "female", None)[i % 3],
                superclasses=frozenset(np.array(SUPERCLASSES)[row]),
            )
            for i, row in enumerate(label)
        ],
        "probability": probability,
        "abstained": (probability < 0.5) & (probability >= 0.3),
        "uncertainty": 1 - np.abs(2 * probability - 1).min(1),
        "certified": frozenset(SUPERCLASSES),
    }
    return Scored(**known | facts)
