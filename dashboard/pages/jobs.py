"""Background jobs: what runs, what is left, for administrators."""

from collections.abc import Sequence

import dash
import dash_bootstrap_components as dbc
from dash import ALL, Dash, Input, Output, ctx, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate
from sqlalchemy import select

from dashboard import ids
from dashboard.components.job import cancel_button, is_open
from dashboard.components.shell import forbidden, heading, local_time, message, problem
from dashboard.context import context
from dashboard.security import needs, permitted, person
from dashboard.triggered import number_in_id
from feedback import catalogue, scoring
from feedback import jobs as queue
from feedback.errors import FeedbackError, NoDataset
from feedback.policy import Action
from feedback.tables import Job

_SHOWN = 50  # the latest
_EVERY_MS = 3000


def register(app: Dash) -> None:
    """Add the page and its callbacks to ``app``."""
    dash.register_page("jobs", path="/jobs", title="Jobs · TrustECG", layout=layout)
    app.callback(
        Output(ids.JOBS_LIST, "children"),
        Input(ids.JOBS_TICK, "n_intervals"),
        prevent_initial_call=True,
    )(refresh)
    app.callback(
        Output(ids.JOBS_MESSAGE, "children"),
        Input(ids.JOBS_SCORE, "n_clicks"),
        prevent_initial_call=True,
    )(score)
    app.callback(
        Output(ids.JOBS_MESSAGE, "children", allow_duplicate=True),
        Input(ids.of_job("cancel", ALL), "n_clicks"),
        prevent_initial_call=True,
    )(cancel)


def layout(**_: object) -> Component:
    """The latest jobs and how far scoring is."""
    if not permitted(Action.MANAGE_JOBS):
        return forbidden(Action.MANAGE_JOBS)
    try:
        view = _view()
    except NoDataset as error:
        return message("No records", str(error))
    score_all = dbc.Button("Score what has no prediction", id=ids.JOBS_SCORE, color="primary")
    return html.Div(
        [
            heading("Jobs"),
            html.Div(
                [score_all, html.Span(id=ids.JOBS_MESSAGE, role="status")], className="row-of"
            ),
            html.Div(view, id=ids.JOBS_LIST),
            dcc.Interval(id=ids.JOBS_TICK, interval=_EVERY_MS),
        ],
        className="page",
    )


@needs(Action.MANAGE_JOBS)
def refresh(_tick: int) -> Component:
    """The list as it is now."""
    return _view()


@needs(Action.MANAGE_JOBS)
def score(_clicks: int) -> Component:
    """Queue what the served model has not scored."""
    try:
        with context().sessions.begin() as session:
            queued = scoring.enqueue_scoring(session, actor=person().email)
    except FeedbackError as error:
        return problem(error)
    if not queued:
        return html.Span("Nothing is left to score.")
    return html.Span(f"{len(queued)} job{'s' if len(queued) > 1 else ''} queued.")


@needs(Action.MANAGE_JOBS)
def cancel(_clicks: Sequence[int | None]) -> Component:
    """Cancel the job whose button was pressed."""
    if not ctx.triggered or not ctx.triggered[0]["value"]:
        raise PreventUpdate  # the list was drawn, nobody pressed anything
    number = number_in_id("job")
    try:
        with context().sessions.begin() as session:
            queue.cancel(session, number, actor=person().email)
    except FeedbackError as error:
        return problem(error)
    return html.Span(f"Job {number} was told to stop.")


def _view() -> Component:
    with context().sessions.read() as session:
        coverage = catalogue.coverage(session)
        latest = session.scalars(select(Job).order_by(Job.id.desc()).limit(_SHOWN)).all()
    scored = f"{coverage.scored:,} of {coverage.records:,} records scored"
    refused = f"{coverage.refused:,} refused for their quality"
    return html.Div(
        [
            html.P([html.Span(scored), html.Span(refused)], className="facts numbers"),
            _table(latest) if latest else html.P("No job has been queued yet."),
        ]
    )


def _table(latest: Sequence[Job]) -> Component:
    head = ("Job", "Kind", "State", "Progress", "Queued", "By", "Message", "")
    return dbc.Table(
        [
            html.Thead(html.Tr([html.Th(name, scope="col") for name in head])),
            html.Tbody([_row(job) for job in latest]),
        ],
        className="numbers",
    )


def _row(job: Job) -> Component:
    return html.Tr(
        [
            html.Th(job.id, scope="row"),
            html.Td(job.kind),
            html.Td("stopping" if job.cancel_requested and is_open(job) else job.state),
            html.Td(f"{job.progress:.0%}"),
            html.Td(local_time(job.enqueued_at, date=True)),
            html.Td(job.enqueued_by),
            html.Td(job.error or job.message),
            html.Td(
                cancel_button("cancel", job) if is_open(job) and not job.cancel_requested else None
            ),
        ]
    )
