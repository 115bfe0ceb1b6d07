"""The versions of the model: what is served, how it was judged, retraining, the way back."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import dash
import dash_bootstrap_components as dbc
from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import CoreError
from dashboard import ids
from dashboard.components import models as parts
from dashboard.components.shell import forbidden, heading, message, problem
from dashboard.context import context
from dashboard.preferences import theme
from dashboard.security import needs, permitted, person
from dashboard.triggered import number_in_id, typed
from feedback import finetune, jobs, registry
from feedback.error_rates import estimated_errors
from feedback.errors import FeedbackError, NoDataset, PlanOutdated
from feedback.policy import Action
from feedback.reliability import measured_reliability
from feedback.tables import ModelState, ModelVersion

Listed = list[list[str]]  # version and state, the latest first
_EVERY_MS = 3000

T = TypeVar("T")


def register(app: Dash) -> None:
    """Add the page and its callbacks to ``app``."""
    dash.register_page("models", path="/models", title="Models · TrustECG", layout=layout)
    said = Output(ids.MODELS_MESSAGE, "children", allow_duplicate=True)
    quiet = {"prevent_initial_call": True}
    app.callback(
        Output(ids.MODELS_RUN_PANEL, "hidden"),
        Output(ids.MODELS_RUN, "children"),
        Output(ids.MODELS_RUN_LOG, "hidden"),
        Output(ids.MODELS_RUN_EPOCHS, "children"),
        Input(ids.MODELS_TICK, "n_intervals"),
        **quiet,
    )(follow_run)
    app.callback(
        Output(ids.MODELS_LIST, "children"),
        Output(ids.MODELS_LISTED, "data"),
        Output(ids.MODELS_CHARTS, "children"),
        Output(ids.MODELS_OVERTAKEN, "children"),
        Input(ids.MODELS_TICK, "n_intervals"),
        State(ids.MODELS_LISTED, "data"),
        State(ids.MODELS_CHOSEN, "data"),
        **quiet,
    )(follow_versions)
    app.callback(
        Output(ids.MODELS_PLANNED, "children"),
        Input(ids.MODELS_PLAN, "n_clicks"),
        Input(ids.MODELS_ASSISTED, "value"),
        **quiet,
    )(plan_run)
    app.callback(
        said,
        Input(ids.MODELS_START, "n_clicks"),
        State(ids.MODELS_ASSISTED, "value"),
        State(ids.MODELS_MARK, "data"),
        **quiet,
    )(start_run)
    app.callback(said, Input(ids.of_job("cancel-run", ALL), "n_clicks"), **quiet)(cancel_run)
    app.callback(
        Output(ids.MODELS_OUTCOME, "children"),
        Input(ids.MODELS_PROMOTE, "n_clicks"),
        State(ids.MODELS_WHY, "value"),
        State(ids.MODELS_CHOSEN, "data"),
        **quiet,
    )(promote)
    app.callback(
        said,
        Input(ids.MODELS_ROLLBACK, "n_clicks"),
        State(ids.MODELS_WAY_BACK, "data"),
        State(ids.MODELS_CHOSEN, "data"),
        **quiet,
    )(roll_back)


def layout(version: str | None = None, **_: object) -> Component:
    """Every version, and the report of the one that is asked for."""
    if not permitted(Action.MANAGE_MODELS):
        return forbidden(Action.MANAGE_MODELS)
    with context().sessions.read() as session:
        models, job = registry.versions(session), finetune.latest_job(session)
        wanted = (m for m in models if version in (None, "", m.version))
        chosen = next(wanted, None)
        report = _report(session, chosen) if chosen else None
    if models and chosen is None:
        said = f"no model {version!r} is registered"
        return message("No such model", said, onward="To all models", href="/models")
    if chosen is None:
        return message("No model", "no model is registered: 'trustecg up' enters the first")
    return html.Div(
        [
            heading("Models"),
            _acts(models),
            html.Div(id=ids.MODELS_MESSAGE, role="status", className="outcome"),
            html.Div(id=ids.MODELS_PLANNED),
            parts.run_panel(job),
            html.Div(
                parts.versions_table(models, chosen.version), id=ids.MODELS_LIST, className="wide"
            ),
            dcc.Store(id=ids.MODELS_LISTED, data=_listed(models)),
            html.Div(id=ids.MODELS_OVERTAKEN, role="status"),
            html.Div(report, id=ids.MODELS_REPORT),
            html.Div(parts.charts(models, theme()), id=ids.MODELS_CHARTS, className="model-charts"),
            dcc.Interval(id=ids.MODELS_TICK, interval=_EVERY_MS),
        ],
        className="page",
    )


def _report(session: Session, model: ModelVersion) -> Component:
    """How a version was judged, and what can be done with it, as it is now."""
    return parts.report(
        registry.describe(session, model),
        registry.objection(session, model),
        _on_data(measured_reliability, session, model),
        _on_data(estimated_errors, session, model),
        theme(),
    )


@needs(Action.MANAGE_MODELS)
def follow_run(_tick: int) -> tuple[bool, list[Component], bool, Component]:
    """The last run as it is now: what is hidden of it, its progress and its log."""
    with context().sessions.read() as session:
        job = finetune.latest_job(session)
    return job is None, parts.run_progress(job), not parts.has_epochs(job), parts.epochs(job)


@needs(Action.MANAGE_MODELS)
def follow_versions(
    _tick: int, shown: Any, chosen: Any
) -> tuple[Component, Listed, list[Component], Any]:
    """The list with what a run has entered since, or what somebody has served.

    The report stays: a button that changes under the pointer would be pressed in error.
    """
    with context().sessions.read() as session:
        latest = select(ModelVersion.version, ModelVersion.state).order_by(ModelVersion.id.desc())
        if [list(one) for one in session.execute(latest)] == shown:
            raise PreventUpdate  # whoever is about to press a link keeps it
        models = registry.versions(session)
    listed = _listed(models)
    said = parts.overtaken(chosen) if _overtaken(shown, listed, chosen) else no_update
    return parts.versions_table(models, chosen), listed, parts.charts(models, theme()), said


def _overtaken(shown: Any, listed: Listed, chosen: Any) -> bool:
    """Whether the report of ``chosen`` is of before: its state, or the champion, was another."""
    before = shown if isinstance(shown, list) else []
    new = [one for one in listed if one not in before]
    return any(version == chosen or state == ModelState.CHAMPION for version, state in new)


@needs(Action.MANAGE_MODELS)
def plan_run(_clicks: int, assisted: bool | None) -> Component | None:
    """What a run would be taught, before anybody starts one.

    Nothing once the box beside it changes: what was planned is not what the box asks for.
    """
    if ctx.triggered_id == ids.MODELS_ASSISTED:
        return None
    try:
        with context().sessions.read() as session:
            plan = finetune.plan(session, include_assisted=bool(assisted))
            return parts.plan(finetune.summary(session, plan), context().plans.keep(plan))
    except FeedbackError as error:
        return problem(error)


@needs(Action.MANAGE_MODELS)
def start_run(clicks: int | None, assisted: bool | None, shown: Any) -> Component:
    """Queue the run that was planned, and no other than the one on screen."""
    if not clicks:
        raise PreventUpdate  # the plan was drawn, nobody pressed anything
    folder = context().settings.checkpoints
    try:
        plan = context().plans.of(shown, include_assisted=bool(assisted))
        with context().sessions.begin() as session:
            job = finetune.enqueue(session, plan, folder, actor=person().email)
    except PlanOutdated as error:
        _clear_plan()  # it would be refused again
        return problem(error)
    except FeedbackError as error:
        return problem(error)
    _clear_plan()  # the button with it: it is started
    return html.Span(f"Job {job.id} is queued: its progress is shown here.")


@needs(Action.MANAGE_MODELS)
def cancel_run(clicks: Sequence[int | None]) -> Component:
    """End the run whose button was pressed."""
    if not any(clicks):
        raise PreventUpdate  # the run was drawn, nobody pressed anything
    number = number_in_id("job")
    try:
        with context().sessions.begin() as session:
            jobs.cancel(session, number, actor=person().email)
    except FeedbackError as error:
        return problem(error)
    return html.Span(f"Job {number} was told to stop.")


@needs(Action.MANAGE_MODELS)
def promote(clicks: int | None, why: Any, version: Any) -> Component:
    """Serve the version of the report."""
    if not clicks:
        raise PreventUpdate  # the report was drawn, nobody pressed anything
    asked, written = typed(version), typed(why)
    try:
        with context().sessions.begin() as session:
            model = registry.promote(session, asked, actor=person().email, justification=written)
    except (CoreError, FeedbackError) as error:
        return problem(error)
    return _served(model, model.version)


@needs(Action.MANAGE_MODELS)
def roll_back(clicks: int | None, offered: str | None, chosen: Any) -> Component:
    """Serve again what the champion has replaced, if it is still the version of the button."""
    if not clicks:
        raise PreventUpdate
    on_screen = typed(chosen)
    try:
        with context().sessions.begin() as session:
            model = registry.rollback(session, actor=person().email, to=offered)
    except (CoreError, FeedbackError) as error:
        return problem(error)
    return _served(model, on_screen)


def _clear_plan() -> None:
    dash.set_props(ids.MODELS_PLANNED, {"children": None})


def _on_data(
    measure: Callable[[Session, ModelVersion], T], session: Session, model: ModelVersion
) -> T | None:
    """What is measured of a model on the active data set; None without one."""
    try:
        return measure(session, model)
    except NoDataset:
        return None


def _served(model: ModelVersion, on_screen: str) -> Component:
    """Say what is served now, and draw all of the page that says something of it anew.

    By whoever has pressed: a button that is renamed under the pointer would be pressed in error.
    """
    with context().sessions.read() as session:
        models = registry.versions(session)
        report = _report(session, registry.find_model(session, on_screen))
    drawn = {
        ids.MODELS_BACK: _way_back(models),
        ids.MODELS_LIST: parts.versions_table(models, on_screen),
        ids.MODELS_CHARTS: parts.charts(models, theme()),
        ids.MODELS_REPORT: report,
        ids.MODELS_OVERTAKEN: None,
    }
    for place, children in drawn.items():
        dash.set_props(place, {"children": children})
    dash.set_props(ids.MODELS_LISTED, {"data": _listed(models)})
    return html.Span(f"{model.version} is served.")


def _listed(models: Sequence[ModelVersion]) -> Listed:
    return [[model.version, str(model.state)] for model in models]


def _acts(models: Sequence[ModelVersion]) -> Component:
    """Plan a run; go back, where there is a way."""
    return html.Div(
        [
            dbc.Button("Plan retraining", id=ids.MODELS_PLAN, color="primary"),
            dbc.Checkbox(
                id=ids.MODELS_ASSISTED,
                label="teach assisted answers too, at half weight",
                value=False,
            ),
            html.Div(_way_back(models), id=ids.MODELS_BACK),
        ],
        className="row-of model-acts",
    )


def _way_back(models: Sequence[ModelVersion]) -> Component | None:
    champion = next((m for m in models if m.active), None)
    names = {m.id: m.version for m in models}
    before = names.get(champion.replaced_id or 0) if champion else None
    if before is None:
        return None
    button = dbc.Button(  # one press and no question: it is for when something went wrong
        f"Roll back to {before}",
        id=ids.MODELS_ROLLBACK,
        outline=True,
        color="secondary",
        title=f"Serve {before} again, with its thresholds and predictions",
    )
    return html.Div([button, dcc.Store(id=ids.MODELS_WAY_BACK, data=before)])
