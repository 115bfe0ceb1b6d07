"""What a threshold buys: ROC and precision-recall curves of the five classes."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from core.calibration import Bools, Floats
from core.ecg import SUPERCLASSES, Superclass
from dashboard.figures.charts import chart_layout, chart_title
from dashboard.figures.encoding import Json, typed
from dashboard.figures.theme import LIGHT, Theme

Curve = tuple[Floats, Floats]  # x and y, one point a distinct probability


def roc_chart(
    probability: Floats,
    label: Bools,
    thresholds: Mapping[Superclass, float],
    area: Mapping[Superclass, float],
    *,
    theme: Theme = LIGHT,
) -> Json:
    """ROC curves of (records, 5) probabilities; a dot marks each shipped threshold."""
    data = _lines(roc_curve, probability, label, thresholds, area, "hv", theme)
    return {
        "data": [*data, _chance(theme)],
        "layout": {
            **_layout(theme),
            "title": chart_title("ROC, with area", theme),
            "xaxis": _axis("1 - specificity", theme),
            "yaxis": _axis("sensitivity", theme),
            "legend": {**_legend(theme), "x": 0.98, "xanchor": "right"},
        },
    }


def precision_recall_chart(
    probability: Floats,
    label: Bools,
    thresholds: Mapping[Superclass, float],
    area: Mapping[Superclass, float],
    *,
    theme: Theme = LIGHT,
) -> Json:
    """Precision-recall curves of (records, 5) probabilities; a dot marks each threshold."""
    return {
        "data": list(
            _lines(precision_recall_curve, probability, label, thresholds, area, "vh", theme)
        ),
        "layout": {
            **_layout(theme),
            "title": chart_title("Precision and recall, with area", theme),
            "xaxis": _axis("recall (sensitivity)", theme),
            "yaxis": _axis("precision", theme),
            "legend": {**_legend(theme), "x": 0.02, "xanchor": "left"},
        },
    }


def roc_curve(probability: Floats, label: Bools) -> Curve:
    """False and true positive rates as the threshold falls, from (0, 0) to (1, 1)."""
    true, false = _caught(probability, label)
    return np.r_[0, false] / max((~label).sum(), 1), np.r_[0, true] / max(label.sum(), 1)


def precision_recall_curve(probability: Floats, label: Bools) -> Curve:
    """Recall and precision as the threshold falls; it begins at the highest probability."""
    true, false = _caught(probability, label)
    recall, precision = true / max(label.sum(), 1), true / (true + false)
    return np.r_[0, recall], np.r_[precision[:1], precision]


def _caught(probability: Floats, label: Bools) -> tuple[Floats, Floats]:
    """How many true and false calls each distinct probability makes, as a threshold."""
    order = np.argsort(-probability, kind="stable")
    p, hit = probability[order], label[order]
    last = np.r_[p[1:] != p[:-1], True] if len(p) else np.empty(0, bool)
    return np.cumsum(hit)[last].astype(float), np.cumsum(~hit)[last].astype(float)


def _lines(
    curve: Callable[[Floats, Bools], Curve],
    probability: Floats,
    label: Bools,
    thresholds: Mapping[Superclass, float],
    area: Mapping[Superclass, float],
    shape: str,
    theme: Theme,
) -> Iterator[Json]:
    for k, name in enumerate(SUPERCLASSES):
        p, y = probability[:, k], label[:, k]
        if np.isnan(area[name]):
            continue
        x, height = curve(p, y)
        at = min(len(np.unique(p[p >= thresholds[name]])), len(x) - 1)
        yield _line(name, x, height, f"{name} {area[name]:.3f}", shape, theme)
        yield _dot(name, float(x[at]), float(height[at]), thresholds[name], theme)


def _line(
    name: Superclass, x: NDArray[np.floating], y: Floats, title: str, shape: str, theme: Theme
) -> Json:
    k = SUPERCLASSES.index(name)
    return {
        "type": "scatter",
        "mode": "lines",
        "uid": f"curve-{name}",
        "name": title,
        "x": typed(x),
        "y": typed(y),
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
