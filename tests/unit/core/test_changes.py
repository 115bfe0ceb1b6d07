"""Changes do to a record what their name says, and nothing else."""

import numpy as np
import pytest

from core.changes import (
    UNREADABLE,
    arms_exchanged,
    at_rate,
    exchanged,
    later,
    noisy,
    scaled,
    shuffled,
)
from core.ecg import LEADS, Ecg, Lead
from core.interchange import broken_laws, transforms
from core.noise import INDEPENDENT
from core.preprocess import at_model_rate
from tests.factories_ecg import ecg

EIGHT = list(INDEPENDENT)


def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def test_a_shuffle_keeps_every_lead_and_moves_some() -> None:
    before, after = ecg().signal, shuffled(ecg(), rng()).signal
    rows = [np.flatnonzero((before == row).all(axis=1)).item() for row in after]
    assert sorted(rows) == list(range(12))
    assert rows != sorted(rows)


def test_voltage_is_scaled_in_all_leads() -> None:
    np.testing.assert_array_equal(scaled(4)(ecg(), rng()).signal, ecg().signal * 4)


@pytest.mark.parametrize("rate", [100, 500])
def test_later_is_as_many_seconds_at_any_rate(rate: int) -> None:
    before, after = ecg(rate=rate).signal, later(0.2)(ecg(rate=rate), rng()).signal
    moved = rate // 5
    np.testing.assert_array_equal(after[:, moved:], before[:, :-moved])
    np.testing.assert_array_equal(after[:, :moved], before[:, -moved:])


def test_noise_has_its_size_and_comes_again_with_its_seed() -> None:
    added = noisy(0.02)(ecg(), rng()).signal - ecg().signal
    np.testing.assert_allclose(added.std(axis=1), 0.02, rtol=0.1)
    again = noisy(0.02)(ecg(), rng()).signal - ecg().signal
    np.testing.assert_array_equal(again, added)


def test_another_rate_is_another_writing_of_the_same_record() -> None:
    fine = at_rate(500)(ecg(), rng())
    assert (fine.rate, fine.signal.shape) == (500, (12, 5000))
    lost = at_model_rate(fine.signal, 500) - ecg().signal
    assert lost[:, 20:-20].std() < 0.005  # mV, close to 50 Hz


def test_exchanged_arms_are_those_that_the_rule_was_taught() -> None:
    after = arms_exchanged(ecg(), rng()).signal
    taught = transforms()["the arm electrodes (RA and LA)"] @ ecg().signal[EIGHT]
    np.testing.assert_allclose(after[EIGHT], taught, atol=1e-5)
    assert broken_laws(after) is None


def test_exchanged_rows_change_places_and_no_other_does() -> None:
    after = exchanged(Lead.V1, Lead.V6)(ecg(), rng())
    np.testing.assert_array_equal(after.lead(Lead.V1), ecg().lead(Lead.V6))
    np.testing.assert_array_equal(after.lead(Lead.V6), ecg().lead(Lead.V1))
    rest = [k for k, lead in enumerate(LEADS) if lead not in (Lead.V1, Lead.V6)]
    np.testing.assert_array_equal(after.signal[rest], ecg().signal[rest])


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_spoils_a_record_leaves_the_one_given_as_it_was(name: str) -> None:
    given = ecg()
    spoilt = UNREADABLE[name](given, rng())
    np.testing.assert_array_equal(given.signal, ecg().signal)
    assert not np.array_equal(spoilt.signal, given.signal)


@pytest.mark.parametrize("name", [name for name in UNREADABLE if name.endswith("only")])
def test_noise_alone_has_no_heart_and_keeps_the_limb_lead_laws(name: str) -> None:
    """It arises at the electrodes, so the leads fit each other and nothing else gives it away."""
    silent = Ecg(signal=np.zeros((12, 1000), np.float32), rate=100)
    alone = UNREADABLE[name](silent, rng()).signal
    np.testing.assert_array_equal(alone, UNREADABLE[name](ecg(), rng()).signal)
    np.testing.assert_allclose(alone[2], alone[1] - alone[0], atol=1e-5)
