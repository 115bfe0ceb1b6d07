"""The rule on exchanged electrodes can be fitted anew, and by what it says of itself."""

from pathlib import Path

import numpy as np
import pytest

from core.beats import find_beats
from core.interchange import NONE, features, transforms
from core.interchange_fit import common_beats, fit
from core.noise import INDEPENDENT
from core.simulate import simulate_record
from tests.factories_dataset import dataset

ARMS = "the arm electrodes (RA and LA)"


def heart(seed: int) -> np.ndarray:
    common = find_beats(simulate_record(seed, rate=100).ecg.signal, 100).common
    return common[list(INDEPENDENT)]


def test_a_fitted_rule_knows_hearts_that_it_has_not_seen() -> None:
    rule = fit(np.stack([heart(seed) for seed in range(60)]))
    unseen = np.stack([heart(seed) for seed in range(100, 120)])
    assert rule["names"] == list(transforms())
    assert isinstance(rule["names"], list)
    called = {}
    for name in (NONE, ARMS):
        logits = features(transforms()[name] @ unseen) @ np.array(rule["weights"]).T
        best = (logits + np.array(rule["bias"])).argmax(axis=1)
        called[name] = np.mean(best == rule["names"].index(name))
    assert called[NONE] >= 0.8
    assert called[ARMS] >= 0.8


def test_a_record_that_cannot_be_read_is_named_and_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = dataset(tmp_path, 3)
    (tmp_path / "records100/00000/00002_lr.dat").unlink()
    beats = common_beats(data, data.records.values())
    assert beats.shape[:2] == (2, 8)
    assert "00002_lr.dat is not there" in capsys.readouterr().err
