"""A simulated data set: PTB-XL to whoever reads it, and marked as what it is."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import wfdb

from core.ecg import LEADS, SUPERCLASSES
from core.errors import DatasetInTheWay, SimulationInvalid
from core.ptbxl import Ptbxl
from core.simulate import simulate_dataset
from core.simulate.dataset import filename
from core.simulate.files import write_record
from core.simulate.patients import draw_visits

RECORDS = 12


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate_dataset(tmp_path_factory.mktemp("simulated"), RECORDS, seed=3)


@pytest.fixture(scope="module")
def data(root: Path) -> Ptbxl:
    return Ptbxl.open(root)


def digest(root: Path) -> str:
    total = hashlib.sha256()
    for path in sorted(p for p in root.rglob("*") if p.is_file()):
        total.update(str(path.relative_to(root)).encode() + path.read_bytes())
    return total.hexdigest()


def test_the_same_seed_writes_the_same_bytes(root: Path, tmp_path: Path) -> None:
    again = simulate_dataset(tmp_path / "again", RECORDS, seed=3)
    other = simulate_dataset(tmp_path / "other", RECORDS, seed=4)
    assert digest(again) == digest(root)
    assert digest(other) != digest(root)


def test_the_reader_of_ptbxl_reads_it(data: Ptbxl) -> None:
    assert data.simulated
    assert list(data.records) == list(range(1, RECORDS + 1))
    for record in data.records.values():
        assert record.labelled
        assert record.report.startswith("SIMULATED")
        assert record.device == "SIMULATED"
        assert record.recorded_at is not None
        assert 1 <= record.fold <= 10


def test_samples_are_the_same_at_both_rates(data: Ptbxl) -> None:
    low, high = data.read(1, 100), data.read(1, 500)
    assert low.signal.shape == (12, 1000)
    assert high.signal.shape == (12, 5000)
    # lowered from 500 Hz: what differs is QRS above 50 Hz
    assert np.abs(low.signal - high.signal[:, ::5]).mean() < 0.01


def test_wfdb_agrees_with_the_checksums(root: Path) -> None:
    for suffix, rate in (("lr", 100), ("hr", 500)):
        stem = root / f"records{rate}" / "00000" / f"00001_{suffix}"
        record = wfdb.rdrecord(str(stem), physical=False)
        assert record.checksum == record.calc_checksum()
        assert [name.upper() for name in record.sig_name] == [lead.upper() for lead in LEADS]
        assert record.fs == rate
        assert record.units == ["mV"] * 12


def test_a_millivolt_is_a_thousand_units(tmp_path: Path) -> None:
    write_record(tmp_path / "one", np.full((12, 10), 1.0), 100)
    record = wfdb.rdrecord(str(tmp_path / "one"), physical=False)
    assert (record.d_signal == 1000).all()
    assert (wfdb.rdrecord(str(tmp_path / "one")).p_signal == 1.0).all()


@pytest.mark.parametrize(
    ("ecg_id", "name"),
    [
        (1, "records100/00000/00001_lr"),
        (999, "records100/00000/00999_lr"),
        (1000, "records100/01000/01000_lr"),
        (21000, "records100/21000/21000_lr"),
    ],
)
def test_a_record_lies_in_the_folder_of_its_thousand(ecg_id: int, name: str) -> None:
    assert filename(ecg_id, 100) == name


def test_the_mark_says_what_made_it(root: Path) -> None:
    mark = json.loads((root / "SIMULATED.json").read_text())
    assert mark["simulated"] is True
    assert mark["seed"] == 3
    assert mark["records"] == RECORDS
    assert set(mark["superclasses"]) == {name.value for name in SUPERCLASSES}


def test_the_truth_lies_beside_every_record(root: Path, data: Ptbxl) -> None:
    for ecg_id, record in data.records.items():
        truth = json.loads((root / "truth" / f"{ecg_id:05d}.json").read_text())
        found = {region["superclass"] for region in truth["regions"]}
        assert found == {name.value for name in record.superclasses if name.value != "NORM"}
        assert all(region["lead"] in set(LEADS) for region in truth["regions"])
        assert len(truth["beats"]) >= 5


def test_progress_counts_every_record(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    simulate_dataset(tmp_path, 3, seed=1, progress=lambda *told: seen.append(told))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_a_smaller_set_leaves_nothing_of_a_larger_one(tmp_path: Path) -> None:
    simulate_dataset(tmp_path / "set", 3, seed=1)
    simulate_dataset(tmp_path / "set", 1, seed=1)
    simulate_dataset(tmp_path / "fresh", 1, seed=1)
    assert digest(tmp_path / "set") == digest(tmp_path / "fresh")


def test_real_records_are_never_written_over(tmp_path: Path) -> None:
    index = tmp_path / "ptbxl_database.csv"
    index.write_text("ecg_id\n")
    with pytest.raises(DatasetInTheWay) as error:
        simulate_dataset(tmp_path, 1, seed=1)
    assert str(error.value) == (
        f"{index} is there and {tmp_path} has no SIMULATED.json: "
        "these are no simulated records, choose another folder"
    )
    assert index.read_text() == "ecg_id\n"


def test_no_records_is_no_data_set(tmp_path: Path) -> None:
    with pytest.raises(SimulationInvalid, match="^0 records: ask for one or more$"):
        simulate_dataset(tmp_path, 0, seed=1)


def test_a_patients_visits_share_fold_and_findings() -> None:
    visits = draw_visits(np.random.default_rng(1), 400)
    by_patient: dict[int, list[object]] = {}
    for visit in visits:
        by_patient.setdefault(visit.patient_id, []).append((visit.fold, visit.findings, visit.sex))
    assert any(len(seen) > 1 for seen in by_patient.values())
    assert all(len(set(seen)) == 1 for seen in by_patient.values())
    assert {visit.fold for visit in visits} == set(range(1, 11))


def test_the_mix_is_that_of_ptbxl() -> None:
    visits = draw_visits(np.random.default_rng(2), 3000)
    share = {
        name: np.mean([name in {f.superclass for f in visit.findings} for visit in visits])
        for name in SUPERCLASSES
    }
    # folds 1-8: 44, 26, 25, 23 and 12 % of the labelled records
    assert list(share.values()) == pytest.approx([0.44, 0.26, 0.25, 0.23, 0.12], abs=0.04)
    assert all(40 <= visit.heart_rate <= 140 for visit in visits)
