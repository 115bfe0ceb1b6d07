"""Child processes: what they are given, and how they make way."""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from feedback.executors.processes import Child, child_environment, make_way, start_child

SLEEPER = (sys.executable, "-c", "import time; time.sleep(600)")


@contextmanager
def sleeper(log_file: Path, niceness: int) -> Iterator[Child]:
    child = start_child(SLEEPER, "sqlite://", log_file, threads=1, niceness=niceness)
    try:
        yield child
    finally:
        child.stop()


def weight_of_session(pid: int) -> int:
    """The niceness of a session beside others, which /proc gives last."""
    return int(Path(f"/proc/{pid}/autogroup").read_text().split()[-1])


def test_a_child_computes_on_the_threads_it_is_given_and_lets_none_spin() -> None:
    environment = child_environment("sqlite://", 3)
    assert environment["OMP_NUM_THREADS"] == environment["MKL_NUM_THREADS"] == "3"
    assert environment["OMP_WAIT_POLICY"] == "PASSIVE"


def test_a_child_is_nicer_from_its_start_and_never_nicer_than_it_can_be(tmp_path: Path) -> None:
    own = os.getpriority(os.PRIO_PROCESS, 0)
    for niceness in (5, 40):
        with sleeper(tmp_path / "log", niceness) as child:
            found = os.getpriority(os.PRIO_PROCESS, child.process.pid)
            assert found == min(19, own + niceness)


@pytest.mark.skipif(
    not Path("/proc/self/autogroup").exists(), reason="sessions are not weighed here"
)
def test_sessions_of_children_that_start_together_are_weighed_too(tmp_path: Path) -> None:
    own = os.getpriority(os.PRIO_PROCESS, 0)
    with ExitStack() as stack:
        for niceness in (3, 4, 5):
            child = stack.enter_context(sleeper(tmp_path / "log", niceness))
            assert weight_of_session(child.process.pid) == min(19, own + niceness)


def test_a_child_that_has_ended_already_is_let_go(tmp_path: Path) -> None:
    with sleeper(tmp_path / "log", 1) as child:
        pass
    make_way(child.process.pid, 5)
