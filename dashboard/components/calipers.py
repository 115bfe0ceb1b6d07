"""Calipers: the row of their controls, and what the reader keeps of them with the answer.

What they do is in ``assets/calipers.js``; how they look in ``assets/caliper_marks.js``.
"""

from dash import dcc, html
from dash.development.base_component import Component

from dashboard import ids
from dashboard.figures.encoding import Json


def caliper_key() -> Component:
    """The button that takes the calipers out and puts them away."""
    return _button("Calipers", "c", "calipers-key", pressed=False)


def caliper_tools() -> Component:
    """What can be done with calipers once they are out, and what they measure."""
    controls = [
        html.Span(className="caliper-words numbers", role="status"),
        _button("Snap to the trace", "v", "snap", pressed=True),
        _button("March out", "g", "march-out", pressed=False),
        _button("Keep with my reading", "h", "keep"),
        html.Button("Clear", className="btn btn-sm clear"),
    ]
    return html.Div(
        controls,
        className="caliper-tools",
        hidden=True,
        role="group",
        **{"aria-label": "Calipers"},
    )


def kept_measurements(ecg_id: int, measurements: list[Json]) -> Component:
    """The measurements that go with an answer, each with a button that drops it."""
    return html.Div(
        [
            dcc.Store(id=ids.of_ecg("measurements", ecg_id), data=measurements),
            html.Ul(id=ids.of_ecg("kept", ecg_id), className="kept numbers"),
        ]
    )


def _button(words: str, key: str, name: str, *, pressed: bool | None = None) -> Component:
    state = {} if pressed is None else {"aria-pressed": str(pressed).lower()}
    return html.Button(
        [words, " ", html.Kbd(key)],
        className=f"btn btn-sm {name}",
        **{"data-key": key, **state},
    )
