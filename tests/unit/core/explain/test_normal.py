import json
from dataclasses import replace

import numpy as np
import pytest

from core.delineation import BeatMarks, delineate
from core.ecg import LEADS, SUPERCLASSES, Lead, Superclass
from core.explain import normal_fit
from core.explain.normal import SIZES, normal_waves, twin
from core.explain.segments import Wave
from core.predict import Predictor
from core.preprocess import prepare
from core.ptbxl import Ptbxl
from core.simulate import simulate_record
from core.simulate.dataset import simulate_dataset
from tests.factories_ecg import changed
from tests.factories_ecg import ecg as an_ecg
from tests.readme import CHECKPOINT

BEAT = BeatMarks(
    r=1.0, p_onset=0.8, p_end=0.9, qrs_onset=0.95, qrs_end=1.05, t_onset=1.2, t_end=1.4
)


def row(lead):
    return LEADS.index(lead)


def test_each_beat_of_the_twin_is_the_normal_one():
    made = twin(np.zeros((12, 1000), np.float32), [BEAT])
    waves = normal_waves()
    assert made[:, 95:105] == pytest.approx(waves[Wave.QRS][:, :10], abs=1e-6)
    assert made[:, 80:95] == pytest.approx(waves[Wave.P][:, -15:], abs=1e-6)
    assert made[:, [120, 139]] == pytest.approx(waves[Wave.T][:, [0, -1]], abs=1e-6)
    assert (made[:, 200:] == 0).all()


def test_a_long_t_is_a_stretched_one_and_a_long_qrs_is_not():
    long = replace(BEAT, p_onset=None, qrs_onset=0.9, qrs_end=1.15, t_end=1.7)
    made = twin(np.zeros((12, 1000), np.float32), [long])[row(Lead.II)]
    waves = normal_waves()
    assert made[120:170].max() == pytest.approx(waves[Wave.T][row(Lead.II)].max(), abs=0.01)
    assert made[95:107] == pytest.approx(waves[Wave.QRS][row(Lead.II)], abs=1e-6)
    assert (made[107:115] == made[106]).all()


def test_the_twin_lies_where_the_record_lies_between_beats():
    shifted = np.full((12, 1000), 0.3, np.float32)
    made = twin(shifted, [BEAT])
    assert made[:, 500] == pytest.approx(0.3)


def test_a_record_without_beats_has_a_flat_twin():
    assert (twin(np.ones((12, 1000), np.float32), []) == 0).all()


def test_normal_waves_look_like_a_normal_heart():
    waves = normal_waves()
    assert {wave: found.shape for wave, found in waves.items()} == {
        wave: (12, size) for wave, size in SIZES.items()
    }
    assert waves[Wave.QRS][row(Lead.V5)].max() > 0.8
    assert waves[Wave.QRS][row(Lead.V1)].min() < -0.4
    assert waves[Wave.T][row(Lead.AVR)].mean() < 0 < waves[Wave.T][row(Lead.V4)].mean()
    assert np.abs(waves[Wave.ST][:, :4]).max() < 0.15  # V2 and V3 are raised in normal hearts
    einthoven = [waves[wave][row(Lead.I)] + waves[wave][row(Lead.III)] for wave in waves]
    for wave, sum_ in zip(waves, einthoven, strict=True):
        assert sum_ == pytest.approx(waves[wave][row(Lead.II)], abs=0.03)


@pytest.mark.parametrize(
    ("finding", "superclass"), [("AMI", Superclass.MI), ("CLBBB", Superclass.CD)]
)
def test_the_shipped_network_calls_the_twin_of_a_sick_heart_normal(finding, superclass):
    sick = simulate_record(2, findings=[finding], severity=1.5).ecg
    x = prepare(sick)
    own, other, flat = Predictor.load(CHECKPOINT).probabilities(
        np.stack([x, twin(x, delineate(sick)), np.zeros_like(x)])
    )
    asked, normal = SUPERCLASSES.index(superclass), SUPERCLASSES.index(Superclass.NORM)
    assert own[asked] > 0.9
    assert other[asked] < 0.05
    assert other[normal] > 0.8
    assert flat[asked] > 0.3  # why a flat line is no baseline


def test_fitting_recovers_the_normal_beat_of_the_records(tmp_path, monkeypatch):
    simulate_dataset(tmp_path, 24, 1)
    waves, records = normal_fit.fit(Ptbxl.open(tmp_path), records=3)
    assert records == 3
    assert waves[Wave.QRS][row(Lead.V5)].max() > 0.3
    monkeypatch.setattr(normal_fit, "WAVES", tmp_path / "normal.json")
    normal_fit.main(str(tmp_path))
    assert set(json.loads((tmp_path / "normal.json").read_text())["mv"]) == set(SIZES)


def test_a_record_in_which_waves_are_seen_too_seldom_teaches_nothing():
    still = changed(an_ecg(), **dict.fromkeys(LEADS, 0.0))
    assert normal_fit.median_waves(still) == {}
