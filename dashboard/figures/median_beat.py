"""The median beat: all leads over one another, with the marks from which intervals are read."""

import numpy as np

from core.delineation import BeatMarks
from core.ecg import LEADS
from core.median_beat import MedianBeat
from dashboard.figures.encoding import Json, typed
from dashboard.figures.paper import rounded
from dashboard.figures.theme import LIGHT, Theme

WIDTH, HEIGHT = 400, 240  # px: fixed, since plotly finds no size for what is folded away
_WAVES = {"P": ("p_onset", "p_end"), "QRS": ("qrs_onset", "qrs_end"), "T": ("t_onset", "t_end")}
_MARGIN_MS = 60  # shown before the first mark and after the last
_ROOM = 0.22  # above the tallest lead, for the names of the waves


def median_beat(beat: MedianBeat, *, theme: Theme = LIGHT) -> Json:
    """Twelve leads in mV over ms from the onset of QRS, a band a wave, a line a mark."""
    first, last = _span(beat)
    shown = beat.signal[:, first:last]
    level = beat.signal[:, round(beat.marks.qrs_onset * beat.rate), None]
    low, high = float((shown - level).min()), float((shown - level).max())
    top = high + _ROOM * (high - low)
    return {
        "data": [
            _lead(str(lead), samples, beat, first, theme)
            for lead, samples in zip(LEADS, shown - level, strict=True)
        ],
        "layout": {
            "width": WIDTH,
            "height": HEIGHT,
            "paper_bgcolor": theme.surface,
            "plot_bgcolor": theme.surface,
            "font": {"family": theme.font, "color": theme.text, "size": 11},
            "margin": {"l": 42, "r": 8, "t": 8, "b": 36},
            "showlegend": False,
            "hovermode": False,
            "xaxis": _axis("ms from the onset of QRS", theme),
            "yaxis": {**_axis("mV", theme), "range": [low - 0.05 * (high - low), top]},
            "shapes": [shape for wave in _seen(beat) for shape in _wave(wave, beat, theme)],
            "annotations": [_name(wave, beat, top, theme) for wave in _seen(beat)],
        },
    }


def _span(beat: MedianBeat) -> tuple[int, int]:
    """From before the first mark to after the last, in samples."""
    marks = beat.marks
    first = (marks.qrs_onset if marks.p_onset is None else marks.p_onset) - _MARGIN_MS / 1000
    last = (marks.qrs_end if marks.t_end is None else marks.t_end) + _MARGIN_MS / 1000
    return max(0, round(first * beat.rate)), min(beat.signal.shape[1], round(last * beat.rate))


def _ms(at: float, beat: MedianBeat) -> float:
    return rounded(1000 * (at - beat.marks.qrs_onset))


def _lead(name: str, samples: np.ndarray, beat: MedianBeat, first: int, theme: Theme) -> Json:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x0": _ms(first / beat.rate, beat),
        "dx": 1000 / beat.rate,
        "y": typed(samples),
        "line": {"color": theme.trace, "width": 0.9},
        "hoverinfo": "skip",
    }


def _axis(title: str, theme: Theme) -> Json:
    return {
        "title": {"text": title, "standoff": 4, "font": {"size": 11, "color": theme.muted}},
        "gridcolor": theme.track,
        "zeroline": False,
        "fixedrange": True,
        "tickfont": {"size": 10, "color": theme.muted},
    }


def _seen(beat: MedianBeat) -> list[str]:
    return [wave for wave in _WAVES if None not in _ends(wave, beat.marks)]


def _ends(wave: str, marks: BeatMarks) -> tuple[float, float]:
    onset, end = (getattr(marks, name) for name in _WAVES[wave])
    return onset, end


def _wave(wave: str, beat: MedianBeat, theme: Theme) -> list[Json]:
    """The band of a wave and the lines at its ends."""
    ends = [_ms(at, beat) for at in _ends(wave, beat.marks)]
    whole = {"yref": "paper", "y0": 0, "y1": 1, "layer": "below"}
    band = {
        **whole,
        "type": "rect",
        "name": wave,
        "x0": ends[0],
        "x1": ends[1],
        "fillcolor": theme.track,
        "line": {"width": 0},
    }
    lines = [
        {
            **whole,
            "type": "line",
            "name": name,
            "x0": at,
            "x1": at,
            "line": {"color": theme.mark, "width": 1, "dash": "dot"},
        }
        for name, at in zip(_WAVES[wave], ends, strict=True)
    ]
    return [band, *lines]


def _name(wave: str, beat: MedianBeat, top: float, theme: Theme) -> Json:
    begin, end = (_ms(at, beat) for at in _ends(wave, beat.marks))
    return {
        "name": wave,
        "text": wave,
        "x": (begin + end) / 2,
        "y": top,
        "yanchor": "top",
        "showarrow": False,
        "font": {"size": 11, "color": theme.text},
    }
