"""Child processes that compute something, and how they make way for the page."""

import os
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from feedback.runner import DATABASE_VARIABLE

GRACE_S = 5.0  # from SIGTERM to SIGKILL
NICEST = 19
_AGAIN_S = 0.1  # Linux takes the weight of one session in this time, whoever's it is


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
    """Start ``command --parent PID``; what it prints is appended to the log file."""
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
    """Let the leader of a session come after what is less nice, from before it imports anything.

    Niceness alone counts only within a session where Linux weighs sessions against each other
    (sched(7), "The autogroup feature"): without its own, a process that measured took as much of
    the cores as the page and the one that a reader waited for.
    """
    with suppress(OSError):  # it has ended, or this is not Linux
        nicer = min(NICEST, os.getpriority(os.PRIO_PROCESS, pid) + niceness)
        os.setpriority(os.PRIO_PROCESS, pid, nicer)
        _weigh_session(Path(f"/proc/{pid}/autogroup"), nicer)


def _weigh_session(autogroup: Path, niceness: int) -> None:
    for _ in range(5):
        try:
            autogroup.write_text(f"{niceness}")
        except BlockingIOError:  # another session was weighed just now
            time.sleep(_AGAIN_S)
        else:
            return


def child_environment(database_url: str, threads: int) -> dict[str, str]:
    """The environment of a process that computes for this one."""
    limits = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
    # a thread that spins while it waits for another takes the time that the other needs: with a
    # page and a second process on two cores, the first SHAP took 6.8 s and takes 2.8
    patient = {"OMP_WAIT_POLICY": "PASSIVE"}  # unless the operator says otherwise
    return patient | os.environ | limits | {DATABASE_VARIABLE: database_url}
