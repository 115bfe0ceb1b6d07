"""``trustecg up`` as a newcomer starts it: a real process, a real socket, a real worker."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy import func, select

from feedback import db
from feedback.tables import Job, JobState, Prediction
from tests.factories_dataset import dataset

UP = (sys.executable, "-m", "dashboard", "up", "--port", "0")
READY = re.compile(r"TrustECG is ready: (http://127\.0\.0\.1:\d+) ")
PASSWORD = re.compile(r"first sign-in: admin@trustecg\.local, one-time password: (\S+)")


class Up:
    """A running ``trustecg up``: what it has printed, and where it answers."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said = ""
        assert process.stdout is not None
        for line in process.stdout:
            self.said += line
            if READY.search(line):
                return
        pytest.fail(f"up ended with status {process.wait()} and said:\n{self.said}")

    @property
    def url(self) -> str:
        found = READY.search(self.said)
        assert found is not None
        return found[1]

    def get(self, path: str) -> str:
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(self.url + path, timeout=10) as answer:
            return str(answer.read().decode())


@pytest.fixture
def environment(tmp_path: Path, checkpoint: Path) -> dict[str, str]:
    """A new installation with six records, in the environment of a child process."""
    instance = tmp_path / "instance"
    dataset(instance / "ptbxl")
    return os.environ | {"TRUSTECG_INSTANCE": str(instance), "TRUSTECG_CHECKPOINT": str(checkpoint)}


@contextmanager
def started(environment: dict[str, str]) -> Iterator[Up]:
    """``up`` while the block runs; it is asked to end, and seen to."""
    process = subprocess.Popen(
        UP, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    with process:
        try:
            yield Up(process)
            process.terminate()
            assert process.wait(60) == 0
        finally:
            process.kill()


def database(environment: dict[str, str]) -> db.Sessions:
    path = Path(environment["TRUSTECG_INSTANCE"]) / "trustecg.db"
    return db.make_sessions(db.make_engine(f"sqlite:///{path}"))


def job_states(environment: dict[str, str]) -> list[JobState]:
    with database(environment).read() as session:
        return list(session.scalars(select(Job.state)))


def scored(environment: dict[str, str]) -> int:
    with database(environment).read() as session:
        return session.scalar(select(func.count(Prediction.p_norm))) or 0


def processes() -> dict[int, tuple[str, int]]:
    """State and parent of every process by its id; a fresh Debian has no ps, a Mac no /proc."""
    if Path("/proc/self/stat").exists():
        lines = map(_of_proc, filter(str.isdigit, os.listdir("/proc")))
    else:
        command = ["ps", "-A", "-o", "pid=,stat=,ppid="]
        lines = iter(subprocess.run(command, capture_output=True, text=True).stdout.splitlines())
    parts = (line.split() for line in lines if line)
    return {int(pid): (state, int(parent)) for pid, state, parent in parts}


def _of_proc(pid: str) -> str:
    with suppress(OSError):  # it may have ended meanwhile
        after_name = Path("/proc", pid, "stat").read_text().rpartition(")")[2]
        return " ".join([pid, *after_name.split()[:2]])
    return ""


def children(pid: int) -> list[int]:
    return [child for child, (_, parent) in processes().items() if parent == pid]


def alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and waits for its parent does not."""
    return processes().get(pid, ("Z", 0))[0][0] != "Z"


def wait_until(condition: Callable[[], bool], seconds: float = 180) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.2)
    return False


def test_a_newcomer_gets_address_password_and_scored_records(environment: dict[str, str]) -> None:
    with started(environment) as first:
        assert PASSWORD.search(first.said) is not None
        assert first.get("/healthz") == "ok\n"
        assert "password" in first.get("/login")
        # the last prediction is there before the job says that it is done
        assert wait_until(lambda: job_states(environment) == [JobState.DONE])
        assert scored(environment) == 6
        workers = children(first.process.pid)
        assert len(workers) == 1
    assert not any(map(alive, workers))

    with started(environment) as second:
        assert PASSWORD.search(second.said) is None, "the password is shown once"
    assert job_states(environment) == [JobState.DONE]


def test_a_worker_that_is_killed_is_replaced(environment: dict[str, str]) -> None:
    with started(environment) as running:
        (worker,) = children(running.process.pid)
        os.kill(worker, signal.SIGKILL)
        assert wait_until(lambda: children(running.process.pid) not in ([], [worker]))
        assert wait_until(lambda: scored(environment) == 6)


def test_nothing_is_left_running_when_up_itself_is_killed(environment: dict[str, str]) -> None:
    process = subprocess.Popen(UP, env=environment, stdout=subprocess.PIPE, text=True)
    with process:
        Up(process)
        (worker,) = children(process.pid)
        process.kill()
    assert wait_until(lambda: not alive(worker), 60)


def test_a_taken_port_is_one_line_and_nothing_is_written(environment: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        command = [*UP[:-1], port]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == (
        f"trustecg: port {port} of 127.0.0.1 is in use: "
        "stop what listens there, or set TRUSTECG_PORT\n"
    )
    assert not (Path(environment["TRUSTECG_INSTANCE"]) / "trustecg.db").exists()


def test_the_web_process_never_loads_torch() -> None:
    code = (
        "import sys, dashboard.app, dashboard.preparation, dashboard.cli\n"
        "print([name for name in ('torch', 'shap', 'captum', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
