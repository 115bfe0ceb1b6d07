"""Where the next ECGs are laid out before their turn, so that no reader waits for one."""

from dash import dcc, html
from dash.development.base_component import Component

from dashboard import ids
from dashboard.context import context

_STORES = (ids.HERE, ids.UPCOMING, ids.UPCOMING_SEEN, ids.ROUTED, ids.LEFT_BEHIND)


def places() -> Component:
    """One place for the ECG on screen and one for each that may wait; assets/ahead.js fills them.

    A page that waits is whole and painted, and hidden from eyes, keys and screen readers.
    """
    count = context().settings.ahead
    return html.Div(
        [
            *(dcc.Store(id=name) for name in _STORES),
            *(place for number in range(count + 1) if count for place in _place(number)),
        ],
        id=ids.AHEAD,
    )


def _place(number: int) -> list[Component]:
    return [
        dcc.Store(id=ids.of_slot("ask", number)),
        dcc.Store(id=ids.of_slot("drop", number)),
        dcc.Store(id=ids.of_slot("laid", number)),
        html.Div(
            id=ids.of_slot("slot", number),
            className="slot waiting",
            **{"data-slot": str(number)},
        ),
    ]
