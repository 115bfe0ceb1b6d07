"""Readers: how each reads and whether the model sways them; gold records, by which they are judged.

An administrator sees everyone. Anybody else sees their own, without the gold records and as of
midnight: a figure that moves after an answer would give one away.
"""

from datetime import UTC, datetime, time
from typing import Any

import dash
from dash import Dash, Input, Output, State, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import ids
from dashboard.components import readers as parts
from dashboard.components.shell import forbidden, heading, message, problem
from dashboard.context import context
from dashboard.security import needs, permitted, person
from dashboard.triggered import typed
from feedback import gold
from feedback.db import now
from feedback.errors import FeedbackError, NoDataset
from feedback.policy import Action
from feedback.reader_report import own_report, reader_reports

Told = tuple[Component, object]


def register(app: Dash) -> None:
    """Add the pages and their callbacks to ``app``."""
    dash.register_page("readers", path="/readers", title="Readers · TrustECG", layout=layout)
    dash.register_page(
        "my-readings", path="/my-readings", title="My readings · TrustECG", layout=own_layout
    )
    app.callback(
        Output(ids.GOLD_MESSAGE, "children"),
        Output(ids.GOLD_LIST, "children"),
        Input(ids.GOLD_KEEP, "n_clicks"),
        State(ids.GOLD_CSV, "value"),
        prevent_initial_call=True,
    )(keep_gold)
    app.callback(
        Output(ids.GOLD_MESSAGE, "children", allow_duplicate=True),
        Output(ids.GOLD_LIST, "children", allow_duplicate=True),
        Input(ids.GOLD_ADJUDICATED, "submit_n_clicks"),
        prevent_initial_call=True,
    )(keep_adjudicated)


def layout(**_: object) -> Component:
    """Every reader, and the gold records."""
    if not permitted(Action.SEE_AGREEMENT):
        return forbidden(Action.SEE_AGREEMENT)
    try:
        with context().sessions.read() as session:
            reports = reader_reports(session)
            rows = gold.gold_rows(session)
    except NoDataset as error:
        return message("Readers", str(error))
    told = [
        html.H2("What they have read"),
        parts.pace_table(reports),
        html.H2("Whether the model sways them"),
        html.P(parts.NOTE, className="quiet"),
        parts.mind_table(reports),
        html.H2("Against gold answers"),
        parts.gold_table(reports),
    ]
    nobody = [html.P("Nobody has answered an ECG yet.")]
    return html.Div(
        [
            heading("Readers"),
            *(told if reports else nobody),
            html.H2("Gold ECGs"),
            parts.gold_form(rows),
        ],
        className="page",
    )


def own_layout(**_: object) -> Component:
    """The readings of whoever asks."""
    if not permitted(Action.SEE_OWN_READINGS):
        return forbidden(Action.SEE_OWN_READINGS)
    try:
        with context().sessions.read() as session:
            midnight = datetime.combine(now().date(), time.min, UTC)
            report = own_report(session, person().email, until=midnight)
    except NoDataset as error:
        return message("My readings", str(error))
    if report is None:
        return message("My readings", "You have not answered an ECG yet.")
    return html.Div(
        [
            heading("My readings"),
            html.H2("What you have read"),
            parts.pace_table([report]),
            html.H2("Whether the model sways you"),
            html.P(parts.OWN_NOTE, className="quiet"),
            parts.mind_table([report]),
        ],
        className="page",
    )


@needs(Action.MANAGE_WORKLISTS)
def keep_gold(_clicks: int, text: Any) -> Told:
    """Make the records of the pasted CSV gold."""
    pasted = typed(text)
    try:
        answers = gold.parse(pasted)
        with context().sessions.begin() as session:
            count = gold.keep(session, answers, actor=person().email)
            rows = gold.gold_rows(session)
    except FeedbackError as error:
        return problem(error), dash.no_update
    return html.Span(f"Gold now: {count:,}."), parts.gold_list(rows)


@needs(Action.MANAGE_WORKLISTS)
def keep_adjudicated(clicks: int | None) -> Told:
    """Make every adjudicated record gold, once that was confirmed."""
    if not clicks:
        raise PreventUpdate
    try:
        with context().sessions.begin() as session:
            count = gold.keep_adjudicated(session, actor=person().email)
            rows = gold.gold_rows(session)
    except FeedbackError as error:
        return problem(error), dash.no_update
    return html.Span(f"Gold now, of those adjudicated: {count:,}."), parts.gold_list(rows)
