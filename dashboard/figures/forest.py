"""Figures with their intervals, one a row, against a line: groups of records, or differences."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from core.comparison import Comparison
from core.resampling import Interval
from core.subgroups import Subgroup
from dashboard.figures.charts import chart_layout, chart_title, dotted_line
from dashboard.figures.encoding import Json
from dashboard.figures.paper import rounded
from dashboard.figures.theme import LIGHT, Theme

ROW_PX = 19
_FRAME_PX = 78  # title above, axis below
_SMALLEST_SPAN = 0.04
_line = partial(dotted_line, name="line", layer="below")


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    value: float  # NaN: there is a word in place of a point
    low: float
    high: float
    word: str = ""


def subgroup_chart(
    groups: Sequence[Subgroup], overall: float, interval: Interval, *, theme: Theme = LIGHT
) -> Json:
    """Macro AUROC of every group with its interval, against that of all records and its own."""
    rows = [
        _Row(
            f"{group.by}: {group.value}",
            group.macro_auroc,
            *group.macro_auroc_ci,
            word="too few" if group.too_few else "a class too rare",
        )
        for group in groups
    ]
    band = [] if math.isnan(overall) else [_band(interval, theme), _line(overall, theme)]
    return _forest("Macro AUROC by group", rows, band, (overall, *interval), theme)


def difference_chart(comparison: Comparison, *, theme: Theme = LIGHT) -> Json:
    """How much higher each AUROC is than the reference's, against no difference."""
    parts = {"macro": comparison.macro, **comparison.by_class}
    rows = [_Row(name, d.difference, d.low, d.high, "no area") for name, d in parts.items()]
    return _forest("AUROC above the reference", rows, [_line(0.0, theme)], (0.0,), theme)


def _forest(
    title: str, rows: Sequence[_Row], shapes: list[Json], holds: Sequence[float], theme: Theme
) -> Json:
    ends = [end for row in rows for end in (row.low, row.high)]
    drawn = [value for value in (*ends, *holds) if not math.isnan(value)]
    low, high = min(drawn, default=0.0), max(drawn, default=1.0)
    room = max(_SMALLEST_SPAN, high - low) * 0.06
    return {
        "data": [_points(rows, theme)],
        "layout": {
            **chart_layout(theme),
            "height": _FRAME_PX + ROW_PX * len(rows),
            "title": chart_title(title, theme),
            "margin": {"l": 130, "r": 16, "t": 34, "b": 32},
            "hovermode": "closest",
            "xaxis": {
                "range": [low - room, high + room],
                "gridcolor": theme.track,
                "zeroline": False,
                "fixedrange": True,
                "tickfont": {"size": 11, "color": theme.muted},
            },
            "yaxis": {
                "range": [len(rows) - 0.5, -0.5],
                "tickvals": list(range(len(rows))),
                "ticktext": [row.name for row in rows],
                "tickfont": {"size": 12, "color": theme.text},
                "showgrid": False,
                "zeroline": False,
                "fixedrange": True,
            },
            "shapes": shapes,
            "annotations": [
                _word(place, row.word, theme)
                for place, row in enumerate(rows)
                if math.isnan(row.value)
            ],
        },
    }


def _points(rows: Sequence[_Row], theme: Theme) -> Json:
    shown = [(place, row) for place, row in enumerate(rows) if not math.isnan(row.value)]
    return {
        "type": "scatter",
        "mode": "markers",
        "uid": "figures",
        "x": [rounded(row.value) for _, row in shown],
        "y": [place for place, _ in shown],
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [rounded(row.high - row.value) for _, row in shown],
            "arrayminus": [rounded(row.value - row.low) for _, row in shown],
            "thickness": 1.5,
            "width": 3,
        },
        "customdata": [[f"{row.low:.3f}", f"{row.high:.3f}"] for _, row in shown],
        "marker": {"color": theme.accent, "size": 7},
        "hovertemplate": "%{x:.3f} [%{customdata[0]}, %{customdata[1]}]<extra></extra>",
    }


def _band(interval: Interval, theme: Theme) -> Json:
    return {
        "type": "rect",
        "name": "interval of all",
        "layer": "below",
        "yref": "paper",
        "x0": interval[0],
        "x1": interval[1],
        "y0": 0,
        "y1": 1,
        "fillcolor": theme.track,
        "line": {"width": 0},
    }


def _word(place: int, text: str, theme: Theme) -> Json:
    return {
        "text": text,
        "xref": "paper",
        "x": 0.02,
        "xanchor": "left",
        "y": place,
        "showarrow": False,
        "font": {"size": 11, "color": theme.muted},
    }
