"""Jobs on this machine: a worker that runs each one in a fresh interpreter.

Fresh, because torch hangs in a fork of a process that has run it, and because what a job
imports and leaks ends with it.
"""

import logging
import os
import socket
import sys
import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from feedback import jobs
from feedback.db import Sessions
from feedback.errors import StorageError
from feedback.executors import Executor, Running
from feedback.executors.processes import JOB_NICENESS, Child, start_child

log = logging.getLogger(__name__)

POLL_S = 1.0  # how long an idle worker sleeps
COMMAND = (sys.executable, "-m", "feedback.runner")


@dataclass(frozen=True)
class LocalExecutor:
    """Starts ``command JOB_ID --owner OWNER --parent PID`` as a child process of this one."""

    database_url: str
    log_file: Path
    threads: int = 1  # of torch and the numeric libraries
    command: Sequence[str] = COMMAND

    def start(self, job_id: int, owner: str) -> Child:
        """Start the job; what it prints is appended to the log file."""
        command = [*self.command, str(job_id), "--owner", owner]
        return start_child(
            command, self.database_url, self.log_file, threads=self.threads, niceness=JOB_NICENESS
        )


def owner_name() -> str:
    """A name for a worker that no other one has or will have."""
    return f"{socket.gethostname()[:60]}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


def work(
    sessions: Sessions,
    executor: Executor,
    *,
    stop: threading.Event,
    finished: Callable[[], bool] = lambda: False,
    idle: Callable[[], object] = lambda: None,
) -> None:
    """Claim jobs and see them through, one at a time, until ``stop`` is set or ``finished()``.

    ``finished`` is asked when nothing is left to claim, and ``idle`` called where that says no.
    A database that is busy or gone is logged and asked again.
    """
    owner = owner_name()
    while not stop.is_set():
        try:
            job_id = jobs.claim(sessions, owner)
            if job_id is not None:
                _run(sessions, executor, job_id, owner, stop)
            elif finished():
                return
            else:
                idle()
                stop.wait(POLL_S)
        except StorageError as error:
            log.warning("asking again: %s", error)
            stop.wait(POLL_S)


def _run(
    sessions: Sessions, executor: Executor, job_id: int, owner: str, stop: threading.Event
) -> None:
    try:
        running = executor.start(job_id, owner)
    except OSError as error:  # no memory, no process, no room for the log
        log.warning("job %d did not start: %s", job_id, error)
        jobs.retry(sessions, job_id, owner, f"its process did not start: {error}")
        stop.wait(POLL_S)
        return
    log.info("job %d started", job_id)
    _see_through(sessions, running, job_id, owner, stop)


def _see_through(
    sessions: Sessions, running: Running, job_id: int, owner: str, stop: threading.Event
) -> None:
    while (status := running.poll()) is None:
        if stop.wait(0.1):
            running.stop()
            jobs.release(sessions, job_id, owner)
            log.info("job %d put back: this worker was told to stop", job_id)
            return
    log.info("job %d ended with status %d", job_id, status)
    if status != 0:
        jobs.retry(sessions, job_id, owner, f"its process ended with status {status}")
