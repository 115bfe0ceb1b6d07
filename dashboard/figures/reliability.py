"""Whether probabilities keep their word: predicted against observed, and on how many records."""

from collections.abc import Mapping, Sequence

import numpy as np

from core.ecg import SUPERCLASSES, Superclass
from core.reliability import Bin
from dashboard.figures.charts import chart_layout
from dashboard.figures.encoding import Json
from dashboard.figures.paper import rounded
from dashboard.figures.theme import LIGHT, Theme
from dashboard.numbers import number

_GAP = 0.035  # between panels, as a share of the figure
_WIDTH = (1 - _GAP * (len(SUPERCLASSES) - 1)) / len(SUPERCLASSES)
_CURVES, _COUNTS = [0.36, 1.0], [0.0, 0.24]  # upper and lower panels


def reliability_chart(
    bins: Mapping[Superclass, Sequence[Bin]],
    ece: Mapping[Superclass, float],
    *,
    theme: Theme = LIGHT,
) -> Json:
    """One panel a class: observed shares with 95 % intervals, and the records of each bin below."""
    most = max((one.n for found in bins.values() for one in found), default=1)
    data: list[Json] = []
    axes: Json = {}
    for k, name in enumerate(SUPERCLASSES):
        data += [_honest(k, theme), _observed(k, bins[name], theme), _counted(k, bins[name], theme)]
        axes |= _axes(k, most, theme)
    return {
        "data": data,
        "layout": {
            **chart_layout(theme),
            **axes,
            "margin": {"l": 46, "r": 8, "t": 30, "b": 40},
            "bargap": 0.1,
            "hovermode": "closest",
            "annotations": [
                *(
                    _title(k, f"<b>{n}</b>  ECE {number(ece[n])}")
                    for k, n in enumerate(SUPERCLASSES)
                ),
                _below("probability given", theme),
            ],
        },
    }


def _observed(k: int, bins: Sequence[Bin], theme: Theme) -> Json:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "uid": f"observed-{SUPERCLASSES[k]}",
        "name": str(SUPERCLASSES[k]),
        "x": [rounded(one.predicted) for one in bins],
        "y": [rounded(one.observed) for one in bins],
        "customdata": [one.n for one in bins],
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [rounded(one.high - one.observed) for one in bins],
            "arrayminus": [rounded(one.observed - one.low) for one in bins],
            "thickness": 1,
            "width": 0,
        },
        "line": {"color": theme.classes[k], "width": 1},
        "marker": {"size": 5},
        "hovertemplate": "given %{x:.2f}, observed %{y:.2f} of %{customdata}<extra></extra>",
        **_on(k, 0),
    }


def _honest(k: int, theme: Theme) -> Json:
    return {
        "type": "scatter",
        "mode": "lines",
        "uid": f"honest-{SUPERCLASSES[k]}",
        "x": [0, 1],
        "y": [0, 1],
        "line": {"color": theme.calm, "width": 1},
        "hoverinfo": "skip",
        **_on(k, 0),
    }


def _counted(k: int, bins: Sequence[Bin], theme: Theme) -> Json:
    return {
        "type": "bar",
        "uid": f"records-{SUPERCLASSES[k]}",
        "x": [rounded((one.left + one.right) / 2) for one in bins],
        "y": [one.n for one in bins],
        "width": [rounded(one.right - one.left) for one in bins],
        "marker": {"color": theme.calm, "line": {"color": theme.surface, "width": 1}},
        "hovertemplate": "%{y} records<extra></extra>",
        **_on(k, 1),
    }


def _on(k: int, row: int) -> Json:
    number = 2 * k + row + 1
    return {"xaxis": f"x{number}", "yaxis": f"y{number}"}


def _axes(k: int, most: int, theme: Theme) -> Json:
    left = k * (_WIDTH + _GAP)
    upper, lower = 2 * k + 1, 2 * k + 2
    quiet = {
        "gridcolor": theme.track,
        "zeroline": False,
        "fixedrange": True,
        "tickfont": {"size": 10, "color": theme.muted},
    }
    x = {**quiet, "domain": [left, left + _WIDTH], "range": [0, 1], "tickvals": [0, 0.5, 1]}
    first = {"showticklabels": k == 0}
    return {
        f"xaxis{upper}": {**x, "anchor": f"y{upper}", "showticklabels": False},
        f"yaxis{upper}": {
            **quiet, **first, "anchor": f"x{upper}", "domain": _CURVES, "range": [-0.02, 1.02],
            "tickvals": [0, 0.5, 1], "title": _named("observed", theme) if k == 0 else None,
        },
        f"xaxis{lower}": {**x, "anchor": f"y{lower}"},
        f"yaxis{lower}": {
            **quiet, **first, "anchor": f"x{lower}", "domain": _COUNTS, "type": "log",
            "range": [-0.3, np.log10(max(most, 10)) + 0.1], "tickvals": [1, 10, 100, 1000, 10000],
            "title": _named("records", theme) if k == 0 else None,
        },
    }  # fmt: skip


def _named(text: str, theme: Theme) -> Json:
    return {"text": text, "font": {"size": 11, "color": theme.muted}, "standoff": 4}


def _title(k: int, text: str) -> Json:
    return {
        "text": text,
        "xref": "paper",
        "yref": "paper",
        "x": k * (_WIDTH + _GAP),
        "xanchor": "left",
        "y": 1,
        "yanchor": "bottom",
        "yshift": 4,
        "showarrow": False,
        "font": {"size": 12},
    }


def _below(text: str, theme: Theme) -> Json:
    return {
        "text": text,
        "xref": "paper",
        "yref": "paper",
        "x": 0.5,
        "y": 0,
        "yshift": -22,
        "yanchor": "top",
        "showarrow": False,
        "font": {"size": 11, "color": theme.muted},
    }
