"""Worklists: make, look at and close them, for administrators."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import dash
from dash import ALL, MATCH, Dash, Input, Output, State, ctx, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard import ids
from dashboard.components.shell import forbidden, heading, message, problem
from dashboard.components.worklists import (
    ANY,
    FIELDS,
    NUMBERS,
    POOL,
    SHOWN,
    TITLES,
    may_be,
    picks_view,
    plan_form,
    reasons_view,
    says,
    worklists_table,
)
from dashboard.context import context
from dashboard.security import needs, permitted, person
from dashboard.triggered import number_in_id, parsing
from feedback import slots, users
from feedback import worklists as service
from feedback.errors import FeedbackError, InvalidWorklist, NoDataset
from feedback.policy import Action
from feedback.pool import PoolFilter
from feedback.sampling import Pick, Strategy
from feedback.tables import RecordRow
from feedback.worklists import WorklistPlan

OPTIONAL = POOL - {"folds"}  # empty, they let every record in; no folds would let none in
_SAID, _PICKS, _LIST = ids.WORKLISTS_MESSAGE, ids.WORKLISTS_PICKS, ids.WORKLISTS_LIST
Told = tuple[Component, Any]


def register(app: Dash) -> None:
    """Add the page and its callbacks to ``app``."""
    dash.register_page("worklists", path="/worklists", title="Worklists · TrustECG", layout=layout)
    asked = [State(ids.of_plan(field), "value") for field in FIELDS]
    app.callback(
        Output(ids.WORKLISTS_STRATEGY_SAYS, "children"),
        Input(ids.of_plan("strategy"), "value"),
        prevent_initial_call=True,
    )(say_strategy)
    app.callback(
        Output(_SAID, "children"),
        Output(_PICKS, "children"),
        Input(ids.WORKLISTS_PREVIEW, "n_clicks"),
        *asked,
        prevent_initial_call=True,
        # what was picked before is not what is asked for now
        running=[
            (Output(ids.WORKLISTS_PREVIEW, "disabled"), True, False),
            (Output(_PICKS, "hidden"), True, False),
        ],
    )(preview_worklist)
    app.callback(
        Output(_SAID, "children", allow_duplicate=True),
        Output(_LIST, "children"),
        Input(ids.WORKLISTS_MAKE, "n_clicks"),
        *asked,
        prevent_initial_call=True,
    )(make_worklist)
    app.callback(
        Output(_SAID, "children", allow_duplicate=True),
        Output(_LIST, "children", allow_duplicate=True),
        Input(ids.of_worklist("close", ALL), "submit_n_clicks"),
        prevent_initial_call=True,
    )(close_worklist)
    app.callback(
        Output(ids.of_worklist("reasons", MATCH), "children"),
        Input(ids.of_worklist("why", MATCH), "n_clicks"),
        prevent_initial_call=True,
    )(say_why)


def layout(**_: object) -> Component:
    """The form for a new worklist, and those that there are."""
    if not permitted(Action.MANAGE_WORKLISTS):
        return forbidden(Action.MANAGE_WORKLISTS)
    try:
        listed = _listed()
    except NoDataset as error:
        return message("No records", str(error))
    return html.Div(
        [
            heading("Worklists"),
            plan_form(),
            html.Div(id=_PICKS),
            html.Div(listed, id=_LIST),
        ],
        className="page",
    )


@needs(Action.MANAGE_WORKLISTS)
def say_strategy(value: str) -> str:
    """The sentence of the strategy that was chosen."""
    with parsing():
        return says(Strategy(value))  # type: ignore[call-arg]


@needs(Action.MANAGE_WORKLISTS)
def say_why(clicks: int | None) -> Component:
    """Why each record of a worklist is in it, which is noted: see ``feedback.worklists.tell``."""
    if not clicks:
        raise PreventUpdate  # the list was drawn, nobody pressed anything
    number = number_in_id("worklist")
    try:
        with context().sessions.begin() as session:
            told, total = service.tell(session, number, person().id, SHOWN)
    except FeedbackError as error:
        return problem(error)
    return reasons_view(told, total)


@needs(Action.MANAGE_WORKLISTS)
def preview_worklist(_clicks: int, *entered: Any) -> Told:
    """What the plan would pick now; nothing is made, so no name is asked for."""
    try:
        plan = plan_of(_typed(entered) | {"name": "Preview"})
        with context().sessions.read() as session:
            picks = _numbered(session, service.preview(session, plan))
            short = _short_of_readers(session, plan)
    except FeedbackError as error:
        return problem(error), None
    missing = plan.records - len(picks)
    pool = f"; the pool has no more, {missing:,} are missing" if missing else ""
    view = picks_view(picks, pool, telling=plan.pool.telling)
    return html.Span(f"Nothing has been made yet.{short}"), view


@needs(Action.MANAGE_WORKLISTS)
def make_worklist(_clicks: int, *entered: Any) -> Told:
    """Make the worklist, open to every reader at once."""
    try:
        plan = plan_of(_typed(entered))
        with context().sessions.read() as session:
            picks = service.preview(session, plan)
        with context().sessions.begin() as session:
            me = person()
            made = service.make(session, plan, actor=me.email, picks=picks, maker_id=me.id)
            short = _short_of_readers(session, plan)
            said = html.Span(f"{made.name} is open to all readers.{short}")
    except FeedbackError as error:
        return problem(error), dash.no_update
    dash.set_props(_PICKS, {"children": None})
    return said, _listed()


def _short_of_readers(session: Session, plan: WorklistPlan) -> str:
    """What an admin should know of a worklist that those who are there cannot finish."""
    people = users.count_readers(session)
    if people >= plan.readers_each:
        return ""
    return (
        f" It asks for {plan.readers_each} readers a record, and only {people} may read: no record "
        "is done before others join."
    )


@needs(Action.MANAGE_WORKLISTS)
def close_worklist(_clicks: Sequence[int | None]) -> Told:
    """Close the worklist whose button was pressed, once that was confirmed."""
    if not ctx.triggered or not ctx.triggered[0]["value"]:
        raise PreventUpdate  # the list was drawn, nobody pressed anything
    number = number_in_id("worklist")
    try:
        with context().sessions.begin() as session:
            name = service.close(session, number, actor=person().email).name
    except FeedbackError as error:
        return problem(error), _listed()
    return html.Span(f"{name} is closed."), _listed()


def _typed(entered: Sequence[Any]) -> dict[str, Any]:
    """What was typed into each field, without the blanks around it."""
    typed = zip(FIELDS, entered, strict=True)
    return {field: v.strip() if isinstance(v, str) else v for field, v in typed}


def plan_of(entered: Mapping[str, Any]) -> WorklistPlan:
    """The plan that was entered; raises InvalidWorklist that names the field and the remedy.

    An empty field takes no default: the list would be made with a number that nobody saw.
    """
    given = {**entered, "folds": re.findall(r"[^\s,]+", str(entered.get("folds") or ""))}
    for field in FIELDS:
        if field not in OPTIONAL and given.get(field) in (None, "", []):
            raise InvalidWorklist(f"{TITLES[field]} is empty: fill it in")
    how = {field: given[field] for field in FIELDS if field not in POOL}
    pool = {field: given[field] for field in POOL if given.get(field) not in (None, "", ANY)}
    try:
        plan = WorklistPlan(**how, pool=PoolFilter(**pool))
    except ValidationError as error:
        raise InvalidWorklist(_refusal(error)) from None
    _refuse_nobodys_age(plan.pool)
    return plan


def _refuse_nobodys_age(pool: PoolFilter) -> None:
    low, high = pool.age_from, pool.age_to
    if low is not None and high is not None and low > high:
        raise InvalidWorklist(
            f"{TITLES['age_from']} is {low} and {TITLES['age_to']} {high}: nobody is both, "
            "exchange them"
        )


def _refusal(error: ValidationError) -> str:
    """The first thing that is wrong, in the words of the form."""
    first = error.errors()[0]
    field = str(first["loc"][0])
    if field in NUMBERS:
        return f"{TITLES[field]} is {first['input']}: choose {may_be(field)}"
    said = first["msg"].removeprefix("Input ").removeprefix("String ")
    return f"{TITLES[field]} is '{first['input']}': it {said}"


def _numbered(session: Session, picks: list[tuple[int, Pick]]) -> list[tuple[int, Pick]]:
    """The picks by the number of their ECG."""
    rows = session.execute(
        select(RecordRow.id, RecordRow.ecg_id).where(RecordRow.id.in_([n for n, _ in picks]))
    )
    ecg_ids = {row.id: row.ecg_id for row in rows}
    return [(ecg_ids[record_id], one) for record_id, one in picks]


def _listed() -> Component:
    with context().sessions.read() as session:
        standings = service.standings(session, person().id, closed=True)
        numbers = [standing.worklist.id for standing in standings]
        readers = {number: slots.readers_of(session, number) for number in numbers}
        gold = service.gold_counts(session)
    return worklists_table(standings, readers, gold)
