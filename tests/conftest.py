"""What all tests share: a clean environment, the real records, the system's Chromium."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from feedback import db

if TYPE_CHECKING:
    from playwright.sync_api import Browser

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED = REPOSITORY.parent / "shared" / "ptbxl"
REAL_RECORDS = 300  # the first ones by ecg_id: enough of every superclass, unpacked in seconds
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # of torch: each worker has a processor

_GIVEN_PTBXL = os.environ.get("TRUSTECG_PTBXL")
for _name in [name for name in os.environ if name.startswith("TRUSTECG_")]:
    del os.environ[_name]  # a developer's own settings must not decide what a test sees


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--require-real",
        action="store_true",
        help="fail where a test on real records is skipped, or where there is none",
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and item.config.getoption("--require-real") and _is_real(item):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, but --require-real: {report.longrepr}"
    return report


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--require-real") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(RealTests())


class RealTests:
    """Ends a run without a test on real records as a failure; counted where all workers report."""

    ran = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.ran += "real" in report.keywords

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        if exitstatus == pytest.ExitCode.OK and not self.ran:
            said = "--require-real, but no test is marked 'real'"
            pytest.exit(said, returncode=pytest.ExitCode.USAGE_ERROR)


def _is_real(item: pytest.Item) -> bool:
    return item.get_closest_marker("real") is not None


@pytest.fixture(scope="session")
def ptbxl_root(pytestconfig: pytest.Config) -> Path:
    """Root of real PTB-XL records (the first 300 at least); the test is skipped without them."""
    if _GIVEN_PTBXL:
        return Path(_GIVEN_PTBXL).resolve()
    return unpack(pytestconfig, f"ptbxl-{REAL_RECORDS}", "--limit", str(REAL_RECORDS))


def unpack(config: pytest.Config, name: str, *options: str) -> Path:
    """Lay real records out in pytest's cache, once; skips the test where there are none."""
    if not SHARED.is_dir():
        pytest.skip("no real records: set TRUSTECG_PTBXL")
    assert config.cache is not None
    root = config.cache.mkdir(name)
    with _alone(root.with_name(f"{name}.lock")):
        if not (root / "ptbxl_database.csv").exists():  # unpack.py writes it last
            command = [sys.executable, str(SHARED / "unpack.py"), str(root), *options]
            subprocess.run(command, check=True, capture_output=True)
    return root


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One worker at a time; the others wait."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all tables and nothing in them, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "trustecg.db"
    db.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def sessions(migrated: Path, tmp_path: Path) -> Iterator[db.Sessions]:
    """Transactions on a database of this test's own."""
    path = tmp_path / "trustecg.db"
    shutil.copyfile(migrated, path)
    engine = db.make_engine(f"sqlite:///{path}")
    yield db.make_sessions(engine)
    engine.dispose()


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of a tiny network that has learnt next to nothing; leave it as it is."""
    from tests.factories_model import tiny_checkpoint  # brings torch with it

    path = tmp_path_factory.mktemp("checkpoint")
    tiny_checkpoint(path)
    return path


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """Chromium, started once for all tests: the system's, else Playwright's own."""
    from playwright.sync_api import sync_playwright

    installed = next(filter(None, map(shutil.which, BROWSERS)), None)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=installed, args=BROWSER_FLAGS)
        yield started
        started.close()
