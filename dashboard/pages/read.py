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
_ENTERED = ("unreadable", "confidence", "comment")


def register(app: Dash) -> None:
    """Add the page and its callbacks to ``app``."""
    dash.register_page("read", path_template="/read/<ecg_id>", title=title, layout=layout)
    _register_form(app)
    _register_answer(app)
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
    app.clientside_callback(
        ClientsideFunction("answer", "gather"),
        Output(ids.of_ecg("payload", MATCH), "data"),
        # in the order in which assets/answer.js takes them
        Input(_VERDICT, "value"),
        *(Input(ids.of_ecg(part, MATCH), "value") for part in _ENTERED),
        Input(ids.of_ecg("measurements", MATCH), "data"),
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


def _register_answer(app: Dash) -> None:
    app.clientside_callback(
        ClientsideFunction("answer", "note"),
        Output(ids.of_ecg("noted", MATCH), "data"),
        Input(ids.of_ecg("laid-over", MATCH), "data"),
        Input(ids.of_ecg("hold", MATCH), "data"),
    )
    app.callback(
        Output(ids.of_ecg("panel", MATCH), "children"),
        Output(ids.of_ecg("message", MATCH), "children"),
        Input(ids.of_ecg("stored", MATCH), "data"),
        prevent_initial_call=True,
    )(read_callbacks.show_panel)


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
