import numpy as np
import pytest

from core.ecg import LEADS, Ecg
from core.errors import SignalInvalid, SignalTooShort
from core.filtering import SignalShown, as_shown
from core.preprocess import prepare
from tests.factories_figures import distinct_ecg

RATE = 500


def tone(hertz: float, seconds: float = 10, offset: float = 0.0) -> Ecg:
    times = np.arange(round(seconds * RATE)) / RATE
    wave = offset + np.cos(2 * np.pi * hertz * times)
    return Ecg(signal=np.tile(wave, (len(LEADS), 1)).astype(np.float32), rate=RATE)


def loudness(ecg: Ecg) -> float:
    """Root mean square of lead I away from the ends, in mV."""
    middle = ecg.signal[0, RATE:-RATE]
    return float(np.sqrt(np.mean(middle**2)))


def test_raw_is_the_very_signal_that_was_read() -> None:
    ecg = distinct_ecg()
    assert as_shown(ecg, SignalShown.RAW) is ecg


@pytest.mark.parametrize("hertz", [0.5, 1, 10])
def test_the_diagnostic_band_leaves_what_a_diagnosis_rests_on(hertz: float) -> None:
    ecg = tone(hertz)
    shown = as_shown(ecg, SignalShown.DIAGNOSTIC)
    assert (shown.rate, shown.signal.shape) == (ecg.rate, ecg.signal.shape)
    middle = slice(RATE, -RATE)
    np.testing.assert_allclose(shown.signal[:, middle], ecg.signal[:, middle], atol=0.01)


def test_the_diagnostic_band_takes_out_mains_hum_and_an_offset() -> None:
    assert loudness(as_shown(tone(100), SignalShown.DIAGNOSTIC)) < 0.02
    still = Ecg(signal=np.full((12, 10 * RATE), 3, np.float32), rate=RATE)
    assert loudness(as_shown(still, SignalShown.DIAGNOSTIC)) < 0.01


def test_it_is_zero_phase_so_that_no_wave_moves() -> None:
    ecg = Ecg(signal=np.zeros((12, 10 * RATE), np.float32), rate=RATE)
    ecg.signal[:, 2490:2511] = np.hanning(21)
    shown = as_shown(ecg, SignalShown.DIAGNOSTIC)
    assert int(np.argmax(shown.signal[0])) == 2500


def test_a_gap_stays_a_gap_and_disturbs_nothing_else() -> None:
    ecg = distinct_ecg()
    ecg.signal[2, 1000:1200] = np.nan
    shown = as_shown(ecg, SignalShown.DIAGNOSTIC).signal
    np.testing.assert_array_equal(np.isnan(shown), np.isnan(ecg.signal))


def test_a_lead_without_any_sample_is_empty() -> None:
    ecg = distinct_ecg()
    ecg.signal[2] = np.nan
    assert np.isnan(as_shown(ecg, SignalShown.DIAGNOSTIC).signal[2]).all()


def test_a_slow_recording_is_filtered_as_far_as_it_goes() -> None:
    assert as_shown(distinct_ecg(rate=80), SignalShown.DIAGNOSTIC).signal.shape == (12, 800)


def test_the_models_form_is_what_the_network_gets() -> None:
    ecg = distinct_ecg()
    shown = as_shown(ecg, SignalShown.MODEL)
    assert (shown.rate, shown.ecg_id) == (100, ecg.ecg_id)
    np.testing.assert_array_equal(shown.signal, prepare(ecg))


def test_what_cannot_be_shown_in_a_form_is_refused() -> None:
    with pytest.raises(SignalTooShort, match=r"lasts 0\.50 s: a filter needs 1 s, show it raw"):
        as_shown(distinct_ecg(seconds=0.5), SignalShown.DIAGNOSTIC)
    with pytest.raises(SignalTooShort):
        as_shown(distinct_ecg(seconds=5), SignalShown.MODEL)
    gap = distinct_ecg()
    gap.signal[0, 5] = np.nan
    with pytest.raises(SignalInvalid):
        as_shown(gap, SignalShown.MODEL)


def test_every_form_is_named() -> None:
    assert len({form.caption for form in SignalShown}) == len(SignalShown)
