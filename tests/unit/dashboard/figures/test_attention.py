import json
import re
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from core.ecg import LEADS, Superclass
from dashboard.figures.attention import (
    EDGES,
    Overlay,
    attention_overlay,
    lead_bars,
    no_overlay,
)
from dashboard.figures.overlay import lay_over
from dashboard.figures.paper import ecg_paper
from dashboard.figures.theme import LIGHT
from tests.factories_figures import by_uid, distinct_ecg, named

KIB = 1024
STEPS = 125
Box = tuple[float, float, float, float]  # left, right, bottom, top


def heat(**peaks: tuple[int, float]) -> np.ndarray:
    """Even attention but for peaks: lead=(step, how many times an even share)."""
    weights = np.ones((len(LEADS), STEPS))
    for lead, (step, times) in peaks.items():
        weights[[str(name) for name in LEADS].index(lead), step] = times
    return weights


def bands(overlay: Overlay, level: int) -> list[Box]:
    """The rectangles of a level, without its swatch in the legend."""
    corners = re.findall(r"M([-.\d]+),([-.\d]+)H([-.\d]+)V([-.\d]+)", overlay.shapes[level]["path"])
    boxes = [(float(x0), float(x1), float(y0), float(y1)) for x0, y0, x1, y1 in corners]
    return boxes[:-1]


def test_attention_that_prefers_nothing_shows_nothing() -> None:
    overlay = attention_overlay(Superclass.MI, heat=heat())
    assert [bands(overlay, level) for level in range(len(EDGES))] == [[]] * len(EDGES)


def test_a_sheet_without_marks_says_why() -> None:
    title = attention_overlay(Superclass.MI, heat=heat()).annotations[0]["text"]
    assert title == "<b>attention, MI</b>, nowhere 1.5 × even share"


def test_a_step_is_shown_over_the_samples_it_is_centred_on() -> None:
    overlay = attention_overlay(Superclass.MI, heat=heat(V2=(75, 20.0)))  # 6.0 s
    (band,) = bands(overlay, 4)
    assert band == pytest.approx((5.96, 6.04, -3 - 1.3, -3 + 1.3))


def test_attention_to_a_time_outside_a_leads_window_is_not_shown() -> None:
    overlay = attention_overlay(Superclass.MI, heat=heat(V2=(25, 20.0)))  # 2.0 s: V2 starts at 5 s
    assert bands(overlay, 4) == []


def test_the_rhythm_strip_shows_the_attention_of_its_lead_too() -> None:
    overlay = attention_overlay(Superclass.MI, heat=heat(II=(25, 20.0)))
    rows = [(bottom + top) / 2 for _, _, bottom, top in bands(overlay, 4)]
    assert rows == pytest.approx([-3, -9])


def test_a_step_on_the_border_of_two_columns_stays_within_its_own() -> None:
    weights = np.ones((len(LEADS), STEPS))
    weights[:, 31] = 20  # centred on 2.48 s
    overlay = attention_overlay(Superclass.MI, heat=weights)
    assert {(left, right) for left, right, *_ in bands(overlay, 4)} == {
        (2.44, 2.5),  # I, II, III
        (2.5, 2.52),  # aVR, aVL, aVF
        (2.44, 2.52),  # the strip
    }


@pytest.mark.parametrize(
    ("times", "level"), [(1.6, 0), (2.6, 1), (4.1, 2), (6.6, 3), (10.1, 4), (80.0, 4)]
)
def test_strength_is_told_in_multiples_of_an_even_share(times: float, level: int) -> None:
    overlay = attention_overlay(Superclass.MI, heat=0.013 * heat(V2=(75, times)))
    assert [index for index in range(len(EDGES)) if bands(overlay, index)] == [level]


def test_without_a_joint_map_the_product_of_lead_and_time_is_shown() -> None:
    rng = np.random.default_rng(3)
    lead, temporal = rng.dirichlet(np.ones(12)), rng.dirichlet(np.full(STEPS, 0.3))
    product = attention_overlay(Superclass.CD, temporal, lead)
    assert product == attention_overlay(Superclass.CD, heat=np.outer(lead, temporal))


def test_finer_attention_is_pooled_without_losing_its_place() -> None:
    weights = np.ones((len(LEADS), 1000))
    weights[6, 600:608] = 30  # V1, 5.995-6.075 s
    (band,) = bands(attention_overlay(Superclass.MI, heat=weights), 4)
    assert band[0] == pytest.approx(5.995, abs=0.08)
    assert band[1] == pytest.approx(6.075, abs=0.08)


@pytest.mark.parametrize("steps", [63, STEPS, 1000])
def test_the_overlay_is_small_for_the_wire(steps: int) -> None:
    restless = np.random.default_rng(0).exponential(1, (len(LEADS), steps)) ** 2
    overlay = attention_overlay(Superclass.HYP, heat=restless)
    assert len(json.dumps(overlay.slots())) <= 20 * KIB


def test_an_overlay_comes_and_goes_without_touching_the_signal() -> None:
    bare = ecg_paper(distinct_ecg())
    laid = lay_over(
        ecg_paper(distinct_ecg()), attention_overlay(Superclass.MI, heat=heat(V2=(75, 20.0)))
    )
    assert laid["data"] == bare["data"]
    assert laid["layout"] != bare["layout"]
    go.Figure(laid)  # raises on a property that plotly does not know
    assert lay_over(laid, no_overlay()) == bare


def test_the_paper_itself_is_left_alone() -> None:
    bare, laid = ecg_paper(distinct_ecg()), ecg_paper(distinct_ecg(), simulated=True)
    lay_over(laid, attention_overlay(Superclass.MI, heat=heat()))
    for name in ("1 mm", "5 mm", "separators"):
        assert named(laid["layout"]["shapes"], name) == named(bare["layout"]["shapes"], name)
    assert named(laid["layout"]["annotations"], "watermark")["visible"]


def test_the_legend_calls_it_attention_names_the_class_and_tells_the_scale() -> None:
    overlay = attention_overlay(Superclass.NORM, heat=heat(II=(25, 3.0)))
    words = [note["text"] for note in overlay.annotations]
    assert words == [
        "<b>attention, NORM</b>, × even share",
        *("1.5", "2.5", "4", "6.5", "10"),
    ]


def test_a_swatch_of_every_level_stands_in_the_legend_in_order() -> None:
    shapes = attention_overlay(Superclass.NORM, heat=heat()).shapes
    lefts = [float(re.findall(r"M([-.\d]+),", shape["path"])[-1]) for shape in shapes]
    assert lefts == sorted(lefts)
    assert len(set(lefts)) == len(EDGES)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "no attention to show: give heat, or temporal and lead"),
        ({"temporal": np.ones(5)}, "no attention to show: give heat, or temporal and lead"),
        (
            {"heat": np.ones((5, 125))},
            "attention has shape (5, 125), not (12, steps): give one row a lead",
        ),
        (
            {"heat": np.full((12, 5), np.nan)},
            "attention sums to nan: weights of 0 or more are needed",
        ),
        (
            {"heat": np.zeros((12, 5))},
            "attention sums to 0.0: weights of 0 or more are needed",
        ),
    ],
)
def test_what_cannot_be_shown_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as caught:
        attention_overlay(Superclass.MI, **arguments)
    assert str(caught.value) == message


def luminance(color: str) -> float:
    """Relative luminance of a hex colour (WCAG 2.2)."""
    parts = np.array([int(color[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_trace_stays_readable_on_the_strongest_colour() -> None:
    assert all(contrast(LIGHT.trace, color) >= 4.5 for color in LIGHT.attention)


def test_the_levels_are_told_apart_by_lightness_alone() -> None:
    steps = [LIGHT.paper, *LIGHT.attention]
    assert all(contrast(a, b) >= 1.12 for a, b in zip(steps, steps[1:], strict=False))
    assert sorted(steps, key=luminance, reverse=True) == steps


def test_lead_bars_stand_in_the_order_of_the_leads_from_the_top() -> None:
    shares = np.arange(1, 13) / 78
    figure = lead_bars(Superclass.MI, shares)
    (bars,) = figure["data"]
    assert bars["y"] == [str(lead) for lead in LEADS]
    assert bars["x"] == pytest.approx(shares, abs=1e-4)
    assert figure["layout"]["yaxis"]["autorange"] == "reversed"
    assert figure["layout"]["title"]["text"] == "attention by lead, MI"
    go.Figure(figure)


def test_lead_bars_say_every_share_in_figures() -> None:
    notes = lead_bars(Superclass.MI, np.arange(1, 13) / 78)["layout"]["annotations"]
    said = {note["y"]: note["text"] for note in notes if note["text"].endswith("%")}
    assert list(said) == [str(lead) for lead in LEADS]
    assert (said["I"], said["V6"]) == ("1%", "15%")


def test_lead_bars_show_where_an_even_share_would_end() -> None:
    line = named(lead_bars(Superclass.MI, np.ones(12))["layout"]["shapes"], "even share")
    assert line["x0"] == line["x1"] == pytest.approx(1 / 12)


def test_the_overlay_lies_over_the_trace_it_speaks_of() -> None:
    traces = by_uid(ecg_paper(distinct_ecg()))
    for lead in LEADS:
        trace = traces[f"lead-{lead}"]
        step = round((trace["x0"] + 1.2) / 10 * STEPS)
        overlay = attention_overlay(Superclass.MI, heat=heat(**{str(lead): (step, 20.0)}))
        left, right, bottom, top = bands(overlay, 4)[0]
        assert trace["x0"] < left < right < trace["x0"] + 2.5
        assert bottom < trace["meta"]["baseline"] < top
