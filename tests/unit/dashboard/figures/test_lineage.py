import plotly.graph_objects as go

from core.ecg import SUPERCLASSES, Superclass
from dashboard.figures.lineage import Node, lineage_chart, metrics_chart
from tests.factories_figures import by_uid


def node(
    version: str, state: str, parent: str | None, macro: float | None, records: int = 1089
) -> Node:
    return Node(
        version=version,
        state=state,
        parent=parent,
        macro_auroc=macro,
        interval=None if macro is None else (macro - 0.01, macro + 0.02),
        records=records,
        auroc={} if macro is None else {Superclass.MI: macro},
    )


NODES = [
    node("first", "retired", None, 0.94),
    node("second", "failed", "first", 0.92),
    node("unmeasured", "challenger", "first", None),
    node("third", "champion", "first", 0.95),
]


def test_every_measured_version_is_a_point_with_its_interval():
    chart = lineage_chart(NODES)
    go.Figure(chart)
    points = by_uid(chart)["versions"]
    assert (points["x"], points["y"]) == ([0, 1, 2], [0.94, 0.92, 0.95])
    assert points["error_y"]["array"] == [0.02] * 3
    assert [text.split("<br>")[0] for text in chart["layout"]["xaxis"]["ticktext"]] == [
        "first",
        "second",
        "third",
    ]


def test_children_are_tied_to_their_parent():
    descent = by_uid(lineage_chart(NODES))["descent"]
    assert descent["x"] == [0, 1, None, 0, 2, None]
    assert descent["y"] == [0.94, 0.92, None, 0.94, 0.95, None]


def test_the_state_is_told_in_words_and_by_shape():
    chart = lineage_chart(NODES)
    assert chart["layout"]["xaxis"]["ticktext"][2] == "third<br>champion"
    symbols = by_uid(chart)["versions"]["marker"]["symbol"]
    assert len(set(symbols)) == 3


def test_classes_are_lines_over_the_versions_and_a_missing_one_a_gap():
    lines = by_uid(metrics_chart(NODES))
    assert set(lines) == {f"auroc-{name}" for name in SUPERCLASSES}
    assert lines["auroc-MI"]["y"] == [0.94, 0.92, 0.95]
    assert lines["auroc-HYP"]["y"] == [None, None, None]


def test_versions_that_were_measured_on_other_records_are_not_tied():
    mi = by_uid(metrics_chart([*NODES, node("fourth", "failed", "third", 0.9, records=16)]))
    assert mi["auroc-MI"]["x"] == [0, 1, 2, None, 3]
    assert mi["auroc-MI"]["y"] == [0.94, 0.92, 0.95, None, 0.9]


def test_without_a_version_the_charts_are_empty():
    for chart in (lineage_chart([]), metrics_chart([])):
        go.Figure(chart)
        assert all(trace["x"] == [] for trace in chart["data"])
