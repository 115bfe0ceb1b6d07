"""The frame of every page: the bar, the simulated mark, the place for the page."""

from datetime import datetime

import dash
import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component
from flask_wtf.csrf import generate_csrf

from dashboard import ids
from dashboard.components.ahead import places
from dashboard.components.claim import holding
from dashboard.context import context
from dashboard.figures.theme import Look
from dashboard.preferences import look
from dashboard.security import not_allowed, permitted, person, signed_in
from feedback import catalogue
from feedback.errors import NoDataset
from feedback.policy import Action

_LINKS = (
    ("Worklist", "/", Action.SEE_WORKLIST),
    ("Worklists", "/worklists", Action.MANAGE_WORKLISTS),
    ("Adjudicate", "/adjudicate", Action.ADJUDICATE),
    ("Export", "/export", Action.EXPORT),
    ("Agreement", "/agreement", Action.SEE_AGREEMENT),
    ("Readers", "/readers", Action.SEE_AGREEMENT),
    ("My readings", "/my-readings", Action.SEE_OWN_READINGS),
    ("People", "/people", Action.MANAGE_PEOPLE),
    ("Models", "/models", Action.MANAGE_MODELS),
    ("Jobs", "/jobs", Action.MANAGE_JOBS),
)
NOT_FOR_YOUR_ROLE = "Not for your role"
SIMULATED = "SIMULATED records: these ECGs come from a simulator, not from patients."


def layout() -> Component:
    """The frame for the present user; Dash asks for it at each page load.

    It also asks once before it answers its first request, whoever sends that one.
    """
    if not signed_in():
        return html.Div(dash.page_container)
    return html.Div(
        [
            dcc.Location(id=ids.LOCATION, refresh="callback-nav"),
            dcc.Store(id=ids.WORKLIST_QUERY, storage_type="session"),
            dcc.Store(id=ids.UNDONE),
            *holding(),
            dcc.Store(id=ids.LOOK_CHOSEN),
            dcc.Store(id=ids.LOOK_SHOWN),
            html.A("Skip to the page", href="#page", className="skip"),
            _bar(),
            _simulated_mark(),
            html.Main([dash.page_container, places()], id="page", tabIndex="-1"),
        ],
        className="shell",
    )


def local_time(at: datetime, prefix: str = "", *, date: bool = False) -> Component:
    """A time that the browser shows in its own zone, and in UTC until it has."""
    pattern = "%Y-%m-%d %H:%M UTC" if date else "%H:%M:%S UTC"
    stamp = html.Time(
        at.strftime(pattern),
        dateTime=at.isoformat(),
        className="local-time",
        **{"data-shows": "date" if date else "time"},
    )
    return html.Span([prefix, stamp])


def problem(what: object) -> Component:
    """What went wrong, announced at once."""
    return html.Span(sentence(what), className="problem", role="alert")


def sentence(error: object) -> str:
    """A message of the command line's kind as a sentence on a page."""
    text = str(error)
    first = text.split(" ", 1)[0]
    begun = text[:1].upper() + text[1:] if "@" not in first else text  # an address stays
    return begun if begun.endswith((".", "?", "!")) else begun + "."


def heading(title: str, *beside: Component) -> Component:
    """The head of a page: its title and what stands beside it."""
    return html.Div([html.H1(title), *beside], className="page-head")


def message(
    title: str, text: str, *, onward: str = "To the worklist", href: str = "/"
) -> Component:
    """A page that has only something to say, and where to go from it."""
    return html.Div(
        [heading(title), html.P(sentence(text)), dcc.Link(onward, href=href)],
        className="page narrow",
    )


def forbidden(action: Action) -> Component:
    """The page of somebody whose role does not allow ``action``."""
    return message(NOT_FOR_YOUR_ROLE, not_allowed(action))


def _bar() -> Component:
    return html.Header(
        [
            dcc.Link("TrustECG", href="/", className="brand"),
            html.Nav([_link(*entry) for entry in _LINKS if permitted(entry[2])]),
            html.Div(id=ids.STATUS, className="status", role="status"),
            _undo(),
            _other_look(),
            html.Button(
                "?",
                className="btn btn-sm btn-link",
                title="Keys (?)",
                **{"data-key": "?", "aria-label": "Keyboard help"},
            ),
            html.A(person().email, href="/password", className="who", title="Change password"),
            _sign_out(),
        ],
        className="bar",
    )


def _other_look() -> Component:
    other = Look.LIGHT if look() is Look.DARK else Look.DARK
    return html.Button(
        other.value.title(),
        id=ids.LOOK,
        className="btn btn-sm btn-link",
        title=f"{other.value.title()} look (d)",
        **{"data-key": "d"},
    )


def _undo() -> Component:
    return html.Button(
        ["Undo ", html.Kbd("⌫")],
        id=ids.UNDO,
        className="btn btn-sm btn-link",
        title="Reopen the previous answer (Backspace)",
        **{"data-key": "Backspace"},
    )


def _link(name: str, path: str, _action: Action) -> Component:
    return dbc.NavLink(name, href=path, active="exact", className="bar-link")


def _sign_out() -> Component:
    return html.Form(
        [
            dcc.Input(type="hidden", name="csrf_token", value=generate_csrf()),
            html.Button("Sign out", className="btn btn-sm btn-link", type="submit"),
        ],
        method="POST",
        action="/logout",
    )


def _simulated_mark() -> Component | None:
    with context().sessions.read() as session:
        try:
            simulated = catalogue.active_source(session).simulated
        except NoDataset:
            return None
    return html.Div(SIMULATED, className="simulated", role="note") if simulated else None
