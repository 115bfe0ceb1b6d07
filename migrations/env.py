"""Alembic's entry: one transaction for the whole way, on the database that the caller names."""

import os

from alembic import context
from sqlalchemy import Connection, text

from feedback.db import make_engine
from feedback.tables import Base

_ANY_NUMBER = 7_212_026  # the same for every process, so that they migrate one after the other


def _url() -> str:
    url = context.config.attributes.get("url") or os.environ.get("TRUSTECG_DATABASE_URL")
    if not url:
        raise SystemExit("no database named: set TRUSTECG_DATABASE_URL, or use 'trustecg db'")
    return str(url)


def _migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,  # SQLite alters a table by building it anew
        compare_type=True,
        transactional_ddl=True,  # on SQLite too: a migration that fails leaves nothing behind
    )
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_ANY_NUMBER})"))
        context.run_migrations()
        if connection.dialect.name == "sqlite":
            _refuse_broken_references(connection)


def _refuse_broken_references(connection: Connection) -> None:
    broken = connection.execute(text("PRAGMA foreign_key_check")).all()
    if broken:
        raise RuntimeError(f"the migration would break {len(broken)} references: nothing changed")


def _run() -> None:
    engine = make_engine(_url(), foreign_keys=False)  # rebuilding a table would cascade
    try:
        with engine.connect() as connection:
            _migrate(connection)
    finally:
        engine.dispose()


_run()
