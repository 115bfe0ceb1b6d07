"""Labels out: one CSV and its data dictionary, or all tables in an archive, for administrators."""

import io
import json
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NoReturn
from urllib.parse import urlencode

import dash
from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component
from flask import Response, abort, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard import ids
from dashboard.components.export_filter import ANY, FIELDS, filter_form, refusal
from dashboard.components.shell import forbidden, heading, problem
from dashboard.components.taken import MANIFEST, taken_view
from dashboard.context import context
from dashboard.security import needs, permitted, person
from dashboard.triggered import parsing
from feedback import archive, export, taken
from feedback.db import now
from feedback.errors import ExportMismatch, InvalidFilter, NoDataset, UnknownExport
from feedback.export_filter import ExportFilter
from feedback.policy import Action
from feedback.tables import User, Worklist
from feedback.taken import Taken, manifest_of, taken_out

log = logging.getLogger(__name__)

LABELS = "/export/labels.csv"
ARCHIVE = "/export/archive.zip"
DICTIONARY = "/export/dictionary.csv"
_LAST = 20  # files that have left, on the page
_LOOKS = 300  # after a click, a second apart: an archive leaves later than labels asked for after
_OFFERED = "btn btn-primary"


def register(app: Dash) -> None:
    """Add the page and its downloads to ``app``."""
    dash.register_page("export", path="/export", title="Export · TrustECG", layout=layout)
    app.callback(
        Output(ids.EXPORT_COUNT, "children"),
        Output(ids.EXPORT_LABELS, "href"),
        Output(ids.EXPORT_LABELS, "className"),
        Output(ids.EXPORT_MESSAGE, "children"),
        *(Input(ids.of_export(field), "value") for field in FIELDS),
        prevent_initial_call=True,
    )(count_rows)
    app.callback(
        Output(ids.EXPORT_TICK, "max_intervals"),
        Input(ids.EXPORT_LABELS, "n_clicks"),
        Input(ids.EXPORT_ARCHIVE, "n_clicks"),
        State(ids.EXPORT_TICK, "n_intervals"),
        prevent_initial_call=True,
    )(watch)
    app.callback(
        Output(ids.EXPORT_TAKEN, "children"),
        Output(ids.EXPORT_NEWEST, "data"),
        Input(ids.EXPORT_TICK, "n_intervals"),
        State(ids.EXPORT_NEWEST, "data"),
        prevent_initial_call=True,
    )(show_taken)
    app.server.add_url_rule(
        f"{MANIFEST}<int(max=2147483647):number>.json", "export_manifest", manifest
    )
    app.server.add_url_rule(LABELS, "export_labels", labels)
    app.server.add_url_rule(ARCHIVE, "export_archive", everything)
    app.server.add_url_rule(DICTIONARY, "export_dictionary", dictionary)


def layout(**_: object) -> Component:
    """How many rows there are, and where to get them."""
    if not permitted(Action.EXPORT):
        return forbidden(Action.EXPORT)
    with context().sessions.read() as session:
        rows = export.count_readings(session)
        counts, gone = _counts(session), taken_out(session, _LAST)
        readers = session.scalars(select(User.email).order_by(User.email)).all()
        worklists = session.scalars(select(Worklist.name).order_by(Worklist.id.desc())).all()
    return html.Div(
        [
            heading("Export"),
            html.P(
                [
                    html.Strong(f"{rows:,}", id=ids.EXPORT_COUNT, className="numbers"),
                    " rows: one for each reader and ECG, with the answer that stands now and the "
                    "blind answer before it.",
                ]
            ),
            filter_form(readers, worklists),
            html.Div(id=ids.EXPORT_MESSAGE, role="status"),
            html.P(
                [
                    _download("Labels (CSV)", LABELS, _OFFERED, id=ids.EXPORT_LABELS),
                    _download(
                        "Everything (ZIP)",
                        ARCHIVE,
                        "btn btn-outline-secondary",
                        id=ids.EXPORT_ARCHIVE,
                    ),
                    _download("Data dictionary (CSV)", DICTIONARY, "btn btn-outline-secondary"),
                ],
                className="row-of",
            ),
            html.P(
                "The filters choose the rows of the labels alone. The archive holds all of them, "
                "and the consensus of the readers with labels as in PTB-XL, the adjudications "
                "and the agreement by class, by reader and by pair, each as CSV and Parquet: "
                f"{counts}.",
                className="quiet",
            ),
            html.P(
                "Answers to simulated ECGs are marked in the column 'simulated'. A cell that a "
                "spreadsheet would run as a formula begins with an apostrophe.",
                className="quiet",
            ),
            _columns(),
            html.H2("Exports so far"),
            html.Div(taken_view(gone), id=ids.EXPORT_TAKEN),
            dcc.Store(id=ids.EXPORT_NEWEST, data=_newest(gone)),
            dcc.Interval(id=ids.EXPORT_TICK, interval=1000, max_intervals=0),
        ],
        className="page narrow",
    )


@needs(Action.EXPORT)
def count_rows(*entered: Any) -> tuple[str, str | None, str, Component | None]:
    """How many rows the filters let out, and the address of that file; none where it is refused."""
    given = zip(FIELDS, entered, strict=True)
    asked = {field: value for field, value in given if value not in (ANY, None, "")}
    try:
        wanted = ExportFilter.of(asked)
        with context().sessions.read() as session:
            wanted.check(session)
            rows = export.count_readings(session, wanted)
    except InvalidFilter as error:
        return "0", None, f"{_OFFERED} disabled", problem(refusal(error))
    return f"{rows:,}", _address(wanted.as_json), _OFFERED, None


@needs(Action.EXPORT)
def watch(_labels: int | None, _archive: int | None, looks: int | None) -> int:
    """Until when to look for the file that has just been asked for."""
    with parsing():
        return (looks or 0) + _LOOKS


@needs(Action.EXPORT)
def show_taken(_looks: int | None, newest: int | None) -> tuple[Any, Any]:
    """What has left, where that is more than is shown."""
    with context().sessions.read() as session:
        gone = taken_out(session, _LAST)
    if _newest(gone) == newest:
        return no_update, no_update
    return taken_view(gone), _newest(gone)


def _newest(gone: Sequence[Taken]) -> int | None:
    return gone[0].number if gone else None


@needs(Action.EXPORT)
def manifest(number: int) -> Response:
    """The manifest of a file that has left: what it held, and its digest."""
    try:
        with context().sessions.read() as session:
            found = manifest_of(session, number)
    except UnknownExport as error:
        abort(404, str(error))
    name = f"trustecg-export-{number}.manifest.json"
    return _file(json.dumps(found, indent=2), "application/json", name)


@needs(Action.EXPORT)
def labels() -> Response:
    """The CSV of what is asked for; refused where it would not hold the rows that are counted."""
    stream = io.StringIO(newline="")
    try:
        wanted = ExportFilter.of(request.args.to_dict())
        with context().sessions.read() as session:  # a snapshot: readers go on meanwhile
            held = export.write_labels(session, stream, wanted)
        if _leaves():
            with context().sessions.begin() as session:
                taken.record_labels(session, held, actor=person().email, target="download")
    except InvalidFilter as error:
        abort(400, str(error))
    except ExportMismatch as error:
        _not_let_out(error)
    return _csv(stream.getvalue(), f"trustecg-labels-{_stamp(now())}.csv")


@needs(Action.EXPORT)
def everything() -> Response:
    """The archive; refused where a table would not hold the rows that the page counts."""
    stream = io.BytesIO()
    try:
        with context().sessions.read() as session:
            held = archive.write_archive(session, stream)
        if _leaves():
            with context().sessions.begin() as session:
                taken.record_archive(session, held, actor=person().email, target="download")
    except NoDataset as error:
        abort(404, str(error))
    except ExportMismatch as error:
        _not_let_out(error)
    return _file(stream.getvalue(), "application/zip", f"trustecg-{_stamp(now())}.zip")


@needs(Action.EXPORT)
def dictionary() -> Response:
    """What each column of the CSV holds."""
    stream = io.StringIO(newline="")
    export.write_dictionary(stream)
    return _csv(stream.getvalue(), "trustecg-data-dictionary.csv")


def _address(asked: Mapping[str, Any]) -> str:
    query = urlencode(asked)
    return f"{LABELS}?{query}" if query else LABELS


def _counts(session: Session) -> str:
    try:
        found = archive.count_rows(session)
    except NoDataset:
        return "no data set is there yet"
    return f"ECGs with an answer {found.consensus:,}, adjudications {found.adjudications:,}"


def _csv(content: str, name: str) -> Response:
    return _file(content, "text/csv", name)


def _file(content: str | bytes, mimetype: str, name: str) -> Response:
    response = Response(content, mimetype=mimetype)
    response.headers["Content-Disposition"] = f"attachment; filename={name}"
    return response


def _leaves() -> bool:
    """Whether the file is asked for, and not only what it would be."""
    return request.method != "HEAD"


def _not_let_out(mismatch: ExportMismatch) -> NoReturn:
    log.error("a file was not let out: %s", mismatch)
    abort(500, str(mismatch))


def _stamp(at: datetime) -> str:
    return f"{at:%Y%m%dT%H%M%SZ}"


def _download(label: str, href: str, look: str, **more: str) -> Component:
    icon = html.I(className="bi bi-download")
    return html.A([icon, f" {label}"], href=href, className=look, **more)


def _columns() -> Component:
    rows = [html.Tr([html.Th(html.Code(name)), html.Td(text)]) for name, text in export.COLUMNS]
    return html.Details([html.Summary("Columns"), html.Table(html.Tbody(rows), className="table")])
