import numpy as np
import plotly.graph_objects as go
import pytest
from sklearn import metrics

from core.assessment import Assessment
from core.ecg import SUPERCLASSES, Superclass
from dashboard.figures.curves import (
    precision_recall_chart,
    precision_recall_curve,
    roc_chart,
    roc_curve,
)
from dashboard.figures.encoding import decoded
from dashboard.figures.theme import LIGHT
from tests.factories_figures import by_uid
from tests.factories_scored import some_scored

RNG = np.random.default_rng(4)
SCORED = some_scored()
RESULT = Assessment.of(SCORED)
CHARTS = {
    roc_chart: RESULT.auroc,
    precision_recall_chart: RESULT.auprc,
}


def drawn(chart, area=None, thresholds=None):
    return chart(
        SCORED.probability, SCORED.label, thresholds or RESULT.thresholds, area or CHARTS[chart]
    )


def test_roc_passes_through_the_points_of_scikit_learn_ties_included():
    score, label = RNG.integers(0, 20, 300) / 20, RNG.random(300) < 0.3
    false, true, _ = metrics.roc_curve(label, score, drop_intermediate=False)
    x, y = roc_curve(score, label)
    assert x == pytest.approx(false)
    assert y == pytest.approx(true)


def test_precision_and_recall_pass_through_the_points_of_scikit_learn():
    score, label = RNG.integers(0, 20, 300) / 20, RNG.random(300) < 0.3
    precision, recall, _ = metrics.precision_recall_curve(label, score)
    x, y = precision_recall_curve(score, label)
    assert x[1:] == pytest.approx(recall[-2::-1])
    assert y[1:] == pytest.approx(precision[-2::-1])


@pytest.mark.parametrize("chart", CHARTS)
def test_every_class_has_its_line_its_colour_and_its_area_in_order(chart):
    figure = drawn(chart)
    go.Figure(figure)
    lines = [trace for trace in figure["data"] if trace["uid"].startswith("curve-")]
    assert [line["line"]["color"] for line in lines] == list(LIGHT.classes)
    assert [line["name"] for line in lines] == [
        f"{name} {CHARTS[chart][name]:.3f}" for name in SUPERCLASSES
    ]
    assert len(set(LIGHT.classes)) == len({*zip(LIGHT.classes, LIGHT.dashes, strict=True)}) == 5


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


def test_a_threshold_that_nothing_reaches_lies_at_the_beginning():
    figure = by_uid(drawn(roc_chart, thresholds=dict.fromkeys(SUPERCLASSES, 2.0)))
    assert (figure["threshold-CD"]["x"], figure["threshold-CD"]["y"]) == ([0.0], [0.0])


def test_roc_is_drawn_from_corner_to_corner():
    line = by_uid(drawn(roc_chart))["curve-NORM"]
    assert (decoded(line["x"])[0], decoded(line["y"])[0]) == (0, 0)
    assert (decoded(line["x"])[-1], decoded(line["y"])[-1]) == (1, 1)
