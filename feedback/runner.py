"""One job in a process of its own: ``python -m feedback.runner ID``.

It needs the database's address in the environment and nothing else: any executor can start it.
"""

import argparse
import importlib
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from core.errors import CoreError
from feedback import jobs
from feedback.db import Sessions, make_engine, make_sessions
from feedback.errors import Cancelled, CatalogueError, JobError, LostLease, StorageError, UnknownJob
from feedback.jobs import JobContext
from feedback.tables import Job

log = logging.getLogger(__name__)

DATABASE_VARIABLE = "TRUSTECG_DATABASE_URL"
FINAL = (CoreError, CatalogueError, JobError)  # trying again would not help
RENEW_S = 15  # the lease is renewed this often, whatever the handler is at

Handler = Callable[[JobContext], str | None]


def run(sessions: Sessions, job_id: int, owner: str, parent: int | None = None) -> None:
    """Run a job that ``owner`` holds, to its end, and settle its row whatever happens.

    With ``parent``, this process ends when that one is gone, so that no job is orphaned.
    """
    with sessions.read() as session:
        job = session.get_one(Job, job_id)
    context = JobContext(
        sessions=sessions,
        job_id=job_id,
        owner=owner,
        payload=job.payload,
        checkpoint=job.checkpoint,
    )
    try:
        with _lease_kept(context, parent):
            jobs.heartbeat(sessions, job_id, owner)
            message = _handler(job.kind)(context)
        jobs.finish(sessions, job_id, owner, message or "")
    except LostLease as error:
        log.warning("%s", error)
    except Cancelled:
        jobs.give_up(sessions, job_id, owner)
    except FINAL as error:
        jobs.fail(sessions, job_id, owner, str(error))
    except Exception as error:
        log.exception("job %d", job_id)
        jobs.retry(sessions, job_id, owner, f"{type(error).__name__}: {error}")


@contextmanager
def _lease_kept(context: JobContext, parent: int | None) -> Iterator[None]:
    """Renew the lease while the handler computes."""
    done = threading.Event()
    thread = threading.Thread(target=_keep_lease, args=(context, done, parent), daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _keep_lease(context: JobContext, done: threading.Event, parent: int | None) -> None:
    second = 0
    while not done.wait(1.0):
        second += 1
        if parent is not None and os.getppid() != parent:
            # the worker was killed: nobody would stop this process
            with suppress(StorageError):
                jobs.retry(context.sessions, context.job_id, context.owner, "its worker was killed")
            os._exit(1)
        if second % RENEW_S == 0:
            # the handler meets LostLease and Cancelled itself, at its next heartbeat
            with suppress(JobError, StorageError):
                jobs.heartbeat(context.sessions, context.job_id, context.owner)


def _handler(kind: str) -> Handler:
    if kind not in jobs.HANDLERS:
        raise UnknownJob(f"no handler for jobs of kind {kind!r}: update this worker")
    module, _, name = jobs.HANDLERS[kind].partition(":")
    handler: Handler = getattr(importlib.import_module(module), name)
    return handler


def main(arguments: list[str] | None = None) -> int:
    """Run one job, claimed here where no owner has."""
    parser = argparse.ArgumentParser(prog="python -m feedback.runner")
    parser.add_argument("job", type=int)
    parser.add_argument("--owner", help="who has claimed the job already")
    parser.add_argument("--parent", type=int, help="end when this process, the worker, is gone")
    given = parser.parse_args(arguments)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level="INFO")
    sessions = make_sessions(make_engine(os.environ[DATABASE_VARIABLE]))
    owner = given.owner or f"process {os.getpid()}"
    if given.owner is None and jobs.claim(sessions, owner, job_id=given.job) is None:
        print(f"job {given.job} does not wait to be run", file=sys.stderr)
        return 1
    run(sessions, given.job, owner, given.parent)
    return 0


if __name__ == "__main__":
    sys.exit(main())
