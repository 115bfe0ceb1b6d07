"""The next ECGs, laid out while the present one is read.

What is laid out ahead is the page that its address would give, made by the same function for the
same reader: nothing of the model, of colleagues' answers or of the published label is in it.
"""

from typing import Any

from dash import MATCH, ClientsideFunction, Dash, Input, Output, State, html, no_update
from dash.development.base_component import Component

from dashboard import ids
from dashboard.components import reading
from dashboard.context import context
from dashboard.pages.read_callbacks import order_of, worklist_of
from dashboard.security import needs, person
from dashboard.triggered import parsing
from feedback import catalogue, claims
from feedback.errors import CatalogueError
from feedback.policy import Action
from feedback.worklist import upcoming

Json = dict[str, Any]
_CONTENT = "_pages_content"  # where Dash puts the page of the address
_SLOT = ids.of_slot("slot", MATCH)


def register(app: Dash) -> None:
    """Add the callbacks to ``app``."""
    app.callback(
        Output(ids.UPCOMING, "data"),
        Input(ids.HERE, "data"),
        State(ids.WORKLIST_QUERY, "data"),
        prevent_initial_call=True,
    )(come_next)
    app.callback(
        Output(_SLOT, "children"),
        Input(ids.of_slot("ask", MATCH), "data"),
        prevent_initial_call=True,
    )(lay_out)
    _watch(app, Output(ids.of_slot("laid", MATCH), "data"), Input(_SLOT, "children"), "laid")
    _watch(app, Output(ids.UPCOMING_SEEN, "data"), Input(ids.UPCOMING, "data"), "want")
    _watch(app, Output(ids.ROUTED, "data"), Input(_CONTENT, "children"), "routed")
    for place, dropped in ((_SLOT, ids.of_slot("drop", MATCH)), (_CONTENT, ids.LEFT_BEHIND)):
        empty = Output(place, "children", allow_duplicate=True)
        _watch(app, empty, Input(dropped, "data"), "nothing")


def _watch(app: Dash, output: Output, seen: Input, function: str) -> None:
    """Have a function of assets/ahead.js look at each change of ``seen``."""
    app.clientside_callback(
        ClientsideFunction("ahead", function), output, seen, prevent_initial_call=True
    )


@needs(Action.READ)
def come_next(here: Json | None, query: Json | None) -> Any:
    """Which ECGs will probably be read next, for the reader who is at ``here``."""
    count = context().settings.ahead
    if not here or not count:
        return no_update
    with parsing():
        ecg_id = int(here["ecg"])
    worklist_id = worklist_of(query)
    with context().sessions.read() as session:
        if worklist_id is not None:
            # 'after' none: which one is next is known when it is claimed, and the page that waits
            # for it is shown then; a colleague's by that time, it was laid out in vain
            # after a reload the one on screen is held again a moment later than this is asked
            likely = claims.upcoming(session, person().id, worklist_id, count + 1)
            ecgs = [one for one in likely if one != ecg_id][:count]
            return {"after": None, "ecgs": ecgs, "claimed": True}
        found = upcoming(session, person().id, order_of(query), ecg_id, count)
    return {"after": ecg_id, "ecgs": found, "claimed": False}


@needs(Action.READ)
def lay_out(ask: Json | None) -> Component | Any:
    """The page of an ECG, to wait for its turn."""
    if not ask:
        return no_update
    with parsing():
        ecg_id = int(ask["ecg"])
    try:
        with context().sessions.read() as session:
            record = catalogue.find_record(session, ecg_id)
            return reading.page(session, record, person().id)
    except CatalogueError:
        return html.Div(className="left")  # whoever goes there is told
