"""Child processes: what they are given, and how they make way."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from feedback.executors import processes
from feedback.executors.processes import (
    EXPLAINER_NICENESS,
    JOB_NICENESS,
    REPORTS_NICENESS,
    Child,
    child_environment,
    make_way,
    start_child,
)

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


@pytest.mark.skipif(not hasattr(os, "SCHED_IDLE"), reason="Linux alone has this class")
@pytest.mark.parametrize(
    ("niceness", "idle"),
    [(EXPLAINER_NICENESS, False), (JOB_NICENESS, True), (REPORTS_NICENESS, True)],
)
def test_what_nobody_waits_for_runs_where_nothing_else_wants_to(
    tmp_path: Path, niceness: int, idle: bool
) -> None:
    with sleeper(tmp_path / "log", niceness) as child:
        found = os.sched_getscheduler(child.process.pid)
        assert (found == os.SCHED_IDLE) is idle
        assert os.getpriority(os.PRIO_PROCESS, child.process.pid) >= niceness


@pytest.mark.skipif(
    not os.access("/proc/self/autogroup", os.W_OK), reason="sessions are not weighed here"
)
def test_the_session_of_a_child_is_weighed_as_it_is(tmp_path: Path) -> None:
    own = os.getpriority(os.PRIO_PROCESS, 0)
    with sleeper(tmp_path / "log", 3) as child:
        assert weight_of_session(child.process.pid) == min(19, own + 3)


class Busy:
    """A weight that is not taken the first ``times``, as others were weighed just now."""

    def __init__(self, times: int) -> None:
        self.times, self.written = times, []

    def write_text(self, text: str) -> None:
        self.written.append(text)
        if len(self.written) <= self.times:
            raise BlockingIOError


def test_a_session_is_weighed_when_others_have_been(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_AGAIN_S", 0)
    busy, busier = Busy(2), Busy(99)
    processes._weigh_session(busy, 7)
    assert busy.written == ["7"] * 3
    with pytest.raises(BlockingIOError):
        processes._weigh_session(busier, 7)


def test_a_child_that_has_ended_and_was_not_asked_for_its_status_is_let_go(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ended = start_child(
        (sys.executable, "-c", ""), "sqlite://", tmp_path / "log", threads=1, niceness=1
    )
    os.waitid(os.P_PID, ended.process.pid, os.WEXITED | os.WNOWAIT)  # it stays a zombie
    make_way(ended.process.pid, 5)
    assert not caplog.records
    assert ended.process.wait() == 0


def test_a_sandbox_that_forbids_the_idle_class_leaves_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("forbidden")

    weighed: list[int] = []
    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    monkeypatch.setattr(processes, "_weigh_session", lambda _, niceness: weighed.append(niceness))
    with sleeper(tmp_path / "log", JOB_NICENESS):
        assert "is not of the idle class: forbidden" in caplog.text
        assert weighed


def test_what_is_refused_is_logged_and_the_child_computes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("read-only")

    monkeypatch.setattr(processes, "_weigh_session", refuse)
    with sleeper(tmp_path / "log", 1) as child:
        assert child.poll() is None
    assert "does not make way: read-only" in caplog.text
