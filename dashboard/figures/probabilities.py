"""The model's five probabilities against their thresholds."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.ecg import SUPERCLASSES, Superclass
from dashboard.figures.charts import HIDDEN_AXIS, category_axis, chart_layout, chart_title
from dashboard.figures.encoding import Json
from dashboard.figures.paper import rounded
from dashboard.figures.theme import LIGHT, Theme

_HALF_TICK = 0.42  # of a bar's place


def probability_bars(
    probabilities: NDArray[np.floating],
    thresholds: Mapping[Superclass, float],
    abstained: Collection[Superclass] = (),
    *,
    theme: Theme = LIGHT,
) -> Json:
    """Bars NORM to HYP from the top, (5,) in the order of SUPERCLASSES, with threshold ticks.

    What the words at a bar say is not told by colour alone: 'above' or 'below' the threshold, or
    that the model abstains. Raises ValueError for another shape or for NaN.
    """
    if probabilities.shape != (len(SUPERCLASSES),) or not np.isfinite(probabilities).all():
        raise ValueError(f"no five probabilities to show: {probabilities!r}")
    values = dict(zip(SUPERCLASSES, map(float, probabilities), strict=True))
    above = {name: values[name] >= thresholds[name] for name in SUPERCLASSES}
    return {
        "data": [
            {
                "type": "bar",
                "orientation": "h",
                "name": "probability",
                "x": [rounded(value) for value in values.values()],
                "y": [str(name) for name in SUPERCLASSES],
                "hoverinfo": "skip",
                "marker": _marker(above, abstained, theme),
            }
        ],
        "layout": {
            **chart_layout(theme),
            "title": chart_title("probability and threshold", theme),
            "margin": {"l": 52, "r": 132, "t": 26, "b": 18, "pad": 4},
            "xaxis": {
                **HIDDEN_AXIS,
                "range": [0, 1],
                "showticklabels": True,
                "tickvals": [0, 0.5, 1],
                "tickfont": {"size": 10, "color": theme.muted},
            },
            "yaxis": category_axis(),
            "shapes": [
                *(_track(row, theme) for row in range(len(SUPERCLASSES))),
                *(_tick(row, thresholds[name], theme) for row, name in enumerate(SUPERCLASSES)),
            ],
            "annotations": [
                _words(name, values[name], thresholds[name], name in abstained, theme)
                for name in SUPERCLASSES
            ],
        },
    }


def _marker(above: Mapping[Superclass, bool], abstained: Collection[Any], theme: Theme) -> Json:
    return {
        "color": [theme.accent if above[name] else theme.calm for name in SUPERCLASSES],
        "pattern": {
            "shape": ["/" if name in abstained else "" for name in SUPERCLASSES],
            "fgcolor": theme.surface,
            "size": 6,
        },
    }


def _track(row: int, theme: Theme) -> Json:
    """The whole length of a bar, so that a short one is seen as a share."""
    return {
        "type": "rect",
        "name": "track",
        "layer": "below",
        "x0": 0,
        "x1": 1,
        "y0": row - 0.35,
        "y1": row + 0.35,
        "fillcolor": theme.track,
        "line": {"width": 0},
    }


def _tick(row: int, threshold: float, theme: Theme) -> Json:
    return {
        "type": "line",
        "name": f"threshold {SUPERCLASSES[row]}",
        "x0": threshold,
        "x1": threshold,
        "y0": row - _HALF_TICK,
        "y1": row + _HALF_TICK,
        "line": {"color": theme.mark, "width": 2},
    }


def _words(name: Superclass, value: float, threshold: float, abstains: bool, theme: Theme) -> Json:
    side = "above" if value >= threshold else "below"
    verdict = "abstains" if abstains else f"{side} {threshold:.2f}"
    return {
        "text": f"<b>{_two_digits(value)}</b>  {verdict}",
        "name": f"probability {name}",
        "xref": "paper",
        "x": 1,
        "xshift": 8,
        "y": str(name),
        "xanchor": "left",
        "showarrow": False,
        "align": "left",
        "font": {"size": 12, "color": theme.text},
    }


def _two_digits(value: float) -> str:
    """A probability that never reads as certain."""
    if value < 0.005:
        return "&lt;0.01"
    return "&gt;0.99" if value >= 0.995 else f"{value:.2f}"
