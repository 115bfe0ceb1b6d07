"""Explanations are timed when all is ready, in seconds and in forward passes."""

from pathlib import Path

import pytest

from core.errors import DatasetUnreadable
from core.explain import timing
from core.explain.explainer import Explainer
from core.explain.timing import time_explanations
from tests.factories_dataset import dataset


def test_a_data_set_without_a_heart_is_refused(
    tmp_path: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timing, "_explainable", lambda _: iter(()))
    with pytest.raises(DatasetUnreadable, match="has no record that can be explained: give others"):
        time_explanations(Explainer.load(checkpoint), dataset(tmp_path / "data", 3))
