import numpy as np
import pytest

from core.delineation import BeatMarks
from core.ecg import LEADS, Lead, Superclass
from core.explain.explanation import Explanation, Method, Unit
from core.explain.segments import Segment, Wave, from_marks
from core.explain.words import name_leads, sentence

SEGMENTS = from_marks(
    [
        BeatMarks(
            r=at, p_onset=at - 0.2, p_end=at - 0.1, qrs_onset=at - 0.05, qrs_end=at + 0.05,
            t_onset=at + 0.2, t_end=at + 0.4,
        )
        for at in np.arange(0.5, 9.5)
    ]
)  # fmt: skip


def explanation(shares, unit=Unit.LOGIT, rest=0.0):
    """What a wave of a lead is worth, and what all other parts share."""
    grouped = SEGMENTS.grouped()
    worth = np.full(len(grouped.parts), rest / len(grouped.parts))
    for (lead, wave), share in shares.items():
        worth[grouped.parts.index(Segment(lead, wave, None))] += share
    return Explanation(
        superclass=Superclass.STTC,
        method=Method.INTEGRATED_GRADIENTS,
        attribution=grouped.spread(worth).astype(np.float32),
        unit=unit,
        baseline="",
        samples=1,
        seed=None,
        residual=None,
        logit=0.0,
        seconds=0.0,
    )


def said(shares, probability=0.914, **facts):
    return sentence(explanation(shares, **facts), SEGMENTS, probability)


def test_names_waves_and_leads_with_their_shares():
    st = {(lead, Wave.ST): 0.46 / 3 for lead in (Lead.V4, Lead.V5, Lead.V6)}
    t = {(lead, Wave.T): 0.11 for lead in (Lead.I, Lead.AVL)}
    assert said(st | t, rest=0.32).startswith("STTC 0.91: ST segments of V4-V6 carry 48 %, T waves")


def test_shares_are_of_what_is_positive():
    shares = {(Lead.V2, Wave.T): 1.0, (Lead.V3, Wave.QRS): -3.0}
    assert said(shares) == "STTC 0.91: T waves of V2 carry 100 %"


def test_says_when_it_is_diffuse():
    parts = {(lead, wave): 1 / 60 for lead in LEADS for wave in list(Wave)[:5]}
    spread = {key: value * (1 + 3 * (i % 12 == 0)) for i, (key, value) in enumerate(parts.items())}
    assert said(spread) == "STTC 0.91: spread over all leads and waves"


def test_says_when_nothing_speaks_for_the_class():
    assert said({(Lead.V2, Wave.T): -1.0}) == "STTC 0.91: nothing in the record speaks for it"


@pytest.mark.parametrize(("probability", "words"), [(0.001, "<0.01"), (0.999, ">0.99")])
def test_a_probability_is_neither_0_nor_1(probability, words):
    shares = {(Lead.V2, Wave.T): 1.0}
    assert said(shares, probability) == f"STTC {words}: T waves of V2 carry 100 %"


def test_attention_is_called_attention():
    shares = {(Lead.V2, Wave.T): 1.0}
    assert (
        said(shares, unit=Unit.ATTENTION) == "STTC 0.91: T waves of V2 hold 100 % of the attention"
    )


@pytest.mark.parametrize(
    ("leads", "words"),
    [
        ([Lead.V6, Lead.V4, Lead.V5], "V4-V6"),
        ([Lead.I, Lead.AVL], "I and aVL"),
        ([Lead.V1, Lead.V2], "V1 and V2"),
        ([Lead.AVF, Lead.V1, Lead.V2, Lead.V3], "aVF and V1-V3"),
        ([Lead.II, Lead.III, Lead.AVF, Lead.V5], "II, III, aVF and V5"),
        (LEADS, "all leads"),
    ],
)
def test_leads_are_named_in_order_and_in_ranges(leads, words):
    assert name_leads(leads) == words
