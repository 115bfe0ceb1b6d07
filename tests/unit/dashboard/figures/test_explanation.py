"""The colours of an explanation: in their place, on a fixed scale, readable by everybody."""

import json
import re
from dataclasses import replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from core.ecg import LEADS, Lead, Superclass
from core.explain.explanation import Explanation, Method, Unit
from dashboard.figures.explanation import explanation_overlay
from dashboard.figures.geometry import STANDARD, PaperLayout, columns
from dashboard.figures.overlay import EMPTY, lay_over, no_overlay
from dashboard.figures.paper import ecg_paper
from dashboard.figures.strength import CELL, EDGES, even_share, levels
from dashboard.figures.theme import LIGHT
from tests.factories_explanations import explanation
from tests.factories_figures import distinct_ecg, named

KIB = 1024
SAMPLES = 1000
SIX_BY_TWO = replace(columns("6x2", [LEADS[:6], LEADS[6:]]), pitch_mm=25)
ONE_COLUMN = replace(columns("12x1", [LEADS]), pitch_mm=15)
STRIPS = columns(
    "3x4+3", [LEADS[0:3], LEADS[3:6], LEADS[6:9], LEADS[9:12]], [Lead.V1, Lead.II, Lead.V5]
)
LAYOUTS = [
    STANDARD,
    STRIPS,
    SIX_BY_TWO,
    ONE_COLUMN,
    replace(ONE_COLUMN, speed=50.0, gain=5.0),
    replace(STANDARD, gain=20.0),
]


def over(name: Any) -> str:
    return f"{name.name} {name.speed:g} mm/s {name.gain:g} mm/mV"


def shown(explanation: Explanation, layout: PaperLayout) -> dict[int, set[tuple[Lead, int]]]:
    """(lead, sample) under each level's colour, found by where it is painted on the paper."""
    overlay = explanation_overlay(explanation, layout=layout)
    found: dict[int, set[tuple[Lead, int]]] = {}
    for index, shape in enumerate(overlay.shapes):
        level = index + 1 if index < len(EDGES) else len(EDGES) - index - 1
        for x0, x1, y0, y1 in boxes(shape):
            found.setdefault(level, set()).update(_under(layout, x0, x1, y0, y1))
    return found


def boxes(shape: dict[str, Any]) -> list[tuple[float, ...]]:
    """Left, right, bottom and top of the rectangles of a shape."""
    corners = re.findall(r"M([-.\d]+),([-.\d]+)H([-.\d]+)V([-.\d]+)", shape["path"])
    return [tuple(map(float, (x0, x1, y0, y1))) for x0, y0, x1, y1 in corners]


def _under(
    layout: PaperLayout, x0: float, x1: float, y0: float, y1: float
) -> set[tuple[Lead, int]]:
    rows = [
        segment
        for segment in layout.segments
        if y0 < layout.baseline(segment.row) < y1
        and segment.at - 1e-6 <= x0 < x1 <= segment.at + segment.width + 1e-6
    ]
    (segment,) = rows
    times = np.arange(SAMPLES) / 100 - segment.start + segment.at
    return {
        (segment.lead, int(sample))
        for sample in np.flatnonzero((times >= x0 - 1e-9) & (times < x1))
    }


def seen(lead: Lead, first: int, end: int, layout: PaperLayout) -> set[tuple[Lead, int]]:
    """The samples of a stretch that the layout shows at all."""
    return {
        (lead, sample)
        for segment in layout.segments
        if segment.lead is lead
        for sample in range(first, end)
        if segment.start <= sample / 100 < segment.stop
    }


@pytest.mark.parametrize("layout", LAYOUTS, ids=over)
@pytest.mark.parametrize("lead", LEADS)
def test_the_colour_lies_under_the_samples_that_it_speaks_of(
    lead: Lead, layout: PaperLayout
) -> None:
    (segment, *_) = [one for one in layout.segments if one.lead is lead]
    first = round(segment.start * 100) + 37
    planted = (lead, first, first + 9, 0.05), (lead, first + 60, first + 75, -0.05)
    found = shown(explanation(Method.SHAP, Superclass.MI, *planted), layout)
    assert found == {
        4: seen(lead, first, first + 9, layout),
        -4: seen(lead, first + 60, first + 75, layout),
    }


@pytest.mark.parametrize("layout", LAYOUTS, ids=over)
def test_a_stretch_over_the_border_of_two_columns_stays_within_its_own(
    layout: PaperLayout,
) -> None:
    planted = [(lead, 240, 260, 0.05) for lead in LEADS]
    found = shown(explanation(Method.SHAP, Superclass.MI, *planted), layout)
    assert found == {4: set().union(*(seen(lead, 240, 260, layout) for lead in LEADS))}


def restless(seed: int = 0, unit: Unit = Unit.LOGIT) -> Explanation:
    """An attribution that changes with every sample."""
    values = np.random.default_rng(seed).standard_normal((12, SAMPLES)) ** 3
    return explanation(attribution=values.astype(np.float32), unit=unit)


def test_what_is_finer_than_a_cell_is_put_together_without_losing_its_place() -> None:
    values = 1e-4 * restless().attribution
    values[LEADS.index(Lead.V1), 600:608] += 0.2
    found = shown(explanation(attribution=values), STANDARD)
    assert found[4] == {(Lead.V1, sample) for sample in range(600, 608)}


@pytest.mark.parametrize("layout", LAYOUTS, ids=over)
def test_the_overlay_is_small_for_the_wire(layout: PaperLayout) -> None:
    overlay = explanation_overlay(restless(), layout=layout)
    assert len(json.dumps(overlay.slots())) <= 20 * KIB


@pytest.mark.parametrize(
    ("times", "level"), [(1.4, 0), (1.6, 1), (3.1, 2), (6.1, 3), (12.1, 4), (500.0, 4)]
)
@pytest.mark.parametrize("sign", [1, -1])
def test_strength_is_told_in_multiples_of_an_even_share(
    times: float, level: int, sign: int
) -> None:
    share = CELL / (12 * SAMPLES)  # of the record that is planted
    attribution = np.full((12, SAMPLES), 0.013)
    attribution[6, 520:528] = sign * 0.013 * times * (1 - share) / (1 - times * share)
    assert levels(attribution)[6, 524] == sign * level


def test_an_explanation_that_prefers_nothing_shows_nothing() -> None:
    for even in (np.full((12, SAMPLES), 0.1), np.zeros((12, SAMPLES))):
        overlay = explanation_overlay(explanation(attribution=even.astype(np.float32)))
        assert all(shape["path"] == EMPTY for shape in overlay.shapes)
        assert overlay.annotations[0]["text"] == "<b>SHAP, MI</b>: nowhere 1.5 × even share"


@pytest.mark.parametrize(
    ("attribution", "said"),
    [
        (np.ones((5, SAMPLES)), "attribution has shape (5, 1000): give one row a lead"),
        (np.ones(SAMPLES), "attribution has shape (1000,): give one row a lead"),
        (
            np.full((12, SAMPLES), np.nan),
            "attribution is not finite: nothing can be shown of it",
        ),
    ],
)
def test_what_cannot_be_shown_is_refused(attribution: np.ndarray, said: str) -> None:
    with pytest.raises(ValueError) as caught:
        explanation_overlay(explanation(attribution=attribution))
    assert str(caught.value) == said


def test_an_overlay_comes_and_goes_without_touching_the_signal() -> None:
    bare = ecg_paper(distinct_ecg())
    laid = lay_over(ecg_paper(distinct_ecg()), explanation_overlay(explanation()))
    assert laid["data"] == bare["data"]
    assert laid["layout"] != bare["layout"]
    go.Figure(laid)  # raises on a property that plotly does not know
    assert lay_over(laid, no_overlay()) == bare


def test_the_paper_itself_is_left_alone() -> None:
    bare, laid = ecg_paper(distinct_ecg()), ecg_paper(distinct_ecg(), simulated=True)
    lay_over(laid, explanation_overlay(explanation()))
    for name in ("1 mm", "5 mm", "separators"):
        assert named(laid["layout"]["shapes"], name) == named(bare["layout"]["shapes"], name)
    assert named(laid["layout"]["annotations"], "watermark")["visible"]


def test_the_paper_names_method_and_class_and_both_colours() -> None:
    title = explanation_overlay(explanation(Method.SHAP, Superclass.CD)).annotations[0]["text"]
    assert re.sub("<[^>]+>", "", title) == "SHAP, CD ■ for ■ against"
    unsigned = explanation(Method.ATTENTION, Superclass.CD, unit=Unit.ATTENTION)
    assert explanation_overlay(unsigned).annotations[0]["text"] == "<b>Attention, CD</b>"


def test_an_even_share_is_told_in_the_unit_of_the_method() -> None:
    attention = explanation(attribution=np.full((12, SAMPLES), 1 / 12000), unit=Unit.ATTENTION)
    assert even_share(attention) == pytest.approx(1 / 1500)


def luminance(color: str) -> float:
    """Relative luminance of a hex colour (WCAG 2.2)."""
    parts = np.array([int(color[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


SIDES = [LIGHT.supporting, LIGHT.opposing]


@pytest.mark.parametrize("side", SIDES)
def test_the_trace_stays_readable_on_the_strongest_colour(side: tuple[str, ...]) -> None:
    assert all(contrast(LIGHT.trace, color) >= 4.5 for color in side)


@pytest.mark.parametrize("side", SIDES)
def test_the_levels_are_told_apart_by_lightness_alone(side: tuple[str, ...]) -> None:
    steps = [LIGHT.paper, *side]
    assert all(contrast(a, b) >= 1.12 for a, b in zip(steps, steps[1:], strict=False))
    assert sorted(steps, key=luminance, reverse=True) == steps


# Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB
DEFICIENCIES = {
    "protanopia": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "deuteranopia": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "tritanopia": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}


def seen_as(color: str, deficiency: str) -> np.ndarray:
    """The colour in linear RGB as these eyes see it."""
    parts = np.array([int(color[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return np.clip(np.array(DEFICIENCIES[deficiency]) @ linear, 0, 1)


def lab(linear: np.ndarray) -> np.ndarray:
    """Linear RGB in CIE Lab, D65."""
    xyz = (
        np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
        @ linear
        / [0.9505, 1.0, 1.089]
    )
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
@pytest.mark.parametrize("level", range(1, len(EDGES)))
def test_for_and_against_are_told_apart_by_colour_blind_eyes(deficiency: str, level: int) -> None:
    pair = (LIGHT.supporting[level], LIGHT.opposing[level])
    one, other = (lab(seen_as(color, deficiency)) for color in pair)
    assert np.linalg.norm(one - other) >= 20
