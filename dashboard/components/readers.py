"""The tables of the reader report; a rate of few cases says how few."""

from collections.abc import Sequence

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from core.ecg import SUPERCLASSES
from core.rates import Rate
from dashboard import ids
from dashboard.components.claim import MODES
from dashboard.components.table import row_head, table
from dashboard.numbers import interval, number
from feedback.gold import GoldRow
from feedback.reader_report import ENOUGH, ReaderReport

_CASE = "A case is one class of one ECG on which the model made a call. "
_LIMITS = (
    "never by the model, and never by the reader who is judged. In brackets exact 95 % intervals, "
    f"which take cases for independent; fewer than {ENOUGH} cases are marked few."
)
_OTHERS = "by the adjudicator, else by the majority of the other readers' blind answers; "
NOTE = f"{_CASE}Whether the call was right is said by gold answers, else {_OTHERS}{_LIMITS}"
OWN_NOTE = (
    f"{_CASE}Whether the call was right is said {_OTHERS}{_LIMITS} "
    "What you answer today counts from tomorrow on (UTC)."
)


def pace_table(reports: Sequence[ReaderReport]) -> Component:
    """How much each reader has read, and how long it took them."""
    head = ("Reader", "ECGs", "Assisted", "Unreadable", "Median time", "Middle half")
    return table(head, [_pace(one) for one in reports])


def mind_table(reports: Sequence[ReaderReport]) -> Component:
    """The automation-bias meter: who changes their mind towards the model, and when."""
    head = (
        "Reader",
        "Came over, model right",
        "Came over, model wrong",
        "Went away, model right",
        "Went away, model wrong",
        "Cases judged by",
        "Changes unjudged",
    )
    return table(head, [_mind(one) for one in reports])


def gold_table(reports: Sequence[ReaderReport]) -> Component:
    """First answers against gold ones, a row a reader, mode and class."""
    head = ("Reader", "Mode", "Class", "Agrees with gold", "Missed", "Overcalled", "Unsure")
    rows = [
        html.Tr(
            [
                row_head(report.reader),
                html.Td(MODES[mode]),
                html.Td(name),
                rate_cell(one.agrees),
                *(html.Td(n) for n in (one.missed, one.overcalled, one.unsure)),
            ]
        )
        for report in reports
        for mode, found in report.gold.items()
        for name, one in found.items()
    ]
    return table(head, rows) if rows else html.P("No gold ECG has been read yet.")


def rate_cell(rate: Rate) -> Component:
    """Counts first, since a rate of few is nearly none."""
    if not rate.of:
        return html.Td("no case", className="quiet")
    few = [html.Span(" few", className="quiet")] if rate.of < ENOUGH else []
    limits = html.Span(interval((rate.low, rate.high), 2), className="quiet")
    return html.Td([f"{rate.count} of {rate.of}, {number(rate.value, 2)} ", limits, *few])


def gold_form(rows: Sequence[GoldRow]) -> Component:
    """How records become gold, and which ones are."""
    return html.Div(
        [
            html.P(
                "Their answers are known: mixed into a worklist by its gold share, they look like "
                "any other ECG to the readers. They judge readers and are never taught to a model. "
                "Whoever has given the answers to an ECG does not read it.",
                className="quiet",
            ),
            html.Label(
                "Answers as CSV: 1 present, 0 absent, empty not known", htmlFor=ids.GOLD_CSV
            ),
            dbc.Textarea(
                id=ids.GOLD_CSV,
                placeholder=f"ecg_id,{','.join(SUPERCLASSES)}\n12,0,1,0,0,0",
                rows=4,
            ),
            html.Div(
                [
                    dbc.Button("Make these gold", id=ids.GOLD_KEEP, color="primary"),
                    dcc.ConfirmDialogProvider(
                        dbc.Button("Take adjudicated ECGs", outline=True, color="secondary"),
                        id=ids.GOLD_ADJUDICATED,
                        message="Make every adjudicated ECG gold? No model is taught on them then.",
                    ),
                    html.Span(id=ids.GOLD_MESSAGE, role="status"),
                ],
                className="row-of",
            ),
            html.Div(gold_list(rows), id=ids.GOLD_LIST),
        ],
        className="panel plan",
    )


def gold_list(rows: Sequence[GoldRow]) -> Component:
    """The gold records without their answers: an administrator may be going to read them."""
    if not rows:
        return html.P("No ECG is gold yet.")
    said = ", ".join(f"{row.ecg_id} ({row.origin})" for row in rows)
    return html.Details([html.Summary(f"Gold: {len(rows):,}"), html.P(said)])


def _pace(one: ReaderReport) -> Component:
    half = f"{one.seconds.quarter:.0f} to {one.seconds.three_quarters:.0f} s"
    cells = (one.records, one.assisted, one.unreadable, f"{one.seconds.median:.0f} s", half)
    return html.Tr([row_head(one.reader), *(html.Td(cell) for cell in cells)])


def _mind(one: ReaderReport) -> Component:
    mind = one.mind
    rates = (mind.followed_right, mind.followed_wrong, mind.left_right, mind.left_wrong)
    basis = ", ".join(f"{name} {n}" for name, n in mind.judged_by.items() if n) or "nobody"
    return html.Tr(
        [
            row_head(one.reader),
            *map(rate_cell, rates),
            html.Td(basis),
            html.Td(mind.unjudged),
        ]
    )
