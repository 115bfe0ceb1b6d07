"""Child processes that compute something, and how they make way for the page.

First comes the page that somebody turns, then the colours that they wait for, then jobs, then
what is measured of those colours: the page has niceness 0, and the others one from here. The last
two are told apart only where Linux weighs sessions against each other.
"""

import logging
import os
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from feedback.runner import DATABASE_VARIABLE

log = logging.getLogger(__name__)

EXPLAINER_NICENESS = 5
JOB_NICENESS = 10
REPORTS_NICENESS = 15
GRACE_S = 5.0  # from SIGTERM to SIGKILL
NICEST = 19
IDLE_FROM = JOB_NICENESS  # what is this nice or nicer gets next to nothing where others compute
_TRIES = 5
_AGAIN_S = 0.1  # without privileges, Linux takes one session's weight in this time, of whomever


@dataclass(frozen=True)
class Child:
    """A child process that computes something."""

    process: subprocess.Popen[bytes]

    def poll(self) -> int | None:
        """Exit status, None while it runs."""
        return self.process.poll()

    def stop(self) -> None:
        """SIGTERM, and SIGKILL where that does not do."""
        self.process.terminate()
        try:
            self.process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start_child(
    command: Sequence[str], database_url: str, log_file: Path, *, threads: int, niceness: int
) -> Child:
    """Start ``command --parent PID`` in a session of its own; raises OSError where it cannot.

    What it prints is appended to the log file. ``niceness`` is added to this process's own.
    """
    with log_file.open("ab") as output:
        process = subprocess.Popen(
            [*command, "--parent", str(os.getpid())],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=child_environment(database_url, threads),
            start_new_session=True,  # Ctrl-C in the terminal is the worker's to handle
        )
    make_way(process.pid, niceness)
    return Child(process)


def make_way(pid: int, niceness: int) -> None:
    """Make a session, by the process that leads it, nicer by ``niceness``, up to 19.

    Where Linux weighs sessions against each other, niceness alone counts only within one
    (sched(7), "The autogroup feature"): a process that measured took as much of the cores as the
    page and as the one that a reader waited for. From ``IDLE_FROM`` on a process is of the class
    SCHED_IDLE too, whose core is taken for a free one by whatever wakes: beside a retraining on two
    cores, a page then came about as quickly as beside none. What is refused is logged: it computes
    as well.
    """
    try:
        nicer = min(NICEST, os.getpriority(os.PRIO_PGRP, pid) + niceness)
        os.setpriority(os.PRIO_PGRP, pid, nicer)  # with the threads that it may have by now
        if niceness >= IDLE_FROM:
            _give_way(pid)
        _weigh_session(Path(f"/proc/{pid}/autogroup"), nicer)
    except (FileNotFoundError, ProcessLookupError):
        return  # sessions are not weighed here, or it has ended
    except OSError as error:
        log.warning("process %d does not make way: %s", pid, error)


def _give_way(pid: int) -> None:
    if not hasattr(os, "SCHED_IDLE"):  # Linux alone has this class
        return
    try:
        os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0))
    except PermissionError as error:  # a sandbox may forbid it
        log.warning("process %d is not of the idle class: %s", pid, error)


def _weigh_session(autogroup: Path, niceness: int) -> None:
    for _ in range(_TRIES - 1):
        with suppress(BlockingIOError):  # another session was weighed just now
            autogroup.write_text(f"{niceness}")
            return
        time.sleep(_AGAIN_S)
    autogroup.write_text(f"{niceness}")


def child_environment(database_url: str, threads: int) -> dict[str, str]:
    """The environment of a process that computes for this one."""
    limits = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
    # a thread that spins while it waits for another takes the time that the other needs: with a
    # page and a second process on two cores, the first SHAP took 6.8 s and takes 2.8
    patient = {"OMP_WAIT_POLICY": "PASSIVE"}  # unless the operator says otherwise
    return patient | os.environ | limits | {DATABASE_VARIABLE: database_url}
