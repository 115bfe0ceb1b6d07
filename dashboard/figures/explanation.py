"""An explanation, laid over the paper: under each stretch of trace, how it speaks of a class."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from core.ecg import DURATION_S, LEADS
from core.explain.explanation import Explanation, Method
from dashboard.figures.encoding import Json
from dashboard.figures.geometry import STANDARD, PaperLayout, Segment
from dashboard.figures.overlay import EMPTY, Overlay
from dashboard.figures.paper import caption
from dashboard.figures.strength import EDGES, is_signed, levels, runs
from dashboard.figures.theme import LIGHT, Theme

METHODS = {
    Method.TEMPORAL_ATTENTION: "Attention over time",
    Method.LEAD_ATTENTION: "Attention to leads",
    Method.ATTENTION: "Attention",
    Method.GRAD_CAM: "Grad-CAM",
    Method.LEAD_OCCLUSION: "Lead occlusion",
    Method.OCCLUSION: "Wave occlusion",
    Method.INTEGRATED_GRADIENTS: "Integrated gradients",
    Method.SHAP: "SHAP",
    Method.LIME: "LIME",
}
_FILLED = 0.86  # of the place of a row: the bands of two rows do not touch
OPACITY = 0.8  # the grid is seen through


def explanation_overlay(
    explanation: Explanation, *, layout: PaperLayout = STANDARD, theme: Theme = LIGHT
) -> Overlay:
    """The explanation over leads and time; each sample has its colour half a sample either way."""
    found = levels(explanation.attribution)
    paths = dict.fromkeys(_LEVELS, "")
    for segment in layout.segments:
        for level, left, right in _stretches(found[LEADS.index(segment.lead)], segment):
            paths[level] += _band(segment, left, right, layout)
    return Overlay(
        shapes=tuple(_shape(level, path, theme) for level, path in paths.items()),
        annotations=(_title(explanation, layout, theme, seen=any(paths.values())),),
    )


_LEVELS = [sign * level for sign in (1, -1) for level in range(1, len(EDGES) + 1)]


def color(level: int, theme: Theme) -> str:
    """The colour of a level: 1 to 4 for the class, -1 to -4 against it."""
    return (theme.supporting if level > 0 else theme.opposing)[abs(level) - 1]


def _stretches(row: NDArray[np.int64], segment: Segment) -> Iterator[tuple[int, float, float]]:
    """Level, start and end in s of what is seen of it in the segment's window."""
    rate = len(row) / DURATION_S
    for level, first, end in runs(row):
        left = max((first - 0.5) / rate, segment.start)
        right = min((end - 0.5) / rate, segment.stop)
        if left < right:
            yield level, left, right


def _band(segment: Segment, left: float, right: float, layout: PaperLayout) -> str:
    shift, middle = segment.at - segment.start, layout.baseline(segment.row)
    bottom, top = (middle + _FILLED * (edge - middle) for edge in layout.place(segment.row))
    edges = (left + shift, right + shift, bottom, top)
    x0, x1, y0, y1 = (f"{round(edge, 3):g}" for edge in edges)
    return f"M{x0},{y0}H{x1}V{y1}H{x0}Z"


def _shape(level: int, path: str, theme: Theme) -> Json:
    side = "for" if level > 0 else "against"
    return {
        "type": "path",
        "name": f"{side}, {EDGES[abs(level) - 1]:g}x",
        "path": path or EMPTY,
        "layer": "below",
        "fillcolor": color(level, theme),
        "opacity": OPACITY,
        "line": {"width": 0},
    }


def _title(explanation: Explanation, layout: PaperLayout, theme: Theme, *, seen: bool) -> Json:
    """What is on the paper, in its band at the right; the scale of the colours is beside it."""
    text = f"<b>{METHODS[explanation.method]}, {explanation.superclass}</b>"
    if not seen:
        text += f": nowhere {EDGES[0]:g} × even share"
    elif is_signed(explanation):
        text += "".join(
            f' <span style="color:{color(sign * 3, theme)}">■</span> {word}'
            for sign, word in ((1, "for"), (-1, "against"))
        )
    return {
        **caption(text, layout.seconds, theme),
        "name": "explanation",
        "xanchor": "right",
    }
