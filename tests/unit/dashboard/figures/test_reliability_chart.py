import plotly.graph_objects as go
import pytest

from core.ecg import SUPERCLASSES, Superclass
from core.reliability import Bin
from dashboard.figures.reliability import reliability_chart
from tests.factories_figures import by_uid

BINS = [
    Bin(0.02, 0.01, 900, 0.005, 0.02, left=0.0, right=0.1),
    Bin(0.97, 0.9, 40, 0.76, 0.97, left=0.8, right=1.0),
]
CHART = reliability_chart(dict.fromkeys(SUPERCLASSES, BINS), dict.fromkeys(SUPERCLASSES, 0.0149))


def test_observed_shares_stand_over_what_was_predicted_with_their_intervals():
    go.Figure(CHART)
    points = by_uid(CHART)["observed-MI"]
    assert (points["x"], points["y"]) == ([0.02, 0.97], [0.01, 0.9])
    assert points["error_y"]["array"] == pytest.approx([0.01, 0.07])
    assert points["error_y"]["arrayminus"] == pytest.approx([0.005, 0.14])


def test_records_of_a_bin_stand_in_its_middle():
    bars = by_uid(CHART)["records-MI"]
    assert bars["x"] == pytest.approx([0.05, 0.9])
    assert bars["width"] == pytest.approx([0.1, 0.2])
    assert bars["y"] == [900, 40]


def test_every_class_has_a_panel_of_its_own_named_in_order():
    used = [by_uid(CHART)[f"observed-{name}"]["xaxis"] for name in SUPERCLASSES]
    assert len(set(used)) == 5
    titles = [note["text"] for note in CHART["layout"]["annotations"]][:5]
    assert titles == [f"<b>{name}</b>  ECE 0.015" for name in SUPERCLASSES]
    domains = [CHART["layout"][f"xaxis{2 * k + 1}"]["domain"] for k in range(5)]
    assert all(left[1] < right[0] for left, right in zip(domains, domains[1:], strict=False))


def test_no_records_are_an_empty_panel_without_a_figure():
    none = dict.fromkeys(SUPERCLASSES, float("nan"))
    chart = reliability_chart(dict.fromkeys(SUPERCLASSES, []), none)
    assert chart["layout"]["annotations"][0]["text"] == "<b>NORM</b>  ECE -"
    go.Figure(chart)
    assert by_uid(chart)[f"observed-{Superclass.CD}"]["x"] == []
