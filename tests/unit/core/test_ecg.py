"""An ECG knows its shape, rate and leads; the leads and classes have one order."""

import numpy as np
import pytest

from core.ecg import LEADS, SUPERCLASSES, Ecg, Lead
from core.errors import SignalInvalid


def test_order_of_leads_and_classes() -> None:
    assert " ".join(LEADS) == "I II III aVR aVL aVF V1 V2 V3 V4 V5 V6"
    assert " ".join(SUPERCLASSES) == "NORM MI STTC CD HYP"


def test_a_lead_is_found_by_its_name() -> None:
    signal = np.arange(12, dtype=np.float32)[:, None].repeat(20, axis=1)
    ecg = Ecg(signal=signal, rate=10)
    assert ecg.lead(Lead.AVF)[0] == 5
    assert ecg.lead(Lead.V6)[0] == 11
    assert ecg.seconds == 2


@pytest.mark.parametrize(
    ("shape", "rate", "message"),
    [
        (
            (1000, 12),
            100.0,
            "signal has shape (1000, 12), not (12, samples): "
            "give one row a lead, in the order I II III aVR aVL aVF V1-V6",
        ),
        (
            (12,),
            100.0,
            "signal has shape (12,), not (12, samples): "
            "give one row a lead, in the order I II III aVR aVL aVF V1-V6",
        ),
        ((12, 1000), 0.0, "rate 0.0 Hz is not possible: give samples per second"),
        ((12, 1000), float("nan"), "rate nan Hz is not possible: give samples per second"),
    ],
)
def test_impossible_signals_are_refused(shape: tuple[int, ...], rate: float, message: str) -> None:
    with pytest.raises(SignalInvalid) as caught:
        Ecg(signal=np.zeros(shape, np.float32), rate=rate)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("samples", "rate", "words"),
    [(1000, 100, "10.00 s"), (3333, 333.33, "9.99 s"), (435, 100, "4.35 s"), (0, 100, "0.00 s")],
)
def test_a_duration_is_never_rounded_up(samples: int, rate: float, words: str) -> None:
    assert Ecg(signal=np.zeros((12, samples), np.float32), rate=rate).duration == words
