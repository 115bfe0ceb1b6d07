"""The registry of models: which versions there are, which one is served, and how that changes.

A challenger is promoted when the gate has passed it against the champion of now; past the gate
an administrator needs a written justification. Every change is audited in its own transaction,
and rescoring follows in the background: what a reader has on screen stays the version it was,
since readings note the model that they are compared with.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.checkpoint import network_config, read_card
from core.errors import CheckpointAltered
from feedback import audit, catalogue, scoring
from feedback.db import now
from feedback.errors import NoDataset, NotPromotable, UnknownModel
from feedback.importing import LOCAL
from feedback.tables import Json, ModelState, ModelVersion, Retraining

if TYPE_CHECKING:
    from core.checkpoint import Card

SHORTEST = 20  # characters of a justification: a sentence, not a sign
_NEVER_SERVED = frozenset({ModelState.CHALLENGER, ModelState.FAILED})
_OUTCOME = ("champion", "sentence", "judged_at", "passed")  # of a report that another one follows


def versions(session: Session) -> Sequence[ModelVersion]:
    """Every registered version, the latest first."""
    return session.scalars(select(ModelVersion).order_by(ModelVersion.id.desc())).all()


def find_model(session: Session, version: str) -> ModelVersion:
    """A registered version, or UnknownModel."""
    model = session.scalar(select(ModelVersion).where(ModelVersion.version == version))
    if model is None:
        raise UnknownModel(
            f"no model {version!r} is registered: choose one of 'trustecg models list'"
        )
    return model


def install(session: Session, card: "Card", path: Path, *, actor: str = LOCAL) -> ModelVersion:
    """Enter the configured checkpoint, and serve it unless somebody has chosen a champion.

    What was promoted, or gone back to, stays: a restart or an update of TrustECG undoes no
    decision, and its checkpoint waits as a challenger. Returns the champion.
    """
    catalogue.one_change_at_a_time(session)
    champion = session.scalar(select(ModelVersion).where(ModelVersion.active))
    if champion is None or champion.promoted_at is None:
        return catalogue.register_model(session, card, path, actor=actor)
    add(session, card, path, actor=actor)
    return champion


def add(session: Session, card: "Card", path: Path, *, actor: str = LOCAL) -> ModelVersion:
    """Enter a checkpoint as a challenger where it is new, on record."""
    known = session.scalar(select(ModelVersion.id).where(ModelVersion.version == card.version))
    model = catalogue.enter_model(session, card, path, actor=actor)
    if known is None:
        audit.record(session, actor, "model.register", card.version, path=str(path))
    return model


def judged(session: Session, model: ModelVersion, report: Json, *, actor: str) -> None:
    """Keep what the gate says of a version, and of its earlier reports what they came to.

    One that passes is scored at once: its promotion then switches to predictions that are there.
    One that has been served stays what it is, champion or retired.
    """
    earlier = _reports(model)
    model.gate = report | {"judged_at": now().isoformat(), "earlier": earlier}
    if model.state in _NEVER_SERVED:
        passed = report["passed"]
        model.state = ModelState.CHALLENGER if passed else ModelState.FAILED
    session.flush()
    audit.record(
        session,
        actor,
        "model.judge",
        model.version,
        champion=report["champion"],
        passed=report["passed"],
        sentence=report["sentence"],
    )
    if report["passed"] and not model.active:
        scoring.enqueue_scoring(session, actor=actor, model=model)


def _reports(model: ModelVersion) -> list[Json]:
    """What every report of the gate on a version came to, the last first."""
    if model.gate is None:
        return []
    every = (model.gate, *model.gate.get("earlier", []))
    return [{name: report[name] for name in _OUTCOME} for report in every]


def promote(
    session: Session, version: str, *, actor: str, justification: str | None = None
) -> ModelVersion:
    """Serve a version from now on, and queue what it has not scored.

    Raises UnknownModel; NotPromotable where it is served already, or where the gate has not
    passed it against the present champion and nobody says in writing why it may pass; for
    weights that are not the registered ones, CheckpointNotFound or CheckpointAltered; and
    CheckpointOutdated for a network that no job of this version could load.
    """
    catalogue.one_change_at_a_time(session)
    model = find_model(session, version)
    if model.active:
        raise NotPromotable(f"{version} is the champion already")
    missing = objection(session, model)
    written = " ".join((justification or "").split())
    if missing and len(written) < SHORTEST:
        raise NotPromotable(
            f"{missing}: only a written justification of {SHORTEST} characters or more "
            "promotes it all the same"
        )
    model.justification = written if missing else None
    _switch(session, model, actor)
    detail = {"justification": written, "despite": missing} if missing else {}
    audit.record(
        session,
        actor,
        "model.promote",
        version,
        replaced=_version(session, model.replaced_id),
        **detail,
    )
    _rescore(session, actor)
    return model


def rollback(session: Session, *, actor: str, to: str | None = None) -> ModelVersion:
    """Serve again what the champion had replaced; its thresholds and predictions are all there.

    ``to`` is the version that was offered: pressed twice, or by two people, it goes back once.
    Raises NotPromotable where the champion replaced nothing or another one than that, and as
    ``promote`` does.
    """
    catalogue.one_change_at_a_time(session)
    champion = catalogue.active_model(session)
    if champion.replaced_id is None:
        raise NotPromotable(f"{champion.version} replaced no other version: there is no way back")
    model = session.get_one(ModelVersion, champion.replaced_id)
    if to not in (None, model.version):
        raise NotPromotable(
            f"{champion.version} is served by now, and the way back from it is {model.version}, "
            f"not {to}: reload to see it"
        )
    way_back = model.replaced_id  # going back twice goes two versions back
    _switch(session, model, actor)
    model.replaced_id = way_back
    audit.record(session, actor, "model.rollback", model.version, replaced=champion.version)
    _rescore(session, actor)
    return model


def objection(session: Session, model: ModelVersion) -> str | None:
    """Why a version may not be promoted without a justification, None where it may."""
    champion = session.scalar(select(ModelVersion).where(ModelVersion.active))
    if champion is None:
        return None
    if model.gate is None:
        return f"{model.version} was not judged by the gate"
    if model.gate["champion"] != champion.version:
        return (
            f"{model.version} was judged against {model.gate['champion']}, "
            f"and {champion.version} is served now"
        )
    if not model.gate["passed"]:
        return f"the gate has stopped it ({model.gate['sentence'].rstrip('.')})"
    return None


def _switch(session: Session, model: ModelVersion, actor: str) -> None:
    """Serve a model whose files are still those that were registered, and can be loaded."""
    card = read_card(Path(model.path))
    network_config(Path(model.path), card)
    if card.version != model.version:
        raise CheckpointAltered(
            f"{model.path} holds {card.version}, not {model.version}: restore the folder"
        )
    before = session.scalar(select(ModelVersion).where(ModelVersion.active))
    catalogue.serve(session, model)
    model.promoted_at = now()
    session.flush()
    if before is not None:
        scoring.drop(session, before, actor=actor)


def _rescore(session: Session, actor: str) -> None:
    try:
        scoring.enqueue_scoring(session, actor=actor)
    except NoDataset:  # nothing to score yet: 'trustecg up' will
        return


def describe(session: Session, model: ModelVersion) -> Json:
    """All that is known of a version, as plain values: lineage, run, gate and card."""
    run = model.retraining_id and session.get(Retraining, model.retraining_id)
    return {
        "version": model.version,
        "state": str(model.state),
        "path": model.path,
        "parent": _version(session, model.parent_id),
        "replaced": _version(session, model.replaced_id),
        "registered_at": model.registered_at.isoformat(),
        "registered_by": model.registered_by,
        "promoted_at": model.promoted_at.isoformat() if model.promoted_at else None,
        "justification": model.justification,
        "run": _run(run) if run else None,
        "gate": model.gate,
        "card": model.card,
    }


def macro_auroc(card: Json) -> float | None:
    """The macro AUROC on 9b that a card carries, None where it carries none."""
    figure: float | None = card.get("metrics", {}).get("9b", {}).get("macro_auroc")
    return figure


def _run(run: Retraining) -> Json:
    return {
        "id": run.id,
        "asked_by": run.asked_by,
        "asked_at": run.asked_at.isoformat(),
        "config": run.config,
        "labels": run.labels,
        "labels_digest": run.labels_digest,
        "include_assisted": run.include_assisted,
    }


def _version(session: Session, model_id: int | None) -> str | None:
    model = session.get(ModelVersion, model_id) if model_id else None
    return model.version if model else None
