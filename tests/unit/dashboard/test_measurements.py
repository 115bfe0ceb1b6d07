"""The records on screen are measured once."""

import pytest

from core.intervals import measure
from dashboard import measurements
from dashboard.measurements import Measurements
from tests.factories_ecg import ecg


def test_a_record_is_measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    one, measured = ecg(), []
    monkeypatch.setattr(measurements, "measure", lambda e: measured.append(e) or measure(e))
    kept = Measurements()
    assert kept.of(one) is kept.of(one)
    assert len(measured) == 1


def test_other_samples_are_measured_anew() -> None:
    kept = Measurements()
    assert kept.of(ecg(1)).median is not kept.of(ecg(2)).median


def test_only_the_last_are_kept() -> None:
    kept = Measurements(kept=1)
    first, second = ecg(1), ecg(2)
    before = kept.of(first)
    kept.of(second)
    assert kept.of(first) is not before
