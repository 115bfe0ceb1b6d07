"""--require-real: where the real records must be there, a test on them that did not run fails."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).resolve().parent.parent / "conftest.py"
SKIPPED = """
import pytest

@pytest.mark.real
def test_on_real_records():
    pytest.skip("no real records")
"""
UNMARKED = "def test_on_simulated_records():\n    pass\n"
PASSED = "import pytest\n\n@pytest.mark.real\ndef test_on_real_records():\n    pass\n"


def outcome(folder: Path, tests: str, *options: str) -> tuple[int, str]:
    """Exit status and last line of pytest on these tests under our conftest."""
    shutil.copy(CONFTEST, folder / "conftest.py")
    (folder / "test_some.py").write_text(tests)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = real: on real records\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options, str(folder)]
    # what .ci/run asks of the whole run is not for the run within
    own = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=own)
    return done.returncode, (done.stdout + done.stderr).strip().splitlines()[-1]


@pytest.mark.parametrize(
    ("tests", "status", "words"),
    [
        (SKIPPED, 1, "1 failed"),
        (UNMARKED, 4, "--require-real, but no test is marked 'real'"),
        (PASSED, 0, "1 passed"),
    ],
)
@pytest.mark.parametrize("workers", ["0", "2"])
def test_required_real_tests_must_run(
    tmp_path: Path, tests: str, status: int, words: str, workers: str
) -> None:
    code, last = outcome(tmp_path, tests, "--require-real", "-n", workers)
    assert (code, words in last) == (status, True)


def test_elsewhere_they_may_be_skipped(tmp_path: Path) -> None:
    code, last = outcome(tmp_path, SKIPPED)
    assert (code, "1 skipped" in last) == (0, True)
