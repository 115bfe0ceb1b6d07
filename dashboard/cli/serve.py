"""``up``, ``serve``, ``worker`` and ``score``: what runs until it is stopped, or is done."""

import logging
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dashboard import server
from dashboard.cli.options import Json
from dashboard.cli.output import emit, note, progress
from dashboard.settings import Settings, load_settings
from feedback import catalogue, db, registry, scoring
from feedback.db import Sessions
from feedback.executors.local import LocalExecutor, work
from feedback.executors.resident import Resident, explainer_beside
from feedback.finetune import Schedule
from feedback.tables import ModelVersion

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from dashboard.preparation import Prepared

Port = Annotated[int | None, typer.Option(help="Port to serve on; 0 takes any free one.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the command line."""
    app.command()(up)
    app.command()(serve)
    app.command()(worker)
    app.command()(score)


def up(port: Port = None) -> None:
    """Prepare everything, then serve and work until Ctrl-C."""
    from dashboard.preparation import prepare

    settings = _settings(port)
    server.log_to_file(settings.logs / "web.log")
    with server.stopped_by_signals(), server.listen(settings.host, settings.port) as taken:
        prepared = prepare(settings)
        _introduce(prepared)
        with server.worker_beside(settings):
            server.serve(_application(settings), taken, settings, _announce)
    note("stopped")


def serve(port: Port = None) -> None:
    """Serve the web application alone; 'trustecg worker' runs the jobs."""
    from dashboard.preparation import check

    settings = _settings(port)
    server.log_to_file(settings.logs / "web.log")
    with server.stopped_by_signals(), server.listen(settings.host, settings.port) as taken:
        check(settings)
        server.serve(_application(settings), taken, settings, _announce)
    note("stopped")


def worker(
    parent: Annotated[
        int | None, typer.Option(help="Stop when this process, which started it, is gone.")
    ] = None,
) -> None:
    """Run jobs until Ctrl-C, each in a fresh interpreter, and compute explanations."""
    from dashboard.preparation import usable_card

    settings = load_settings()
    server.log_with(logging.StreamHandler())
    usable_card(settings.checkpoint)
    db.check(settings.database_url)
    stop = _set_by_signals()
    if parent is not None:
        server.stop_with_parent(stop, parent)
    sessions = _sessions(settings)
    with explainer_beside(sessions, _resident(settings)):
        work(sessions, _executor(settings), stop=stop, idle=_schedule(sessions, settings))


def score(
    checkpoint: Annotated[
        str | None,
        typer.Option(help="Version, or folder of one to enter; default: the served model."),
    ] = None,
    json: Json = False,
) -> None:
    """Predict every record that a model has not seen, as jobs that all workers share."""
    from dashboard.preparation import check

    settings = load_settings()
    check(settings)
    sessions = _sessions(settings)
    with sessions.begin() as session:
        model = _asked_for(session, checkpoint)
        scoring.enqueue_scoring(session, actor=catalogue.LOCAL, model=model)
    _work_through(sessions, settings, model)
    with sessions.read() as session:
        coverage = catalogue.coverage(session, model)
    emit(
        {"checkpoint": model.version, **asdict(coverage), "open": coverage.open},
        json,
        f"{model.version}: {coverage.scored} of {coverage.records} records have a prediction, "
        f"{coverage.refused} were refused for their quality, {coverage.failed} cannot be read",
    )
    if coverage.open:
        note(f"{coverage.open} records were not scored: {settings.logs / 'jobs.log'} says why")
        raise typer.Exit(1)


def _asked_for(session: "Session", checkpoint: str | None) -> ModelVersion:
    """The model of a version or folder; a folder's checkpoint is entered as a challenger."""
    from dashboard.preparation import usable_card

    if checkpoint is None:
        return catalogue.active_model(session)
    if (folder := Path(checkpoint)).is_dir():
        return registry.add(session, usable_card(folder), folder.resolve())
    return registry.find_model(session, checkpoint)


def _work_through(sessions: Sessions, settings: Settings, model: ModelVersion) -> None:
    """Be a worker until no scoring job of the model is open, and show how far all of them are."""
    stop, done = _set_by_signals(), threading.Event()

    def follow() -> None:
        with sessions.read() as session:
            total = catalogue.coverage(session, model).open
        with progress("Scoring records", total) as advance:
            while not done.wait(0.5):
                with sessions.read() as session:
                    advance(done=total - catalogue.coverage(session, model).open)
            advance(done=total)

    with ThreadPoolExecutor(1) as pool:
        followed = pool.submit(follow)
        try:
            work(
                sessions,
                _executor(settings),
                stop=stop,
                finished=lambda: not scoring.is_open(sessions, model.id),
            )
        finally:
            done.set()
        followed.result()
    if stop.is_set():
        raise typer.Abort


def _application(settings: Settings) -> Any:
    from dashboard.app import create_app  # what is wrong with the data is said before this loads

    return create_app(settings).server


def _settings(port: int | None) -> Settings:
    return load_settings() if port is None else load_settings(port=port)


def _sessions(settings: Settings) -> Sessions:
    return db.make_sessions(db.make_engine(settings.database_url))


def _executor(settings: Settings) -> LocalExecutor:
    with server.log_file(settings.logs / "jobs.log") as log:
        return LocalExecutor(settings.database_url, Path(log.name), threads=settings.threads)


def _resident(settings: Settings) -> Resident:
    with server.log_file(settings.logs / "explainer.log") as log:
        log_file = Path(log.name)
    return Resident(
        settings.database_url,
        log_file,
        threads=settings.explainer_threads,
        report_threads=settings.threads,
    )


def _schedule(sessions: Sessions, settings: Settings) -> Schedule:
    return Schedule(
        sessions=sessions,
        folder=settings.checkpoints,
        every=settings.retrain_every,
        hours=settings.retrain_hours,
    )


def _set_by_signals() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _introduce(prepared: "Prepared") -> None:
    """Say what is served and how to get in."""
    coverage = prepared.coverage
    kind = "SIMULATED records" if prepared.dataset.simulated else "records"
    typer.echo(f"{coverage.records} {kind} in {prepared.dataset.root}")
    if coverage.open:
        typer.echo(f"{coverage.open} of them are being scored; the page 'Jobs' shows how far")
    if (new := prepared.first_admin) is not None:
        typer.echo(f"first sign-in: {new.user.email}, one-time password: {new.password}")
        typer.echo(
            f"it is shown this once and good until {new.until:%Y-%m-%d %H:%M} UTC; you choose your "
            f"own when you sign in. 'trustecg user reset {new.user.email}' prints another one"
        )


def _announce(url: str) -> None:
    typer.echo(f"TrustECG is ready: {url} (Ctrl-C stops it)")
    sys.stdout.flush()
