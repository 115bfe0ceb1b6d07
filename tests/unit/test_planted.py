"""What is planted is what was said, and nothing else."""

from pathlib import Path

import pytest

from core.ecg import SUPERCLASSES, Superclass
from tests.factories_dataset import dataset, edited
from tests.planted import Shift, refuse_unsound, without


def test_a_statement_is_left_out_in_training_folds_and_nothing_else(tmp_path: Path) -> None:
    def blocks(rows: list[dict[str, str]]) -> None:
        for row in rows[::2]:
            row["scp_codes"] = "{'LAFB': 100.0, 'NDT': 50.0}"

    truth = edited(dataset(tmp_path / "truth", 20), blocks)
    planted = without(truth, tmp_path / "planted", "LAFB")
    assert len(planted.read(1).signal) == 12  # the samples are those of the truth
    changed = []
    for ecg_id, record in truth.records.items():
        found = planted.records[ecg_id].superclasses
        if found != record.superclasses:
            changed.append(ecg_id)
            assert record.superclasses - found == {Superclass.CD}
    taught = [r for r in truth.records.values() if r.fold <= 8 and "LAFB" in r.scp_codes]
    assert changed == [record.ecg_id for record in taught]
    assert len(changed) < sum("LAFB" in record.scp_codes for record in truth.records.values())
    shift = Shift(truth, planted, "LAFB")
    left_out, others = shift.halves(1000)
    assert [record.ecg_id for record in left_out] == changed
    assert not shift.as_planted(left_out).label[:, SUPERCLASSES.index(Superclass.CD)].any()
    assert not {record.ecg_id for record in others} & set(changed)


def test_a_champion_that_nobody_would_serve_starts_nothing(
    checkpoint: Path, tmp_path: Path
) -> None:
    with pytest.raises(SystemExit, match="would never have been served: A probability moved"):
        refuse_unsound(checkpoint, dataset(tmp_path, 4))
