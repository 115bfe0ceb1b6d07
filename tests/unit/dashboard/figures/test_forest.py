import dataclasses

import plotly.graph_objects as go
import pytest

from core.comparison import Areas, Comparison
from core.ecg import SUPERCLASSES
from core.resampling import Difference
from core.subgroups import Subgroup
from dashboard.figures.forest import difference_chart, subgroup_chart
from tests.factories_figures import named

NAN = float("nan")
AREAS = Areas(macro_auroc=0.9, auroc=dict.fromkeys(SUPERCLASSES, 0.9))
WOMEN = Subgroup(
    by="sex", value="female", n=900, too_few=False, pooled=(), macro_auroc=0.94,
    macro_auroc_ci=(0.93, 0.95), auroc=dict.fromkeys(SUPERCLASSES, 0.94),
)  # fmt: skip
OLD = dataclasses.replace(
    WOMEN, by="age", value="90+", n=28, too_few=True, macro_auroc=NAN, macro_auroc_ci=(NAN, NAN)
)


def test_groups_stand_from_the_top_with_their_intervals():
    figure = subgroup_chart([WOMEN, dataclasses.replace(WOMEN, value="male")], 0.93, (0.92, 0.94))
    go.Figure(figure)
    assert figure["layout"]["yaxis"]["ticktext"] == ["sex: female", "sex: male"]
    top, bottom = figure["layout"]["yaxis"]["range"]
    assert top > bottom
    points = figure["data"][0]
    assert (points["x"], points["y"]) == ([0.94, 0.94], [0, 1])
    assert points["error_x"]["array"] == pytest.approx([0.01, 0.01])


def test_all_records_are_the_line_and_the_band():
    shapes = subgroup_chart([WOMEN], 0.93, (0.92, 0.94))["layout"]["shapes"]
    assert named(shapes, "line")["x0"] == 0.93
    assert (named(shapes, "interval of all")["x0"], named(shapes, "interval of all")["x1"]) == (
        0.92,
        0.94,
    )


def test_a_group_of_too_few_keeps_its_row_and_says_so():
    figure = subgroup_chart([WOMEN, OLD], 0.93, (0.92, 0.94))
    assert figure["layout"]["yaxis"]["ticktext"] == ["sex: female", "age: 90+"]
    assert figure["data"][0]["y"] == [0]
    (note,) = figure["layout"]["annotations"]
    assert (note["text"], note["y"]) == ("too few", 1)


def test_a_group_that_lacks_a_class_has_no_mean_and_says_why():
    group = dataclasses.replace(WOMEN, macro_auroc=NAN, macro_auroc_ci=(NAN, NAN))
    (note,) = subgroup_chart([group], 0.93, (0.92, 0.94))["layout"]["annotations"]
    assert note["text"] == "a class too rare"


def test_the_axis_holds_every_interval():
    wide = dataclasses.replace(WOMEN, macro_auroc_ci=(0.7, 0.99))
    low, high = subgroup_chart([wide], 0.93, (0.92, 0.94))["layout"]["xaxis"]["range"]
    assert low < 0.7
    assert high > 0.99


def test_without_any_figure_there_is_still_a_chart():
    figure = subgroup_chart([OLD], NAN, (NAN, NAN))
    go.Figure(figure)
    assert figure["layout"]["shapes"] == []


def test_differences_stand_against_none():
    part = Difference(0.03, 0.01, 0.05)
    figure = difference_chart(
        Comparison(
            n=90,
            only_first=0,
            only_second=0,
            first=AREAS,
            second=AREAS,
            macro=part,
            by_class=dict.fromkeys(SUPERCLASSES, part),
        )  # fmt: skip
    )
    assert figure["layout"]["yaxis"]["ticktext"] == ["macro", *SUPERCLASSES]
    assert named(figure["layout"]["shapes"], "line")["x0"] == 0
    assert figure["layout"]["xaxis"]["range"][0] < 0
