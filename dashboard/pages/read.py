"""One ECG: the trace, the reader's blind answer, then the model's opinion and the final answer."""

import dash
from dash import ALL, MATCH, ClientsideFunction, Dash, Input, Output, State
from dash.development.base_component import Component

from dashboard import ids
from dashboard.address import ecg_number
from dashboard.components import reading
from dashboard.components.shell import forbidden, message
from dashboard.context import context
from dashboard.pages import compare_callbacks, explain_callbacks, paper_callbacks, read_callbacks
from dashboard.security import permitted, person
from feedback import catalogue
from feedback.errors import CatalogueError
from feedback.policy import Action

_PATH = "/read/"
_VERDICT = ids.of_class("verdict", MATCH, ALL)


def register(app: Dash) -> None:
    """Add the page and its callbacks to ``app``."""
    dash.register_page("read", path_template="/read/<ecg_id>", title=title, layout=layout)
    _register_form(app)
    _register_submission(app)
    _register_moves(app)
    paper_callbacks.register(app)
    explain_callbacks.register(app)
    compare_callbacks.register(app)


def title(ecg_id: str = "") -> str:
    """What the browser's tab says."""
    return f"ECG {ecg_id[:12]} · TrustECG"


def layout(pathname: str = "", **_: object) -> Component:
    """The page of the ECG that the address names; of no other, whatever the query says."""
    if not permitted(Action.READ):
        return forbidden(Action.READ)
    asked = pathname.removeprefix(_PATH).strip("/")
    ecg_id = ecg_number(asked)
    if ecg_id is None:
        return message("No such ECG", f"{asked!r} is no ECG number.")
    try:
        with context().sessions.read() as session:
            record = catalogue.find_record(session, ecg_id)
            return reading.page(session, record, person().id)
    except CatalogueError as error:
        return message("No such ECG", str(error))


def _register_form(app: Dash) -> None:
    meta = State(ids.of_ecg("meta", MATCH), "data")
    entered = [Input(*place) for place in _entered()]
    app.clientside_callback(
        ClientsideFunction("answer", "gather"),
        Output(ids.of_ecg("payload", MATCH), "data"),
        *entered,
        State(_VERDICT, "id"),
        meta,
    )
    app.clientside_callback(
        ClientsideFunction("calipers", "list"),
        Output(ids.of_ecg("kept", MATCH), "children"),
        Input(ids.of_ecg("measurements", MATCH), "data"),
    )
    app.clientside_callback(
        ClientsideFunction("answer", "dim"),
        Output(ids.of_ecg("answer", MATCH), "className"),
        Input(ids.of_ecg("unreadable", MATCH), "value"),
    )
    app.callback(
        Output(ids.of_ecg("saved", MATCH), "data"),
        Output(ids.of_ecg("draft-note", MATCH), "children"),
        Input(ids.of_ecg("unsaved", MATCH), "data"),
        meta,
        prevent_initial_call=True,
    )(read_callbacks.save_draft)
    app.clientside_callback(
        ClientsideFunction("answer", "confirmed"),
        Output(ids.of_ecg("confirmed", MATCH), "data"),
        Input(ids.of_ecg("saved", MATCH), "data"),
        meta,
        prevent_initial_call=True,
    )


def _register_submission(app: Dash) -> None:
    meta = State(ids.of_ecg("meta", MATCH), "data")
    app.clientside_callback(
        ClientsideFunction("answer", "send"),
        Output(ids.of_ecg("submission", MATCH), "data"),
        Input(ids.of_ecg("submit", MATCH), "n_clicks"),
        # states, not what was gathered: that may lag behind a quick hand
        *(State(*place) for place in _entered()),
        State(_VERDICT, "id"),
        meta,
        prevent_initial_call=True,
    )
    app.callback(
        Output(ids.of_ecg("panel", MATCH), "children"),
        Output(ids.of_ecg("message", MATCH), "children"),
        Output(ids.of_ecg("done", MATCH), "data"),
        Input(ids.of_ecg("submission", MATCH), "data"),
        meta,
        State(ids.WORKLIST_QUERY, "data"),
        State(ids.of_ecg("laid-over", MATCH), "data"),
        State(ids.of_ecg("hold", MATCH), "data"),
        prevent_initial_call=True,
    )(read_callbacks.submit)
    app.clientside_callback(
        ClientsideFunction("answer", "leave"),
        Output(ids.of_ecg("left", MATCH), "data"),
        Input(ids.of_ecg("done", MATCH), "data"),
        meta,
        prevent_initial_call=True,
    )


def _entered() -> list[tuple[ids.Id, str]]:
    """Where the parts of an answer stand, in the order that assets/answer.js takes them."""
    parts = [ids.of_ecg(part, MATCH) for part in ("unreadable", "confidence", "comment")]
    places = [(control, "value") for control in (_VERDICT, *parts)]
    return [*places, (ids.of_ecg("measurements", MATCH), "data")]


def _register_moves(app: Dash) -> None:
    app.callback(
        Output(ids.of_ecg("moved", MATCH), "data"),
        Input(ids.of_ecg("next", MATCH), "n_clicks"),
        State(ids.WORKLIST_QUERY, "data"),
        prevent_initial_call=True,
    )(read_callbacks.go_on)
    app.callback(
        Output(ids.UNDONE, "data"),
        Input(ids.UNDO, "n_clicks"),
        State(ids.LOCATION, "pathname"),
        prevent_initial_call=True,
    )(read_callbacks.undo)
    app.clientside_callback(
        ClientsideFunction("answer", "back"),
        Output(ids.of_ecg("went-back", MATCH), "data"),
        Input(ids.of_ecg("back", MATCH), "n_clicks"),
        prevent_initial_call=True,
    )
