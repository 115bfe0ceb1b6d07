"""Background jobs: what runs, what is left, for administrators."""

from collections.abc import Sequence
from typing import Any

import dash
import dash_bootstrap_components as dbc
from dash import ALL, Dash, Input, Output, ctx, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import ids
from dashboard.components.job import cancel_button, is_open
from dashboard.components.shell import forbidden, heading, local_time, message, problem
from dashboard.context import context
from dashboard.security import needs, permitted, person
from dashboard.triggered import number_in_id, parsing
from feedback import catalogue, finetune, scoring
from feedback import jobs as queue
from feedback.catalogue import Coverage
from feedback.errors import FeedbackError, NoDataset
from feedback.job_list import JobList, Show, job_list
from feedback.policy import Action
from feedback.tables import Job, JobState

_EVERY_MS = 3000
_KINDS = {scoring.KIND: "scoring", finetune.KIND: "retraining"}
_SHOWS = {
    Show.NOTABLE: "all but routine scoring",
    Show.RETRAINING: "retraining",
    Show.EVERY: "every job",
}


def register(app: Dash) -> None:
    """Add the page and its callbacks to ``app``."""
    dash.register_page("jobs", path="/jobs", title="Jobs · TrustECG", layout=layout)
    app.callback(
        Output(ids.JOBS_LIST, "children"),
        Input(ids.JOBS_TICK, "n_intervals"),
        Input(ids.JOBS_SHOW, "value"),
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
    """The jobs and how far scoring is."""
    if not permitted(Action.MANAGE_JOBS):
        return forbidden(Action.MANAGE_JOBS)
    try:
        view = _view(Show.NOTABLE)
    except NoDataset as error:
        return message("No records", str(error))
    score_all = dbc.Button("Score what has no prediction", id=ids.JOBS_SCORE, color="primary")
    return html.Div(
        [
            heading("Jobs"),
            html.Div(
                [_chooser(), score_all, html.Span(id=ids.JOBS_MESSAGE, role="status")],
                className="row-of",
            ),
            html.Div(view, id=ids.JOBS_LIST),
            dcc.Interval(id=ids.JOBS_TICK, interval=_EVERY_MS),
        ],
        className="page",
    )


@needs(Action.MANAGE_JOBS)
def refresh(_tick: int, show: Any) -> Component:
    """The list as it is now."""
    with parsing():
        wanted = Show(show)
    return _view(wanted)


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


def _chooser() -> Component:
    options = [{"label": words, "value": show} for show, words in _SHOWS.items()]
    return html.Div(
        [
            html.Label("Show", htmlFor=ids.JOBS_SHOW),
            dbc.Select(id=ids.JOBS_SHOW, options=options, value=Show.NOTABLE),
        ]
    )


def _view(show: Show) -> Component:
    with context().sessions.read() as session:
        coverage = catalogue.coverage(session)
        found = job_list(session, show)
    return html.Div(
        [
            html.P([html.Span(fact) for fact in _facts(coverage)], className="facts numbers"),
            _table(found.jobs) if found.jobs else html.P("There is none to show."),
            html.P(_left_out(found), className="quiet numbers"),
        ]
    )


def _left_out(found: JobList) -> str | None:
    if not found.more:
        return None
    wait = "waits" if found.waiting == 1 else "wait"
    waiting = f" {found.waiting:,} of which {wait} and" if found.waiting else ""
    return f"Not listed: {found.more:,} more,{waiting} none of which has failed."


def _facts(coverage: Coverage) -> list[str]:
    facts = [
        f"{coverage.scored:,} of {coverage.records:,} records scored",
        f"{coverage.refused:,} refused for their quality",
    ]
    return [*facts, f"{coverage.failed:,} cannot be read"] if coverage.failed else facts


def _table(latest: Sequence[Job]) -> Component:
    head = ("Job", "Kind", "State", "Progress", "Queued", "By", "Message", "")
    return dbc.Table(
        [
            html.Thead(html.Tr([html.Th(name, scope="col") for name in head])),
            html.Tbody([_row(job) for job in latest]),
        ],
        className="numbers",
    )


def _state(job: Job) -> Component | str:
    if job.state is JobState.FAILED:
        return html.Span(job.state, className="problem")
    return "stopping" if job.cancel_requested and is_open(job) else str(job.state)


def _row(job: Job) -> Component:
    return html.Tr(
        [
            html.Th(job.id, scope="row"),
            html.Td(_KINDS.get(job.kind, job.kind)),
            html.Td(_state(job)),
            html.Td(f"{job.progress:.0%}"),
            html.Td(local_time(job.enqueued_at, date=True)),
            html.Td(job.enqueued_by),
            html.Td(job.error or job.message),
            html.Td(
                cancel_button("cancel", job) if is_open(job) and not job.cancel_requested else None
            ),
        ]
    )
