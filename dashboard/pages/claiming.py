"""Reading through a worklist: claim its next ECG, hold it while its page is open, give it back."""

from typing import Any

import dash
from dash import ALL, ClientsideFunction, Dash, Input, Output, State, ctx, no_update
from dash.development.base_component import Component
from flask import Flask, request
from sqlalchemy.orm import Session

from dashboard import ids
from dashboard.address import ecg_number
from dashboard.components import reading
from dashboard.components.claim import LOST, claim_line
from dashboard.components.shell import problem, sentence
from dashboard.context import context
from dashboard.pages.read_callbacks import worklist_of
from dashboard.security import needs, person
from dashboard.triggered import number_in_id
from feedback import catalogue, claims
from feedback.claims import Claim
from feedback.colleagues import hold_outside
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
    """Hold the ECG on screen for another lease, and say in its head until when."""
    if not here or pathname != f"/read/{here['ecg']}":
        return no_update
    ecg_id = int(here["ecg"])
    try:
        with context().sessions.begin() as session:
            claimed = _held(session, ecg_id, worklist_of(query))
    except (NotIndependent, HeldByColleague) as refused:
        return _lost(ecg_id, held, refused)
    except FeedbackError:
        return no_update  # whoever goes on is told
    if claimed is None:
        return _lost(ecg_id, held, LOST)
    _show(claimed)
    return {"ecg": ecg_id, "worklist": claimed.worklist_id}


def _held(session: Session, ecg_id: int, worklist_id: int | None) -> Claim | None:
    """By the worklist that is being read; what is none of its, by any that asks for it."""
    claimed = worklist_id and claims.hold(session, person().id, worklist_id, ecg_id)
    return claimed or hold_outside(session, person().id, ecg_id)


def _show(claimed: Claim) -> None:
    ecg_id = claimed.ecg_id
    dash.set_props(ids.of_ecg("held", ecg_id), {"children": claim_line(claimed)})
    dash.set_props(ids.of_ecg("hold", ecg_id), {"data": claimed.worklist_id})


def _lost(ecg_id: int, held: Json | None, why: object) -> Any:
    """Say why the record was lost, where it was held; where it never was, ask for no answer."""
    if held and held.get("ecg") == ecg_id:
        dash.set_props(ids.of_ecg("held", ecg_id), {"children": problem(why)})
    elif isinstance(why, HeldByColleague):  # since the page was laid out
        with context().sessions.read() as session:
            record = catalogue.find_record(session, ecg_id)
            refused = reading.panel(session, record, person().id)
        dash.set_props(ids.of_ecg("panel", ecg_id), {"children": refused})
    return None


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
