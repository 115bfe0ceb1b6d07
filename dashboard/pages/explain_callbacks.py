"""What the read page does when an explanation is asked for."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from dash import MATCH, ClientsideFunction, Dash, Input, Output, Patch, State, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate
from sqlalchemy.orm import Session

from core.ecg import Superclass
from core.explain.evidence import Evidence, first_method
from core.explain.explanation import Method
from dashboard import ids
from dashboard.components.explanation import (
    OFF,
    STALE,
    TOLD,
    explained_view,
    foremost,
    method_options,
    reasons_view,
)
from dashboard.components.paper import layout_of
from dashboard.components.still import still
from dashboard.context import context
from dashboard.evidence import evidence_of, reasons
from dashboard.figures.explanation import METHODS, explanation_overlay
from dashboard.figures.geometry import PaperLayout
from dashboard.figures.overlay import Overlay, no_overlay
from dashboard.figures.sheets import PaperSettings
from dashboard.preferences import theme
from dashboard.security import needs, person
from dashboard.triggered import number_in_id, only_by, parsing
from feedback import catalogue, explanations, readings
from feedback.errors import FeedbackError, NothingToExplain
from feedback.explanations import Explained
from feedback.opinions import OpinionShown
from feedback.policy import Action
from feedback.tables import JobState, Json, ModelVersion

Laid = tuple[Any, Any, Any]  # look of the words, figure, what lies over it
Told = tuple[Any, Any, bool, Any]  # words, their look, tick off, what the words are about


def register(app: Dash) -> None:
    """Add the callbacks of the explanation to ``app``."""
    app.callback(
        # first the one that a page without explanations lacks: Dash then runs nothing for its sheet
        Output(ids.of_ecg("explained", MATCH), "className"),
        Output(ids.of_ecg("paper", MATCH), "figure", allow_duplicate=True),
        Output(ids.of_ecg("laid-over", MATCH), "data"),
        Input(ids.of_ecg("method", MATCH), "value"),
        Input(ids.of_ecg("explained-class", MATCH), "value"),
        Input(ids.of_ecg("explain-tick", MATCH), "n_intervals"),
        # colours on their way to a sheet are dropped when another one comes, and laid on that
        Input(ids.of_ecg("shown", MATCH), "data"),
        State(ids.of_ecg("laid-over", MATCH), "data"),
        prevent_initial_call=True,
    )(lay_explanation_over)
    # The colours first: what is said of them takes the browser as long again. It hears the tick
    # through them alone: Dash drops what is under way when it is asked for once more.
    app.callback(
        Output(ids.of_ecg("explained", MATCH), "children"),
        Output(ids.of_ecg("explained", MATCH), "className", allow_duplicate=True),
        Output(ids.of_ecg("explain-tick", MATCH), "disabled"),
        Output(ids.of_ecg("told", MATCH), "data"),
        Input(ids.of_ecg("laid-over", MATCH), "data"),
        State(ids.of_ecg("told", MATCH), "data"),
        State(ids.of_ecg("method", MATCH), "value"),
        State(ids.of_ecg("explained-class", MATCH), "value"),
        prevent_initial_call=True,
    )(tell_explanation)
    app.callback(
        Output(ids.of_ecg("method", MATCH), "options"),
        Output(ids.of_ecg("reasons", MATCH), "children"),
        Input(ids.of_ecg("explained-class", MATCH), "value"),
        prevent_initial_call=True,
    )(offer_methods)
    app.clientside_callback(
        ClientsideFunction("overlay", "fade"),
        Output(ids.of_ecg("faded", MATCH), "data"),
        Input(ids.of_ecg("opacity", MATCH), "value"),
        State(ids.of_ecg("opacity", MATCH), "id"),
    )


@needs(Action.READ)
def lay_explanation_over(
    method: str | None,
    superclass: str | None,
    ticks: int | None,
    paper: Json | None,
    before: Json | None,
) -> Laid:
    """Lay an explanation over the trace, ask for it where it is not there, or take it off.

    Words about another one are hidden with its colours.
    """
    chosen = not only_by("shown")
    if method in (None, OFF):
        return _bare(before, chosen)
    question, ecg_id = _question({"method": method, "class": superclass}), _ecg_id()
    if _why_not(_opinion(ecg_id)[1], *question):
        return _bare(before, chosen)
    found = _asked_for(ecg_id, *question, again=chosen)
    settings, about = PaperSettings.of(paper), _lying(found, method, superclass)
    lies = on_sheet(about, settings)
    if lies == before:  # the colours lie there, or are still computed
        return no_update, no_update, lies
    look = no_update if _without_sheet(before) == about else STALE
    return look, as_change(_overlay(found, _sheet(ecg_id, settings))), lies


def _bare(before: Json | None, chosen: bool) -> Laid:
    """Nothing is to lie over the trace; what lies there is taken off."""
    if not before and not chosen:
        raise PreventUpdate  # one bare sheet after another
    return STALE, as_change(no_overlay()), None


@needs(Action.READ)
def tell_explanation(
    lies: Json | None, before: Json | None, method: str | None, superclass: str | None
) -> Told:
    """Say what was laid over the trace and how far to trust it, or what is still waited for."""
    if method in (None, OFF):
        return None, TOLD, True, None
    question, ecg_id = _question({"method": method, "class": superclass}), _ecg_id()
    shown, evidence = _opinion(ecg_id)
    if why := _why_not(evidence, *question):
        return html.P(f"{METHODS[question[0]]} is not offered: {why}."), TOLD, True, None
    found = _found(ecg_id, *question)
    about = _without_sheet(lies)
    if found is None or about != _lying(found, method, superclass):  # its colours are on their way
        return no_update, no_update, False, no_update
    told = about | {"reported": not found.pending}
    if told == before and about["drawn"]:  # its report is waited for, or another sheet was chosen
        return no_update, TOLD, not found.pending, no_update
    return still(explained_view(found, shown, evidence, theme())), TOLD, not found.pending, told


def _lying(found: Explained, method: str | None, superclass: str | None) -> Json:
    """What lies over the trace once what there is of the explanation is drawn."""
    return {"method": method, "class": superclass, "drawn": found.explanation is not None}


def on_sheet(lies: Json, settings: PaperSettings) -> Json:
    """What lies over the trace, and the sheet that it was laid on."""
    return lies | {"paper": settings.as_json}


def _without_sheet(lies: Json | None) -> Json:
    """What lies over the trace, whatever the sheet; nothing where a browser says nonsense."""
    said = lies if isinstance(lies, dict) else {}
    return {name: value for name, value in said.items() if name != "paper"}


def _why_not(evidence: Evidence | None, method: Method, superclass: Superclass) -> str | None:
    """Why this method may not explain this class, if it may not."""
    return reasons(evidence, superclass).get(method)


def explanation_on_screen(session: Session, ecg_id: int, lies: Json | None) -> Json | None:
    """Method and class of what lay over the trace when an answer was given.

    The browser says which; that there was something to lay there is looked up.
    """
    if not lies or not lies.get("drawn"):
        return None
    method, superclass = _question(lies)
    try:
        found = explanations.find(session, person().id, ecg_id, method, superclass)
    except NothingToExplain:
        return None
    if found is None or found.explanation is None:
        return None
    return {"method": method.value, "class": superclass.value}


def ask_ahead(ecg_id: int) -> None:
    """Have the explanation that is shown first computed before it is asked for.

    It is not for sure that it can be: then whoever asks for it is told.
    """
    with suppress(FeedbackError):
        shown, evidence = _opinion(ecg_id)
        superclass, method = foremost(shown), first_method(evidence)
        if method not in reasons(evidence, superclass):
            _asked_for(ecg_id, method, superclass)


def overlay_on(ecg_id: int, lies: Json | None, settings: PaperSettings) -> Overlay:
    """What lies over the trace, for another sheet; NotRevealed before a blind answer."""
    if not lies:
        return no_overlay()
    found = _found(ecg_id, *_question(lies))
    return no_overlay() if found is None else _overlay(found, _sheet(ecg_id, settings))


@needs(Action.READ)
def offer_methods(superclass: str | None) -> tuple[list[Json], list[Component]]:
    """The methods that may explain a class by the model whose opinion is shown; why others not."""
    _, chosen = _question({"method": Method.SHAP, "class": superclass})
    held_against = reasons(_opinion(_ecg_id())[1], chosen)
    return method_options(held_against), reasons_view(held_against)


def _opinion(ecg_id: int) -> tuple[OpinionShown, Evidence | None]:
    """What the reader is shown of the model, and what was measured of it; raises NotRevealed."""
    with context().sessions.read() as session:
        shown = readings.opinion_for(session, person().id, ecg_id)
        model = session.get(ModelVersion, shown.model_id) if shown.model_id else None
    return shown, evidence_of(model) if model else None


def _asked_for(
    ecg_id: int, method: Method, superclass: Superclass, *, again: bool = True
) -> Explained:
    """What there is of the explanation; asked for where there is none, ``again`` if it failed."""
    found = _found(ecg_id, method, superclass)
    if found is None or (again and found.state is JobState.FAILED):
        question = person().id, ecg_id, method, superclass
        with context().sessions.begin() as session:
            explanations.request(session, *question)
            found = explanations.find(session, *question)
    assert found is not None
    return found


def _found(ecg_id: int, method: Method, superclass: Superclass) -> Explained | None:
    with context().sessions.read() as session:
        return explanations.find(session, person().id, ecg_id, method, superclass)


def _sheet(ecg_id: int, settings: PaperSettings) -> PaperLayout:
    """The sheet as it is drawn of this ECG: its rows lie where its waves have them."""
    with context().sessions.read() as session:
        root = Path(catalogue.active_source(session).root)
        ecg = context().samples.read(root, catalogue.find_record(session, ecg_id))
    return layout_of(ecg, settings)


def _overlay(found: Explained, layout: PaperLayout) -> Overlay:
    """The colours, once they are there; until then none, as those before speak of another thing."""
    if found.explanation is None:
        return no_overlay()
    return explanation_overlay(found.explanation, layout=layout, theme=theme())


def as_change(overlay: Overlay) -> Patch:
    """The overlay as a change of the figure: the signal is not sent again."""
    patch = Patch()
    for (*way, last), value in overlay.slots():
        place = patch
        for step in way:
            place = place[step]
        place[last] = value
    return patch


def _ecg_id() -> int:
    return number_in_id("ecg")


def _question(said: Json) -> tuple[Method, Superclass]:
    """Which explanation is meant; unknown words are refused with 400."""
    with parsing():
        return Method(said["method"]), Superclass(said["class"])
