"""Flutter waves are told from P waves."""

import numpy as np
import pytest

from core.families import Clean
from core.flutter import flutter_rate
from core.intervals import measure
from core.ptbxl import Ptbxl

RATE = 250.0


def record(atrial: float, ratio: float = 4.0) -> tuple[Clean, list[tuple[float, float]]]:
    """Twelve leads of 10 s with ``atrial`` waves a minute, and a QRS for every ``ratio`` of them.

    The waves rise slowly and fall fast, as a saw.
    """
    time = np.arange(round(10 * RATE)) / RATE
    phase = time * atrial / 60 % 1
    saw = 0.15 * np.where(phase < 0.8, phase / 0.8, (1 - phase) / 0.2)
    beats = np.arange(0.5, 9.5, 60 * ratio / atrial)
    spikes = np.exp(-(((time[:, None] - beats) / 0.015) ** 2)).sum(axis=1)
    leads = np.linspace(0.3, 1, 12)[:, None]
    noise = np.random.default_rng(3).normal(0, 0.01, (12, time.size))
    signal = saw * leads + spikes * leads[::-1] + noise
    return Clean(signal=signal, rate=RATE), [(at - 0.05, at + 0.05) for at in beats]


@pytest.mark.parametrize("atrial", [250, 300, 340])
@pytest.mark.parametrize("ratio", [2, 2.7, 4])
def test_the_rate_of_flutter_waves_is_told_whatever_is_conducted(
    atrial: float, ratio: float
) -> None:
    assert flutter_rate(*record(atrial, ratio)) == pytest.approx(atrial, rel=0.03)


@pytest.mark.parametrize("rate", [60, 100, 150])
def test_one_wave_a_beat_is_no_flutter(rate: float) -> None:
    assert flutter_rate(*record(rate, ratio=1)) is None


def test_a_qrs_beyond_the_end_of_the_record_is_no_part_of_it() -> None:
    clean, qrs = record(300)
    assert flutter_rate(clean, [*qrs, (10.02, 10.1)]) == flutter_rate(clean, qrs)


@pytest.mark.real
@pytest.mark.parametrize("ecg_id", [18, 20, 23, 34])  # one patient on four days
def test_waves_of_a_real_flutter_are_no_p_waves(ptbxl_root, ecg_id: int) -> None:
    measured = measure(Ptbxl.open(ptbxl_root).read(ecg_id))
    assert measured.pr is None
    assert measured.reasons["pr"].startswith(
        "no P wave at a constant distance before the QRS complexes, but waves that come back 2"
    )
