"""Claim the next ECG of a worklist; hold what is open and a worklist asks for, and give it back."""

from typing import Any

import dash
from dash import ALL, ClientsideFunction, Dash, Input, Output, State, ctx, no_update
from dash.development.base_component import Component
from flask import Flask, request

from dashboard import ids
from dashboard.address import ecg_number
from dashboard.components.claim import LOST, claim_line
from dashboard.components.shell import problem, sentence
from dashboard.context import context
from dashboard.pages.read_callbacks import worklist_of
from dashboard.security import needs, person
from dashboard.triggered import number_in_id, parsing
from feedback import catalogue, claims
from feedback.claims import Claim
from feedback.colleagues import hold_open, is_asked_for
from feedback.errors import FeedbackError, HeldByColleague, NotIndependent
from feedback.policy import Action

Json = dict[str, Any]


def register(app: Dash) -> None:
    """Add the callbacks to ``app``."""
    app.callback(
        Output(ids.TO_READ_MESSAGE, "children"),
        Input(ids.of_worklist("read", ALL), "n_clicks"),
        prevent_initial_call=True,
    )(claim)
    app.callback(
        Output(ids.HELD, "data"),
        Input(ids.HERE, "data"),
        Input(ids.HOLD_TICK, "n_intervals"),
        State(ids.HELD, "data"),
        State(ids.WORKLIST_QUERY, "data"),
        State(ids.LOCATION, "pathname"),
        prevent_initial_call=True,
    )(hold)
    for seen, place, told in (
        ("holds", ids.HELD_SEEN, Input(ids.HELD, "data")),
        ("moved", ids.HELD_LEFT, Input(ids.LOCATION, "pathname")),
    ):
        app.clientside_callback(
            ClientsideFunction("claims", seen),
            Output(place, "data"),
            told,
        )


def add_route(server: Flask) -> None:
    """Add the route by which a page that is closed gives its ECG back."""
    server.add_url_rule("/release", "release", release, methods=["POST"])


@needs(Action.READ)
def claim(_clicks: list[int | None]) -> Component | Any:
    """Claim the next ECG of the worklist whose button was pressed and open it, or say why not."""
    if not ctx.triggered or not ctx.triggered[0]["value"]:
        return no_update
    worklist_id = number_in_id("worklist")
    try:
        with context().sessions.begin() as session:
            claimed = claims.claim_next(session, person().id, worklist_id)
    except FeedbackError as error:
        return sentence(error)
    dash.set_props(ids.WORKLIST_QUERY, {"data": {"worklist": worklist_id}})
    dash.set_props(ids.LOCATION, {"pathname": f"/read/{claimed.ecg_id}"})
    return no_update


@needs(Action.READ)
def hold(
    here: Json | None, _tick: int | None, held: Json | None, query: Json | None, pathname: str
) -> Json | Any:
    """Hold the ECG on screen for another lease, and say in its head until when.

    What comes of it is told to assets/claims.js: the worklist that holds it, or that it is lost.
    """
    if not here:
        return no_update
    with parsing():
        ecg_id = int(here["ecg"])
        before = held if held and held.get("ecg") == ecg_id else {}
        by = before.get("worklist") or before.get("lost")
    if pathname != f"/read/{ecg_id}":
        return no_update
    worklist_id = worklist_of(query)
    try:
        if not before and worklist_id is None and not _asked_for(ecg_id):
            return None if held else no_update
        with context().sessions.begin() as session:
            claimed = hold_open(session, person().id, ecg_id, worklist_id)
    except (NotIndependent, HeldByColleague) as refused:
        return _lost(ecg_id, refused, by)
    except FeedbackError:
        return no_update  # whoever goes on is told
    if "lost" in before:  # an answer was refused for that, perhaps: no longer
        dash.set_props(ids.of_ecg("message", ecg_id), {"children": ""})
    if claimed is not None:
        return _held(claimed)
    if worklist_id is not None and by == worklist_id:
        return _lost(ecg_id, LOST, by)
    return _free(ecg_id) if before else None


def _asked_for(ecg_id: int) -> bool:
    """Looked up without a lock: most ECGs of the grid are in no worklist."""
    with context().sessions.read() as session:
        return is_asked_for(session, ecg_id)


def _held(claimed: Claim) -> Json:
    _say(claimed.ecg_id, claim_line(claimed), claimed.worklist_id)
    return {"ecg": claimed.ecg_id, "worklist": claimed.worklist_id}


def _lost(ecg_id: int, why: object, by: int | None) -> Json:
    """A colleague holds it, or ``by``, the worklist that held it, has its readers."""
    _say(ecg_id, problem(why), by)
    return {"ecg": ecg_id, "lost": by}


def _free(ecg_id: int) -> Json:
    """No worklist waits for it any more: whoever has it open may answer, and needs no lease."""
    _say(ecg_id, "", None)
    return {"ecg": ecg_id, "free": True}


def _say(ecg_id: int, words: Any, by: int | None) -> None:
    """In the head of the page; ``by`` is the worklist that its answer is for."""
    dash.set_props(ids.of_ecg("held", ecg_id), {"children": words})
    dash.set_props(ids.of_ecg("hold", ecg_id), {"data": by})


@needs(Action.READ)
def release() -> tuple[str, int]:
    """Give back the ECG whose page was left, unless it was answered."""
    ecg_id = ecg_number(request.form.get("ecg", ""))
    if ecg_id is None:
        return "name the ECG\n", 400
    try:
        with context().sessions.begin() as session:
            record = catalogue.find_record(session, ecg_id)
            claims.release(session, person().id, record.id)
    except FeedbackError as error:
        return f"{error}\n", 404
    return "", 204
