"""An installation in a folder: data set, database, people, a model and its predictions."""

import secrets
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from sqlalchemy.orm import Session

from core.checkpoint import AttentionCheck, Card, ClassCard, DataCard, OcclusionCheck
from core.ecg import SUPERCLASSES, Superclass
from core.ptbxl import Ptbxl
from dashboard.settings import Settings
from feedback import catalogue, importing
from feedback.db import Sessions, make_engine, make_sessions, now
from feedback.tables import Prediction, Role, User

PASSWORD = "correct horse battery"
THRESHOLD = 0.5
VERSION = "2026.11-0123abcd"


@dataclass(frozen=True)
class Installation:
    """What a running TrustECG has, without a web application yet."""

    settings: Settings
    sessions: Sessions


def installation(
    folder: Path, dataset: Ptbxl, migrated: Path | None = None, *, ahead: int = 0
) -> Installation:
    """An instance in ``folder`` whose catalogue holds ``dataset``; ``migrated`` saves a second.

    Unless ``ahead`` says so, no ECG is laid out before its turn: what is on the page is on screen.
    """
    settings = Settings(instance=folder, ptbxl=dataset.root, ahead=ahead)
    folder.mkdir(parents=True, exist_ok=True)
    if migrated is not None:
        shutil.copy(migrated, folder / "trustecg.db")
    sessions = make_sessions(make_engine(settings.database_url))
    importing.import_dataset(sessions, dataset)
    return Installation(settings, sessions)


def add_person(sessions: Sessions, email: str, role: Role, *, must_change: bool = False) -> User:
    """An account with PASSWORD."""
    user = User(
        email=email,
        role=role,
        password_hash=_hashed(),
        must_change_password=must_change,
        active=True,
        session_stamp=secrets.token_hex(16),
        created_at=now(),
    )
    with sessions.begin() as session:
        session.add(user)
    return user


@cache
def _hashed() -> str:
    """PASSWORD as the quickest hash that a login takes: a real one costs a third of a second."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


def card(version: str = VERSION) -> Card:
    """A card as training would write it, every threshold at THRESHOLD."""
    decided = ClassCard(
        slope=1.0,
        offset=0.0,
        threshold=THRESHOLD,
        rule_out=0.1,
        missed=12,
        positives=100,
        missed_low=0.06,
        missed_high=0.2,
    )
    return Card(
        version=version,
        created="2026-11-01T12:00:00+00:00",
        network={},
        data=DataCard(digest="0" * 64, simulated=False, folds=(1,), records=10, patients=10),
        seed=1,
        training={},
        classes=dict.fromkeys(SUPERCLASSES, decided),
        miss_rate=0.1,
        confidence=0.9,
        metrics={},
        attention_check=AttentionCheck(records=200, spearman=0.37, entropy=0.81),
        occlusion_check=OcclusionCheck(trials=100, new_calls=2),
        software={},
        weights_sha256="0" * 64,
    ).sealed()


def serve_model(session: Session, version: str = VERSION) -> None:
    """Make a model the served one; no weights are needed to show stored predictions."""
    catalogue.register_model(session, card(version), Path("checkpoints/none"))


def predict(
    session: Session,
    ecg_id: int,
    probabilities: tuple[float, float, float, float, float] | None,
    *,
    uncertainty: float = 0.25,
    reasons: tuple[str, ...] = (),
    warnings: tuple[str, ...] = (),
    error: str | None = None,
) -> Prediction:
    """Store the served model's opinion on an ECG; None: it has none, for ``reasons``."""
    prediction = Prediction(
        record_id=catalogue.find_record(session, ecg_id).id,
        model_id=catalogue.active_model(session).id,
        abstained=[],
        acceptable=probabilities is not None,
        quality_score=0.9 if probabilities else 0.1,
        reasons=list(reasons),
        warnings=list(warnings),
        error=error,
        predicted_at=now(),
    )
    if probabilities is not None:
        _fill(prediction, probabilities, uncertainty)
    session.add(prediction)
    session.flush()
    return prediction


def _fill(prediction: Prediction, probabilities: tuple[float, ...], uncertainty: float) -> None:
    found = [name for name, p in zip(SUPERCLASSES, probabilities, strict=True) if p >= THRESHOLD]
    for name, p in zip(SUPERCLASSES, probabilities, strict=True):
        setattr(prediction, f"p_{name.lower()}", p)
    prediction.labels = " ".join(found)
    prediction.abstained = [
        str(name)
        for name, p in zip(SUPERCLASSES, probabilities, strict=True)
        if 0.1 <= p < THRESHOLD
    ]
    prediction.uncertainty = uncertainty


def above(*names: Superclass) -> tuple[float, float, float, float, float]:
    """Probabilities of 0.8123 for these classes and 0.0321 for the others."""
    n, m, s, c, h = (0.8123 if name in names else 0.0321 for name in SUPERCLASSES)
    return n, m, s, c, h
