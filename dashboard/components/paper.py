"""The ECG on its paper, under a row of choices."""

from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from core.ecg import Ecg
from core.errors import CoreError
from core.filtering import SignalShown, as_shown
from dashboard import ids
from dashboard.components.answer import buttons
from dashboard.components.calipers import caliper_key, caliper_tools
from dashboard.figures.encoding import Json
from dashboard.figures.geometry import PaperLayout
from dashboard.figures.offset import on_their_rows
from dashboard.figures.paper import GRAPH_CONFIG, ecg_paper, sheet_mm
from dashboard.figures.sheets import Gain, PaperSettings, Sheet, Speed
from dashboard.figures.spacing import spaced
from dashboard.figures.theme import LIGHT, Theme

PARTS = ("sheet", "speed", "gain", "signal")  # of the choices, as PaperSettings names them
_SIGNALS = {
    SignalShown.RAW: "Raw",
    SignalShown.DIAGNOSTIC: "0.05\u201340 Hz",
    SignalShown.MODEL: "Model\u2019s",
}


def paper(
    ecg: Ecg, settings: PaperSettings, *, simulated: bool, ecg_id: int, theme: Theme = LIGHT
) -> Component:
    """The choices and the sheet."""
    shown, settings = in_form(ecg, settings)
    figure = figure_of(shown, settings, simulated=simulated, theme=theme)
    sheet = dcc.Graph(
        id=ids.of_ecg("paper", ecg_id),
        figure=figure,
        config=GRAPH_CONFIG,
        style=proportions(figure, settings.layout),
        className="paper",
    )
    return html.Div(
        [
            toolbar(ecg_id, settings),
            dcc.Store(id=ids.of_ecg("shown", ecg_id), data=settings.as_json),
            dcc.Store(id=ids.of_ecg("alone", ecg_id)),
            dcc.Store(id=ids.of_ecg("arranged", ecg_id)),
            caliper_tools(),
            html.Div(
                html.Div([sheet, html.Div(className="calipers-layer")], className="paper-frame"),
                className="paper-sheet",
                role="region",
                tabIndex="0",  # a sheet wider than the screen is moved with the arrow keys
                **{"aria-label": "ECG paper"},
            ),
        ]
    )


def in_form(ecg: Ecg, settings: PaperSettings) -> tuple[Ecg, PaperSettings]:
    """The ECG in the form chosen, or raw, and said to be so, where it cannot be had in it."""
    try:
        return as_shown(ecg, settings.signal), settings
    except CoreError:
        return ecg, replace(settings, signal=SignalShown.RAW)


def figure_of(
    shown: Ecg, settings: PaperSettings, *, simulated: bool, theme: Theme = LIGHT
) -> Json:
    """The figure of an ECG that is in the form chosen already."""
    return ecg_paper(
        shown,
        simulated=simulated,
        note=settings.signal.caption,
        layout=settings.layout,
        theme=theme,
    )


def layout_of(ecg: Ecg, settings: PaperSettings) -> PaperLayout:
    """The sheet that ``figure_of`` draws of an ECG as it was read: where its rows lie."""
    shown, settings = in_form(ecg, settings)
    return spaced(settings.layout, on_their_rows(shown)[0])


def proportions(figure: Json, layout: PaperLayout) -> dict[str, Any]:
    """The sheet's size in mm for the sheet of styles, which keeps it true and on the screen.

    ``--usual`` is the width of the same sheet at 25 mm/s: a quicker one is longer by as much.
    ``--fits`` is the height that a screen must hold, about that at 10 mm/mV: more gain would else
    make the sheet smaller, not the waves larger.
    ``--alone`` is 1 for a single lead, which is enlarged and longer than its place, else 0.
    """
    wide, tall = sheet_mm(figure)
    usual = layout.at_speed(float(Speed.USUAL))
    return {
        "--wide": wide,
        "--tall": tall,
        "--fits": tall * min(1, float(Gain.USUAL) / layout.gain),
        "--alone": int(layout.rows == 1),
        "--usual": usual.seconds * usual.speed + usual.left_mm + usual.right_mm,
    }


def toolbar(ecg_id: int, settings: PaperSettings) -> Component:
    """One quiet row: layout, speed, gain and signal."""
    groups = (
        ("sheet", "Layout", "", Sheet, {sheet: sheet.value for sheet in Sheet}),
        ("speed", "Paper speed", "mm/s", Speed, {speed: speed.value for speed in Speed}),
        ("gain", "Gain", "mm/mV", Gain, {gain: gain.value for gain in Gain}),
        ("signal", "Signal", "", SignalShown, _SIGNALS),
    )
    return html.Div(
        [
            *(
                _group(ecg_id, part, name, unit, kind, words, getattr(settings, part))
                for part, name, unit, kind, words in groups
            ),
            caliper_key(),
            html.Button(
                ["All leads ", html.Kbd("Esc")], className="btn btn-sm all-leads", hidden=True
            ),
        ],
        id=ids.of_ecg("tools", ecg_id),
        className="paper-tools",
        role="group",
        **{"aria-label": "ECG paper"},
    )


def _group(
    ecg_id: int,
    part: str,
    name: str,
    unit: str,
    kind: Iterable[StrEnum],
    words: dict[Any, str],
    chosen: StrEnum,
) -> Component:
    options = [{"label": words[choice], "value": choice.value} for choice in kind]
    row = buttons(ids.of_ecg(part, ecg_id), options, chosen.value, label=name, className=part)
    return html.Div([row, html.Span(unit, className="quiet")], className="tool")
