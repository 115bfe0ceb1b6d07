"""``trustecg data`` and ``trustecg quality`` as a person or a script meets them."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.ptbxl import Ptbxl
from dashboard import cli
from tests.factories_ecg import ecg, row, write_index, write_record
from tests.factories_server import serve


@pytest.fixture(autouse=True)
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRUSTECG_INSTANCE", str(tmp_path / "instance"))
    return tmp_path / "instance"


@pytest.fixture
def records(tmp_path: Path) -> Path:
    """Records 1 to 3; the third is flat."""
    root = write_index(tmp_path / "ptbxl", *(row(ecg_id) for ecg_id in (1, 2, 3)))
    for ecg_id, factor in ((1, 1), (2, 1), (3, 0)):
        stem = root / f"records100/00000/{ecg_id:05d}_lr"
        write_record(stem, ecg(seed=ecg_id).signal * factor)
    return root


class Call:
    """One run of the command line in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str], *arguments: object) -> None:
        sys.argv = ["trustecg", *map(str, arguments)]
        with pytest.raises(SystemExit) as caught:
            cli.main()
        self.code = int(caught.value.code or 0)
        self.out, self.err = capsys.readouterr()

    @property
    def json(self) -> dict[str, object]:
        """What stdout holds: one JSON object and nothing else."""
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found


@pytest.fixture(autouse=True)
def _argv(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", sys.argv)


def test_simulate_writes_a_marked_data_set(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "simulated"
    called = Call(capsys, "data", "simulate", root, "--records", 3, "--seed", 5, "--json")
    assert called.code == 0
    assert called.json == {"root": str(root), "records": 3, "seed": 5}
    data = Ptbxl.open(root)
    assert data.simulated
    assert list(data.records) == [1, 2, 3]


def test_simulate_leaves_records_of_patients_alone(
    records: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    called = Call(capsys, "data", "simulate", records, "--records", 3)
    assert called.code == 1
    assert called.err == (f"trustecg: {records} holds records of patients: choose another folder\n")
    assert not Ptbxl.open(records).simulated


def test_download_and_verify(
    records: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    with serve(records) as tree:
        tree.seal()
        called = Call(
            capsys, "data", "download", home, "--base-url", tree.url, "--subset", 2, "--json"
        )
    assert (called.code, called.json) == (0, {"root": str(home), "files": 6, "fetched": 5})
    assert "Downloading: 5 of 5 files" in called.err
    called = Call(capsys, "data", "verify", home, "--json")
    assert called.code == 0
    assert called.json == {"checked": 6, "faults": [], "against": "SHA256SUMS.txt"}


def test_a_download_that_fails_is_one_line(
    records: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serve(records) as tree:
        called = Call(capsys, "data", "download", tmp_path / "home", "--base-url", tree.url)
    assert (called.code, called.out) == (1, "")
    assert called.err == (
        f"trustecg: {tree.url}/SHA256SUMS.txt cannot be had, the server answers 404: "
        "check --base-url, the folder that holds SHA256SUMS.txt\n"
    )


def test_a_download_that_was_interrupted_goes_on(
    records: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home, samples = tmp_path / "home", "records100/00000/00001_lr.dat"
    part = home / (samples + ".part")
    with serve(records) as tree:
        tree.seal()
        tree.trickle.add(samples)
        arguments = ("data", "download", str(home), "--base-url", tree.url)
        # a shell that has put the tests into the background had it pass over the signal
        heeds = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
        program = f"{heeds}; from dashboard.cli import main; main()"
        running = subprocess.Popen(
            [sys.executable, "-c", program, *arguments], stderr=subprocess.PIPE, text=True
        )
        while running.poll() is None and not (part.exists() and part.stat().st_size > 2000):
            time.sleep(0.01)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=30)
        assert running.returncode != 0
        assert "Traceback" not in said
        assert 2000 < part.stat().st_size < 24000
        tree.trickle.clear()
        assert Call(capsys, *arguments).code == 0
        assert tree.times(samples) == 2
        assert next(part for path, part in reversed(tree.asked) if path == samples) is not None
    assert Call(capsys, "data", "verify", home).code == 0


def test_verify_tells_each_wrong_file_and_their_number(
    records: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for ecg_id in (1, 3):
        (records / f"records100/00000/{ecg_id:05d}_lr.dat").unlink()
    called = Call(capsys, "data", "verify", records)
    assert called.code == 1
    stems = [records / f"records100/00000/{ecg_id:05d}_lr" for ecg_id in (1, 3)]
    assert called.out.splitlines() == [
        f"records100/00000/00001_lr: {stems[0]}.dat is not there: run 'trustecg data verify'",
        f"records100/00000/00003_lr: {stems[1]}.dat is not there: run 'trustecg data verify'",
        "3 checked against the checksums in the headers, 2 of them wrong",
    ]
    assert called.err.endswith("2 files are wrong: run 'trustecg data download' again\n")


def test_import_is_repeatable(records: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = Call(capsys, "data", "import", records, "--json")
    second = Call(capsys, "data", "import", records, "--json")
    assert first.json == {"added": 3, "changed": 0, "unchanged": 0, "skipped": []}
    assert second.json == {"added": 0, "changed": 0, "unchanged": 3, "skipped": []}
    assert (first.code, second.code) == (0, 0)


def test_import_goes_on_after_a_broken_row(
    records: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_index(records, row(1), row(2, age="old"), row(3))
    called = Call(capsys, "data", "import", records, "--json")
    assert called.code == 1
    assert called.json["added"] == 2
    assert "ecg_id 2: age is 'old', not a number" in called.err
    assert "rows of the index left out: 1; all others are in the catalogue" in called.err


def test_import_of_something_else_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    called = Call(capsys, "data", "import", tmp_path)
    assert called.code == 1
    assert called.err.startswith(f"trustecg: no ptbxl_database.csv in {tmp_path}: ")


def test_quality_by_id(records: Path, capsys: pytest.CaptureFixture[str]) -> None:
    called = Call(capsys, "quality", "--data", records, 3, 1, "--json")
    flat, good = called.json["records"]  # type: ignore[misc]
    assert called.code == 0
    assert flat == {
        "id": 3,
        "score": 0.0,
        "acceptable": False,
        "reasons": ["All twelve leads are flat: check the electrodes and the cable."],
        "warnings": [],
    }
    assert (good["id"], good["acceptable"], good["reasons"]) == (1, True, [])
    assert good["score"] > 0.9


def test_quality_by_file_answers_the_others(
    records: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stems = [records / f"records100/00000/0000{k}_lr.hea" for k in (1, 7)]
    called = Call(capsys, "quality", *stems, "--json")
    assert called.code == 1
    good, missing = called.json["records"]  # type: ignore[misc]
    assert (good["id"], good["acceptable"]) == (str(stems[0]), True)
    assert missing == {
        "id": str(stems[1]),
        "error": f"{stems[1]} is not there: give FILE.hea with FILE.dat beside it",
    }


def test_quality_in_words(records: Path, capsys: pytest.CaptureFixture[str]) -> None:
    called = Call(capsys, "quality", "--data", records, 1, 3, 137)
    assert called.code == 1
    assert called.out.splitlines() == [
        "1: can be read, score 1.00.",
        "3: refused, score 0.00. All twelve leads are flat: check the electrodes and the cable.",
    ]
    assert called.err.splitlines() == [
        f"137: ecg_id 137 is not in {records / 'ptbxl_database.csv'}: "
        "choose an id that its first column lists",
    ]
