"""How the signed-in person wants things to look, as stored with the account."""

from dash import ClientsideFunction, Dash, Input, Output, no_update
from flask import Response, request

from dashboard import ids
from dashboard.context import context
from dashboard.figures.sheets import PaperSettings
from dashboard.figures.theme import THEMES, Look, Theme
from dashboard.security import YEAR_S, needs, person, signed_in
from feedback import users
from feedback.policy import Action

COOKIE = "trustecg_look"  # for the pages before a login


def register(app: Dash) -> None:
    """Add the change between light and dark to ``app``."""
    app.callback(
        Output(ids.LOOK_CHOSEN, "data"),
        Input(ids.LOOK, "n_clicks"),
        prevent_initial_call=True,
    )(change_look)
    app.clientside_callback(
        ClientsideFunction("paper", "reload"),
        Output(ids.LOOK_SHOWN, "data"),
        Input(ids.LOOK_CHOSEN, "data"),
        prevent_initial_call=True,
    )
    app.server.after_request(_remember)


@needs(Action.SEE_WORKLIST)
def change_look(clicks: int | None) -> object:
    """Dark for whoever had it light, and the other way round; the page is then drawn anew."""
    if not clicks:
        return no_update
    other = Look.LIGHT if look() is Look.DARK else Look.DARK
    with context().sessions.begin() as session:
        users.prefer(session, person().id, look=other.value)
    return other.value


def paper_settings() -> PaperSettings:
    """Their choices of the ECG paper; as usual where they made none."""
    return PaperSettings.of(person().preferences.get("paper"))


def look() -> Look:
    """Light or dark: as this person chose, or as whoever was last at this browser."""
    words = person().preferences.get("look") if signed_in() else request.cookies.get(COOKIE)
    return Look.DARK if words == Look.DARK else Look.LIGHT


def theme() -> Theme:
    """The colours of figures for this person."""
    return THEMES[look()]


def _remember(response: Response) -> Response:
    """Keep the look at this browser, for the page on which they sign in again."""
    if response.mimetype == "text/html" and signed_in():
        response.set_cookie(
            COOKIE,
            look().value,
            max_age=YEAR_S,
            httponly=True,
            samesite="Lax",
            secure=context().settings.secure_cookies,
        )
    return response
