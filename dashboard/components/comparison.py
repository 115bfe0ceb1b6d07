"""This ECG beside another one of the same patient; nothing here owes anything to the model."""

from collections.abc import Sequence
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from core.ecg import Ecg
from core.intervals import VALUES, Intervals
from dashboard import ids
from dashboard.components.answer import buttons
from dashboard.components.intervals import NAMES, shown
from dashboard.components.paper import figure_of, in_form, proportions
from dashboard.figures.paper import GRAPH_CONFIG
from dashboard.figures.sheets import PaperSettings
from dashboard.figures.theme import LIGHT, Theme
from dashboard.figures.two_beats import two_beats
from feedback.catalogue import OtherEcg

NONE = "none"
_LESS = "\u2212"


def comparison_choice(ecg_id: int, others: Sequence[OtherEcg]) -> Component | None:
    """With which of the patient's other ECGs to compare; None where there is no other."""
    if not others:
        return None
    options = [{"label": "Off", "value": NONE}]
    options += [{"label": dated(other), "value": str(other.ecg_id)} for other in others]
    chosen = buttons(ids.of_ecg("compare", ecg_id), options, NONE, label="Compare with")
    return html.Section(
        [
            html.Div([html.Span(["Compare with ", html.Kbd("e")]), chosen], className="tool"),
            html.Div(id=ids.of_ecg("compared", ecg_id)),
        ],
        className="compare",
        **{"aria-label": "Comparison with another ECG of the patient"},
    )


def dated(other: OtherEcg) -> str:
    """An ECG by its number and its day."""
    day = f" ({other.recorded_at:%Y-%m-%d})" if other.recorded_at else ""
    return f"ECG {other.ecg_id}{day}"


def comparison(
    here: tuple[str, Intervals],
    there: tuple[str, Intervals],
    sheet: Component,
    *,
    theme: Theme = LIGHT,
) -> Component:
    """Names and intervals of both, their median beats laid over, and the other's sheet."""
    return html.Div(
        [
            html.Div([_table(here, there), _beats(here, there, theme)], className="measured"),
            html.H3(there[0]),
            sheet,
        ],
        className="numbers",
    )


def other_sheet(ecg: Ecg, settings: PaperSettings, *, simulated: bool, theme: Theme) -> Component:
    """The sheet of the other ECG, drawn as the one above it."""
    form, settings = in_form(ecg, settings)
    figure = figure_of(form, settings, simulated=simulated, theme=theme)
    graph = dcc.Graph(
        figure=figure,
        config=GRAPH_CONFIG,
        style=proportions(figure, settings.layout),
        className="paper",
    )
    return html.Div(
        graph,
        className="paper-sheet",
        role="region",
        tabIndex="0",
        **{"aria-label": "ECG paper of the other ECG"},
    )


def _table(here: tuple[str, Intervals], there: tuple[str, Intervals]) -> Component:
    head = html.Tr([html.Th(word, scope="col") for word in ("", here[0], there[0], "Difference")])
    rows = [_row(name, here[1], there[1]) for name in VALUES]
    return html.Table([html.Thead(head), html.Tbody(rows)], className="values")


def _row(name: str, here: Intervals, there: Intervals) -> Component:
    title, unit = NAMES[name]
    values = [getattr(one, name) for one in (here, there)]
    cells = [shown(value, unit) or "\u2013" for value in values]
    return html.Tr(
        [
            html.Th(title, scope="row"),
            *(html.Td(cell) for cell in cells),
            html.Td(difference(name, *values)),
        ]
    )


def difference(name: str, here: float | None, there: float | None) -> str:
    """This ECG's value less the other's, with its sign; of axes the shorter way round."""
    if here is None or there is None:
        return "\u2013"
    change = round(here) - round(there)  # of what stands beside it
    if name.endswith("axis"):
        change = (change + 180) % 360 - 180
    sign = "+" if change > 0 else _LESS if change < 0 else "\u00b1"
    return f"{sign}{shown(abs(change), NAMES[name][1])}"


def _beats(here: tuple[str, Intervals], there: tuple[str, Intervals], theme: Theme) -> Any:
    one, other = here[1].median, there[1].median
    if one is None or other is None:
        return html.P("No median beat to lay over: one of the two has none.")
    figure = two_beats(one, other, theme=theme)
    chart = dcc.Graph(
        figure=figure,
        config={"staticPlot": True},
        style={"aspectRatio": figure["layout"]["meta"]["aspect_ratio"]},
        className="two-beats",
    )
    said = f"Median beats, aligned at QRS onset. Solid: {here[0]}. Dotted: {there[0]}."
    return html.Figure([html.Div(chart, **{"aria-hidden": "true"}), html.Figcaption(said)])
