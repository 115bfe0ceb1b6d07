"""What the model says of one class, set beside the reader's own word on it."""

from dash import html
from dash.development.base_component import Component

from core.ecg import Superclass
from core.explain.words import never_certain
from feedback.opinions import OpinionShown


def call_view(shown: OpinionShown, name: Superclass) -> Component:
    """Probability and threshold of a class, in words and as a bar with a tick.

    That the model abstains is not told by the hatching alone: no agreement is asked for there,
    and the word stands in its place.
    """
    assert shown.probabilities is not None and shown.thresholds is not None
    value, threshold = shown.probabilities[name], shown.thresholds[name]
    digits = 3 if round(value, 2) == round(threshold, 2) else 2  # so that above and below differ
    side = "above" if name in shown.predicted else "below"
    words = [
        html.Span("Model ", className="quiet"),
        html.B(never_certain(value, digits)),
        f", {side} {threshold:.{digits}f}",
    ]
    look = "hatched" if name in shown.abstained else side
    bar = html.Div(
        className=f"probability {look}",
        style={"--value": value, "--threshold": threshold},
        **{"aria-hidden": "true"},
    )
    return html.Div([html.Div(words), bar], className="call numbers")


def abstains() -> Component:
    """What stands where agreement would be asked for."""
    return html.Div("abstains", className="abstains")
