"""Adjudication: conflicts between readers, settled one by one without names and without model."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import dash
from dash import ALL, MATCH, ClientsideFunction, Dash, Input, Output, State, no_update
from dash.development.base_component import Component

from core.ecg import Superclass
from dashboard import ids
from dashboard.address import ecg_number
from dashboard.components.adjudication import LIST, case_page, waiting_page
from dashboard.components.shell import forbidden, local_time, message, problem
from dashboard.context import context
from dashboard.security import needs, permitted, person
from dashboard.triggered import number_in_id, parsing
from feedback import adjudication
from feedback.adjudication import Settlement
from feedback.errors import CatalogueError, FeedbackError, ReadingError
from feedback.policy import Action
from feedback.tables import Verdict

Json = dict[str, Any]
_VERDICT = ids.of_class("settle-verdict", MATCH, ALL)


def register(app: Dash) -> None:
    """Add the list, the page of one conflict and its callbacks to ``app``."""
    title = "Adjudicate · TrustECG"
    dash.register_page("adjudicate", path=LIST, title=title, layout=layout)
    dash.register_page("conflict", path_template=f"{LIST}/<ecg_id>", title=title, layout=one)
    app.callback(
        Output(ids.of_ecg("settled", MATCH), "children"),
        Input(ids.of_ecg("settle", MATCH), "n_clicks"),
        State(_VERDICT, "value"),
        State(_VERDICT, "id"),
        State(ids.of_ecg("settle-unreadable", MATCH), "value"),
        State(ids.of_ecg("settle-comment", MATCH), "value"),
        State(ids.of_ecg("settle-meta", MATCH), "data"),
        prevent_initial_call=True,
    )(settle)
    app.clientside_callback(
        ClientsideFunction("answer", "hush"),
        Output(ids.of_ecg("settled", MATCH), "children", allow_duplicate=True),
        Input(_VERDICT, "value"),
        Input(ids.of_ecg("settle-unreadable", MATCH), "value"),
        Input(ids.of_ecg("settle-comment", MATCH), "value"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("adjudicate", "keep"),
        Output(ids.of_ecg("settle-changed", MATCH), "children"),
        Input(_VERDICT, "value"),
        Input(ids.of_ecg("settle-unreadable", MATCH), "value"),
        Input(ids.of_ecg("settle-comment", MATCH), "value"),
        State(_VERDICT, "id"),
        State(ids.of_ecg("settle-draft", MATCH), "data"),
    )
    app.clientside_callback(
        ClientsideFunction("answer", "dim"),
        Output(ids.of_ecg("settle-form", MATCH), "className"),
        Input(ids.of_ecg("settle-unreadable", MATCH), "value"),
    )


def layout(**_: object) -> Component:
    """What waits for this adjudicator."""
    if not permitted(Action.ADJUDICATE):
        return forbidden(Action.ADJUDICATE)
    try:
        with context().sessions.read() as session:
            return waiting_page(adjudication.waiting(session, person().id))
    except CatalogueError as error:
        return message("Adjudicate", str(error))


def one(pathname: str = "", **_: object) -> Component:
    """The conflict that the address names."""
    if not permitted(Action.ADJUDICATE):
        return forbidden(Action.ADJUDICATE)
    asked = pathname.removeprefix(LIST).strip("/")
    ecg_id = ecg_number(asked)
    if ecg_id is None:
        return message("No such ECG", f"{asked!r} is no ECG number.")
    try:
        with context().sessions.read() as session:
            case = adjudication.open_case(session, person().id, ecg_id)
            waiting = adjudication.waiting(session, person().id)
            return case_page(session, case, len(waiting.conflicts))
    except (CatalogueError, ReadingError) as error:
        return message("Nothing to settle", str(error), onward="To all that wait", href=LIST)


@needs(Action.ADJUDICATE)
def settle(
    clicks: int | None,
    verdicts: Sequence[str | None],
    places: Sequence[Json],
    unreadable: bool,
    comment: str | None,
    meta: Json,
) -> Any:
    """Store the verdicts and open the next conflict; a refusal leaves the form as it is."""
    if not clicks:
        return no_update
    ecg_id = number_in_id("ecg")
    with parsing():
        said = _said(verdicts, places, bool(unreadable), str(comment or ""))
        form = _form(meta)
    try:
        made = adjudication.settle(context().sessions, person().id, ecg_id, said, **form)
    except FeedbackError as error:
        return problem(f"Not saved: {error}")
    dash.set_props(
        ids.STATUS, {"children": local_time(made.submitted_at, f"ECG {ecg_id} settled ")}
    )
    dash.set_props(ids.LOCATION, {"pathname": _next_path(ecg_id)})
    return ""


def _said(
    verdicts: Sequence[str | None], places: Sequence[Json], unreadable: bool, comment: str
) -> Settlement:
    given = {
        Superclass(place["class"]): Verdict(verdict)
        for place, verdict in zip(places, verdicts, strict=True)
        if verdict and not unreadable
    }
    return Settlement(verdicts=given, unreadable=unreadable, comment=comment)


def _form(meta: Json) -> Json:
    """What the server knew when it made the form."""
    record, stands = meta["record"], meta["stands"]
    return {
        "key": str(meta["key"]),
        "shown": str(meta["shown"]),
        "started_at": datetime.fromisoformat(meta["started"]).astimezone(),
        "record_id": int(record),
        "stands": None if stands is None else int(stands),
    }


def _next_path(ecg_id: int) -> str:
    """The next conflict by number, the first after the last, the list after all."""
    with context().sessions.read() as session:
        waiting = adjudication.waiting(session, person().id).conflicts
    later = [one.ecg_id for one in waiting if one.ecg_id > ecg_id]
    following = [*later, *(one.ecg_id for one in waiting)]
    return f"{LIST}/{following[0]}" if following else LIST
