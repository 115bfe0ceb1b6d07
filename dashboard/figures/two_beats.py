"""The median beats of two ECGs over one another, lead by lead, from the onset of QRS."""

import numpy as np
from numpy.typing import NDArray

from core.ecg import LEADS
from core.median_beat import MedianBeat
from dashboard.figures.encoding import Json
from dashboard.figures.paper import rounded
from dashboard.figures.theme import LIGHT, Theme

BEFORE_S, AFTER_S = 0.3, 0.6  # of the onset of QRS
_ROWS = 3  # I II III, aVR aVL aVF, V1 to V3, V4 to V6: columns as on the sheet
_COLUMN_S = 1.0
_ROOM_MV = 0.4  # between the rows, for the names
_NAME_S, _NAME_MV = 0.3, 0.25  # what a name lies over, and how high at least
_ASPECT = 0.4  # 10 mm/mV over 25 mm/s


def two_beats(here: MedianBeat, there: MedianBeat, *, theme: Theme = LIGHT) -> Json:
    """Twelve cells in mV over s of the paper; ``there`` on top, in another colour, dotted."""
    waves = [_from_qrs(here), _from_qrs(there)]
    baselines = _baselines(waves)
    inks = [
        {"color": theme.trace, "width": 1.2},
        {"color": theme.classes[1], "width": 1.6, "dash": "dot"},
    ]
    left, right = -BEFORE_S - 0.05, 3 * _COLUMN_S + AFTER_S + 0.05
    top = max(float(wave[::_ROWS].max()) for _, wave in waves) + _ROOM_MV
    bottom = baselines[-1] + min(float(wave[2::_ROWS].min()) for _, wave in waves) - 0.1
    return {
        "data": [
            _lead(row, *wave, baselines, name, ink)
            for wave, name, ink in zip(waves, ("this", "other"), inks, strict=True)
            for row in range(len(LEADS))
        ],
        "layout": {
            "paper_bgcolor": theme.paper,
            "plot_bgcolor": theme.paper,
            "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
            "showlegend": False,
            "hovermode": False,
            "xaxis": _axis(left, right, 0.2, theme),
            "yaxis": {**_axis(bottom, top, 0.5, theme), "scaleanchor": "x", "scaleratio": _ASPECT},
            "annotations": [_name(row, waves, baselines, theme) for row in range(len(LEADS))],
            "meta": {"aspect_ratio": rounded((right - left) / ((top - bottom) * _ASPECT))},
        },
    }


def _from_qrs(beat: MedianBeat) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Times in s from the onset of QRS, (n,), and mV above the level there, (12, n)."""
    zero = round(beat.marks.qrs_onset * beat.rate)
    first = max(0, zero - round(BEFORE_S * beat.rate))
    wave = beat.signal[:, first : zero + round(AFTER_S * beat.rate)]
    times = (np.arange(wave.shape[1]) + first - zero) / beat.rate
    return times, wave - beat.signal[:, zero, None]


def _baselines(waves: list[tuple[NDArray[np.float64], NDArray[np.float64]]]) -> list[float]:
    """Where 0 mV of each row lies: as far below the one above as both beats need."""
    levels = [0.0]
    for row in range(1, _ROWS):
        low = min(float(wave[row - 1 :: _ROWS].min()) for _, wave in waves)
        high = max(float(wave[row::_ROWS].max()) for _, wave in waves)
        levels.append(levels[-1] + low - high - _ROOM_MV)
    return levels


def _lead(
    number: int,
    times: NDArray[np.float64],
    wave: NDArray[np.float64],
    baselines: list[float],
    name: str,
    ink: Json,
) -> Json:
    column, row = divmod(number, _ROWS)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": f"{name} {LEADS[number]}",
        "x": [rounded(float(at)) for at in times + column * _COLUMN_S],
        "y": [rounded(float(level)) for level in wave[number] + baselines[row]],
        "line": ink,
        "hoverinfo": "skip",
    }


def _axis(low: float, high: float, step: float, theme: Theme) -> Json:
    return {
        "range": [low, high],
        "dtick": step,
        "gridcolor": theme.fine,
        "zeroline": False,
        "showticklabels": False,
        "fixedrange": True,
        "constrain": "domain",
    }


def _name(
    number: int,
    waves: list[tuple[NDArray[np.float64], NDArray[np.float64]]],
    baselines: list[float],
    theme: Theme,
) -> Json:
    """Above what both beats draw under it: within the room that the row above leaves."""
    column, row = divmod(number, _ROWS)
    under = [wave[number, times < _NAME_S - BEFORE_S] for times, wave in waves]
    highest = max(float(wave.max(initial=_NAME_MV)) for wave in under)
    return {
        "name": str(LEADS[number]),
        "text": str(LEADS[number]),
        "x": column * _COLUMN_S - BEFORE_S,
        "y": rounded(baselines[row] + highest),
        "xanchor": "left",
        "yanchor": "bottom",
        "borderpad": 0,
        "showarrow": False,
        "font": {"family": theme.font, "size": 12, "color": theme.text},
    }
