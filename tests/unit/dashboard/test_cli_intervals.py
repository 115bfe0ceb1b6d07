"""``trustecg intervals``: what it measures, what it does not, and why."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from dashboard.cli import app
from dashboard.cli.intervals import _line
from tests.factories_ecg import ecg, row, write_index, write_record

KEYS = [
    "id", "heart_rate", "pr", "qrs", "qt", "qtc_bazett", "qtc_fridericia", "axis",
    "p_axis", "t_axis", "reasons", "caveats",
]  # fmt: skip


@pytest.fixture
def records(tmp_path: Path) -> Path:
    """Records 1 and 2; the second is flat."""
    root = write_index(tmp_path / "ptbxl", row(1), row(2))
    for ecg_id, factor in ((1, 1), (2, 0)):
        write_record(root / f"records100/00000/{ecg_id:05d}_lr", ecg(ecg_id).signal * factor)
    return root


def intervals(*words: object) -> Result:
    return CliRunner().invoke(app, ["intervals", *map(str, words)])


def test_one_object_with_every_value_or_its_reason(records: Path) -> None:
    result = intervals("--data", records, 2, 1, "--json")
    assert result.exit_code == 0
    flat, normal = json.loads(result.stdout)["records"]
    assert list(normal) == list(flat) == KEYS
    assert (normal["id"], normal["reasons"]) == (1, {})
    assert 55 < normal["heart_rate"] < 85
    assert 120 <= normal["pr"] <= 200 and 60 <= normal["qrs"] <= 110 and 340 <= normal["qt"] <= 450
    flat_values = {name: flat[name] for name in KEYS[1:-2]}
    assert set(flat_values.values()) == {None}
    assert flat["reasons"] == dict.fromkeys(
        flat_values, "All twelve leads are flat: check the electrodes and the cable."
    )


def test_one_line_a_record_for_people(records: Path) -> None:
    normal, flat = intervals("--data", records, 1, 2).stdout.splitlines()
    assert normal.startswith("1: /min ") and "QTcB" in normal and "(" not in normal
    assert flat == (
        "2: /min -  PR -  QRS -  QT -  QTcB -  QTcF -  axis -  "
        "(All twelve leads are flat: check the electrodes and the cable.)"
    )


def test_a_file_that_cannot_be_read_leaves_the_others_answered(tmp_path: Path) -> None:
    write_record(tmp_path / "good")
    result = intervals(tmp_path / "gone.hea", tmp_path / "good.hea", "--json")
    assert result.exit_code == 1
    gone, good = json.loads(result.stdout)["records"]
    assert gone["error"].startswith(f"{tmp_path / 'gone.hea'} is not there")
    assert good["qrs"] is not None
    assert "gone.hea" in result.stderr


def test_what_is_to_be_taken_with_care_is_named() -> None:
    answer = dict.fromkeys(KEYS[1:-2]) | {"id": 1, "qrs": 210, "qtc_fridericia": 560, "reasons": {}}
    answer["caveats"] = {"qrs": "too long", "qtc_bazett": "uneven", "qtc_fridericia": "uneven"}
    assert _line(answer).endswith("(QRS: too long; QTc: uneven)")
