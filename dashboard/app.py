"""The Dash application: ``create_app(settings)`` wires what the other modules offer."""

import logging
import re
from pathlib import Path
from typing import Any

import dash
import flask
from dash import Dash, State
from dash.exceptions import DependencyException
from flask import Flask
from sqlalchemy import text
from werkzeug.exceptions import HTTPException

from core.errors import CoreError
from dashboard import error_pages, ids, incoming, preferences, security
from dashboard.components import shell
from dashboard.components.help import help_sheet
from dashboard.context import attach, context
from dashboard.pages import (
    account,
    adjudicate,
    agreement,
    ahead,
    answering,
    claiming,
    export,
    jobs,
    models,
    not_found,
    people,
    read,
    readers,
    worklist,
    worklists,
)
from dashboard.settings import Settings
from feedback.errors import FeedbackError

log = logging.getLogger(__name__)

_HERE = Path(__file__).parent
_PAGES = (
    worklist,
    read,
    ahead,
    claiming,
    worklists,
    adjudicate,
    export,
    agreement,
    readers,
    people,
    models,
    jobs,
    not_found,
)
PLOTLY = "4.1.1"  # the release in assets/vendor: one of its major release draws the same
_VENDOR = "/assets/vendor/"
_HELP_HERE = "<!-- help -->"
_ANY_LOOK = 'data-bs-theme="light"'
# parts of Dash's libraries that no page of ours uses: two thirds of all that a first visit would
# fetch; plotly among them: our figures are lines and bars, which its smaller bundle has
_UNUSED = re.compile(
    r'<script src="[^"]*/(?:dash_table/|plotly/'
    r"|dcc/async-(?:datepicker|dropdown|highlight|markdown|mathjax|slider|upload)"
    r'|dash_ag_grid/async-enterprise)[^"]*"></script>'
)
_INDEX = (_HERE / "templates" / "index.html").read_text("utf-8")


def create_app(settings: Settings) -> Dash:
    """Make the web application of one installation; may be called many times in a process."""
    server = Flask("dashboard", root_path=str(_HERE), static_folder=None)
    attach(server, settings)
    incoming.clean(server)
    security.protect(server, settings)
    error_pages.register(server)
    account.register(server)
    answering.add_route(server)
    claiming.add_route(server)
    server.add_url_rule("/healthz", "healthz", _healthz)
    server.register_error_handler(DependencyException, _no_such_library)
    app = _dash(server)
    for page in _PAGES:
        page.register(app)
    preferences.register(app)
    app.layout = shell.layout
    security.add_headers(app, settings)
    return app


class _Application(Dash):
    def interpolate_index(self, **parts: Any) -> str:
        """The page's frame with the sheet of keys, in the look of whoever asks."""
        parts["scripts"] = _UNUSED.sub("", parts["scripts"])
        page: str = super().interpolate_index(**parts)
        page = page.replace(_HELP_HERE, help_sheet(), 1)
        look = preferences.look()
        # so a dark room sees no flash; the second one is for the worklist's grid
        looks = f'data-bs-theme="{look}" data-ag-theme-mode="{look}"'
        return page.replace(_ANY_LOOK, f'{looks} data-person="{security.person().id}"', 1)


def _dash(server: Flask) -> Dash:
    # Dash keeps the pages of a process in one registry: each application fills it anew
    dash.page_registry.clear()
    return _Application(
        "dashboard",
        server=server,
        title="TrustECG",
        update_title="",
        assets_folder=str(_HERE / "assets"),
        # linked below, ahead of our own
        assets_ignore=r"\.min\.(css|js)$",
        external_scripts=[f"{_VENDOR}plotly-basic-{PLOTLY}.min.js"],
        external_stylesheets=[_VENDOR + "bootstrap.min.css", _VENDOR + "bootstrap-icons.min.css"],
        index_string=_INDEX,
        use_pages=True,
        include_pages_meta=False,  # link previews are for the public web
        pages_folder="",
        # the page's address wins over ?ecg_id=... in its query
        routing_callback_inputs={"pathname": State("_pages_location", "pathname")},
        # else Dash runs every layout at the first request, signed in or not
        suppress_callback_exceptions=True,
        eager_loading=True,  # what draws a graph with the first page, not with the first ECG
        use_async=False,
        enable_mcp=False,
        on_error=tell,
    )


def tell(error: Exception) -> None:
    """Say on the page what a callback could not do; what nobody foresaw goes on to the log."""
    if isinstance(error, HTTPException) or not isinstance(error, (CoreError, FeedbackError)):
        raise error
    log.warning("%s: %s", type(error).__name__, error)
    dash.set_props(ids.STATUS, {"children": shell.problem(error)})


def _no_such_library(error: Exception) -> tuple[str, int]:
    return "there is no such file\n", 404


def _healthz() -> flask.Response | tuple[str, int]:
    """200 where the database answers, 503 where it does not."""
    try:
        with context().engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except Exception:
        log.exception("the database does not answer")
        return "the database does not answer\n", 503
    return flask.Response("ok\n", mimetype="text/plain")
