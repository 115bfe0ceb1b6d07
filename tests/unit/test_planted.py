"""What is planted is what was said, and nothing else."""

from pathlib import Path

import pytest

from core.ecg import Superclass
from tests.factories_dataset import dataset, edited
from tests.planted import mislabelled, of_device, refuse_unsound


def test_one_class_is_the_wrong_way_round_in_one_device_and_in_training_folds(
    tmp_path: Path,
) -> None:
    def devices(rows: list[dict[str, str]]) -> None:
        for row in rows[10:]:
            row["device"] = "CS-12"

    truth = edited(dataset(tmp_path / "truth", 20), devices)
    wrong = mislabelled(truth, tmp_path / "wrong", of_device("CS-12"), Superclass.CD)
    assert len(wrong.read(1).signal) == 12  # the samples are those of the truth
    planted = {}
    for ecg_id, record in truth.records.items():
        found = wrong.records[ecg_id].superclasses
        if found != record.superclasses:
            planted[ecg_id] = record
            assert found ^ record.superclasses == {Superclass.CD}
    inside = [r for r in truth.records.values() if r.device == "CS-12" and r.fold <= 8]
    assert list(planted) == [record.ecg_id for record in inside] != []


def test_a_champion_that_nobody_would_serve_starts_nothing(
    checkpoint: Path, tmp_path: Path
) -> None:
    with pytest.raises(SystemExit, match="would never have been served: A probability moved"):
        refuse_unsound(checkpoint, dataset(tmp_path, 4))
