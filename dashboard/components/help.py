"""The sheet that lists the keys."""

from dash import html
from dash.development.base_component import Component

from dashboard import ids

_READING = (
    ("1 … 5", "Normal, infarction, ST/T, conduction, hypertrophy: present, then absent"),
    ("u", "The class last touched: unsure"),
    ("n", "Normal ECG present, everything else absent"),
    ("r", "Every class still open: absent"),
    ("x", "Unreadable, and back"),
    ("c", "To the comment; Esc leaves it"),
    ("Enter", "Submit the answer"),
    ("j / k", "Next unread ECG / back to the one before"),
    ("a", "After the answer: attention of the next class, then off"),
)
_EVERYWHERE = (
    ("w", "To the worklist"),
    ("↑ ↓ Enter", "In the worklist: choose and open a record"),
    ("?", "This sheet; Esc closes it"),
)


def help_sheet() -> Component:
    """The sheet, hidden until somebody asks for it."""
    return html.Div(
        [
            html.H2("Keys", id="help-title"),
            _table("Reading", _READING),
            _table("Everywhere", _EVERYWHERE),
            html.Button("Close", className="btn btn-outline-secondary", **{"data-key": "Escape"}),
        ],
        id=ids.HELP,
        className="help",
        hidden=True,
        role="dialog",
        tabIndex="-1",
        **{"aria-modal": "true", "aria-labelledby": "help-title"},
    )


def _table(title: str, keys: tuple[tuple[str, str], ...]) -> Component:
    rows = [html.Tr([html.Th(html.Kbd(key), scope="row"), html.Td(does)]) for key, does in keys]
    return html.Table([html.Caption(title), html.Tbody(rows)])
