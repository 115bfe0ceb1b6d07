"""``db``, ``user``, ``audit`` and ``export``: the database, its people and what leaves it."""

import io
import json as jsonlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, TextIO

import typer

from dashboard.cli.options import Json
from dashboard.cli.output import emit, note
from dashboard.settings import load_settings
from feedback import archive, audit, db, export, taken, users
from feedback.db import Sessions
from feedback.export_filter import ExportFilter
from feedback.importing import LOCAL
from feedback.tables import Role

Email = Annotated[str, typer.Argument(help="The e-mail address that the person signs in with.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the command line."""
    app.add_typer(group(upgrade, downgrade, check), name="db", help="The tables (Alembic).")
    app.add_typer(group(add, reset), name="user", help="Accounts.")
    app.add_typer(group(verify), name="audit", help="The audit chain.")
    app.command("export")(export_labels)


def upgrade(
    revision: Annotated[str, typer.Argument(help="Where to go.")] = "head", json: Json = False
) -> None:
    """Bring the tables to the newest version, creating the database where there is none."""
    db.upgrade(load_settings().database_url, revision)
    emit({"revision": revision}, json, "the tables are up to date")


def downgrade(
    revision: Annotated[str, typer.Argument(help="Where to go; base drops every table.")] = "-1",
    json: Json = False,
) -> None:
    """Take the tables back, by one version or to REVISION; a SQLite file is copied first."""
    url = load_settings().database_url
    kept = db.copy(url)
    if kept:
        note(f"copied the database to {kept}")
    db.downgrade(url, revision)
    emit({"revision": revision, "copy": str(kept) if kept else None}, json, "done")


def check(json: Json = False) -> None:
    """Say whether tables, indexes and triggers are those of this version."""
    db.check(load_settings().database_url)
    emit({"current": True}, json, "the tables are those of this version")


def add(
    email: Email,
    role: Annotated[Role, typer.Option(help="What the person is here for.")],
    json: Json = False,
) -> None:
    """Make an account and print its one-time password, which is kept nowhere."""
    with open_sessions() as sessions, sessions.begin() as session:
        made = users.add_user(session, email, role, actor=LOCAL)
    _emit_password(made, json)


def reset(email: Email, json: Json = False) -> None:
    """Print a new one-time password for an account and end its sessions."""
    with open_sessions() as sessions, sessions.begin() as session:
        made = users.reset_password(session, email, actor=LOCAL)
    _emit_password(made, json)


def verify(json: Json = False) -> None:
    """Walk the audit chain and every reading; exit 1 where something was altered or removed."""
    with open_sessions() as sessions, sessions.read() as session:
        found = audit.verify(session)
    emit(
        asdict(found),
        json,
        f"{found.entries} entries and {found.readings} readings are whole; "
        f"the chain ends in {found.digest}",
    )


def export_labels(
    file: Annotated[
        Path, typer.Argument(help="The CSV or Parquet file to write, or a ZIP of all.")
    ],
    dictionary: Annotated[
        Path | None, typer.Option(help="Data dictionary; default: FILE.dictionary.csv.")
    ] = None,
    worklist: Annotated[str | None, typer.Option(help="Read through this worklist.")] = None,
    reader: Annotated[str | None, typer.Option(help="By this reader, by e-mail.")] = None,
    since: Annotated[str | None, typer.Option(help="Submitted on YYYY-MM-DD (UTC) or later.")] = (
        None
    ),
    until: Annotated[str | None, typer.Option(help="Submitted on YYYY-MM-DD or earlier.")] = None,
    superclass: Annotated[str | None, typer.Option(help="That call this class present.")] = None,
    mode: Annotated[str | None, typer.Option(help="blind-first or assisted.")] = None,
    status: Annotated[str | None, typer.Option(help="final, or blind: the first alone.")] = None,
    json: Json = False,
) -> None:
    """Write the labels as CSV, with a data dictionary and a manifest beside it.

    A FILE.parquet holds them with their types. A FILE.zip holds the consensus, adjudications and
    agreement too, each as CSV and Parquet; filters are for the labels alone.
    """
    wanted = ExportFilter.of(
        {
            "worklist": worklist,
            "reader": reader,
            "since": since,
            "until": until,
            "superclass": superclass,
            "mode": mode,
            "status": status,
        }
    )
    suffix = file.suffix.lower()
    if wanted.as_json and suffix == ".zip":
        raise typer.BadParameter("filters choose answers of the labels alone: give a FILE.csv")
    if dictionary and suffix == ".zip":
        raise typer.BadParameter("a ZIP holds its dictionary: leave --dictionary out")
    if file.is_dir() or not file.parent.is_dir():
        raise typer.BadParameter(f"{file} cannot be written: give a file in a folder that exists")
    if suffix == ".zip":
        _export_archive(file, json)
        return
    beside = {kind: file.with_name(f"{file.stem}.{kind}") for kind in _BESIDE}
    dictionary = dictionary or beside["dictionary.csv"]
    with open_sessions() as sessions:
        with sessions.read() as session, _whole(file) as stream:
            if suffix == ".parquet":
                manifest = archive.write_parquet(session, stream.buffer, wanted)
            else:
                manifest = export.write_labels(session, stream, wanted)
        with sessions.begin() as session:
            taken.record_labels(session, manifest, actor=LOCAL, target=file.name)
    with _whole(dictionary) as stream:
        export.write_dictionary(stream)
    with _whole(beside["manifest.json"]) as stream:
        jsonlib.dump(manifest.as_json | {"file": file.name}, stream, indent=2)
    result = manifest.as_json | {"file": str(file), "dictionary": str(dictionary)}
    emit(result, json, f"{manifest.rows} rows in {file}, sha256 {manifest.sha256}")


def _export_archive(file: Path, json: bool) -> None:
    """The archive reaches its place whole or not at all; in the audit chain is what did."""
    content = io.BytesIO()
    with open_sessions() as sessions:
        with sessions.read() as session:
            manifest = archive.write_archive(session, content)
        part = file.with_name(f"{file.name}.part")
        part.write_bytes(content.getvalue())
        part.replace(file)
        with sessions.begin() as session:
            taken.record_archive(session, manifest, actor=LOCAL, target=file.name)
    emit(manifest | {"file": str(file)}, json, f"{len(manifest['files'])} files in {file}")


_BESIDE = ("dictionary.csv", "manifest.json")


def group(*commands: object) -> typer.Typer:
    group = typer.Typer(no_args_is_help=True)
    for command in commands:
        group.command()(command)  # type: ignore[type-var]
    return group


@contextmanager
def open_sessions() -> Iterator[Sessions]:
    """The database of this installation, its tables checked first."""
    url = load_settings().database_url
    db.check(url)
    engine = db.make_engine(url)
    try:
        yield db.make_sessions(engine)
    finally:
        engine.dispose()


@contextmanager
def _whole(path: Path) -> Iterator[TextIO]:
    """A file that appears under its name when it is complete, and not at all on an error."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with draft.open("w", encoding="utf-8", newline="") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(path)
    finally:
        with suppress(FileNotFoundError):
            draft.unlink()


def _emit_password(made: users.NewUser, json: bool) -> None:
    emit(
        {
            "email": made.user.email,
            "role": made.user.role,
            "password": made.password,
            "until": made.until.isoformat(),
        },
        json,
        f"{made.user.email} ({made.user.role}): one-time password {made.password}, "
        f"good until {made.until:%Y-%m-%d %H:%M} UTC",
    )
