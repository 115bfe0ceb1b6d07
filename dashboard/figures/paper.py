"""The 12-lead ECG on clinical paper.

One axis pair with offset traces, every sample drawn: twelve axes take three times as long to
paint. The y axis is tied to the x axis, so a millimetre is a millimetre at any width. Shapes and
words lie on it in mV, traces on the same axis in microvolts, ``yaxis2``: whole numbers take half
the bytes.
"""

from collections.abc import Iterable, Mapping
from zlib import crc32

from core.ecg import Ecg, Lead
from dashboard.figures.encoding import Json, whole
from dashboard.figures.geometry import PULSE_S, STANDARD, Frame, Name, PaperLayout, Segment
from dashboard.figures.offset import moved_words, on_their_rows
from dashboard.figures.overlay import EMPTY, no_overlay
from dashboard.figures.spacing import spaced
from dashboard.figures.theme import LIGHT, Theme

RAW = "raw signal"
GRAPH_CONFIG: Json = {"displayModeBar": False, "doubleClick": False, "responsive": True}

_PULSE_MV = 1.0
UV_PER_MV = 1000
_ABOVE_SECONDS_PX = 19  # the lower edge of the captions, clear of the seconds at any size


def ecg_paper(
    ecg: Ecg,
    *,
    simulated: bool = False,
    note: str = RAW,
    layout: PaperLayout = STANDARD,
    theme: Theme = LIGHT,
) -> Json:
    """The ECG as a plotly figure; ``note`` says what was done to the signal, if anything.

    The samples are shown as they are, to the microvolt: y of a trace is the lead plus the row's
    baseline, which its ``meta`` holds as ``baseline`` in mV. Only a lead that lies far off its row
    is moved onto it, and the sheet says by how much. NaN is a gap.
    """
    ecg, moves = on_their_rows(ecg)
    layout = spaced(layout, ecg)
    frame, empty = layout.frame(ecg), no_overlay()
    return {
        "data": [
            _calibration(layout, theme),
            *(_trace(ecg, segment, layout, theme) for segment in layout.segments),
            _titles(layout, theme),
        ],
        "layout": {
            "xaxis": _time_axis(frame, layout, theme),
            "yaxis": _voltage_axis(frame, layout),
            "yaxis2": _microvolt_axis(frame, layout),
            "shapes": [
                _grid(frame, layout, theme, coarse=False),
                _grid(frame, layout, theme, coarse=True),
                _separators(layout, theme),
                *empty.shapes,
            ],
            "annotations": [
                _scale(ecg, note, moves, layout, theme),
                _watermark(simulated, layout, theme),
                *empty.annotations,
            ],
            "paper_bgcolor": theme.paper,
            "plot_bgcolor": theme.paper,
            "font": {"family": theme.font, "color": theme.text, "size": 12},
            "margin": {"l": 0, "r": 0, "t": 0, "b": 0, "pad": 0},
            "autosize": True,
            # while it stays the same, plotly leaves the traces alone and draws an overlay only
            "datarevision": _revision(ecg, layout),
            "showlegend": False,
            "hovermode": False,
            "dragmode": False,  # enlarged, a trace would lose its name and its scale
            "meta": {"layout": layout.name, "sheet_mm": _sheet_mm(frame, layout)},
        },
    }


def _revision(ecg: Ecg, layout: PaperLayout) -> str:
    """All that any array of the figure hangs on: while it is the same, plotly looks at none."""
    samples = crc32(ecg.signal.tobytes())
    return f"{samples:08x} {ecg.rate:g} {layout.name} {layout.speed:g} {layout.gain:g}"


def sheet_mm(figure: Json) -> tuple[float, float]:
    """Width and height of the whole sheet in mm of paper."""
    wide, tall = figure["layout"]["meta"]["sheet_mm"]
    return wide, tall


def _sheet_mm(frame: Frame, layout: PaperLayout) -> list[float]:
    width = (frame.right - frame.left) * layout.speed
    height = (frame.top - frame.bottom) * layout.gain
    return [round(width, 3), round(height, 3)]


def _trace(ecg: Ecg, segment: Segment, layout: PaperLayout, theme: Theme) -> Json:
    first, wave = segment.cut(ecg)
    baseline = layout.baseline(segment.row)
    return {
        **_ink(segment.lead, segment.key, theme),
        "x0": segment.at + first / ecg.rate - segment.start,
        "dx": 1 / ecg.rate,
        "y": whole((wave + baseline) * UV_PER_MV),
        "connectgaps": False,
        "meta": {
            "lead": str(segment.lead),
            "rhythm": segment.rhythm,
            "row": segment.row,
            "start": segment.start,
            "baseline": baseline,
        },
    }


def _ink(name: str, key: str, theme: Theme) -> Json:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": str(name),
        "yaxis": "y2",
        "uid": key,  # becomes a CSS class of the trace: tests and styles find it by name
        "hoverinfo": "skip",
        # Without simplify=False plotly leaves out samples that lie on a line with others.
        "line": {"color": theme.trace, "width": 1.2, "simplify": False},
    }


def _calibration(layout: PaperLayout, theme: Theme) -> Json:
    """A pulse of 1 mV for 200 ms before every row, with its feet on the baseline."""
    foot = layout.x(2.5)
    rise = -foot - PULSE_S - layout.x(2.5)
    times = [rise - foot, rise, rise, rise + PULSE_S, rise + PULSE_S, rise + PULSE_S + foot]
    heights = [0, 0, _PULSE_MV, _PULSE_MV, 0, 0]
    x: list[float | None] = []
    y: list[float | None] = []
    for row in range(layout.rows):
        x += [*(round(time, 6) for time in times), None]
        y += [*(layout.baseline(row) + height for height in heights), None]
    return {
        **_ink("calibration 1 mV, 200 ms", "calibration", theme),
        "yaxis": "y",  # an axis without a trace is laid out as if it had no range
        "x": x,
        "y": y,
        "meta": {"millivolts": _PULSE_MV, "seconds": PULSE_S},
    }


def _time_axis(frame: Frame, layout: PaperLayout, theme: Theme) -> Json:
    times = list(range(int(layout.seconds) + 1))
    return {
        **_BARE,
        "range": [frame.left, frame.right],
        "showticklabels": True,
        "tickvals": times,
        # the unit stands where there is room for it: on a small sheet not beyond the last second
        "ticktext": [f"{times[0]} s", *map(str, times[1:])],
        "ticks": "inside",
        "ticklen": 5,
        "tickcolor": theme.muted,
        "ticklabelposition": "inside",
        "ticklabeloverflow": "allow",  # the last second is named as well
        "tickfont": {"size": 11, "color": theme.muted},
    }


def _voltage_axis(frame: Frame, layout: PaperLayout) -> Json:
    return {
        **_BARE,
        "range": [frame.bottom, frame.top],
        "scaleanchor": "x",
        "scaleratio": layout.aspect,
        "showticklabels": False,
    }


def _microvolt_axis(frame: Frame, layout: PaperLayout) -> Json:
    """The voltage axis once more, in the unit of the samples."""
    return {
        **_voltage_axis(frame, layout),
        "range": [frame.bottom * UV_PER_MV, frame.top * UV_PER_MV],
        "scaleratio": layout.aspect / UV_PER_MV,
        "overlaying": "y",
    }


_BARE: Json = {
    "showgrid": False,
    "zeroline": False,
    "showline": False,
    "constrain": "domain",
    "fixedrange": True,
}


def _grid(frame: Frame, layout: PaperLayout, theme: Theme, *, coarse: bool) -> Json:
    """All lines of one distance as a single path: one SVG element, not four hundred."""
    step = layout.grid_mm(coarse=coarse)
    across = _lines(frame.left, frame.right, layout.x(step))
    along = _lines(frame.bottom, frame.top, layout.y(step))
    left, right, bottom, top = map(_short, (frame.left, frame.right, frame.bottom, frame.top))
    path = [f"M{x},{bottom}V{top}" for x in across] + [f"M{left},{y}H{right}" for y in along]
    color, width = (theme.coarse, 1) if coarse else (theme.fine, 0.75)
    return _path("".join(path), name="5 mm" if coarse else "1 mm", color=color, width=width)


def _lines(low: float, high: float, step: float) -> Iterable[str]:
    return (_short(low + index * step) for index in range(round((high - low) / step) + 1))


def rounded(number: float) -> float:
    """A coordinate as short as it may be in the JSON."""
    return round(number, 4)  # a tenth of a micrometre of paper: beyond every screen


def _short(number: float) -> str:
    return f"{rounded(number):.10g}"


def _path(path: str, *, name: str, color: str, width: float) -> Json:
    return {
        "type": "path",
        "name": name,
        "path": path,
        "layer": "below",
        "fillcolor": "rgba(0,0,0,0)",
        "line": {"color": color, "width": width},
    }


def _separators(layout: PaperLayout, theme: Theme) -> Json:
    """Short strokes where one lead gives way to the next, in the rows that have columns."""
    rows = sorted({segment.row for segment in layout.segments if not segment.rhythm})
    half = layout.y(4)
    strokes = (
        f"M{_short(at)},{_short(layout.baseline(row) - half)}V{_short(layout.baseline(row) + half)}"
        for at in layout.starts()
        for row in rows
    )
    path = "".join(strokes)
    shape = _path(path or EMPTY, name="separators", color=theme.trace, width=1)
    return shape if path else {**shape, "visible": False}


def _titles(layout: PaperLayout, theme: Theme) -> Json:
    """The lead names, in the order of the traces: one text trace paints quicker than notes."""
    return {
        "type": "scatter",
        "mode": "text",
        "name": "lead names",
        "yaxis": "y2",
        "uid": "titles",
        "hoverinfo": "skip",
        "x": [rounded(name.at) for name in layout.placed],
        "y": [round(_height(name, layout) * UV_PER_MV) for name in layout.placed],
        "text": [str(name.segment.lead) for name in layout.placed],
        "textposition": "middle right",
        # a rim of paper keeps the name off the lines of the grid
        "textfont": {"size": 14, "weight": 700, "color": theme.text, "shadow": _rim(theme)},
        "meta": {"uids": [name.segment.key for name in layout.placed]},
    }


def _height(name: Name, layout: PaperLayout) -> float:
    return layout.baseline(name.segment.row) + layout.y(name.rise_mm)


def _rim(theme: Theme) -> str:
    return ", ".join(f"{x}px {y}px 1px {theme.paper}" for x in (-1, 1) for y in (-1, 1))


def _scale(
    ecg: Ecg, note: str, moves: Mapping[Lead, float], layout: PaperLayout, theme: Theme
) -> Json:
    moved = moved_words({s.lead: moves[s.lead] for s in layout.segments if s.lead in moves})
    words = (f"{layout.speed:g} mm/s", f"{layout.gain:g} mm/mV", f"{note}, {ecg.rate:g} Hz", moved)
    wide = "   ".join(filter(None, words)).replace(" ", "\u00a0")  # SVG text would fold the gaps
    return {**caption(wide, -layout.x(layout.left_mm - 2.5), theme), "name": "scale"}


def caption(text: str, x: float, theme: Theme) -> Json:
    """Small words in the band below every trace, from ``x`` seconds of the paper on.

    They lie on the lower edge of the drawing: a sheet that grew for a deep wave takes them along.
    """
    return {
        "text": text,
        "x": rounded(x),
        "yref": "y domain",
        "y": 0,
        "yshift": _ABOVE_SECONDS_PX,
        "showarrow": False,
        "xanchor": "left",
        "yanchor": "bottom",
        "borderpad": 0,
        "captureevents": False,
        "font": {"size": 12, "color": theme.text, "shadow": _rim(theme)},
    }


def _watermark(simulated: bool, layout: PaperLayout, theme: Theme) -> Json:
    return {
        "name": "watermark",
        "text": "SIMULATED",
        "visible": simulated,
        "xref": "paper",
        "yref": "paper",
        "x": 0.5,
        "y": 0.5,
        "showarrow": False,
        "captureevents": False,
        "textangle": -18 if layout.rows > 1 else 0,  # one row is too low for it
        "opacity": 0.14,
        "font": {"size": 72 if layout.rows > 1 else 56, "weight": 700, "color": theme.watermark},
    }
