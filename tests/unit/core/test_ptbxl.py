"""PTB-XL as PhysioNet lays it out; a broken row is named and does not take the others along."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from core.ecg import Superclass
from core.errors import (
    DatasetNotFound,
    DatasetUnreadable,
    RecordError,
    RecordNotFound,
    RecordUnreadable,
)
from core.ptbxl import AGE_OVER_89, SIMULATED_MARK, Ptbxl, Record, labels
from tests.factories_ecg import row, write_index, write_record


def opened(root: Path, *rows: dict[str, object]) -> Ptbxl:
    return Ptbxl.open(write_index(root, *rows))


def test_all_that_the_index_says_of_a_record(tmp_path: Path) -> None:
    assert opened(tmp_path, row(5)).record(5) == Record(
        ecg_id=5,
        patient_id=1005,
        age=56,
        sex="female",
        height=None,
        weight=63.0,
        site="2",
        device="CS-12 E",
        recorded_at=datetime(1984, 11, 9, 9, 17, 34),
        report="sinusrhythmus normales ekg",
        scp_codes={"NORM": 80.0, "SR": 0.0},
        noise={"static_noise": ", I-V1,"},
        extra_beats=None,
        pacemaker=None,
        validated_by_human=True,
        fold=3,
        filename_lr="records100/00000/00005_lr",
        filename_hr="records500/00000/00005_hr",
        superclasses=frozenset({Superclass.NORM}),
    )


def test_any_likelihood_makes_the_superclass(tmp_path: Path) -> None:
    """The benchmark's rule: likelihood 0 means unknown, and counts."""
    data = opened(
        tmp_path,
        row(1, scp_codes="{'IMI': 0.0, 'LVH': 35.0}"),
        row(2, scp_codes="{'SR': 100.0}"),
    )
    assert data.record(1).superclasses == {Superclass.MI, Superclass.HYP}
    assert [record.labelled for record in data.records.values()] == [True, False]
    expected = [[False, True, False, False, True], [False] * 5]
    assert labels(data.records.values()).tolist() == expected


def test_folds_that_are_missing_give_no_records(tmp_path: Path) -> None:
    data = opened(tmp_path, row(1, strat_fold=1), row(2, strat_fold=9), row(3, strat_fold=1))
    assert [record.ecg_id for record in data.in_folds([1, 10])] == [1, 3]
    assert data.in_folds([10]) == []


def test_ages_unknown_and_over_89(tmp_path: Path) -> None:
    data = opened(tmp_path, row(1, age=""), row(2, age="300.0"))
    assert [record.age for record in data.records.values()] == [None, AGE_OVER_89]


@pytest.mark.parametrize("ecg_id", [999, 1000, 1001, 2000])
def test_ids_around_a_thousand_are_read_from_their_own_folder(tmp_path: Path, ecg_id: int) -> None:
    data = opened(tmp_path, row(ecg_id))
    rng = np.random.default_rng(ecg_id)
    written = write_record(
        tmp_path / f"records100/{ecg_id // 1000 * 1000:05d}/{ecg_id:05d}_lr",
        rng.normal(0, 1, (12, 1000)),
    )
    read = data.read(ecg_id)
    assert read.ecg_id == ecg_id
    np.testing.assert_allclose(read.signal, written, atol=1e-6)


def test_both_rates_are_read(tmp_path: Path) -> None:
    data = opened(tmp_path, row(1))
    write_record(tmp_path / "records500/00000/00001_hr", rate=500)
    assert data.read(1, 500).rate == 500


def test_a_simulated_set_says_so(tmp_path: Path) -> None:
    data = opened(tmp_path, row(1))
    assert not data.simulated
    (tmp_path / SIMULATED_MARK).write_text("{}")
    assert data.simulated


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        ({"ecg_id": "two"}, "ecg_id two: ecg_id is 'two', not a number"),
        ({"ecg_id": ""}, "ecg_id missing: ecg_id is '', not a whole number"),
        ({"ecg_id": "2.5"}, "ecg_id 2.5: ecg_id is '2.5', not a whole number"),
        ({"ecg_id": 1}, "ecg_id 1: this ecg_id was there before"),
        ({"patient_id": ""}, "ecg_id 2: patient_id is '', not a whole number"),
        ({"age": "old"}, "ecg_id 2: age is 'old', not a number"),
        ({"age": "inf"}, "ecg_id 2: age is 'inf', not a number"),
        ({"strat_fold": "nan"}, "ecg_id 2: strat_fold is 'nan', not a number"),
        ({"filename_lr": ""}, "ecg_id 2: filename_lr is empty"),
        (
            {"recording_date": "yesterday"},
            "ecg_id 2: Invalid isoformat string: 'yesterday'",
        ),
        (
            {"scp_codes": "__import__('os').abort()"},
            "ecg_id 2: scp_codes is \"__import__('os').abort()\", not {'statement': likelihood}",
        ),
        (
            {"scp_codes": "['NORM']"},
            "ecg_id 2: scp_codes is \"['NORM']\", not {'statement': likelihood}",
        ),
    ],
)
def test_a_broken_row_is_named_and_the_others_go_on(
    tmp_path: Path, cells: dict[str, object], problem: str
) -> None:
    data = opened(tmp_path, row(1), row(2) | cells, row(3))
    assert list(data.records) == [1, 3]
    assert [str(error) for error in data.skipped] == [
        f"{tmp_path / 'ptbxl_database.csv'}, line 3, {problem}. "
        "The record is left out: correct the row or fetch the file again"
    ]


def test_a_row_with_too_many_cells_is_named(tmp_path: Path) -> None:
    data = opened(tmp_path, row(1), row(2))
    with (tmp_path / "ptbxl_database.csv").open("a") as index:
        index.write("3" + "," * 40 + "\n")
    assert list(data.records) == [1, 2]
    assert [str(error) for error in data.skipped] == [
        f"{tmp_path / 'ptbxl_database.csv'}, line 4, ecg_id 3: it has more cells than the header. "
        "The record is left out: correct the row or fetch the file again"
    ]


def test_asking_for_a_skipped_record_says_why_it_was(tmp_path: Path) -> None:
    data = opened(tmp_path, row(1), row(2, age="old"))
    with pytest.raises(RecordUnreadable, match="line 3, ecg_id 2: age is 'old', not a number"):
        data.record(2)


def test_what_cannot_be_read_is_passed_over_and_told_of(tmp_path: Path) -> None:
    data = opened(tmp_path, row(1), row(2), row(3))
    for ecg_id in (1, 3):
        write_record(tmp_path / data.record(ecg_id).filename_lr)
    told: list[RecordError] = []
    read = list(data.readable(unread=told.append))
    assert [(record.ecg_id, ecg.ecg_id) for record, ecg in read] == [(1, 1), (3, 3)]
    assert [type(error) for error in told] == [RecordNotFound]
    asked = (data.record(ecg_id) for ecg_id in (3, 2))
    assert [record.ecg_id for record, _ in data.readable(asked)] == [3]


def test_an_error_of_the_work_on_a_record_is_not_passed_over(tmp_path: Path) -> None:
    data = opened(tmp_path, row(1))
    write_record(tmp_path / data.record(1).filename_lr)
    with pytest.raises(RecordUnreadable, match="too short"):
        for _ in data.readable():
            raise RecordUnreadable("too short")


def test_an_unknown_id_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordNotFound) as caught:
        opened(tmp_path, row(1)).read(137)
    assert str(caught.value) == (
        f"ecg_id 137 is not in {tmp_path / 'ptbxl_database.csv'}: "
        "choose an id that its first column lists"
    )


def test_no_data_set_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetNotFound) as caught:
        Ptbxl.open(tmp_path)
    assert str(caught.value) == (
        f"no ptbxl_database.csv in {tmp_path}: point to the folder that holds it, "
        "or run 'trustecg data download' or 'trustecg data simulate'"
    )


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "has no column 'ecg_id', 'patient_id', 'age'"),
        (b"<html>404</html>\n", "has no column 'ecg_id', 'patient_id', 'age'"),
        (b"ecg_id,\xff\xfe\n", r"does not parse \('utf-8' codec can't decode byte 0xff"),
    ],
)
def test_an_index_that_is_none_is_named(tmp_path: Path, content: bytes, problem: str) -> None:
    data = opened(tmp_path, row(1))
    (tmp_path / "ptbxl_database.csv").write_bytes(content)
    with pytest.raises(DatasetUnreadable, match=problem) as caught:
        _ = data.records
    assert str(caught.value).endswith(": fetch it again")


def test_an_index_without_a_readable_row_is_no_data_set(tmp_path: Path) -> None:
    with pytest.raises(DatasetUnreadable, match=r"^no row of .*\.csv can be read\. .*'old'"):
        _ = opened(tmp_path, row(1, age="old"), row(2, age="older")).records


def test_statements_of_an_unknown_class_are_named(tmp_path: Path) -> None:
    data = opened(tmp_path, row(1))
    (tmp_path / "scp_statements.csv").write_text(",diagnostic,diagnostic_class\nNORM,1.0,FINE\n")
    with pytest.raises(DatasetUnreadable, match=r"does not parse \('FINE' is not a valid Super"):
        _ = data.records


def test_a_filename_that_climbs_is_refused(tmp_path: Path) -> None:
    write_record(tmp_path / "outside")
    data = opened(tmp_path / "data", row(1, filename_lr="../outside"))
    with pytest.raises(RecordNotFound, match="correct the index of the data set"):
        data.read(1)


def test_a_record_of_another_rate_is_refused(tmp_path: Path) -> None:
    data = opened(tmp_path, row(1))
    stem = tmp_path / "records100/00000/00001_lr"
    write_record(stem, rate=500)
    with pytest.raises(RecordUnreadable) as caught:
        data.read(1)
    assert str(caught.value) == (
        f"{stem}.hea states 500 Hz, the index files it under 100 Hz: fetch the record again"
    )


@pytest.mark.real
def test_every_real_row_is_read(ptbxl_root: Path) -> None:
    data = Ptbxl.open(ptbxl_root)
    assert len(data.records) >= 300
    assert not data.skipped
    assert not data.simulated
    assert data.read(1).signal.shape == (12, 1000)
