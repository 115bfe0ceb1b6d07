"""The explainer beside a worker, with real processes: kill them, and see the request answered."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from core.ecg import Superclass
from core.explain.explanation import Method
from feedback import explanations
from feedback.db import Sessions
from feedback.executors import resident
from feedback.executors.resident import Resident, explainer_beside
from feedback.tables import ExplanationRow, JobState, User
from tests.factories import above, predict
from tests.factories_readings import blind

TOY = """
import os, pathlib, sys, time
from feedback import explaining
from tests.factories_explanations import explanation

folder = pathlib.Path(__file__).parent
started = "measuring" if "--reports" in sys.argv else "started"
with (folder / started).open("a") as file:
    file.write(f"{os.getpid()}\\n")
if (folder / "deadly").exists():
    os._exit(9)

class Toy:
    def __init__(self, before_pass=None): pass
    def warm_up(self): (folder / f"{started}-warm").touch()
    def of(self, model, source): return self
    def attribute(self, ecg, superclass, method):
        (folder / "computing").touch()
        while (folder / "slow").exists():
            time.sleep(0.05)
        return explanation(method, superclass)

explaining.Explainers = Toy
explaining.measured = lambda *_: {}
explaining.in_words = lambda *_: ""
sys.exit(explaining.main())
"""
WORKER = """
import sys, time
from pathlib import Path
from feedback.db import make_engine, make_sessions
from feedback.executors.resident import Resident, explainer_beside

url, log, toy = sys.argv[1:]
with explainer_beside(
    make_sessions(make_engine(url)), Resident(url, Path(log), command=(sys.executable, toy))
):
    time.sleep(600)
"""


class Bench:
    """An explanation that can be asked for, and a toy that computes it."""

    def __init__(self, sessions: Sessions, folder: Path, reader: User) -> None:
        self.sessions, self.folder, self.reader = sessions, folder, reader
        self.url = sessions.engine.url.render_as_string(hide_password=False)
        self.toy, self.log = folder / "toy.py", folder / "explainer.log"
        self.toy.write_text(TOY)

    @property
    def resident(self) -> Resident:
        return Resident(self.url, self.log, command=(sys.executable, str(self.toy)))

    @property
    def started(self) -> list[int]:
        """Ids of the processes that were started."""
        path = self.folder / "started"
        return [int(line) for line in path.read_text().splitlines()] if path.exists() else []

    def ask(self) -> None:
        with self.sessions.begin() as session:
            explanations.request(session, self.reader.id, 1, Method.SHAP, Superclass.MI)

    def done(self) -> bool:
        with self.sessions.read() as session:
            return session.scalar(select(ExplanationRow.state)) is JobState.DONE

    def computing(self) -> bool:
        return (self.folder / "computing").exists()


@pytest.fixture
def bench(
    library: Sessions, reader: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Bench:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    monkeypatch.setattr(resident, "RESTART_S", 0.1)
    with library.begin() as session:
        predict(session, 1, above(Superclass.MI))
    blind(library, reader.id, 1)
    return Bench(library, tmp_path, reader)


def until(true: Callable[[], bool], said: Path, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            pytest.fail(f"not within {seconds} s; the explainer said: {said.read_text()}")
        time.sleep(0.05)


def alive(pid: int) -> bool:
    """Whether a process lives; one that only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_nobody_who_reads_and_nothing_asked_for_starts_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resident, "LATELY", timedelta(0))
    with explainer_beside(bench.sessions, bench.resident):
        time.sleep(3 * resident.POLL_S)
        assert bench.started == []
        assert not (bench.folder / "measuring").exists()
        bench.ask()
        until(bench.done, bench.log)
        (pid,) = bench.started
    assert not alive(pid)


def test_both_are_ready_before_whoever_reads_asks_for_anything(bench: Bench) -> None:
    def ready() -> bool:
        return all((bench.folder / f"{kind}-warm").exists() for kind in ("started", "measuring"))

    with explainer_beside(bench.sessions, bench.resident):
        until(ready, bench.log)
    assert not (bench.folder / "computing").exists()


def test_a_request_whose_process_is_killed_is_answered_by_the_next(bench: Bench) -> None:
    slow = bench.folder / "slow"
    slow.touch()
    with explainer_beside(bench.sessions, bench.resident):
        bench.ask()
        until(bench.computing, bench.log)
        slow.unlink()
        os.kill(bench.started[0], signal.SIGKILL)
        until(bench.done, bench.log)
    assert len(bench.started) == 2


def test_a_restart_of_the_worker_in_mid_computation_is_no_attempt(bench: Bench) -> None:
    (bench.folder / "slow").touch()
    with explainer_beside(bench.sessions, bench.resident):
        bench.ask()
        until(bench.computing, bench.log)
    with bench.sessions.read() as session:
        found = session.scalars(select(ExplanationRow)).one()
    assert (found.state, found.attempts) == (JobState.QUEUED, 0)


def test_a_process_that_died_names_the_log_that_it_wrote(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    (bench.folder / "deadly").touch()
    log = bench.folder / "another.log"
    with explainer_beside(bench.sessions, replace(bench.resident, log_file=log)):
        until(lambda: f"ended with status 9, see {log}" in caplog.text, log)


def test_a_process_that_died_is_not_started_ahead_again_but_for_what_waits(bench: Bench) -> None:
    (bench.folder / "deadly").touch()
    with explainer_beside(bench.sessions, bench.resident):
        until(lambda: len(bench.started) == 1 and not alive(bench.started[0]), bench.log)
        time.sleep(2 * (resident.RESTART_S + resident.POLL_S))
        assert len(bench.started) == 1
        (bench.folder / "deadly").unlink()
        bench.ask()
        until(bench.done, bench.log)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at /proc")
def test_it_dies_with_its_worker_and_lets_go_of_what_it_held(bench: Bench) -> None:
    slow = bench.folder / "slow"
    slow.touch()
    command = [sys.executable, "-c", WORKER, bench.url, str(bench.log), str(bench.toy)]
    worker = subprocess.Popen(command)
    try:
        bench.ask()
        until(bench.computing, bench.log)
    finally:
        worker.kill()
        worker.wait()
    until(lambda: not alive(bench.started[0]), bench.log)
    slow.unlink()
    with explainer_beside(bench.sessions, bench.resident):
        until(bench.done, bench.log)


def test_a_process_that_cannot_be_started_ends_nothing(bench: Bench) -> None:
    bench.ask()
    with explainer_beside(bench.sessions, Resident(bench.url, bench.log, command=("/nowhere",))):
        time.sleep(3 * resident.POLL_S)
    with explainer_beside(bench.sessions, bench.resident):
        until(bench.done, bench.log)
