import numpy as np
import pytest

from core.ecg import Ecg
from core.errors import SignalInvalid, SignalTooShort
from core.preprocess import MODEL_SAMPLES, prepare, prepare_all
from tests.factories_ecg import ecg


def tone(hertz: float, *, rate: float = 100, seconds: float = 10, millivolts: float = 1) -> Ecg:
    time = np.arange(int(rate * seconds)) / rate
    wave = millivolts * np.sin(2 * np.pi * hertz * time)
    return Ecg(signal=np.tile(wave, (12, 1)).astype(np.float32), rate=rate)


def middle(signal):
    """Without the ends, where any filter rings."""
    return signal[:, 200:-200]


def test_keeps_the_amplitude_in_millivolts():
    assert np.abs(middle(prepare(tone(5, millivolts=0.3)))).max() == pytest.approx(0.3, rel=0.02)


@pytest.mark.parametrize("hertz", [0.1, 49.0])
def test_takes_wander_and_mains_away(hertz):
    assert np.abs(middle(prepare(tone(hertz)))).max() < 0.2


def test_moves_no_wave_in_time():
    ecg = tone(5)
    lag = np.argmax(np.correlate(prepare(ecg)[0], ecg.signal[0], "full")) - (MODEL_SAMPLES - 1)
    assert lag == 0


@pytest.mark.parametrize("rate", [250, 257, 360, 500, 1000])
def test_gives_the_same_signal_from_any_rate(rate):
    at_rate, at_100 = prepare(tone(7, rate=rate)), prepare(tone(7))
    assert middle(at_rate) == pytest.approx(middle(at_100), abs=0.03)


def test_does_not_alias_what_lies_above_the_new_rate():
    assert np.abs(middle(prepare(tone(95, rate=500)))).max() < 0.05


def test_takes_the_first_ten_seconds_of_a_longer_record():
    assert prepare(tone(5, seconds=30)).shape == (12, MODEL_SAMPLES)


def test_refuses_a_short_record():
    with pytest.raises(SignalTooShort) as error:
        prepare(tone(5, seconds=4.5))
    assert str(error.value) == "the record lasts 4.50 s: the model reads 10 s or more"


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_refuses_samples_that_are_not_numbers(value):
    """One of them makes every logit NaN, which is above no threshold: nothing would be found."""
    ecg = tone(5)
    ecg.signal[3, 500:502] = value
    with pytest.raises(SignalInvalid) as error:
        prepare(ecg)
    assert str(error.value) == "2 samples are not numbers: export the record again"


def test_prepares_none():
    assert prepare_all([]).shape == (0, 12, MODEL_SAMPLES)


def test_a_record_is_prepared_the_same_alone_and_among_others():
    ecgs = [ecg(seed=1), ecg(seed=2, rate=500.0), ecg(seed=3)]
    assert np.array_equal(prepare_all(ecgs), np.stack([prepare(one) for one in ecgs]))
