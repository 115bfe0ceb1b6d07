"""What the page says of the model's opinion."""

import json
from dataclasses import replace

import pytest
from plotly.utils import PlotlyJSONEncoder

from core.ecg import SUPERCLASSES, Superclass
from dashboard.components.opinion import (
    call_note,
    form_cautions,
    opinion_view,
    summary,
    uncertainty_line,
)
from feedback.opinions import OpinionShown


def opinion(*found: str, abstained: tuple[str, ...] = ()) -> OpinionShown:
    """An opinion with these classes above their thresholds."""
    called = {name: 0.8 if name in found else 0.3 for name in SUPERCLASSES}
    return OpinionShown(
        published=(),
        scp_codes={},
        report="",
        model_version="v",
        probabilities=called,
        thresholds=dict.fromkeys(SUPERCLASSES, 0.5),
        predicted=tuple(map(Superclass, found)),
        abstained=tuple(map(Superclass, abstained)),
        uncertainty=0.6112,
    )


def card(never: str = "") -> dict[str, object]:
    """A card on which a miss rate of 5 % could not be certified for ``never``."""
    classes = {
        name: {"rule_out": None if name == never else 0.1, "missed": 42, "positives": 1280}
        for name in SUPERCLASSES
    }
    return {"classes": classes, "miss_rate": 0.05, "confidence": 0.95}


def said(shown: OpinionShown, on: dict[str, object], *, pacemaker: bool = False) -> str:
    """All that the page says."""
    view = opinion_view(shown, on, pacemaker=pacemaker)
    text = json.dumps(view, cls=PlotlyJSONEncoder, ensure_ascii=False)
    return text.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        ((), "No finding above its threshold. This does not mean that the ECG is normal."),
        (("NORM",), "Above threshold: Normal ECG."),
        (("MI", "CD"), "Above threshold: Myocardial infarction, Conduction disturbance."),
        (
            ("NORM", "CD"),
            "Above threshold: Conduction disturbance. "
            "Normal ECG is above its threshold too: the two contradict each other.",
        ),
        (
            ("NORM", "MI", "CD"),
            "Above threshold: Myocardial infarction, Conduction disturbance. "
            "Normal ECG is above its threshold too: it contradicts them.",
        ),
    ],
)
def test_an_opinion_that_contradicts_itself_does_not_begin_with_normal(
    found: tuple[str, ...], sentence: str
) -> None:
    assert summary(opinion(*found)) == sentence


def test_it_says_why_it_abstains() -> None:
    text = said(opinion("MI", abstained=("CD", "HYP")), card(never="HYP"))
    assert "neither found nor ruled out: Conduction disturbance, Hypertrophy." in text
    assert (
        "below the threshold, but not so low that a miss rate of at most 5 % is certified "
        "(confidence 95 %). For HYP no probability could be certified."
    ) in text
    assert "could be certified" not in said(opinion("MI", abstained=("CD",)), card("HYP"))


def test_what_speaks_against_the_opinion_stands_before_it() -> None:
    shown = replace(opinion("MI"), warnings=("No heartbeat in V2: check the electrode.",))
    text = said(shown, card(), pacemaker=True)
    before = text.partition("Above threshold")[0]
    assert "No heartbeat in V2: check the electrode." in before
    assert (
        "Pacemaker noted: in paced beats none of the five classes can be judged as in conducted "
        "ones, and the model has not been measured on paced ECGs alone."
    ) in before
    assert text.count("No heartbeat") == text.count("Pacemaker") == 1


@pytest.mark.parametrize(
    ("shown", "told"),
    [
        (opinion("MI"), []),
        (opinion("NORM"), []),
        (
            opinion("NORM", "MI"),
            ["Normal ECG and another class are above threshold: they contradict each other."],
        ),
        (
            OpinionShown(published=(), scp_codes={}, report="", unavailable="Refused."),
            ["Refused."],
        ),
    ],
)
def test_the_form_says_what_the_opinion_under_it_may_not_be_seen_to_say(
    shown: OpinionShown, told: list[str]
) -> None:
    assert [line.children for line in form_cautions(shown).children] == told


def test_nothing_is_said_of_a_pacemaker_without_one_or_without_an_opinion() -> None:
    assert "Pacemaker" not in said(opinion("MI"), card())
    refused = OpinionShown(published=(), scp_codes={}, report="", unavailable="Refused.")
    assert "Pacemaker" not in said(refused, card(), pacemaker=True)


def test_that_rhythm_is_no_class_is_said_with_the_opinion() -> None:
    assert "Rhythm is in none of the five classes" in said(opinion("NORM"), card())


def test_uncertainty_is_a_score_and_miss_rates_have_their_counts() -> None:
    line = uncertainty_line(opinion("MI"))
    assert line.children == "The model's uncertainty is 0.61, from 0 (sure) to 1."
    text = said(opinion("MI"), card())
    assert "the model misses NORM in 3 % of 1,280, MI in 3 % of 1,280" in text
    assert "chance" not in text


def test_an_explained_class_that_was_not_found_is_named_so() -> None:
    shown = opinion("MI", abstained=("CD",))
    assert call_note(shown, Superclass.MI) is None
    assert call_note(shown, Superclass.HYP) == "HYP is below its threshold."
    assert call_note(shown, Superclass.CD) == (
        "CD is below its threshold, and the model abstains on it."
    )
