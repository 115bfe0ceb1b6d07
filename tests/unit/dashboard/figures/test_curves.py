import plotly.graph_objects as go
import pytest

from core.assessment import Assessment
from core.curves import precision_recall_curve, roc_curve
from core.ecg import SUPERCLASSES, Superclass
from dashboard.figures.curves import precision_recall_chart, roc_chart
from dashboard.figures.encoding import decoded
from dashboard.figures.theme import LIGHT
from tests.factories_figures import by_uid
from tests.factories_scored import some_scored

SCORED = some_scored()
RESULT = Assessment.of(SCORED)
CHARTS = {roc_chart: RESULT.auroc, precision_recall_chart: RESULT.auprc}
CURVES = {roc_chart: roc_curve, precision_recall_chart: precision_recall_curve}


def drawn(chart, area=None, thresholds=None):
    at = thresholds or RESULT.thresholds
    curves = {
        name: CURVES[chart](SCORED.probability[:, k], SCORED.label[:, k], at[name])
        for k, name in enumerate(SUPERCLASSES)
    }
    return chart(curves, at, area or CHARTS[chart])


@pytest.mark.parametrize("chart", CHARTS)
def test_every_class_has_its_line_its_colour_and_its_area_in_order(chart):
    figure = drawn(chart)
    go.Figure(figure)
    lines = [trace for trace in figure["data"] if trace["uid"].startswith("curve-")]
    assert [line["line"]["color"] for line in lines] == list(LIGHT.classes)
    assert [line["name"] for line in lines] == [
        f"{name} {CHARTS[chart][name]:.3f}" for name in SUPERCLASSES
    ]
    assert [line["line"]["dash"] for line in lines] == list(LIGHT.dashes)


def test_lines_are_told_apart_by_colour_and_in_a_grey_print():
    assert len(set(LIGHT.classes)) == 5
    assert len(set(LIGHT.dashes)) == 5


def test_lines_enclose_the_areas_that_are_stated():
    """A tie is a slope of the ROC, and a step of precision and recall."""
    assert by_uid(drawn(roc_chart))["curve-MI"]["line"]["shape"] == "linear"
    assert by_uid(drawn(precision_recall_chart))["curve-MI"]["line"]["shape"] == "vh"


def test_the_dot_of_a_threshold_lies_where_the_class_is_called():
    roc, pr = by_uid(drawn(roc_chart)), by_uid(drawn(precision_recall_chart))
    sensitivity = RESULT.sensitivity[Superclass.MI].value
    called = SCORED.called[:, 1]
    precision = (called & SCORED.label[:, 1]).sum() / called.sum()
    dot = roc["threshold-MI"]
    assert dot["y"] == [pytest.approx(sensitivity)]
    assert dot["x"] == [pytest.approx(1 - RESULT.specificity[Superclass.MI].value)]
    assert pr["threshold-MI"]["x"] == [pytest.approx(sensitivity)]
    assert pr["threshold-MI"]["y"] == [pytest.approx(precision)]


def test_a_class_without_an_area_has_no_line():
    figure = drawn(roc_chart, RESULT.auroc | {Superclass.HYP: float("nan")})
    assert "curve-HYP" not in by_uid(figure)
    assert "curve-CD" in by_uid(figure)


def test_a_threshold_that_nothing_reaches_lies_at_the_beginning_and_has_no_precision():
    unreached = dict.fromkeys(SUPERCLASSES, 2.0)
    roc = by_uid(drawn(roc_chart, thresholds=unreached))
    assert (roc["threshold-CD"]["x"], roc["threshold-CD"]["y"]) == ([0.0], [0.0])
    assert "threshold-CD" not in by_uid(drawn(precision_recall_chart, thresholds=unreached))


def test_roc_is_drawn_from_corner_to_corner():
    line = by_uid(drawn(roc_chart))["curve-NORM"]
    assert (decoded(line["x"])[0], decoded(line["y"])[0]) == (0, 0)
    assert (decoded(line["x"])[-1], decoded(line["y"])[-1]) == (1, 1)
