"""Exchanged leads: what an exchange does to the trace, and that it is recognised."""

import json

import numpy as np
import pytest

from core.beats import AFTER_S, BEFORE_S, find_beats
from core.interchange import (
    COEFFICIENTS,
    NONE,
    broken_laws,
    exchanged_electrodes,
    features,
    transforms,
)
from core.noise import INDEPENDENT
from core.simulate import simulate_record
from tests.factories_ecg import ecg

SAMPLES = round((BEFORE_S + AFTER_S) * 100)
# Electrode potentials (RA, LA, LL), then V1 to V6 against ground, drawn freely.
POTENTIALS = np.random.default_rng(0).normal(0, 1, (9, 50))
RA, LA, LL = range(3)


def leads(potentials: np.ndarray) -> np.ndarray:
    """(I, II, V1..V6) from electrode potentials, by the definition of the leads."""
    terminal = potentials[:3].mean(axis=0)
    limb = [potentials[LA] - potentials[RA], potentials[LL] - potentials[RA]]
    return np.stack([*limb, *(potentials[3:] - terminal)])


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("the arm electrodes (RA and LA)", [LA, RA, LL]),
        ("the left arm and left leg electrodes (LA and LL)", [RA, LL, LA]),
        ("the right arm and left leg electrodes (RA and LL)", [LL, LA, RA]),
        (
            "the limb electrodes (RA on the left arm, LA on the left leg, LL on the right arm)",
            [LA, LL, RA],
        ),
        (
            "the limb electrodes (RA on the left leg, LA on the right arm, LL on the left arm)",
            [LL, RA, LA],
        ),
        ("the right arm and right leg electrodes (RA and RL)", [LL, LA, LL]),
        ("the left arm and right leg electrodes (LA and RL)", [RA, LL, LL]),
    ],
)
def test_exchanges_follow_from_the_potentials(name: str, where: list[int]) -> None:
    """Both legs have the same potential: an arm's cable on the right leg reads the left leg's."""
    recorded = POTENTIALS.copy()
    recorded[:3] = POTENTIALS[where]
    np.testing.assert_allclose(transforms()[name] @ leads(POTENTIALS), leads(recorded), atol=1e-12)


def test_the_coefficients_are_of_this_rule_and_say_where_they_come_from() -> None:
    stored = json.loads(COEFFICIENTS.read_text())
    width = features(np.ones((1, 8, SAMPLES))).shape[1]
    assert stored["names"] == list(transforms())
    assert np.shape(stored["weights"]) == (len(stored["names"]), width)
    assert stored["fitted"].startswith("python -m core.interchange_fit on folds 1-8 of PTB-XL")


@pytest.mark.parametrize("seed", range(5))
def test_a_heart_recorded_rightly_is_not_suspected(seed: int) -> None:
    beats = find_beats(simulate_record(seed, rate=100).ecg.signal, 100)
    assert exchanged_electrodes(beats.common) is None


@pytest.mark.parametrize("name", [name for name in transforms() if name != NONE])
def test_every_exchange_can_be_recognised(name: str) -> None:
    """Not in every heart: left arm and left leg exchanged look like many another's right ones."""
    seen = 0
    for seed in range(10):
        beat = find_beats(simulate_record(seed, rate=100).ecg.signal, 100).common
        beat[list(INDEPENDENT)] = transforms()[name] @ beat[list(INDEPENDENT)]
        seen += exchanged_electrodes(beat) is not None
    assert seen >= 2


def test_the_limb_lead_laws_hold_in_a_right_record() -> None:
    assert broken_laws(ecg().signal) is None


def test_a_recorder_that_rounds_breaks_no_law() -> None:
    assert broken_laws(np.round(ecg().signal / 0.005) * 0.005) is None


def test_a_full_shuffle_is_called_what_it_is() -> None:
    order = np.random.default_rng(1).permutation(12)
    said = broken_laws(ecg().signal[order])
    assert said == "the limb leads do not belong together under these names"
