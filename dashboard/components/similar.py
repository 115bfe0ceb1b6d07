"""ECGs that the network finds like the one on screen, and what was said of them."""

from collections.abc import Sequence

from dash import dcc, html
from dash.development.base_component import Component

from feedback.similar import SimilarEcg


def similar_view(alike: Sequence[SimilarEcg]) -> Component | None:
    """Links to the reader's own nearest ECGs, folded away; None where there are none."""
    if not alike:
        return None
    return html.Details(
        [
            html.Summary("ECGs like this one that you have read"),
            html.Ul([html.Li(_line(one)) for one in alike], className="similar"),
            html.P(
                "Adjudicated ones come first. Likeness is the cosine of what the network makes of "
                "both: 1 is the same, 0 nothing in common.",
                className="quiet",
            ),
        ],
        className="published alike",
    )


def _line(one: SimilarEcg) -> list[Component | str]:
    found = "unreadable" if one.unreadable else ", ".join(one.found) or "no superclass"
    return [
        dcc.Link(f"ECG {one.ecg_id}", href=f"/read/{one.ecg_id}"),
        f" · likeness {one.similarity:.2f} · you found {found}",
        _settled(one),
    ]


def _settled(one: SimilarEcg) -> str:
    if one.settled is None:
        return ""
    if one.settled_unreadable:
        return " · adjudicated: unreadable"
    verdicts = ", ".join(f"{name} {verdict}" for name, verdict in one.settled.items())
    return f" · adjudicated: {verdicts}"
