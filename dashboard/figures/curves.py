"""What a threshold buys: ROC and precision-recall curves of the five classes."""

import math
from collections.abc import Iterator, Mapping

from core.curves import Curve
from core.ecg import SUPERCLASSES, Superclass
from dashboard.figures.charts import chart_layout, chart_title
from dashboard.figures.encoding import Json, typed
from dashboard.figures.theme import LIGHT, Theme


def roc_chart(
    curves: Mapping[Superclass, Curve],
    thresholds: Mapping[Superclass, float],
    area: Mapping[Superclass, float],
    *,
    theme: Theme = LIGHT,
) -> Json:
    """ROC curves of the classes that have an area; a dot marks each shipped threshold."""
    return {
        # a straight line over a tie, which counts half in the area
        "data": [*_lines(curves, thresholds, area, "linear", theme), _chance(theme)],
        "layout": {
            **_layout(theme),
            "title": chart_title("ROC, with area", theme),
            "xaxis": _axis("1 - specificity", theme),
            "yaxis": _axis("sensitivity", theme),
            "legend": {**_legend(theme), "x": 0.98, "xanchor": "right"},
        },
    }


def precision_recall_chart(
    curves: Mapping[Superclass, Curve],
    thresholds: Mapping[Superclass, float],
    area: Mapping[Superclass, float],
    *,
    theme: Theme = LIGHT,
) -> Json:
    """Precision-recall curves; a dot marks each threshold from which anything is called."""
    return {
        # steps, of which average precision is the area
        "data": list(_lines(curves, thresholds, area, "vh", theme)),
        "layout": {
            **_layout(theme),
            "title": chart_title("Precision and recall, with area", theme),
            "xaxis": _axis("recall (sensitivity)", theme),
            "yaxis": _axis("precision", theme),
            "legend": {**_legend(theme), "x": 0.02, "xanchor": "left"},
        },
    }


def _lines(
    curves: Mapping[Superclass, Curve],
    thresholds: Mapping[Superclass, float],
    area: Mapping[Superclass, float],
    shape: str,
    theme: Theme,
) -> Iterator[Json]:
    for name, curve in curves.items():
        if math.isnan(area[name]):
            continue
        yield _line(name, curve, f"{name} {area[name]:.3f}", shape, theme)
        if curve.at:
            yield _dot(name, *curve.at, thresholds[name], theme)


def _line(name: Superclass, curve: Curve, title: str, shape: str, theme: Theme) -> Json:
    k = SUPERCLASSES.index(name)
    return {
        "type": "scatter",
        "mode": "lines",
        "uid": f"curve-{name}",
        "name": title,
        "x": typed(curve.x),
        "y": typed(curve.y),
        "line": {"color": theme.classes[k], "dash": theme.dashes[k], "width": 1.8, "shape": shape},
        "hoverinfo": "skip",
    }


def _dot(name: Superclass, x: float, y: float, threshold: float, theme: Theme) -> Json:
    return {
        "type": "scatter",
        "mode": "markers",
        "uid": f"threshold-{name}",
        "name": f"{name} called from {threshold:.2f}",
        "x": [x],
        "y": [y],
        "showlegend": False,
        "marker": {
            "color": theme.classes[SUPERCLASSES.index(name)],
            "size": 9,
            "line": {"color": theme.surface, "width": 1.5},
        },
        "hovertemplate": "%{x:.3f}, %{y:.3f}",
    }


def _chance(theme: Theme) -> Json:
    return {
        "type": "scatter",
        "mode": "lines",
        "uid": "chance",
        "x": [0, 1],
        "y": [0, 1],
        "line": {"color": theme.calm, "width": 1},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _layout(theme: Theme) -> Json:
    return {
        **chart_layout(theme),
        "margin": {"l": 52, "r": 12, "t": 34, "b": 44},
        "showlegend": True,
        "hovermode": "closest",
    }


def _legend(theme: Theme) -> Json:
    return {
        "y": 0.03,
        "yanchor": "bottom",
        "bgcolor": theme.surface,
        "font": {"size": 12, "color": theme.text},
    }


def _axis(title: str, theme: Theme) -> Json:
    return {
        "title": {"text": title, "font": {"size": 12, "color": theme.muted}, "standoff": 6},
        "range": [-0.01, 1.01],
        "tickvals": [0, 0.25, 0.5, 0.75, 1],
        "tickfont": {"size": 11, "color": theme.muted},
        "gridcolor": theme.track,
        "zeroline": False,
        "fixedrange": True,
    }
