"""What the read page does when something is entered, submitted or asked for."""

from typing import Any

import dash
from dash import no_update
from dash.development.base_component import Component
from sqlalchemy.orm import Session

from dashboard import ids
from dashboard.address import ecg_number
from dashboard.components import reading
from dashboard.components.adjudication import LIST
from dashboard.components.answer import EMPTY
from dashboard.components.claim import claim_line
from dashboard.components.shell import local_time, problem, sentence
from dashboard.context import context
from dashboard.security import needs, permitted, person
from dashboard.triggered import number_in_id, parsing, row_key
from feedback import adjudication, catalogue, claims, readings
from feedback.errors import FeedbackError, WorklistError
from feedback.policy import Action
from feedback.tables import Stage
from feedback.undo import undo_from, undo_settled_from
from feedback.worklist import WorklistQuery, next_unread

Json = dict[str, Any]


@needs(Action.READ)
def save_draft(payload: Json | None, meta: Json) -> tuple[Json | Any, Component | Any]:
    """Keep what was entered so far; the browser keeps it too until this has answered."""
    if payload is None:
        return no_update, no_update
    with parsing():
        stage, record_id, known = Stage(meta["stage"]), row_key(meta["record"]), _known(payload)
    try:
        with context().sessions.begin() as session:
            draft = readings.save_draft(
                session, person().id, _ecg_id(), stage, known, record_id=record_id
            )
    except FeedbackError as error:
        return no_update, problem(f"Draft kept in this browser only: {error}")
    if draft is None:  # the answer stands: a change of it is no draft of the server's
        return no_update, no_update
    return {"payload": payload}, local_time(draft.saved_at, "Draft saved ")


@needs(Action.READ)
def show_panel(stored: str | None) -> tuple[Any, Any]:
    """What the reader is asked next, now that their answer is stored; no message is left."""
    if stored is None:
        return no_update, no_update
    with context().sessions.read() as session:
        record = catalogue.find_record(session, _ecg_id())
        claim = claims.held(session, person().id, record.id)
        dash.set_props(ids.of_ecg("held", record.ecg_id), {"children": claim_line(claim)})
        return reading.panel(session, record, person().id), ""


@needs(Action.READ)
def go_on(clicks: int | None, query: Json | None) -> Any:
    """Open the next unread ECG of the worklist's order."""
    if clicks:
        path, said = next_path(_ecg_id(), query)
        dash.set_props(ids.LOCATION, {"pathname": path})
        if said:
            dash.set_props(ids.STATUS, {"children": said})
    return no_update


@needs(Action.READ)
def undo(clicks: int | None, pathname: str | None) -> Any:
    """Reopen the answer previous to the one on screen, its form filled; it stands until changed.

    Where an adjudicator settles it is their verdict: a reading has its own pages.
    """
    if not clicks:
        return no_update
    with parsing():
        settles = (pathname or "").startswith(LIST) and permitted(Action.ADJUDICATE)
        place = LIST if settles else "/read"
        here = ecg_number((pathname or "").removeprefix(place).strip("/"))
    try:
        with context().sessions.read() as session:
            before = (_settled_before if settles else undo_from)(session, person().id, here)
    except FeedbackError as error:
        dash.set_props(ids.STATUS, {"children": problem(error)})
    else:
        dash.set_props(ids.LOCATION, {"pathname": f"{place}/{before}"})
    return no_update


def _settled_before(session: Session, adjudicator_id: int, here: int | None) -> int:
    return undo_settled_from(adjudication.settled_last(session, adjudicator_id), here)


def _known(payload: Json) -> Json:
    """The parts of a draft that a form has, and nothing else that a client may send."""
    return {name: payload[name] for name in EMPTY if name in payload}


def _ecg_id() -> int:
    """The ECG of the component that called; the services look whether it exists."""
    return number_in_id("ecg")


def order_of(query: Json | None) -> WorklistQuery:
    """The worklist as the browser keeps it: its order and its filters."""
    kept = query or {}
    with parsing():
        return WorklistQuery(
            sort=[(str(name), direction) for name, direction in kept.get("sort", ())],
            filters=dict(kept.get("filters", {})),
        )


def worklist_of(query: Json | None) -> int | None:
    """The worklist that is being read, if it is one that an admin made."""
    kept = query.get("worklist") if isinstance(query, dict) else None
    return kept if isinstance(kept, int) else None


def next_path(ecg_id: int, query: Json | None) -> tuple[str, str]:
    """Where to go after this ECG, and what is to be said of it; nothing where it says itself."""
    worklist_id = worklist_of(query)
    if worklist_id is not None:
        return _next_claimed(ecg_id, worklist_id)
    with context().sessions.read() as session:
        following = next_unread(session, person().id, order_of(query), ecg_id)
    return "/" if following is None else f"/read/{following}", ""


def _next_claimed(ecg_id: int, worklist_id: int) -> tuple[str, str]:
    """The next of the worklist, claimed; where it has none, the first page, and why above it."""
    try:
        with context().sessions.begin() as session:
            claim = claims.pass_over(session, person().id, worklist_id, ecg_id)
    except WorklistError as reason:
        return "/", sentence(reason)
    last = f"ECG {ecg_id} is the last that '{claim.worklist}' has for you now."
    return f"/read/{claim.ecg_id}", last if claim.ecg_id == ecg_id else ""
