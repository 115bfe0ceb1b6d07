"""Transactions: what is refused leaves nothing behind and says why in one line."""

import errno
import stat
import threading
from pathlib import Path

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from feedback import db
from feedback.db import Sessions
from feedback.errors import SchemaOutdated, StorageUnavailable
from feedback.tables import LoginAttempt


def attempt() -> LoginAttempt:
    return LoginAttempt(email="a", address="b", at=db.now(), succeeded=False)


def count(sessions: Sessions) -> int:
    with sessions.read() as session:
        return session.scalar(select(func.count()).select_from(LoginAttempt)) or 0


def test_an_error_rolls_all_of_it_back(sessions: Sessions) -> None:
    with pytest.raises(ZeroDivisionError), sessions.begin() as session:
        session.add(attempt())
        session.flush()
        raise ZeroDivisionError
    assert count(sessions) == 0


def test_a_snapshot_cannot_write(sessions: Sessions) -> None:
    with (
        pytest.raises((StorageUnavailable, DBAPIError), match="read.?only"),
        sessions.read() as session,
    ):
        session.add(attempt())
        session.flush()
    with sessions.begin() as session:  # the connection is not spoilt by it
        session.add(attempt())
    assert count(sessions) == 1


def test_a_snapshot_neither_waits_for_a_writer_nor_sees_half_of_its_work(
    sessions: Sessions,
) -> None:
    with sessions.begin() as writing:
        writing.add(attempt())
        writing.flush()
        with sessions.read() as reading:
            assert reading.scalar(select(func.count()).select_from(LoginAttempt)) == 0
    assert count(sessions) == 1


def test_a_full_disk_is_one_line_and_nothing_is_stored(migrated: Path, tmp_path: Path) -> None:
    path = tmp_path / "small.db"
    path.write_bytes(migrated.read_bytes())
    engine = db.make_engine(f"sqlite:///{path}")

    @event.listens_for(engine, "connect")
    def limit(connection, _) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 1}")

    sessions = db.make_sessions(engine)
    with pytest.raises(StorageUnavailable) as refused, sessions.begin() as session:
        session.add_all(attempt() for _ in range(5000))
    assert str(refused.value) == (
        "the database did not take this (database or disk is full), nothing was stored: "
        "see that the disk has room and the database is reachable, then try again"
    )
    assert count(sessions) == 0
    engine.dispose()


def test_a_server_that_is_gone_is_one_line() -> None:
    pytest.importorskip("psycopg")
    engine = db.make_engine("postgresql://nobody@127.0.0.1:1/nothing")
    with (
        pytest.raises(StorageUnavailable, match="the database did not take this"),
        db.make_sessions(engine).read() as session,
    ):
        session.execute(text("SELECT 1"))


def test_of_two_who_wait_for_each_other_one_is_told_to_try_again(sessions: Sessions) -> None:
    if sessions.engine.dialect.name == "sqlite":
        pytest.skip("one writer at a time: nobody holds what another one waits for")
    held, refused = threading.Barrier(2), list[str]()

    def lock(first: int, second: int) -> None:
        try:
            with sessions.begin() as session:
                session.execute(select(func.pg_advisory_xact_lock(first)))
                held.wait()
                session.execute(select(func.pg_advisory_xact_lock(second)))
        except StorageUnavailable as error:
            refused.append(str(error))

    both = [threading.Thread(target=lock, args=order, daemon=True) for order in ((1, 2), (2, 1))]
    for one in both:
        one.start()
    for one in both:
        one.join(timeout=30)
    assert refused == [
        "this and another request waited for each other, and the database has ended this one, "
        "nothing was stored: the same may be tried again"
    ]


def test_a_file_that_is_no_database_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "trustecg.db"
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(StorageUnavailable) as refused:
        db.check(f"sqlite:///{path}")
    assert str(refused.value).startswith(
        "the database did not take this (file is not a database), nothing was stored: "
    )


def test_a_file_that_is_broken_is_one_line(migrated: Path, tmp_path: Path) -> None:
    path = tmp_path / "trustecg.db"
    content = bytearray(migrated.read_bytes())
    content[100:] = b"\xff" * (len(content) - 100)  # the header is whole
    path.write_bytes(content)
    with pytest.raises(StorageUnavailable, match="database disk image is malformed"):
        db.check(f"sqlite:///{path}")


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("INSERT INTO audit_head (id) VALUES (NULL)", IntegrityError),
        ("SELECT 1 FROM users WHERE id = :nothing", StatementError),
    ],
)
def test_what_is_wrong_with_a_statement_is_no_fault_of_the_database(
    sessions: Sessions, statement: str, kind: type[Exception]
) -> None:
    with pytest.raises(kind), sessions.begin() as session:
        session.execute(text(statement))


def test_sqlite_waits_for_locks_keeps_references_and_survives_a_power_cut(
    migrated: Path, tmp_path: Path
) -> None:
    path = tmp_path / "deeper" / "trustecg.db"
    engine = db.make_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "busy_timeout", "foreign_keys", "synchronous")
        }
    engine.dispose()
    full = 2
    assert found == {
        "journal_mode": "wal",
        "busy_timeout": 30_000,
        "foreign_keys": 1,
        "synchronous": full,
    }
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_database_in_memory_is_refused() -> None:
    with pytest.raises(StorageUnavailable) as refused:
        db.make_engine("sqlite://")
    assert str(refused.value) == ("sqlite:// is no file: give sqlite:///PATH or postgresql://...")


@pytest.mark.parametrize("url", ["garbage", "", "mysql://user:secret@host/base", "file.db"])
def test_another_database_is_refused_and_its_password_not_repeated(url: str) -> None:
    with pytest.raises(StorageUnavailable) as refused:
        db.make_engine(url)
    assert str(refused.value) == (
        "the database URL names no database: give sqlite:///PATH or postgresql://..."
    )


def test_a_copy_holds_what_was_committed(migrated: Path, tmp_path: Path) -> None:
    path = tmp_path / "trustecg.db"
    path.write_bytes(migrated.read_bytes())
    engine = db.make_engine(f"sqlite:///{path}")
    sessions = db.make_sessions(engine)
    with sessions.begin() as session:
        session.add(attempt())
    with sessions.begin() as session:
        session.add(attempt())
        session.flush()
        kept = db.copy(f"sqlite:///{path}")
    engine.dispose()
    assert kept is not None
    copied = db.make_engine(f"sqlite:///{kept}")
    assert count(db.make_sessions(copied)) == 1
    copied.dispose()


def test_a_copy_that_fails_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "trustecg.db"
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(StorageUnavailable) as refused:
        db.copy(f"sqlite:///{path}")
    assert str(refused.value) == (
        f"{path} could not be copied (file is not a database): see that it is a database and the "
        "disk has room for a second one"
    )
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_takes_no_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "deeper" / "trustecg.db"
    with pytest.raises(StorageUnavailable) as refused:
        db.make_engine(f"sqlite:///{path}")
    assert str(refused.value) == (
        f"{path} cannot be written (Not a directory): see that its folder is yours and the disk "
        "has room"
    )


def test_a_copy_without_room_is_named(
    migrated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "trustecg.db"
    path.write_bytes(migrated.read_bytes())

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "touch", full)
    with pytest.raises(StorageUnavailable, match=r"cannot be written \(No space left on device\)"):
        db.copy(f"sqlite:///{path}")


def test_every_append_only_trigger_is_missed(database: str) -> None:
    engine = db.make_engine(database)
    server = engine.dialect.name == "postgresql"
    for verb in ("update", "delete", *(("truncate",) if server else ())):
        with engine.begin() as connection:
            on = " ON readings" if server else ""
            connection.execute(text(f"DROP TRIGGER readings_no_{verb}{on}"))
        with pytest.raises(SchemaOutdated, match=rf"triggers missing: .*readings_no_{verb}"):
            db.check(database)
    engine.dispose()


def test_the_tables_are_those_of_the_code_and_go_away_again(database: str) -> None:
    db.check(database)
    db.downgrade(database, "base")
    with pytest.raises(SchemaOutdated, match="revision is none"):
        db.check(database)
    db.upgrade(database)
    db.check(database)
