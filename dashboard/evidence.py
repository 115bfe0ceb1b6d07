"""What was measured of the methods on a checkpoint, read once and again where it changes."""

import logging
from functools import lru_cache
from pathlib import Path

from core.checkpoint import Card
from core.ecg import Superclass
from core.errors import CoreError
from core.explain.evidence import EVIDENCE, Evidence, load_evidence
from core.explain.explanation import Method
from feedback.tables import ModelVersion

log = logging.getLogger(__name__)


def evidence_of(model: ModelVersion) -> Evidence | None:
    """The evidence beside a model's weights; None where there is none, or it is of others."""
    path = Path(model.path)
    try:
        changed = (path / EVIDENCE).stat().st_mtime_ns
    except OSError:
        return None
    known = {name: value for name, value in model.card.items() if name in Card.model_fields}
    return _load(path, changed, Card.model_validate(known).model_dump_json())


@lru_cache(maxsize=4)
def _load(path: Path, changed: int, card: str) -> Evidence | None:
    try:
        return load_evidence(path, Card.model_validate_json(card))
    except CoreError as error:
        log.error("explanations count as not measured: %s", error)
        return None


def reasons(evidence: Evidence | None, superclass: Superclass) -> dict[Method, str]:
    """Why a method is not offered for a class; on a checkpoint never measured, all are offered."""
    if evidence is None:
        return {}
    standings = {method: evidence.standing(method, superclass) for method in Method}
    return {method: found.reason for method, found in standings.items() if not found.offered}
