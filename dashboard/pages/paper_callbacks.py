"""The ECG paper of the read page: drawn anew by what is chosen, which stays chosen."""

from pathlib import Path
from typing import Any

from dash import MATCH, ClientsideFunction, Dash, Input, Output, State, no_update

from core.filtering import as_shown
from dashboard import ids
from dashboard.components.paper import PARTS, figure_of, proportions
from dashboard.context import context
from dashboard.figures.encoding import Json
from dashboard.figures.overlay import lay_over
from dashboard.figures.sheets import PaperSettings
from dashboard.pages.explain_callbacks import on_sheet, overlay_on
from dashboard.preferences import theme
from dashboard.security import needs, person
from dashboard.triggered import number_in_id
from feedback import catalogue, users
from feedback.policy import Action


def register(app: Dash) -> None:
    """Add the paper's callbacks to ``app``."""
    app.callback(
        Output(ids.of_ecg("paper", MATCH), "figure"),
        Output(ids.of_ecg("paper", MATCH), "style"),
        Output(ids.of_ecg("shown", MATCH), "data"),
        Output(ids.of_ecg("laid-over", MATCH), "data", allow_duplicate=True),
        *(Input(ids.of_ecg(part, MATCH), "value") for part in PARTS),
        Input(ids.of_ecg("alone", MATCH), "data"),
        State(ids.of_ecg("laid-over", MATCH), "data"),
        prevent_initial_call=True,
    )(show_paper)
    app.clientside_callback(
        ClientsideFunction("paper", "arrange"),
        Output(ids.of_ecg("arranged", MATCH), "data"),
        Input(ids.of_ecg("shown", MATCH), "data"),
    )


@needs(Action.READ)
def show_paper(
    sheet: str, speed: str, gain: str, signal: str, lead: str | None, laid_over: Json | None
) -> tuple[Json, Json, Json, Any]:
    """Draw the ECG as chosen, and keep the choices for the reader's next ones.

    A ``lead`` is alone on the sheet, of this ECG only.
    """
    chosen = {"sheet": sheet, "speed": speed, "gain": gain, "signal": signal}
    settings = PaperSettings.of(chosen | {"lead": lead})
    ecg_id = number_in_id("ecg")
    figure = _figure(ecg_id, settings)
    lay_over(figure, overlay_on(ecg_id, laid_over, settings))
    with context().sessions.begin() as session:
        users.prefer(session, person().id, paper=PaperSettings.of(chosen).as_json)
    lies = on_sheet(laid_over, settings) if laid_over else no_update
    return figure, proportions(figure, settings.layout), settings.as_json, lies


def _figure(ecg_id: int, settings: PaperSettings) -> Json:
    with context().sessions.read() as session:
        source = catalogue.active_source(session)
        record = catalogue.find_record(session, ecg_id)
        ecg = context().samples.read(Path(source.root), record)
    shown = as_shown(ecg, settings.signal)
    return figure_of(shown, settings, simulated=source.simulated, theme=theme())
