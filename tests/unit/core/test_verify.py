"""Each file of a data set is checked, by digest where digests were published."""

from pathlib import Path

import pytest

from core.errors import DatasetNotFound
from core.verify import Fault, verify
from tests.factories_ecg import row, write_index, write_record


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_index(tmp_path, *(row(ecg_id) for ecg_id in (1, 2, 3)))
    for ecg_id in (1, 2, 3):
        write_record(tmp_path / f"records100/00000/{ecg_id:05d}_lr")
    return tmp_path


def test_records_without_digests_are_checked_by_their_headers(root: Path) -> None:
    seen: list[tuple[int, int]] = []
    result = verify(root, lambda done, total: seen.append((done, total)))
    assert (result.checked, result.faults) == (3, ())
    assert result.against == "the checksums in the headers"
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_every_wrong_record_is_told(root: Path) -> None:
    first, third = (root / f"records100/00000/0000{k}_lr" for k in (1, 3))
    samples = first.with_name("00001_lr.dat")
    samples.write_bytes(samples.read_bytes()[:-2] + b"??")
    third.with_name("00003_lr.hea").unlink()
    assert verify(root).faults == (
        Fault(
            file="records100/00000/00001_lr",
            problem=f"{first}.dat does not have the checksums that {first}.hea states: "
            "fetch them again",
        ),
        Fault(
            file="records100/00000/00003_lr",
            problem=f"{third}.hea is not there: run 'trustecg data verify'",
        ),
    )


def test_500_hz_is_checked_where_it_is_there(root: Path) -> None:
    write_record(root / "records500/00000/00001_hr", rate=500)
    result = verify(root)
    assert result.checked == 6
    assert [fault.file for fault in result.faults] == [
        "records500/00000/00002_hr",
        "records500/00000/00003_hr",
    ]


def test_digests_are_used_where_they_were_published(root: Path) -> None:
    published = "17ed09d3e8f4d6a4ba7c52d8a5d5d2bb5cc3d2d1b4a1ee5c4f7b7ea4b1f4b4a5"
    (root / "SHA256SUMS.txt").write_text(f"{published} scp_statements.csv\n{published} none.csv\n")
    result = verify(root)
    assert result.against == "SHA256SUMS.txt"
    assert result.faults == (
        Fault(
            file="scp_statements.csv",
            problem="its SHA-256 is not the one that SHA256SUMS.txt states",
        ),
        Fault(file="none.csv", problem="missing"),
    )


def test_a_broken_row_of_the_index_is_a_fault(root: Path) -> None:
    write_index(root, row(1), row(2, age="old"))
    result = verify(root)
    assert [fault.file for fault in result.faults] == ["ptbxl_database.csv"]
    assert "age is 'old', not a number" in result.faults[0].problem


def test_a_folder_that_is_no_data_set_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetNotFound, match="no ptbxl_database.csv in"):
        verify(tmp_path)
