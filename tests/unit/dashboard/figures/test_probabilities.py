import numpy as np
import plotly.graph_objects as go
import pytest

from core.ecg import SUPERCLASSES, Superclass
from dashboard.figures.probabilities import probability_bars
from dashboard.figures.theme import LIGHT
from tests.factories_figures import named

VALUES = np.array([0.93, 0.3, 0.41, 0.001, 0.999])
THRESHOLDS = dict(zip(SUPERCLASSES, (0.4, 0.3, 0.35, 0.32, 0.2), strict=True))


def words(superclass: Superclass, *abstained: Superclass) -> str:
    figure = probability_bars(VALUES, THRESHOLDS, abstained)
    text: str = named(figure["layout"]["annotations"], f"probability {superclass}")["text"]
    return text


def test_the_classes_stand_from_norm_at_the_top_to_hyp() -> None:
    figure = probability_bars(VALUES, THRESHOLDS)
    (bars,) = figure["data"]
    assert bars["y"] == ["NORM", "MI", "STTC", "CD", "HYP"]
    assert bars["x"] == pytest.approx(VALUES)
    assert figure["layout"]["yaxis"]["autorange"] == "reversed"
    assert figure["layout"]["xaxis"]["range"] == [0, 1]
    go.Figure(figure)  # raises on a property that plotly does not know


@pytest.mark.parametrize("row", range(5))
def test_a_tick_stands_at_the_threshold_of_each_class(row: int) -> None:
    name = SUPERCLASSES[row]
    shapes = probability_bars(VALUES, THRESHOLDS)["layout"]["shapes"]
    tick = named(shapes, f"threshold {name}")
    assert tick["x0"] == tick["x1"] == THRESHOLDS[name]
    assert tick["y0"] < row < tick["y1"]


@pytest.mark.parametrize(
    ("superclass", "text"),
    [
        (Superclass.NORM, "<b>0.93</b>  above 0.40"),
        (Superclass.MI, "<b>0.30</b>  above 0.30"),  # at the threshold is found
        (Superclass.STTC, "<b>0.41</b>  above 0.35"),
        (Superclass.CD, "<b>&lt;0.01</b>  below 0.32"),
        (Superclass.HYP, "<b>&gt;0.99</b>  above 0.20"),
    ],
)
def test_words_say_on_which_side_of_its_threshold_a_class_lies(
    superclass: Superclass, text: str
) -> None:
    assert words(superclass) == text


def test_a_class_that_the_model_abstains_from_says_so_and_is_hatched() -> None:
    assert words(Superclass.STTC, Superclass.STTC) == "<b>0.41</b>  abstains"
    (bars,) = probability_bars(VALUES, THRESHOLDS, [Superclass.STTC])["data"]
    assert bars["marker"]["pattern"]["shape"] == ["", "", "/", "", ""]


def test_bars_below_their_threshold_are_calm() -> None:
    (bars,) = probability_bars(VALUES, THRESHOLDS)["data"]
    assert [color == LIGHT.accent for color in bars["marker"]["color"]] == [
        *(True, True, True, False, True),
    ]


@pytest.mark.parametrize("values", [np.full(5, np.nan), np.zeros(4)])
def test_without_five_probabilities_there_is_no_figure(values: np.ndarray) -> None:
    with pytest.raises(ValueError, match="no five probabilities to show"):
        probability_bars(values, THRESHOLDS)
