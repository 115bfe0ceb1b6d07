"""The local worker with real processes: kill them, and see the job come to its end."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from feedback import jobs
from feedback.db import Sessions
from feedback.executors import local
from feedback.executors.local import LocalExecutor, work
from feedback.tables import Job, JobState

STEPS = 8
TOY = f"""
import os, pathlib, sys, time
from feedback import jobs, runner

def work(context):
    ticks = pathlib.Path(context.payload["ticks"])
    for step in range((context.checkpoint or {{"step": 0}})["step"], {STEPS}):
        with ticks.open("a") as file:
            file.write(f"{{step}} {{os.getpid()}}\\n")
        time.sleep(0.15)
        context.heartbeat(step / {STEPS}, checkpoint={{"step": step + 1}})
    return "toiled"

if __name__ == "__main__":
    sys.modules["toy"] = sys.modules["__main__"]
    jobs.HANDLERS["toy"] = "toy:work"
    sys.exit(runner.main())
"""
WORKER = """
import sys, threading
from pathlib import Path
from feedback.db import make_engine, make_sessions
from feedback.executors.local import LocalExecutor, work

url, log, toy = sys.argv[1:]
executor = LocalExecutor(url, Path(log), command=(sys.executable, toy))
work(make_sessions(make_engine(url)), executor, stop=threading.Event())
"""


class Bench:
    """A toy job that notes each of its steps, and workers for it."""

    def __init__(self, sessions: Sessions, folder: Path) -> None:
        self.sessions = sessions
        self.url = sessions.engine.url.render_as_string(hide_password=False)
        self.ticks, self.log = folder / "ticks", folder / "jobs.log"
        self.toy = folder / "toy.py"
        self.toy.write_text(TOY)
        self.ticks.touch()
        with sessions.begin() as session:
            payload = {"ticks": str(self.ticks)}
            self.job_id = jobs.enqueue(session, "toy", payload, actor="eve").id

    @property
    def executor(self) -> LocalExecutor:
        return LocalExecutor(self.url, self.log, command=(sys.executable, str(self.toy)))

    @property
    def job(self) -> Job:
        with self.sessions.read() as session:
            return session.get_one(Job, self.job_id)

    @property
    def steps(self) -> list[tuple[int, int]]:
        """(step, process id) in the order in which they were done."""
        pairs = (line.split() for line in self.ticks.read_text().splitlines())
        return [(int(step), int(pid)) for step, pid in pairs]

    def start_worker(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", WORKER, self.url, str(self.log), str(self.toy)]
        return subprocess.Popen(command)

    def drain(self) -> None:
        """Be a worker here until nothing is left to do."""
        work(self.sessions, self.executor, stop=threading.Event(), finished=lambda: True)


@pytest.fixture
def bench(sessions: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setitem(jobs.HANDLERS, "toy", "toy:work")
    return Bench(sessions, tmp_path)


def wait_for(condition: Callable[[], object], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_job_runs_in_an_interpreter_of_its_own(bench: Bench) -> None:
    bench.drain()
    assert (bench.job.state, bench.job.message) == (JobState.DONE, "toiled")
    assert [step for step, _ in bench.steps] == list(range(STEPS))
    assert os.getpid() not in {pid for _, pid in bench.steps}


def test_a_job_whose_process_is_killed_goes_on_from_its_checkpoint(bench: Bench) -> None:
    worker = threading.Thread(target=bench.drain)
    worker.start()
    wait_for(lambda: len(bench.steps) >= 3)
    os.kill(bench.steps[0][1], signal.SIGKILL)
    worker.join(120)
    assert (bench.job.state, bench.job.attempts) == (JobState.DONE, 1)  # since the last checkpoint
    assert_resumed(bench.steps)


def test_a_job_whose_worker_is_killed_goes_on_elsewhere(bench: Bench) -> None:
    with bench.start_worker() as first:
        wait_for(lambda: len(bench.steps) >= 3)
        first.kill()
    orphan = bench.steps[0][1]
    wait_for(lambda: gone(orphan))  # it sees that its worker is gone, and puts the job back
    bench.drain()
    assert (bench.job.state, bench.job.attempts) == (JobState.DONE, 1)  # since the last checkpoint
    assert_resumed(bench.steps)


def test_a_worker_that_is_told_to_stop_puts_its_job_back(bench: Bench) -> None:
    stop = threading.Event()
    options = {"stop": stop}
    worker = threading.Thread(target=work, args=(bench.sessions, bench.executor), kwargs=options)
    worker.start()
    wait_for(lambda: len(bench.steps) >= 2)
    stop.set()
    worker.join(60)
    assert (bench.job.state, bench.job.attempts) == (JobState.QUEUED, 0)
    assert gone(bench.steps[0][1])


def test_a_process_that_cannot_even_start_fails_the_job(bench: Bench) -> None:
    bench.toy.write_text("import sys; sys.exit('no such module')")
    bench.drain()
    assert bench.job.state is JobState.FAILED
    assert bench.job.error == "given up after 3 attempts: its process ended with status 1"
    assert b"no such module" in bench.log.read_bytes()


def test_a_job_that_cannot_be_started_fails_and_the_worker_goes_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "POLL_S", 0.01)
    nowhere = LocalExecutor(bench.url, bench.log.parent / "none" / "jobs.log")
    work(bench.sessions, nowhere, stop=threading.Event(), finished=lambda: True)
    assert bench.job.state is JobState.FAILED
    assert bench.job.error is not None
    assert bench.job.error.startswith(
        "given up after 3 attempts: its process did not start: [Errno 2] No such file"
    )


def assert_resumed(steps: list[tuple[int, int]]) -> None:
    """All steps were done, in two processes, and at most the one under way twice."""
    assert sorted({step for step, _ in steps}) == list(range(STEPS))
    assert len({pid for _, pid in steps}) == 2
    assert len(steps) <= STEPS + 1
