"""The worklists that wait for a reader, above the grid of the first page."""

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component
from sqlalchemy.orm import Session

from dashboard import ids
from dashboard.components.claim import MODES
from dashboard.components.shell import sentence
from dashboard.context import context
from feedback import slots, worklists
from feedback.worklists import Standing


def to_read(reader_id: int) -> Component:
    """The open worklists, and a button to each that has a record for this reader."""
    with context().sessions.read() as session:
        found = worklists.standings(session, reader_id)
        lines = [_line(session, standing, reader_id) for standing in found]
    return html.Section(
        [*lines, html.Div(id=ids.TO_READ_MESSAGE, role="status")],
        id=ids.TO_READ,
        className="to-read",
        **{"aria-label": "Worklists to read"},
    )


def _line(session: Session, standing: Standing, reader_id: int) -> Component:
    made, left = standing.worklist, standing.left_for_reader
    named = [html.Strong(made.name), html.Span(MODES[made.mode], className="quiet")]
    if not left:
        why = sentence(slots.why_nothing(session, made, reader_id))
        return html.Div([*named, html.Span(why, className="quiet")], className="waits")
    return html.Div(
        [
            *named,
            html.Span(f"{left:,} left for you", className="numbers"),
            _button(made.id, made.name),
        ],
        className="waits",
    )


def _button(worklist_id: int, name: str) -> Component:
    return dbc.Button(
        "Read",
        id=ids.of_worklist("read", worklist_id),
        color="primary",
        size="sm",
        title=f"Read the next ECG of {name}",
    )
