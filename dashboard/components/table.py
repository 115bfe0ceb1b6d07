"""A table of figures: one head, rows that begin with what they are about."""

from collections.abc import Sequence

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component


def table(head: Sequence[str], rows: Sequence[Component]) -> Component:
    """Rows of cells under a head."""
    return dbc.Table(
        [
            html.Thead(html.Tr([html.Th(name, scope="col") for name in head])),
            html.Tbody(list(rows)),
        ],
        className="numbers",
        size="sm",
    )


def row_head(text: str) -> Component:
    """The cell that says what a row is about."""
    return html.Th(text, scope="row")
