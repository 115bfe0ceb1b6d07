"""What stands beside a reader's word on one class."""

import pytest
from dash.development.base_component import Component

from core.ecg import SUPERCLASSES, Superclass
from dashboard.components.call import call_view
from feedback.opinions import OpinionShown

MI = Superclass.MI


def opinion(value: float, threshold: float, *, abstains: bool = False) -> OpinionShown:
    """An opinion with this probability of an infarction."""
    return OpinionShown(
        published=(),
        scp_codes={},
        report="",
        probabilities=dict.fromkeys(SUPERCLASSES, 0.01) | {MI: value},
        thresholds=dict.fromkeys(SUPERCLASSES, threshold),
        predicted=(MI,) if value >= threshold else (),
        abstained=(MI,) if abstains else (),
    )


def parts(shown: OpinionShown) -> tuple[str, Component]:
    """The words on an infarction, and the bar."""
    words, bar = call_view(shown, MI).children
    return "".join(getattr(part, "children", part) for part in words.children), bar


@pytest.mark.parametrize(
    ("value", "threshold", "text"),
    [
        (0.93, 0.40, "Model 0.93, above 0.40"),
        (0.30, 0.30, "Model 0.300, above 0.300"),  # at the threshold is found
        (0.497, 0.50, "Model 0.497, below 0.500"),  # and what is near it is told from it
        (0.001, 0.32, "Model <0.01, below 0.32"),
        (0.999, 0.20, "Model >0.99, above 0.20"),
    ],
)
def test_words_say_on_which_side_of_its_threshold_a_class_lies(
    value: float, threshold: float, text: str
) -> None:
    assert parts(opinion(value, threshold))[0] == text


def test_the_bar_is_as_long_as_the_probability_with_a_tick_at_the_threshold() -> None:
    _, bar = parts(opinion(0.93, 0.4))
    assert bar.style == {"--value": 0.93, "--threshold": 0.4}
    assert bar.className == "probability above"


def test_the_bar_of_a_class_on_which_the_model_abstains_is_hatched() -> None:
    text, bar = parts(opinion(0.3, 0.4, abstains=True))
    assert text == "Model 0.30, below 0.40"
    assert bar.className == "probability hatched"
