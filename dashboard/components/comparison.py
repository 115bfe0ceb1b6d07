"""This ECG beside another one of the same patient; nothing here owes anything to the model."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from core.ecg import Ecg
from core.intervals import VALUES, Intervals
from dashboard import ids
from dashboard.components.answer import buttons
from dashboard.components.intervals import HOW, NAMES, PACED, shown, told
from dashboard.components.paper import figure_of, in_form, proportions
from dashboard.figures.paper import GRAPH_CONFIG
from dashboard.figures.sheets import PaperSettings
from dashboard.figures.theme import LIGHT, Theme
from dashboard.figures.two_beats import two_beats
from feedback.catalogue import OtherEcg

NONE = "none"
NO_DIFFERENCE = "\u2013"
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


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One of the two ECGs: which it is, when it was recorded, and what was measured on it."""

    ecg_id: int
    recorded_at: datetime | None
    measured: Intervals
    pacemaker: bool = False


def dated(one: OtherEcg | Compared) -> str:
    """An ECG by its number and its day."""
    day = f" ({one.recorded_at:%Y-%m-%d})" if one.recorded_at else ""
    return f"ECG {one.ecg_id}{day}"


def comparison(
    here: Compared, there: Compared, sheet: Component, *, theme: Theme = LIGHT
) -> Component:
    """Names and intervals of both, their median beats laid over, and the other's sheet."""
    return html.Div(
        [
            html.Div([_table(here, there), _beats(here, there, theme)], className="measured"),
            html.H3([dated(there), html.Span(_against(there, here), className="quiet")]),
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


def _against(one: Compared, other: Compared) -> str:
    """Whether ``one`` was recorded before or after the other; nothing where that is not known."""
    if one.recorded_at is None or other.recorded_at is None or one.recorded_at == other.recorded_at:
        return ""
    return ", the earlier one" if one.recorded_at < other.recorded_at else ", the later one"


def _table(here: Compared, there: Compared) -> Component:
    """Both in the order in which they were recorded, and what changed from one to the other."""
    earlier, later = in_order(here, there)
    heads = ["", _head(earlier, earlier is here), _head(later, later is here)]
    rows = [_row(name, earlier.measured, later.measured) for name in VALUES]
    paced = here.pacemaker or there.pacemaker
    return html.Table(
        [
            html.Caption([html.Span(HOW), html.P(_paced(here, there)) if paced else None]),
            html.Thead(
                html.Tr(
                    [
                        html.Th(head, scope="col")
                        for head in (*heads, _unbroken(change(earlier, later)))
                    ]
                )
            ),
            html.Tbody(rows),
        ],
        className="values",
    )


def _head(one: Compared, on_screen: bool) -> list[Any]:
    above = html.Span(", on screen above", className="quiet") if on_screen else None
    return [_unbroken(dated(one)), above]


def _unbroken(text: str) -> str:
    """With dates that stay on one line."""
    return text.replace("-", "\u2011")


def in_order(here: Compared, there: Compared) -> tuple[Compared, Compared]:
    """The earlier one first; the one on screen, where it is not known which that is."""
    if here.recorded_at and there.recorded_at and there.recorded_at < here.recorded_at:
        return there, here
    return here, there


def change(earlier: Compared, later: Compared) -> str:
    """Over the differences: from when to when, or which less which."""
    begin, end = earlier.recorded_at, later.recorded_at
    if begin is None or end is None or begin == end:
        return f"ECG {later.ecg_id} less ECG {earlier.ecg_id}"
    if begin.date() == end.date():
        return f"Change from {begin:%H:%M} to {end:%H:%M}"
    return f"Change from {begin:%Y-%m-%d} to {end:%Y-%m-%d}"


def _paced(here: Compared, there: Compared) -> str:
    named = " and ".join(dated(one) for one in in_order(here, there) if one.pacemaker)
    return f"{named}: {PACED}"


def _row(name: str, earlier: Intervals, later: Intervals) -> Component:
    both = (earlier, later)
    changed = difference(name, *(getattr(one, name) for one in both))
    care = any(name in one.caveats for one in both) and changed != NO_DIFFERENCE
    return html.Tr(
        [
            html.Th(NAMES[name][0], scope="row"),
            *(html.Td(told(name, one)) for one in both),
            html.Td([changed, html.Span(", with care", className="quiet") if care else None]),
        ]
    )


def difference(name: str, earlier: float | None, later: float | None) -> str:
    """The later value less the earlier one, with its sign; of axes the shorter way round."""
    if earlier is None or later is None:
        return NO_DIFFERENCE
    change = round(later) - round(earlier)  # of what stands beside it
    if name.endswith("axis"):
        change = (change + 180) % 360 - 180
    sign = "+" if change > 0 else _LESS if change < 0 else "\u00b1"
    return f"{sign}{shown(abs(change), NAMES[name][1])}"


def _beats(here: Compared, there: Compared, theme: Theme) -> Any:
    one, other = here.measured.median, there.measured.median
    if one is None or other is None:
        return html.P("No median beat to lay over: one of the two has none.")
    figure = two_beats(one, other, theme=theme)
    chart = dcc.Graph(
        figure=figure,
        config={"staticPlot": True},
        style={"aspectRatio": figure["layout"]["meta"]["aspect_ratio"]},
        className="two-beats",
    )
    dotted = f"{dated(there)}{_against(there, here)}"
    said = f"Median beats, aligned at QRS onset. Solid: {dated(here)}. Dotted: {dotted}."
    return html.Figure([html.Div(chart, **{"aria-hidden": "true"}), html.Figcaption(said)])
