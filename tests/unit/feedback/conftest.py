"""The same tests on SQLite and, where a server answers, on PostgreSQL.

TEST_POSTGRES_URL names a server on which databases may be made and dropped; without it the one
on 127.0.0.1 is tried, as user postgres. Without a server there is no PostgreSQL leg.
"""

import os
import secrets
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import URL, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError

from core.ecg import Superclass
from feedback import importing, users
from feedback.db import Sessions, make_engine, make_sessions, upgrade
from feedback.tables import Role, User
from tests.factories import above, add_person, predict, serve_model
from tests.factories_dataset import dataset
from tests.factories_readings import blind

SERVER = os.environ.get("TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")


@cache
def _server() -> URL | None:
    """The PostgreSQL server, None where none answers within a second or the driver is missing."""
    try:
        url = make_url(SERVER).set(drivername="postgresql+psycopg")
        _run(url, "SELECT 1")
    except (DBAPIError, ImportError):
        return None
    return url


def _run(url: URL, statement: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 1})
    try:
        with engine.connect() as connection:
            connection.execute(text(statement))
    finally:
        engine.dispose()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database" in metafunc.fixturenames:
        kinds = ["sqlite", "postgresql"] if _server() else ["sqlite"]
        metafunc.parametrize("database", kinds, indirect=True)


@pytest.fixture(scope="session")
def template() -> Iterator[str]:
    """A migrated PostgreSQL database, to be copied."""
    server, name = _server(), f"trustecg_test_{secrets.token_hex(4)}"
    assert server is not None
    _run(server, f"CREATE DATABASE {name}")
    upgrade(server.set(database=name).render_as_string(hide_password=False))
    yield name
    _run(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database(request: pytest.FixtureRequest, migrated: Path, tmp_path: Path) -> Iterator[str]:
    """URL of a migrated database of this test's own."""
    if request.param == "sqlite":
        path = tmp_path / "trustecg.db"
        shutil.copyfile(migrated, path)
        yield f"sqlite:///{path}"
        return
    server, template = _server(), request.getfixturevalue("template")
    assert server is not None
    name = f"{template}_{secrets.token_hex(4)}"
    _run(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield server.set(database=name).render_as_string(hide_password=False)
    _run(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def sessions(database: str) -> Iterator[Sessions]:
    """Transactions on that database."""
    engine = make_engine(database)
    yield make_sessions(engine)
    engine.dispose()


@pytest.fixture(scope="session")
def records_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten records; 1 is MI, 2 STTC, 3 CD, 4 HYP, 5 NORM, and so on."""
    return dataset(tmp_path_factory.mktemp("records") / "data", 10).root


@pytest.fixture
def library(sessions: Sessions, records_root: Path) -> Sessions:
    """The ten records in the catalogue, and a served model that has not scored them."""
    from core.ptbxl import Ptbxl

    importing.import_dataset(sessions, Ptbxl.open(records_root))
    with sessions.begin() as session:
        serve_model(session)
    return sessions


@pytest.fixture
def reader(library: Sessions) -> User:
    """A clinician."""
    return add_person(library, "reader@example.org", Role.CLINICIAN)


@pytest.fixture
def colleague(library: Sessions) -> User:
    """Another clinician."""
    return add_person(library, "colleague@example.org", Role.CLINICIAN)


@pytest.fixture
def answered(library: Sessions, reader: User) -> Sessions:
    """ECG 1 has an opinion, and the reader's blind answer."""
    with library.begin() as session:
        predict(session, 1, above(Superclass.MI))
    blind(library, reader.id, 1)
    return library


@pytest.fixture
def slow_hashes() -> None:
    """Asks for the password hashes of production."""


@pytest.fixture(autouse=True)
def _quick_hashes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hash takes a third of a second on purpose; a test that is not about it need not wait."""
    if "slow_hashes" not in request.fixturenames:
        quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        monkeypatch.setattr(users, "_hasher", quick)
