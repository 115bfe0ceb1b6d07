"""The explainers beside a worker: started before a reader needs them, and when one has died.

There are two: one that readers wait for, and one that measures what it has computed.
"""

import logging
import math
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from feedback import explanation_queue
from feedback.db import Sessions, now
from feedback.errors import StorageError
from feedback.executors.local import owner_name
from feedback.executors.processes import EXPLAINER_NICENESS, REPORTS_NICENESS, Child, start_child
from feedback.presence import anybody_since

log = logging.getLogger(__name__)

POLL_S = 0.2  # between two looks at whether anything waits
RESTART_S = 2.0  # after a process that has died, for what waits
BACK_OFF_S = 60.0  # and for whoever reads: it would only die again where there is no memory
LATELY = timedelta(minutes=5)  # whoever signed in or answered since may want an explanation
COMMAND = (sys.executable, "-m", "feedback.explaining")


@dataclass(frozen=True)
class Resident:
    """Starts ``command --owner OWNER --parent PID`` as a child process of this one.

    With ``reports`` it is one that measures, ``--reports``.
    """

    database_url: str
    log_file: Path
    threads: int = 1  # of torch and the numeric libraries, for what a reader waits for
    report_threads: int = 1  # for reports
    command: Sequence[str] = COMMAND
    reports: bool = False

    def start(self, owner: str) -> Child:
        """Start the process; what it prints is appended to the log file."""
        command = [*self.command, "--owner", owner, *(["--reports"] if self.reports else [])]
        return start_child(
            command,
            self.database_url,
            self.log_file,
            threads=self.report_threads if self.reports else self.threads,
            niceness=REPORTS_NICENESS if self.reports else EXPLAINER_NICENESS,
        )


@contextmanager
def explainer_beside(sessions: Sessions, resident: Resident) -> Iterator[None]:
    """Have explainers whenever something waits for one, during the block.

    They are not started at once: each holds 0.7 to 0.9 GB. To wait for one that is not ready
    takes ten seconds and more, and one that gets ready takes a core from one that is asked: so
    both are started when somebody signs in or reads.
    """
    stop = threading.Event()
    kinds = (replace(resident, reports=reports) for reports in (False, True))
    keepers = [threading.Thread(target=_keep, args=(sessions, kind, stop)) for kind in kinds]
    for keeper in keepers:
        keeper.start()
    try:
        yield
    finally:
        stop.set()
        for keeper in keepers:
            keeper.join()


def _keep(sessions: Sessions, resident: Resident, stop: threading.Event) -> None:
    died = -math.inf
    while not stop.wait(POLL_S):
        try:
            ahead = time.monotonic() - died > BACK_OFF_S
            if _wanted(sessions, resident, ahead) and _died(sessions, resident, stop):
                died = time.monotonic()
        except (OSError, StorageError) as error:  # no memory, no process, no database
            log.warning("asking again: %s", error)
            stop.wait(RESTART_S)


def _wanted(sessions: Sessions, resident: Resident, ahead: bool) -> bool:
    """Whether something waits for it; or, ``ahead`` of that, somebody reads."""
    waits = explanation_queue.waits(sessions, reports=resident.reports)
    return waits or (ahead and anybody_since(sessions, now() - LATELY))


def _died(sessions: Sessions, resident: Resident, stop: threading.Event) -> bool:
    """See one explainer through from its start to its end; whether it died of something."""
    owner, name = owner_name(), "reports" if resident.reports else "explainer"
    child = resident.start(owner)
    log.info("%s started", name)
    while (status := child.poll()) is None and not stop.wait(POLL_S):
        pass
    if status is None:
        child.stop()
    explanation_queue.release(sessions, owner, died=bool(status))
    if status:
        log.error("%s ended with status %s, see %s", name, status, resident.log_file)
        stop.wait(RESTART_S)
    return bool(status)
