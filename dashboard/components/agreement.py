"""The tables of the agreement page; too few shared ECGs are said in words, not in figures."""

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from dashboard.components.table import row_head, table
from dashboard.numbers import MISSING, interval, number
from feedback.agreement import Estimate
from feedback.agreement_report import ENOUGH, AgreementReport, State
from feedback.agreement_tables import Agreement, PairRow, ReaderRow

PAIRS = 1_000  # rows of pairs on the page; the 23,000 of a hundred readers take a browser minutes
_READABILITY = "Unreadable"


def states_table(report: AgreementReport) -> Component:
    """How many ECGs stand in each state, a row a class."""
    rows = [
        html.Tr([row_head(name), *(html.Td(f"{count:,}") for count in counts.values())])
        for name, counts in report.states.items()
    ]
    return table(("Class", *(state.capitalize() for state in State)), rows)


def classes_table(report: AgreementReport) -> Component:
    """The agreement of all readers, a row a class and one for whether an ECG can be read."""
    questions = [*report.classes.items(), (_READABILITY, report.readability)]
    head = ("Class", "ECGs shared", "Present", "Raw", "AC1", "Kappa", "Alpha")
    return table(head, [_class_row(name, found) for name, found in questions])


def _class_row(name: str, found: Agreement) -> Component:
    figures = (found.raw, found.ac1, found.cohen or found.fleiss, found.alpha)
    cells = [html.Td(number(found.present, 2)), *map(_estimate, figures)]
    return html.Tr([row_head(name), html.Td(found.records), *_enough(found.records, cells)])


def readers_table(rows: Sequence[ReaderRow]) -> Component:
    """Each reader against the majority of the others, a row a reader and class."""
    head = ("Reader", "Class", "Answers", "Unsure", "ECGs compared", "Present", "Agrees")
    return table(head, [_reader_row(row) for row in rows])


def _reader_row(row: ReaderRow) -> Component:
    cells = [html.Td(number(row.present, 2)), html.Td(number(row.agrees, 2))]
    return html.Tr(
        [
            row_head(row.reader),
            html.Td(row.superclass),
            html.Td(row.answers),
            html.Td(row.unsure),
            html.Td(row.compared),
            *_enough(row.compared, cells),
        ]
    )


def pairs_table(rows: Sequence[PairRow], *, most: int = PAIRS) -> Component:
    """Every two readers who share an ECG, a row a pair and class; of too many, who agree least."""
    if not rows:
        return html.P("No two readers have answered the same ECG yet.")
    head = ("Reader", "And", "Class", "ECGs shared", "Raw", "AC1", "Cohen's kappa")
    if len(rows) <= most:
        return table(head, [_pair_row(row) for row in rows])
    known = (row for row in rows if row.records >= ENOUGH)
    least = sorted(known, key=lambda row: row.ac1.value)[:most]
    said = (
        f"Of {len(rows):,} pairs and classes the {len(least):,} with the lowest AC1 on {ENOUGH} "
        "shared ECGs or more. All of them are in pairs.csv of the exported archive."
    )
    return html.Div(
        [html.P(said, className="quiet"), table(head, [_pair_row(row) for row in least])]
    )


def _pair_row(row: PairRow) -> Component:
    cells = [_estimate(figure) for figure in (row.raw, row.ac1, row.cohen)]
    return html.Tr(
        [
            row_head(row.first),
            html.Td(row.second),
            html.Td(row.superclass),
            html.Td(row.records),
            *_enough(row.records, cells),
        ]
    )


def _enough(shared: int, cells: list[Component]) -> list[Component]:
    """The cells, or in their place that too few ECGs are shared."""
    if shared >= ENOUGH:
        return cells
    few = f"too few shared: {shared} of {ENOUGH} ECGs"
    return [html.Td(few, colSpan=len(cells), className="quiet")]


def _estimate(figure: Estimate) -> Component:
    if number(figure.value) == MISSING:
        return html.Td("not defined", className="quiet", title="Every answer is the same")
    low_high = interval((figure.low, figure.high), 2)
    return html.Td([number(figure.value, 2), " ", html.Span(low_high, className="quiet")])
