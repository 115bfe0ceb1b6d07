"""The model's attention, laid over the paper: where it looked, which is no proof of why.

Strength is told on a fixed scale, in multiples of an even spread over all leads and times. So
attention that prefers nothing shows nothing, and two classes or records can be compared. A scale
stretched to the strongest place would make a pattern of noise.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from core.ecg import DURATION_S, LEADS, Lead, Superclass
from dashboard.figures.charts import HIDDEN_AXIS, category_axis, chart_layout, chart_title
from dashboard.figures.encoding import Json
from dashboard.figures.geometry import STANDARD, PaperLayout, Segment
from dashboard.figures.overlay import Overlay, no_overlay
from dashboard.figures.paper import CAPTION_MM, caption, rounded
from dashboard.figures.theme import LIGHT, Theme

__all__ = ["Overlay", "attention_overlay", "lead_bars", "no_overlay", "relative"]

Weights = NDArray[np.floating]

EDGES = (1.5, 2.5, 4.0, 6.5, 10.0)  # lower ends of the levels, in multiples of an even spread
MAX_STEPS = 125  # finer attention is pooled to 80 ms, which bounds what goes to the browser

_HALF_BAND_MM = 13.0  # above and below a baseline: the bands of two rows do not touch
_SWATCH_MM = (10.0, 5.0)


def attention_overlay(
    superclass: Superclass,
    temporal: Weights | None = None,
    lead: Weights | None = None,
    heat: Weights | None = None,
    *,
    seconds: float = DURATION_S,
    layout: PaperLayout = STANDARD,
    theme: Theme = LIGHT,
) -> Overlay:
    """The attention of one class over leads and time.

    ``heat`` is (12, T), rows in the order of LEADS. Without it the product of ``temporal`` (T,)
    and ``lead`` (12,) is shown. Step t is centred on t/T of ``seconds``, as a stack of strided
    convolutions leaves it. Raises ValueError where neither is given, or the shape is another.
    """
    strength = relative(_joint(temporal, lead, heat))
    edges = _step_edges(strength.shape[1], seconds)
    if strength.shape[1] > MAX_STEPS:
        strength, edges = _pooled(strength, edges)
    paths = [""] * len(EDGES)
    for segment in layout.segments:
        for level, left, right in _runs(strength[LEADS.index(segment.lead)], edges, segment):
            paths[level] += _band(segment, left, right, layout)
    seen = any(paths)
    return Overlay(
        shapes=tuple(
            _level(level, path + _swatch(level, layout), theme) for level, path in enumerate(paths)
        ),
        annotations=_legend(superclass, layout, theme, seen=seen),
    )


def relative(weights: Weights) -> Weights:
    """Weights in multiples of an even spread: 1 everywhere where nothing is preferred."""
    total = float(weights.sum())
    if not np.isfinite(total) or total <= 0:
        raise ValueError(f"attention sums to {total}: weights of 0 or more are needed")
    return np.asarray(weights, dtype=np.float64) * (weights.size / total)


def _joint(temporal: Weights | None, lead: Weights | None, heat: Weights | None) -> Weights:
    if heat is None and (temporal is None or lead is None):
        raise ValueError("no attention to show: give heat, or temporal and lead")
    joint = np.outer(lead, temporal) if heat is None else np.asarray(heat)  # type: ignore[arg-type]
    if joint.ndim != 2 or joint.shape[0] != len(LEADS):
        raise ValueError(f"attention has shape {joint.shape}, not (12, steps): give one row a lead")
    return joint


def _step_edges(steps: int, seconds: float) -> Weights:
    """Where each step begins and the last one ends, (T + 1,) in s."""
    edges = (np.arange(steps + 1) - 0.5) * (seconds / steps)
    edges[0], edges[-1] = 0.0, seconds
    return edges


def _pooled(strength: Weights, edges: Weights) -> tuple[Weights, Weights]:
    """The mean strength over MAX_STEPS equal steps."""
    mass = np.cumsum(strength * np.diff(edges), axis=1)
    mass = np.pad(mass, ((0, 0), (1, 0)))
    coarse = np.linspace(edges[0], edges[-1], MAX_STEPS + 1)
    sums = np.stack([np.diff(np.interp(coarse, edges, row)) for row in mass])
    return sums / np.diff(coarse), coarse


def _runs(
    strength: Weights, edges: Weights, segment: Segment
) -> Iterator[tuple[int, float, float]]:
    """Level, start and end in s of every stretch of one strength within the segment's window."""
    levels = np.searchsorted(EDGES, strength, side="right") - 1
    ends = [*np.flatnonzero(np.diff(levels)) + 1, len(levels)]
    begin = 0
    for end in ends:
        left, right = max(edges[begin], segment.start), min(edges[end], segment.stop)
        if levels[begin] >= 0 and left < right:
            yield int(levels[begin]), float(left), float(right)
        begin = end


def _band(segment: Segment, left: float, right: float, layout: PaperLayout) -> str:
    shift, middle = segment.at - segment.start, layout.baseline(segment.row)
    half = layout.y(_HALF_BAND_MM)
    return _rectangle(left + shift, right + shift, middle - half, middle + half)


def _rectangle(left: float, right: float, bottom: float, top: float) -> str:
    x0, x1, y0, y1 = (f"{rounded(value):.10g}" for value in (left, right, bottom, top))
    return f"M{x0},{y0}H{x1}V{y1}H{x0}Z"


def _level(level: int, path: str, theme: Theme) -> Json:
    return {
        "type": "path",
        "name": f"attention {EDGES[level]:g}x",
        "visible": True,
        "path": path,
        "layer": "below",
        "fillcolor": theme.attention[level],
        "opacity": 0.8,  # the grid is seen through it
        "line": {"width": 0},
    }


def _swatch(level: int, layout: PaperLayout) -> str:
    """The level's own colour in the legend, as one more rectangle of its path."""
    wide, high = map(float, _SWATCH_MM)
    left, middle = _swatch_left(level, layout), _legend_middle(layout)
    half = layout.y(high / 2)
    return _rectangle(left, left + layout.x(wide), middle - half, middle + half)


def _swatch_left(level: int, layout: PaperLayout) -> float:
    return layout.seconds - layout.x(_SWATCH_MM[0] * (len(EDGES) - level))


def _legend_middle(layout: PaperLayout) -> float:
    return layout.band_top - layout.y(CAPTION_MM)


def _legend(
    superclass: Superclass, layout: PaperLayout, theme: Theme, *, seen: bool
) -> tuple[Json, ...]:
    share = "× even share" if seen else f"nowhere {EDGES[0]:g} × even share"
    title = _words(
        f"<b>attention, {superclass}</b>, {share}",
        _swatch_left(0, layout) - layout.x(2),
        layout,
        theme,
        anchor="right",
    )
    middle = layout.x(_SWATCH_MM[0] / 2)
    numbers = (
        _words(f"{edge:g}", _swatch_left(level, layout) + middle, layout, theme, anchor="center")
        for level, edge in enumerate(EDGES)
    )
    return (title, *numbers)


def _words(text: str, x: float, layout: PaperLayout, theme: Theme, *, anchor: str) -> Json:
    return {
        **caption(text, x, _legend_middle(layout), theme),
        "name": "attention",
        "visible": True,
        "xanchor": anchor,
    }


def lead_bars(superclass: Superclass, lead: Weights, *, theme: Theme = LIGHT) -> Json:
    """The share of attention of every lead, (12,) in the order of LEADS, lead I at the top."""
    shares = relative(lead) / len(LEADS)
    return {
        "data": [
            {
                "type": "bar",
                "orientation": "h",
                "name": f"attention, {superclass}",
                "x": [rounded(float(share)) for share in shares],
                "y": [str(name) for name in LEADS],
                "hoverinfo": "skip",
                "marker": {"color": theme.attention[-1]},
            }
        ],
        "layout": {
            **chart_layout(theme),
            "title": chart_title(f"attention by lead, {superclass}", theme),
            "xaxis": {**HIDDEN_AXIS, "range": [0, max(0.25, 1.25 * float(shares.max()))]},
            "yaxis": category_axis(),
            "shapes": [_even_share(theme)],
            "annotations": [_even_share_words(theme), *map(_percent, LEADS, shares)],
        },
    }


def _percent(lead: Lead, share: float) -> Json:
    """The share in figures, in a column of its own: behind a bar the even share crosses it."""
    return {
        "text": f"{share:.0%}",
        "xref": "paper",
        "x": 1,
        "xanchor": "right",
        "y": str(lead),
        "showarrow": False,
        "font": {"size": 11},
    }


def _even_share(theme: Theme) -> Json:
    even = 1 / len(LEADS)
    return {
        "type": "line",
        "name": "even share",
        "xref": "x",
        "yref": "paper",
        "x0": even,
        "x1": even,
        "y0": 0,
        "y1": 1,
        "line": {"color": theme.mark, "width": 1, "dash": "dot"},
    }


def _even_share_words(theme: Theme) -> Json:
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
