import numpy as np
import pytest

from core.ecg import LEADS, Lead
from core.explain.removal_curves import RANDOM_ORDERS, STEPS, Removal
from core.explain.segments import Wave, segment
from core.preprocess import prepare
from tests.factories_ecg import ecg

SEGMENTS = segment(ecg()).grouped()
PARTS = len(SEGMENTS.parts)
WHAT_COUNTS = next(
    i for i, part in enumerate(SEGMENTS.parts) if (part.lead, part.wave) == (Lead.V2, Wave.T)
)


def removal(score=None) -> Removal:
    """A record of ones, and a network that reads the T waves of V2 and nothing else."""

    def reads_t_of_v2(signals):
        return signals[:, SEGMENTS.ids == WHAT_COUNTS].mean(1).astype(float)

    return Removal(
        signal=np.ones((12, 1000), dtype=np.float32),
        baseline=np.zeros((12, 1000), dtype=np.float32),
        segments=SEGMENTS,
        score=score or reads_t_of_v2,
    )


def worth(part: int) -> np.ndarray:
    return np.eye(PARTS)[part]


def test_the_part_that_counts_goes_first_and_the_logit_with_it():
    deletion, insertion = removal().curves(worth(WHAT_COUNTS))
    assert deletion.logits == (1.0,) + (0.0,) * STEPS
    assert insertion.logits == (0.0,) + (1.0,) * STEPS


def test_pointing_at_what_counts_beats_random_orders():
    for curve in removal().curves(worth(WHAT_COUNTS)):
        assert curve.low > 0
        assert curve.low < curve.advantage < curve.high
        assert curve.advantage == pytest.approx(0.45, abs=0.2)  # half of a logit is all there is


def test_pointing_away_from_what_counts_is_worse_than_random():
    for curve in removal().curves(-worth(WHAT_COUNTS)):
        assert curve.high < 0


def test_an_explanation_that_says_nothing_does_as_random_orders_do():
    areas = [
        Removal(**fields, seed=seed).curves(np.zeros(PARTS))[0].advantage
        for seed in range(40)
        for fields in [
            {k: getattr(removal(), k) for k in ("signal", "baseline", "segments", "score")}
        ]
    ]
    assert np.mean(areas) == pytest.approx(0, abs=0.12)


def test_curves_run_from_the_record_to_its_baseline_and_back():
    signal = prepare(ecg())
    found = Removal(
        signal=signal,
        baseline=np.zeros_like(signal),
        segments=SEGMENTS,
        score=lambda x: np.abs(x).sum((1, 2)).astype(float),
    )
    whole = float(np.abs(signal).sum())
    deletion, insertion = found.curves(np.arange(PARTS, dtype=float))
    assert (deletion.logits[0], deletion.logits[-1]) == pytest.approx((whole, 0))
    assert (insertion.logits[0], insertion.logits[-1]) == pytest.approx((0, whole))
    assert list(deletion.logits) == sorted(deletion.logits, reverse=True)
    assert deletion.random[0] == pytest.approx(whole)


def test_random_orders_are_scored_once_for_all_explanations():
    scored = []

    def score(signals):
        scored.append(len(signals))
        return signals.sum((1, 2)).astype(float)

    compared = removal(score)
    compared.curves(np.arange(PARTS, dtype=float))
    first = sum(scored)
    assert first == (RANDOM_ORDERS + 2) * (STEPS - 1) + 4
    compared.curves(-np.arange(PARTS, dtype=float))
    assert sum(scored) - first == 2 * (STEPS - 1) + 2


def test_ties_do_not_follow_the_order_of_the_leads():
    order = removal()._falling(np.zeros(PARTS))
    leads = [LEADS.index(SEGMENTS.parts[i].lead) for i in order]
    assert leads != sorted(leads)
