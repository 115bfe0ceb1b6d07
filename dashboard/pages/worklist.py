"""The worklist: every record of the active data set, paged, sorted and filtered by the server."""

from typing import Any

import dash
import dash_ag_grid as dag
import dash_bootstrap_components as dbc
from dash import ClientsideFunction, Dash, Input, Output, dcc, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from core.ecg import Superclass
from core.ptbxl import AGE_OVER_89
from dashboard import ids
from dashboard.components.shell import forbidden, heading, message, problem
from dashboard.components.to_read import to_read
from dashboard.context import context
from dashboard.security import needs, permitted, person
from dashboard.triggered import parsing
from feedback import catalogue
from feedback.errors import InvalidFilter, InvalidQuery, NoDataset, NoModel
from feedback.policy import Action
from feedback.worklist import (
    MAX_PAGE,
    NO_OPINION,
    NO_SUPERCLASS,
    NONE_ABOVE,
    UNCERTAINTY_PLACES,
    MyStatus,
    WorklistQuery,
    WorklistRow,
    worklist,
)

_BLOCK = 100  # rows a request
_HIDDEN = "–"  # until this reader has answered
_HINT = (
    "Click a row or press Enter on it to open the ECG. "
    "Label, finding and uncertainty appear once you have answered."
)
_EVERY = "every"
_ANSWERED = (MyStatus.BLIND, MyStatus.READ)
_TITLES = {
    "ecg_id": "ECG",
    "patient_id": "Patient",
    "age": "Age",
    "sex": "Sex",
    "fold": "Fold",
    "my_status": "My status",
    "labels": "Label",
    "predicted": "Finding",
    "uncertainty": "Uncertainty",
}
_QUOTED = 40  # characters of what was typed


def register(app: Dash) -> None:
    """Add the page and its callbacks to ``app``."""
    dash.register_page("worklist", path="/", title="Worklist · TrustECG", layout=layout)
    app.callback(
        Output(ids.WORKLIST, "getRowsResponse"),
        Output(ids.WORKLIST_ORDER, "data"),
        Output(ids.WORKLIST_COUNT, "children"),
        Input(ids.WORKLIST, "getRowsRequest"),
    )(rows)
    app.clientside_callback(
        ClientsideFunction("worklist", "order"),
        Output(ids.WORKLIST_QUERY, "data"),
        Input(ids.WORKLIST_ORDER, "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("worklist", "open"),
        Output(ids.LOCATION, "pathname"),
        Input(ids.WORKLIST, "cellClicked"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("worklist", "narrow"),
        Output(ids.WORKLIST, "filterModel"),
        Output(ids.WORKLIST_STATUS, "value"),
        Input(ids.WORKLIST_STATUS, "value"),
        Input(ids.WORKLIST, "filterModel"),
        prevent_initial_call=True,
    )


def layout(**_: object) -> Component:
    """The grid without its rows: it asks for those it shows."""
    if not permitted(Action.SEE_WORKLIST):
        return forbidden(Action.SEE_WORKLIST)
    try:
        facts, waiting = _facts(), to_read(person().id)
    except NoDataset as error:
        return message("No records", str(error))
    return html.Div(
        [
            heading("Worklist", html.Span(id=ids.WORKLIST_COUNT, className="quiet numbers"), facts),
            waiting,
            _status_choice(),
            _grid(),
            dcc.Store(id=ids.WORKLIST_ORDER),
        ],
        className="page worklist",
    )


@needs(Action.SEE_WORKLIST)
def rows(request: dict[str, Any] | None) -> tuple[dict[str, Any], Any, str | Component]:
    """The rows that the grid asks for, the query for 'next unread', and how many match.

    What cannot be asked for has no rows and no count: why stands there until the next request.
    """
    if request is None:
        raise PreventUpdate
    with parsing():
        query = _query(request)
    try:
        with context().sessions.read() as session:
            page = worklist(session, person().id, query)
    except InvalidQuery as error:
        return {"rowData": [], "rowCount": 0}, no_update, problem(_in_titles(error))
    response = {"rowData": [_cells(row) for row in page.rows], "rowCount": page.total}
    order = {"sort": list(query.sort), "filters": dict(query.filters)}
    return response, order, f"{page.total:,} record{'' if page.total == 1 else 's'}"


def _in_titles(error: InvalidQuery) -> str:
    """A refused query in the words of the grid's head."""
    if not isinstance(error, InvalidFilter):
        return str(error)
    title = _TITLES.get(error.column, error.column)
    if error.value is None:
        return f"{title} is filtered by nothing: {error.remedy}"
    typed = str(error.value)
    cut = typed if len(typed) <= _QUOTED else f"{typed[:_QUOTED]}…"
    return f"{title} cannot be '{cut}': {error.remedy}"


def _query(request: dict[str, Any]) -> WorklistQuery:
    first = int(request.get("startRow") or 0)
    last = int(request.get("endRow") or first + _BLOCK)
    return WorklistQuery(
        offset=first,
        limit=min(last - first, MAX_PAGE),
        sort=[(str(by["colId"]), by["sort"]) for by in request.get("sortModel") or ()],
        filters=dict(request.get("filterModel") or {}),
    )


def _cells(row: WorklistRow) -> dict[str, Any]:
    answered = row.my_status in _ANSWERED
    return {
        "row": str(row.ecg_id),  # the grid wants text
        "ecg_id": row.ecg_id,
        "patient_id": row.patient_id,
        "age": "> 89" if row.age == AGE_OVER_89 else row.age,
        "sex": row.sex,
        "fold": row.fold,
        "my_status": row.my_status.value,
        "labels": _classes(row.labels, NO_SUPERCLASS) if answered else _HIDDEN,
        "predicted": _classes(row.predicted, NONE_ABOVE) if answered else _HIDDEN,
        "uncertainty": _number(row.uncertainty) if answered else _HIDDEN,
    }


def _classes(names: tuple[Superclass, ...] | None, none: str) -> str:
    return NO_OPINION if names is None else " ".join(names) or none


def _number(value: float | None) -> str:
    return NO_OPINION if value is None else f"{value:.{UNCERTAINTY_PLACES}f}"


def _facts() -> Component:
    with context().sessions.read() as session:
        coverage = catalogue.coverage(session)
        try:
            version = f"model {catalogue.active_model(session).version}"
        except NoModel:
            version = "no model is served: ECGs can be read, opinions come later"
    done = coverage.records - coverage.open
    scored = f"{done:,} of {coverage.records:,} scored"
    parts = [version, scored if coverage.open else "all scored"]
    if coverage.refused:
        parts.append(f"{coverage.refused:,} refused for their quality")
    if coverage.failed:
        parts.append(f"{coverage.failed:,} could not be read")
    return html.Div([html.Span(part) for part in parts], className="facts numbers")


def _status_choice() -> Component:
    every = [{"label": "every status", "value": _EVERY}]
    options = every + [{"label": status.value, "value": status.value} for status in MyStatus]
    return html.Div(
        [
            html.Label("Show", htmlFor=ids.WORKLIST_STATUS),
            dbc.Select(id=ids.WORKLIST_STATUS, options=options, value=_EVERY, size="sm"),
            html.Span(_HINT, className="quiet"),
        ],
        className="choose",
    )


def _grid() -> Component:
    return dag.AgGrid(
        id=ids.WORKLIST,
        className="ag-theme-quartz worklist-grid",
        columnDefs=[
            # 975 px in all: what a window of 1024 leaves beside the scroll bar
            _column("ecg_id", "number", width=94),
            _column("patient_id", "number", width=108),
            _column("age", "number", width=90),
            _column("sex", "word", width=90),
            _column("fold", "number", width=90),
            _column("my_status", "choice", width=132),
            _column("labels", "text", "Published label", minWidth=106, flex=1),
            _column("predicted", "text", "Model's finding", minWidth=118, flex=1),
            _column("uncertainty", "number", minWidth=146, flex=1),
        ],
        defaultColDef={
            "sortable": True,
            "resizable": True,
            "floatingFilter": True,
            "suppressFloatingFilterButton": True,  # the header has one, the word needs the room
        },
        rowModelType="infinite",
        getRowId="params.data.row",
        # the grid's own name for Enter on a cell; the function is in assets/worklist.js
        eventListeners={"cellKeyDown": ["openOnEnter(params)"]},
        dashGridOptions={
            "cacheBlockSize": _BLOCK,
            "maxBlocksInCache": 20,
            "rowHeight": 32,
            "headerHeight": 34,
            "floatingFiltersHeight": 34,
            "animateRows": False,
            "suppressColumnMoveAnimation": True,
            "suppressMultiSort": False,
        },
        # back from an ECG, order and filters are as they were left
        persistence=True,
        persisted_props=["filterModel", "columnState"],
        persistence_type="session",
        style={"height": None},
    )


_FILTERS: dict[str, dict[str, Any]] = {
    "number": {"filter": "agNumberColumnFilter", "type": "rightAligned"},
    "text": {"filter": "agTextColumnFilter"},
    # chosen above the grid
    "choice": {
        "filter": "agTextColumnFilter",
        "floatingFilter": False,
        "suppressHeaderFilterButton": True,
    },
    # 'contains male' would find female, and 'equals fem' nothing
    "word": {
        "filter": "agTextColumnFilter",
        "filterParams": {"filterOptions": ["startsWith"], "maxNumConditions": 1},
    },
}


def _column(name: str, kind: str, long: str = "", **more: Any) -> dict[str, Any]:
    title = _TITLES[name]
    words = {"field": name, "headerName": title, "headerTooltip": long or title}
    return words | _FILTERS[kind] | more
