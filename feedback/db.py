"""Engines, transactions and migrations, the same for SQLite and PostgreSQL."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.orm import Session, sessionmaker

from feedback.errors import SchemaOutdated, StorageUnavailable
from feedback.kept import KEPT, Kept
from feedback.tables import Adjudication, AssistedView, AuditEntry, Base, Reading

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
_APPEND_ONLY_TABLES = (Reading, Adjudication, AssistedView, AuditEntry)
APPEND_ONLY = tuple(table.__tablename__ for table in _APPEND_ONLY_TABLES)
_READ_ONLY = "trustecg_read_only"
_LOCK_WAIT_S = 30
_TURN_WAIT_S = 60
_DEADLOCK = "40P01"  # SQLSTATE of PostgreSQL


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def make_engine(url: str, *, foreign_keys: bool = True) -> Engine:
    """An engine for ``sqlite:///...`` or ``postgresql://...``.

    SQLite runs in WAL with a busy timeout, and every commit reaches the disk. Foreign keys are
    off for migrations alone, which rebuild tables.
    """
    parsed = _parse(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(
            parsed, pool_size=10, max_overflow=20, pool_timeout=_TURN_WAIT_S, pool_pre_ping=True
        )
    if parsed.database in (None, "", ":memory:"):
        raise StorageUnavailable(f"{url} is no file: give sqlite:///PATH or postgresql://...")
    _make_private_file(Path(str(parsed.database)))
    engine = create_engine(
        parsed,
        pool_size=10,
        max_overflow=40,  # a connection is an open file: threads wait for the lock, not for it
        pool_timeout=_TURN_WAIT_S,
        connect_args={"timeout": _LOCK_WAIT_S},
    )
    _tune_sqlite(engine, foreign_keys)
    return engine


def _make_private_file(path: Path) -> None:
    """Readings and password hashes are for the owner alone; SQLite's own files follow suit."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
    except OSError as error:
        raise StorageUnavailable(
            f"{path} cannot be written ({error.strerror}): see that its folder is yours and the "
            "disk has room"
        ) from error


def _parse(url: str) -> URL:
    """The URL with its driver; what else it says may hold a password and is not repeated."""
    with suppress(ArgumentError):
        parsed = make_url(url)
        if parsed.drivername in ("postgres", "postgresql"):
            return parsed.set(drivername="postgresql+psycopg")
        if parsed.get_backend_name() in ("sqlite", "postgresql"):
            return parsed
    raise StorageUnavailable(
        "the database URL names no database: give sqlite:///PATH or postgresql://..."
    )


def _tune_sqlite(engine: Engine, foreign_keys: bool) -> None:
    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _: object) -> None:
        connection.isolation_level = None  # the driver would begin late and commit around DDL
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {_LOCK_WAIT_S * 1000}")
        if cursor.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")  # an accepted answer survives a power cut
        cursor.execute(f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}")
        cursor.execute("PRAGMA cache_size = -32768")  # 32 MiB: the worklist stays in memory
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        read_only = bool(connection.get_execution_options().get(_READ_ONLY))
        connection.exec_driver_sql(f"PRAGMA query_only = {'ON' if read_only else 'OFF'}")
        # a transaction that reads before it writes could not wait for the lock: SQLite refuses
        # to upgrade an outdated snapshot at once, whatever the timeout
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


class Sessions:
    """Where transactions come from: ``begin()`` to write, ``read()`` to look.

    Rows stay usable after the block. A database that refuses (full disk, lock that never came,
    server gone, a file that is none) raises StorageUnavailable, and nothing of the transaction is
    stored.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        snapshot: dict[str, Any] = {_READ_ONLY: True}
        if engine.dialect.name == "postgresql":
            snapshot = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        self._write = sessionmaker(engine, expire_on_commit=False)
        # SQLite has one writer, and who waits for it asks again now and then: of fifty threads
        # some would never be lucky. Here they queue; other processes are few.
        self._turn = Lock() if engine.dialect.name == "sqlite" else None
        self._read = sessionmaker(
            engine.execution_options(**snapshot), expire_on_commit=False, info={KEPT: Kept()}
        )

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """A write transaction: committed at the end, rolled back on an error. Keep it short."""
        with _storage_errors(), self._my_turn(), self._write.begin() as session:
            yield session

    @contextmanager
    def _my_turn(self) -> Iterator[None]:
        if self._turn is None:
            yield
            return
        if not self._turn.acquire(timeout=_TURN_WAIT_S):
            raise StorageUnavailable(
                f"another request has kept the database for {_TURN_WAIT_S} s, "
                "nothing was stored: try again"
            )
        try:
            yield
        finally:
            self._turn.release()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One consistent snapshot that waits for no writer; writing in it fails."""
        with _storage_errors(), self._read() as session:
            yield session


def make_sessions(engine: Engine) -> Sessions:
    """The source of transactions on this engine."""
    return Sessions(engine)


# the database is well, and what it was asked to do is wrong: for the caller, or a defect of ours
_STATEMENT_ERRORS = (IntegrityError, ProgrammingError, DataError)


def insert_of(session: Session, table: type[Base]) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that may say ``on_conflict``, which each database has of its own."""
    ours = session.get_bind().dialect.name == "postgresql"
    return postgresql.insert(table) if ours else sqlite.insert(table)


@contextmanager
def _storage_errors() -> Iterator[None]:
    try:
        yield
    except _STATEMENT_ERRORS:
        raise
    except (DBAPIError, PoolExhausted) as error:
        cause = getattr(error, "orig", error)
        raise StorageUnavailable(_refusal(cause)) from error


def _refusal(cause: object) -> str:
    if getattr(cause, "sqlstate", None) == _DEADLOCK:  # the database is well: nothing to look after
        return (
            "this and another request waited for each other, and the database has ended this one, "
            "nothing was stored: the same may be tried again"
        )
    return (
        f"the database did not take this ({_first_line(cause)}), nothing was stored: "
        "see that the disk has room and the database is reachable, then try again"
    )


def _first_line(error: object) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the tables to ``revision``, creating the database file where there is none."""
    from alembic import command

    with _storage_errors():
        command.upgrade(_alembic(url), revision)


def downgrade(url: str, revision: str) -> None:
    """Take the tables back to ``revision``; ``base`` drops all of them."""
    from alembic import command

    with _storage_errors():
        command.downgrade(_alembic(url), revision)


def copy(url: str) -> Path | None:
    """Copy a SQLite database, in use or not, to a file beside it; None for a server's.

    Raises StorageUnavailable where it cannot be copied, and leaves no part of it.
    """
    parsed = _parse(url)
    if parsed.get_backend_name() != "sqlite" or not Path(str(parsed.database)).is_file():
        return None
    target = Path(f"{parsed.database}.{now():%Y%m%dT%H%M%S%f}.copy")
    _make_private_file(target)
    try:
        with (
            closing(sqlite3.connect(str(parsed.database))) as source,
            closing(sqlite3.connect(target)) as destination,
        ):
            source.backup(destination)
    except sqlite3.Error as error:
        target.unlink()
        raise StorageUnavailable(
            f"{parsed.database} could not be copied ({error}): see that it is a database and the "
            "disk has room for a second one"
        ) from error
    return target


def check(url: str) -> None:
    """Raise SchemaOutdated unless tables, indexes and append-only triggers are this version's."""
    engine = make_engine(url)
    try:
        with _storage_errors(), engine.connect() as connection:
            problems = list(_differences(connection))
    finally:
        engine.dispose()
    if problems:
        raise SchemaOutdated(
            f"the tables are not those of this version ({'; '.join(problems[:5])}): "
            "run 'trustecg db upgrade'"
        )


def _alembic(url: str) -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["url"] = url  # not through the ini parser, which reads % in passwords
    return config


def _differences(connection: Connection) -> Iterator[str]:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    context = MigrationContext.configure(connection, opts={"compare_type": True})
    found = context.get_current_revision()
    head = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    if found != head:
        yield f"revision is {found or 'none'}, not {head}"
        return
    for change in compare_metadata(context, Base.metadata):
        yield _in_words(change)
    missing = _append_only_triggers(connection) - _triggers(connection)
    if missing:
        yield f"triggers missing: {', '.join(sorted(missing))}"


def _in_words(change: Any) -> str:
    step = change[0] if isinstance(change, list) else change
    return " ".join(str(part) for part in step[:4])


def _append_only_triggers(connection: Connection) -> set[str]:
    """Those that migrations set: SQLite has no TRUNCATE to forbid."""
    also = ("truncate",) if connection.dialect.name == "postgresql" else ()
    return {f"{table}_no_{verb}" for table in APPEND_ONLY for verb in ("update", "delete", *also)}


def _triggers(connection: Connection) -> set[str]:
    if connection.dialect.name == "sqlite":
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    else:
        query = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"
    return set(connection.scalars(text(query)))
