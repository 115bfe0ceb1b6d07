"""What each lead contributes to an explanation, as bars."""

import numpy as np
from numpy.typing import NDArray

from core.ecg import LEADS, Lead
from core.explain.explanation import Explanation
from dashboard.figures.charts import (
    HIDDEN_AXIS,
    category_axis,
    chart_layout,
    chart_title,
    dotted_line,
)
from dashboard.figures.encoding import Json
from dashboard.figures.explanation import color
from dashboard.figures.strength import is_signed
from dashboard.figures.theme import LIGHT, Theme

_LEAST_LOGITS = 0.5  # that the longest bar stands for: weak evidence is not blown up
_LEAST_SHARE = 0.25


def lead_bars(explanation: Explanation, *, theme: Theme = LIGHT) -> Json:
    """The sum of every lead, lead I at the top: in logits, or as a share of the whole."""
    sums, signed = lead_sums(explanation), is_signed(explanation)
    longest = 1.25 * max(float(np.abs(sums).max()), _LEAST_LOGITS if signed else _LEAST_SHARE)
    unit = "logits for (+) and against (−)" if signed else "share"
    return {
        "data": [_bars(sums, theme)],
        "layout": {
            **chart_layout(theme),
            "title": chart_title(f"{explanation.superclass} by lead, {unit}", theme),
            "xaxis": {**HIDDEN_AXIS, "range": [-longest if signed else 0, longest]},
            "yaxis": category_axis(),
            "shapes": [dotted_line(0 if signed else 1 / len(LEADS), theme, name="mark")],
            "annotations": [
                *([] if signed else [_even_share(theme)]),
                *(_figure(lead, value, signed) for lead, value in zip(LEADS, sums, strict=True)),
            ],
        },
    }


def lead_sums(explanation: Explanation) -> NDArray[np.float64]:
    """(12,) in logits where a place can speak against the class, else shares that sum to 1."""
    sums = explanation.attribution.sum(axis=1, dtype=np.float64)
    total = sums.sum()
    return sums if is_signed(explanation) or not total else sums / total


def _bars(sums: NDArray[np.float64], theme: Theme) -> Json:
    return {
        "type": "bar",
        "orientation": "h",
        "x": [round(float(value), 4) for value in sums],
        "y": [str(lead) for lead in LEADS],
        "hoverinfo": "skip",
        "marker": {"color": [color(4 if value >= 0 else -4, theme) for value in sums]},
    }


def _figure(lead: Lead, value: float, signed: bool) -> Json:
    """The value in figures, in a column of its own."""
    return {
        "text": f"{value:+.2f}".replace("-", "−") if signed else f"{value:.0%}",
        "xref": "paper",
        "x": 1,
        "xanchor": "right",
        "y": str(lead),
        "showarrow": False,
        "font": {"size": 11},
    }


def _even_share(theme: Theme) -> Json:
    return {
        "text": "even share",
        "xref": "x",
        "yref": "paper",
        "x": 1 / len(LEADS),
        "y": 0,
        "yanchor": "top",
        "showarrow": False,
        "font": {"size": 10, "color": theme.muted},
    }
