import numpy as np
import plotly.graph_objects as go
import pytest

from core.ecg import LEADS, Lead, Superclass
from core.explain.explanation import Explanation, Method, Unit
from dashboard.figures.lead_bars import lead_bars
from tests.factories_explanations import explanation
from tests.factories_figures import named


def attention() -> Explanation:
    """Attention of which the first lead has one part in 78, and the last twelve."""
    shares = np.repeat(np.arange(1, 13)[:, None] / 78_000, 1000, axis=1)
    return explanation(Method.ATTENTION, attribution=shares, unit=Unit.ATTENTION)


def said(figure: dict) -> dict[str, str]:
    notes = figure["layout"]["annotations"]
    return {note["y"]: note["text"] for note in notes if note["y"] in {str(lead) for lead in LEADS}}


def test_the_leads_stand_in_their_order_from_the_top() -> None:
    figure = lead_bars(attention())
    (bars,) = figure["data"]
    assert bars["y"] == [str(lead) for lead in LEADS]
    assert bars["x"] == pytest.approx(np.arange(1, 13) / 78, abs=1e-4)
    assert figure["layout"]["yaxis"]["autorange"] == "reversed"
    go.Figure(figure)


def test_attention_is_told_in_shares_against_an_even_one() -> None:
    figure = lead_bars(attention())
    assert figure["layout"]["title"]["text"] == "MI by lead, share"
    assert (said(figure)["I"], said(figure)["V6"]) == ("1%", "15%")
    assert named(figure["layout"]["shapes"], "mark")["x0"] == pytest.approx(1 / 12)


def test_logits_are_told_for_and_against() -> None:
    planted = (Lead.V2, 0, 10, 0.1), (Lead.I, 0, 10, -0.04)
    figure = lead_bars(explanation(Method.SHAP, Superclass.CD, *planted))
    assert figure["layout"]["title"]["text"] == "CD by lead, logits for (+) and against (−)"
    assert (said(figure)["V2"], said(figure)["I"]) == ("+1.00", "−0.40")
    assert named(figure["layout"]["shapes"], "mark")["x0"] == 0
    colors = dict(zip(LEADS, figure["data"][0]["marker"]["color"], strict=True))
    assert colors[Lead.V2] != colors[Lead.I]


def test_weak_evidence_is_not_blown_up() -> None:
    weak = lead_bars(explanation(Method.SHAP, Superclass.CD, (Lead.V2, 0, 10, 0.001)))
    assert weak["layout"]["xaxis"]["range"][1] >= 0.5
