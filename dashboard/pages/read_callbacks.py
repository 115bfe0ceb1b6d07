"""What the read page does when something is entered, submitted or asked for."""

from datetime import datetime
from typing import Any

import dash
from dash import ctx, no_update
from dash.development.base_component import Component
from flask import abort

from core.ecg import Superclass
from dashboard import ids
from dashboard.address import ecg_number
from dashboard.components import reading
from dashboard.components.answer import AGREE, EMPTY
from dashboard.components.shell import local_time, problem, sentence
from dashboard.context import context
from dashboard.pages.explain_callbacks import ask_ahead, explanation_on_screen
from dashboard.security import needs, person
from feedback import catalogue, claims, readings
from feedback.answers import Answer, Measurement
from feedback.db import now
from feedback.errors import FeedbackError, WorklistError
from feedback.policy import Action
from feedback.tables import Confidence, Reading, Stage, Verdict
from feedback.undo import undo_from
from feedback.worklist import WorklistQuery, next_unread

Json = dict[str, Any]
Submitted = tuple[Any, Any, Any]  # panel, message, where to go


@needs(Action.READ)
def save_draft(payload: Json | None, meta: Json) -> tuple[Json | Any, Component | Any]:
    """Keep what was entered so far; the browser keeps it too until this has answered."""
    if payload is None:
        return no_update, no_update
    stage = _member(Stage, meta["stage"])
    try:
        with context().sessions.begin() as session:
            draft = readings.save_draft(session, person().id, _ecg_id(), stage, _known(payload))
    except FeedbackError as error:
        return no_update, problem(f"Draft kept in this browser only: {error}")
    if draft is None:  # the answer stands: a change of it is no draft of the server's
        return no_update, no_update
    return {"payload": payload}, local_time(draft.saved_at, "Draft saved ")


@needs(Action.READ)
def submit(
    submission: Json | None,
    meta: Json,
    query: Json | None,
    lies: Json | None = None,
    held: int | None = None,
) -> Submitted:
    """Store the answer, then show the opinion or go on; a refusal leaves the form as it is."""
    if submission is None:
        return no_update, no_update, no_update
    ecg_id = _ecg_id()
    try:
        stored = _store(ecg_id, submission["payload"], meta, lies, held)
    except FeedbackError as error:
        return no_update, problem(f"Not saved: {error}"), no_update
    dash.set_props(ids.STATUS, {"children": local_time(stored.submitted_at, _saved(stored))})
    if stored.stage is Stage.FINAL and stored.sequence == 0:
        return no_update, "", {"next": _next_path(ecg_id, query)}
    if stored.stage is Stage.BLIND:
        ask_ahead(ecg_id)
    with context().sessions.read() as session:
        record = catalogue.find_record(session, ecg_id)
        return reading.panel(session, record, person().id), no_update, no_update


@needs(Action.READ)
def go_on(clicks: int | None, query: Json | None) -> Any:
    """Open the next unread ECG of the worklist's order."""
    if clicks:
        dash.set_props(ids.LOCATION, {"pathname": _next_path(_ecg_id(), query)})
    return no_update


@needs(Action.READ)
def undo(clicks: int | None, pathname: str | None) -> Any:
    """Reopen the answer before the one on screen, its form filled; it stands until changed."""
    if not clicks:
        return no_update
    here = ecg_number((pathname or "").removeprefix("/read/"))
    try:
        with context().sessions.read() as session:
            before = undo_from(session, person().id, here)
    except FeedbackError as error:
        dash.set_props(ids.STATUS, {"children": problem(error)})
    else:
        dash.set_props(ids.LOCATION, {"pathname": f"/read/{before}"})
    return no_update


def _store(ecg_id: int, payload: Json, meta: Json, lies: Json | None, held: int | None) -> Reading:
    answer, who = answer_of(payload), (person().id, ecg_id)
    how: Json = {
        "key": str(meta["form"]),
        "started_at": _started(meta),
        "record_id": meta["record"],
    }
    claimed: Json = {"worklist_id": held if isinstance(held, int) else None}
    with context().sessions.begin() as session:
        if meta["stage"] == Stage.BLIND:
            return readings.submit_blind(session, *who, answer, **how, **claimed)
        said = (answer, agreement_of(payload))
        how["explanation"] = explanation_on_screen(session, ecg_id, lies)
        if meta["stands"]:
            return readings.amend(session, *who, *said, stands=int(meta["stands"]), **how)
        shown = meta["opinion"]
        return readings.submit_final(session, *who, *said, opinion_digest=shown, **how, **claimed)


def answer_of(payload: Json) -> Answer:
    """The entered answer in the words of the domain; unknown words are refused with 400."""
    verdicts = {
        _member(Superclass, name): _member(Verdict, verdict)
        for name, verdict in payload["verdicts"].items()
    }
    confidence = payload["confidence"]
    unreadable = bool(payload["unreadable"])
    return Answer(
        verdicts=None if unreadable else verdicts,
        unreadable=unreadable,
        confidence=_member(Confidence, confidence) if confidence else None,
        comment=str(payload["comment"]),
        measurements=tuple(map(_measurement, payload.get("measurements", ()))),
    )


def _measurement(sent: Json) -> Measurement:
    try:
        return Measurement.of(sent)
    except (KeyError, TypeError, ValueError):
        abort(400)


def agreement_of(payload: Json) -> dict[Superclass, bool] | None:
    """Where the reader agrees with the model, class by class; None for an unreadable ECG."""
    if payload["unreadable"]:
        return None
    return {_member(Superclass, name): word == AGREE for name, word in payload["agreement"].items()}


def _member(kind: Any, word: Any) -> Any:
    try:
        return kind(word)
    except ValueError:
        abort(400)


def _known(payload: Json) -> Json:
    """The parts of a draft that a form has, and nothing else that a client may send."""
    return {name: payload[name] for name in EMPTY if name in payload}


def _ecg_id() -> int:
    """The ECG of the component that called; the services look whether it exists."""
    return int(ctx.triggered_id["ecg"])


def _started(meta: Json) -> datetime:
    try:
        return min(datetime.fromisoformat(meta["started"]), now())
    except (TypeError, ValueError):
        abort(400)


def _saved(stored: Reading) -> str:
    what = "Blind answer" if stored.stage is Stage.BLIND else "Answer"
    return f"{what} saved "


def order_of(query: Json | None) -> WorklistQuery:
    """The worklist as the browser keeps it: its order and its filters."""
    kept = query or {}
    return WorklistQuery(
        sort=[(name, direction) for name, direction in kept.get("sort", ())],
        filters=kept.get("filters", {}),
    )


def worklist_of(query: Json | None) -> int | None:
    """The worklist that is being read, if it is one that an admin made."""
    kept = query.get("worklist") if isinstance(query, dict) else None
    return kept if isinstance(kept, int) else None


def _next_path(ecg_id: int, query: Json | None) -> str:
    worklist_id = worklist_of(query)
    if worklist_id is not None:
        return _next_claimed(ecg_id, worklist_id)
    with context().sessions.read() as session:
        following = next_unread(session, person().id, order_of(query), ecg_id)
    return "/" if following is None else f"/read/{following}"


def _next_claimed(ecg_id: int, worklist_id: int) -> str:
    """The next of the worklist, claimed; where it has none, the first page, and why above it."""
    try:
        with context().sessions.begin() as session:
            claim = claims.pass_over(session, person().id, worklist_id, ecg_id)
    except WorklistError as reason:
        dash.set_props(ids.STATUS, {"children": sentence(reason)})
        return "/"
    if claim.ecg_id == ecg_id:
        last = f"ECG {ecg_id} is the last that '{claim.worklist}' has for you now"
        dash.set_props(ids.STATUS, {"children": f"{last}."})
    return f"/read/{claim.ecg_id}"
