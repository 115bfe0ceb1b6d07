"""Rate, intervals and axes of an ECG: one line, and unfolded their table and the median beat.

They are measured on the signal and owe nothing to the model: a blind reader may see them.
"""

from typing import Any

from dash import html
from dash.development.base_component import Component

from core.intervals import VALUES, Intervals
from dashboard.components.opinion import still_chart
from dashboard.figures.median_beat import median_beat
from dashboard.figures.theme import LIGHT, Theme

NAMES = {
    "heart_rate": ("Heart rate", "/min"),
    "pr": ("PR", "ms"),
    "qrs": ("QRS", "ms"),
    "qt": ("QT", "ms"),
    "qtc_bazett": ("QTc Bazett", "ms"),
    "qtc_fridericia": ("QTc Fridericia", "ms"),
    "axis": ("QRS axis", "°"),
    "p_axis": ("P axis", "°"),
    "t_axis": ("T axis", "°"),
}
_IN_LINE = ("heart_rate", "pr", "qrs", "qt", "qtc_bazett", "qtc_fridericia", "axis")
HOW = "Measured on the signal by rules, not by the model."
# Spikes are not looked for: of 100 samples a second, those of half of 200 paced records of
# PTB-XL stand out as do 2 % of records in sinus rhythm. The record says it of 97 % of them.
PACED = (
    "The record names a pacemaker: PR, QRS, QT and axes of paced beats are not those of the "
    "heart's own conduction."
)


def intervals_view(
    measured: Intervals, *, pacemaker: bool = False, theme: Theme = LIGHT
) -> Component:
    """The values in one line; unfolded with their reasons beside the beat they were read from."""
    values = [html.Span(_short(name, measured)) for name in _IN_LINE]
    values += [html.Span(flag, className="flag") for flag in _flags(measured)]
    if pacemaker:
        values.append(html.Span("pacemaker", className="flag"))
    return html.Details(
        [
            html.Summary([html.Span("Intervals", className="title"), *values]),
            html.P(PACED, className="quiet") if pacemaker else None,
            html.Div([_table(measured), *_beat(measured, theme)], className="measured"),
        ],
        className="intervals numbers",
    )


def _flags(measured: Intervals) -> list[str]:
    """What the caveats are about: of "irregular rhythm, corrected by ..." the irregular rhythm."""
    said = (part for caveat in measured.caveats.values() for part in caveat.split("; "))
    return list(dict.fromkeys(part.partition(",")[0] for part in said))


def _short(name: str, measured: Intervals) -> list[Component | str]:
    title, unit = NAMES[name]
    value = shown(getattr(measured, name), unit)
    if value:
        return [f"{title} {value}"]
    dash = html.Span("\u2013", **{"aria-hidden": "true"})
    return [f"{title} ", dash, html.Span("not measurable", className="visually-hidden")]


def shown(value: float | None, unit: str) -> str | None:
    """A value as it is written, whole and with its unit; None for none."""
    if value is None:
        return None
    gap = "" if unit in ("°", "/min") else "\u00a0"
    return f"{round(value)}{gap}{unit}".replace("-", "\u2212")


def _table(measured: Intervals) -> Component:
    rows = [
        html.Tr([html.Th(NAMES[name][0], scope="row"), html.Td(told(name, measured))])
        for name in VALUES
    ]
    return html.Table(
        [html.Caption(HOW), html.Tbody(rows)],
        className="values",
    )


def told(name: str, measured: Intervals) -> list[Any]:
    """A value with its caution, or why there is none; what a row above says is not said again."""
    why, caveat = measured.reasons.get(name), measured.caveats.get(name)
    if why:
        first = next(one for one in VALUES if measured.reasons.get(one) == why)
        said = why if first == name else f"as {NAMES[first][0]}"
        return [html.Span(f"not measurable: {said}", className="quiet")]
    value = shown(getattr(measured, name), NAMES[name][1])
    return [value, html.Span(f", with care: {caveat}", className="quiet") if caveat else None]


def _beat(measured: Intervals, theme: Theme) -> list[Component]:
    beat = measured.median
    if beat is None:
        return []
    chart = still_chart(median_beat(beat, theme=theme), "median-beat")
    said = f"Median of {beat.beats} alike beats, all leads over one another, 0.5\u201340 Hz."
    return [
        html.Figure([html.Div(chart, **{"aria-hidden": "true"}), html.Figcaption(said)]),
    ]
