"""A second version of a checkpoint: a challenger that a gate has stopped, or has not seen."""

import shutil
from pathlib import Path

from sqlalchemy.orm import Session

from core.checkpoint import Card, read_card, save_card
from feedback import catalogue, registry

NEW = "2026.12-new"


def another_version(checkpoint: Path, folder: Path) -> Card:
    """The same weights in ``folder``, under the version NEW."""
    shutil.copytree(checkpoint, folder)
    return save_card(folder, read_card(folder).model_copy(update={"version": NEW}))


def challenge(session: Session, checkpoint: Path, folder: Path) -> None:
    """Serve the checkpoint, and enter NEW as a challenger that the gate has stopped."""
    card = another_version(checkpoint, folder)
    champion = catalogue.register_model(session, read_card(checkpoint), checkpoint)
    model = registry.add(session, card, folder, actor="admin@example.org")
    registry.judged(session, model, _stopped(champion.version), actor="gate")


def _stopped(champion: str) -> dict[str, object]:
    check = {
        "name": "AUROC of MI on 9b",
        "passed": False,
        "sentence": "The AUROC of MI on 9b differs by -0.0300.",
        "figures": {},
    }
    return {
        "champion": champion,
        "challenger": NEW,
        "passed": False,
        "sentence": f"{NEW} is stopped by AUROC of MI on 9b.",
        "checks": [check],
        "reliability": None,
    }
