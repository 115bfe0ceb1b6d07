"""How a claimed job is started; the row of the job stays the truth about it."""

from typing import Protocol


class Running(Protocol):
    """A job that an executor has started."""

    def poll(self) -> int | None:
        """Its exit status, None while it runs; 0 says that it settled its row."""

    def stop(self) -> None:
        """End it and wait until it has ended; its row may be left running."""


class Executor(Protocol):
    """Starts a job that ``owner`` has claimed; needs no result back-end."""

    def start(self, job_id: int, owner: str) -> Running:
        """Start the job and return at once; raises OSError where it cannot be started."""
