"""Where each version of the model comes from, and how it did on 9b: one point a version."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.ecg import SUPERCLASSES, Superclass
from core.resampling import Interval
from dashboard.figures.charts import chart_layout, chart_title
from dashboard.figures.encoding import Json
from dashboard.figures.paper import rounded
from dashboard.figures.theme import LIGHT, Theme

_SYMBOLS = {
    "champion": "star",
    "challenger": "circle-open",
    "failed": "x-thin-open",
    "retired": "circle",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One version as the charts draw it."""

    version: str
    state: str
    parent: str | None  # a version that may not be drawn
    macro_auroc: float | None  # on 9b; None where its card has none
    interval: Interval | None
    records: int  # of 9b that it was measured on
    auroc: Mapping[Superclass, float]


def lineage_chart(nodes: Sequence[Node], *, theme: Theme = LIGHT) -> Json:
    """Versions in the order in which they came, by macro AUROC, each tied to its parent."""
    drawn = [node for node in nodes if node.macro_auroc is not None]
    return {
        "data": [_descent(drawn, theme), _versions(drawn, theme)],
        "layout": _layout("Lineage: macro AUROC on 9b, with 95 % intervals", drawn, theme),
    }


def metrics_chart(nodes: Sequence[Node], *, theme: Theme = LIGHT) -> Json:
    """AUROC of every class over the same versions.

    Only those that were measured on as many records are tied: others were asked something else.
    """
    drawn = [node for node in nodes if node.macro_auroc is not None]
    return {
        "data": [_of_class(k, drawn, theme) for k in range(len(SUPERCLASSES))],
        "layout": {
            **_layout("AUROC by class on 9b", drawn, theme),
            "showlegend": True,
            "legend": {"orientation": "h", "y": 1, "yanchor": "bottom", "x": 1, "xanchor": "right"},
        },
    }


def _layout(title: str, drawn: Sequence[Node], theme: Theme) -> Json:
    return {
        **chart_layout(theme),
        "height": 300,
        "title": chart_title(title, theme),
        "margin": {"l": 52, "r": 24, "t": 52, "b": 52},
        "hovermode": "closest",
        "xaxis": {
            "tickvals": list(range(len(drawn))),
            # beside the points, states would lie on the lines between equal ones
            "ticktext": [f"{node.version}<br>{node.state}" for node in drawn],
            "range": [-0.5, max(1, len(drawn)) - 0.5],
            "showgrid": False,
            "zeroline": False,
            "fixedrange": True,
            "tickfont": {"size": 11, "color": theme.muted},
        },
        "yaxis": {
            "gridcolor": theme.track,
            "zeroline": False,
            "fixedrange": True,
            "tickformat": ".3f",
            "nticks": 6,
            "tickfont": {"size": 11, "color": theme.muted},
        },
    }


def _descent(drawn: Sequence[Node], theme: Theme) -> Json:
    """A line from every parent to its child, with a gap between them."""
    place = {node.version: x for x, node in enumerate(drawn)}
    x: list[int | None] = []
    y: list[float | None] = []
    for child, node in enumerate(drawn):
        if node.parent in place:
            parent = place[node.parent]
            x += [parent, child, None]
            y += [drawn[parent].macro_auroc, node.macro_auroc, None]
    return {
        "type": "scatter",
        "mode": "lines",
        "uid": "descent",
        "x": x,
        "y": [None if value is None else rounded(value) for value in y],
        "line": {"color": theme.calm, "width": 1.5},
        "hoverinfo": "skip",
    }


def _versions(drawn: Sequence[Node], theme: Theme) -> Json:
    values = [node.macro_auroc or 0.0 for node in drawn]
    spans = [node.interval or (v, v) for node, v in zip(drawn, values, strict=True)]
    return {
        "type": "scatter",
        "mode": "markers",
        "uid": "versions",
        "x": list(range(len(drawn))),
        "y": [rounded(value) for value in values],
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [rounded(high - v) for (_, high), v in zip(spans, values, strict=True)],
            "arrayminus": [rounded(v - low) for (low, _), v in zip(spans, values, strict=True)],
            "thickness": 1,
            "width": 3,
            "color": theme.calm,
        },
        "marker": {
            "symbol": [_SYMBOLS.get(node.state, "circle") for node in drawn],
            "size": [14 if node.state == "champion" else 10 for node in drawn],
            "color": theme.accent,
            "line": {"width": 2, "color": theme.accent},
        },
        "customdata": [[node.version, node.state, node.records] for node in drawn],
        "hovertemplate": "%{customdata[0]} (%{customdata[1]}): %{y:.4f} on %{customdata[2]:,} "
        "records<extra></extra>",
    }


def _of_class(k: int, drawn: Sequence[Node], theme: Theme) -> Json:
    name = SUPERCLASSES[k]
    x: list[int | None] = []
    y: list[float | None] = []
    for place, node in enumerate(drawn):
        if place and node.records != drawn[place - 1].records:
            x.append(None)
            y.append(None)
        x.append(place)
        y.append(rounded(node.auroc[name]) if name in node.auroc else None)
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "uid": f"auroc-{name}",
        "name": str(name),
        "x": x,
        "y": y,
        "line": {"color": theme.classes[k], "width": 1.5, "dash": theme.dashes[k]},
        "marker": {"size": 6},
        "hovertemplate": f"{name} %{{y:.4f}}<extra></extra>",
    }
