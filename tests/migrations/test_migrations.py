"""The tables go up, come down, and are those that the code describes."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, select, text, update

from core.ecg import Superclass
from feedback import claims, db, importing
from feedback.catalogue import find_record
from feedback.errors import SchemaOutdated
from feedback.tables import (
    Base,
    Reading,
    ReadingMode,
    RecordRow,
    Role,
    User,
    Worklist,
    WorklistSlot,
)
from tests.factories import above, add_person, predict, serve_model
from tests.factories_dataset import dataset
from tests.factories_readings import answer, blind, final
from tests.factories_worklists import worklist

REPOSITORY = Path(__file__).resolve().parents[2]
VERSIONS = sorted((REPOSITORY / "migrations" / "versions").glob("[0-9]*.py"))
HEAD = VERSIONS[-1].name[:4]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / '100% new' / 'trustecg.db'}"


def tables(url: str) -> set[str]:
    engine = db.make_engine(url)
    found = set(inspect(engine).get_table_names())
    engine.dispose()
    return found


def run(url: str, code: str, cwd: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", f"import sys; from feedback import db; {code}", url]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    return subprocess.Popen(command, cwd=cwd, env=environment, stderr=subprocess.PIPE)


def test_up_down_and_up_again(url: str) -> None:
    db.upgrade(url)
    assert tables(url) == {*Base.metadata.tables, "alembic_version"}
    db.check(url)
    db.downgrade(url, "base")
    assert tables(url) == {"alembic_version"}
    db.upgrade(url)
    db.check(url)


def test_the_migrations_make_what_the_code_describes(url: str) -> None:
    db.upgrade(url)
    engine = db.make_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def test_a_second_upgrade_changes_nothing(url: str) -> None:
    db.upgrade(url)
    db.upgrade(url)
    db.check(url)


def test_a_database_without_tables_is_named(url: str) -> None:
    with pytest.raises(SchemaOutdated) as refused:
        db.check(url)
    assert str(refused.value) == (
        f"the tables are not those of this version (revision is none, not {HEAD}): "
        "run 'trustecg db upgrade'"
    )


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("DROP TRIGGER readings_no_update", "triggers missing: readings_no_update"),
        ("ALTER TABLE users ADD COLUMN nickname TEXT", "remove_column"),
        ("DROP INDEX ix_records_source_id_age_ecg_id", "add_index"),
        ("DROP TABLE drafts", "add_table"),
    ],
)
def test_what_is_not_as_it_should_be_is_named(url: str, change: str, problem: str) -> None:
    db.upgrade(url)
    engine = db.make_engine(url)
    with engine.begin() as connection:
        connection.execute(text(change))
    engine.dispose()
    with pytest.raises(SchemaOutdated, match=problem):
        db.check(url)


def test_it_works_from_any_folder(url: str, tmp_path: Path) -> None:
    process = run(url, "db.upgrade(sys.argv[1]); db.check(sys.argv[1])", tmp_path)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said.decode()


def test_two_processes_that_start_together_migrate_once(url: str, tmp_path: Path) -> None:
    both = [run(url, "db.upgrade(sys.argv[1])", tmp_path) for _ in range(2)]
    for process in both:
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said.decode()
    db.check(url)


def test_a_migration_that_fails_leaves_nothing_behind(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from alembic import op

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("disk on fire")

    monkeypatch.setattr(op, "bulk_insert", fail)
    with pytest.raises(RuntimeError, match="disk on fire"):
        db.upgrade(url)
    assert tables(url) == set()


@pytest.mark.parametrize("path", VERSIONS, ids=lambda path: path.stem)
def test_every_migration_states_its_risk(path: Path) -> None:
    docstring = path.read_text(encoding="utf-8").split('"""')[1]
    assert re.search(r"^Risk: \w+", docstring, re.MULTILINE)
    assert "downgrade" in docstring


def test_runs_that_have_begun_go_on_to_teach_all_layers(url: str) -> None:
    db.upgrade(url, "0011")
    engine = db.make_engine(url)
    around = (
        "INSERT INTO sources (id, root, simulated, active, digest) VALUES (1, '', 0, 1, '')",
        "INSERT INTO model_versions (id, version, path, card, active, state, registered_at, "
        "registered_by) VALUES (1, '', '', '{}', 1, 'champion', '2026-01-01', '')",
    )
    run = (
        "INSERT INTO retrainings (id, parent_id, source_id, folder, config, labels, "
        "labels_digest, include_assisted, asked_by, asked_at) "
        "VALUES (:id, 1, 1, '', :config, '{}', '', 0, '', '2026-01-01')"
    )
    configs = [{"seed": 3, "warm_up": 0.25}, {"seed": 4}]  # the second has not begun
    with engine.begin() as connection:
        for row in around:
            connection.execute(text(row))
        for number, config in enumerate(configs):
            connection.execute(text(run), {"id": number, "config": json.dumps(config)})

    def kept() -> list[dict[str, object]]:
        with engine.connect() as connection:
            rows = connection.execute(text("SELECT config FROM retrainings ORDER BY id"))
            return [json.loads(config) for (config,) in rows]

    db.upgrade(url)
    assert kept() == [configs[0] | {"layers": "all", "l2_sp": 0.0}, configs[1]]
    db.downgrade(url, "0011")
    assert kept() == configs
    engine.dispose()


@pytest.fixture
def sessions_before(url: str, tmp_path: Path) -> Iterator[db.Sessions]:
    """A database with three ECGs and their opinions: blind, then assisted, Evening's."""
    db.upgrade(url)
    sessions = db.make_sessions(db.make_engine(url))
    importing.import_dataset(sessions, dataset(tmp_path / "data", 3))
    with sessions.begin() as session:
        serve_model(session)
        for ecg_id in (1, 2, 3):
            predict(session, ecg_id, above(Superclass.MI))
    yield sessions
    sessions.engine.dispose()


def filled(sessions: db.Sessions, name: str) -> list[tuple[int, str | None]]:
    """The slots of a worklist: ECG, and the mode of the answer that fills it."""
    query = (
        select(RecordRow.ecg_id, Reading.mode)
        .select_from(WorklistSlot)
        .join(RecordRow, RecordRow.id == WorklistSlot.record_id)
        .join(Worklist, Worklist.id == WorklistSlot.worklist_id)
        .outerjoin(Reading, Reading.id == WorklistSlot.reading_id)
        .where(Worklist.name == name)
        .order_by(RecordRow.ecg_id)
    )
    with sessions.read() as session:
        return [tuple(row) for row in session.execute(query)]


@pytest.mark.parametrize("is_open", [True, False])
def test_a_blind_slot_that_an_assisted_answer_had_filled_is_open_again(
    url: str, sessions_before: db.Sessions, is_open: bool
) -> None:
    sessions = sessions_before
    reader, colleague = (
        add_person(sessions, f"{name}@example.org", Role.CLINICIAN) for name in ("ann", "bob")
    )
    morning = worklist(sessions, name="Morning")
    assisted = worklist(sessions, name="Evening", readers_each=2, mode=ReadingMode.ASSISTED)
    blind(sessions, reader.id, 1, answer())
    with sessions.begin() as session:
        record = find_record(session, 2)
        claims.note_views(session, reader.id, assisted.id, [record.id])
    stored = final(sessions, reader.id, 2)
    wrong = WorklistSlot.worklist_id == morning.id, WorklistSlot.record_id == record.id
    with sessions.begin() as session:
        session.execute(
            update(WorklistSlot)
            .where(*wrong)
            .values(reader_id=reader.id, reading_id=stored.id, lease_until=None)
        )
        session.execute(update(Worklist).values(open=is_open))
    before = filled(sessions, "Evening")
    assert filled(sessions, "Morning") == [(1, "blind-first"), (2, "assisted"), (3, None)]
    db.downgrade(url, "0013")
    db.upgrade(url)
    assert filled(sessions, "Morning") == [(1, "blind-first"), (2, None), (3, None)]
    assert filled(sessions, "Evening") == before
    assert (2, "assisted") in before
    if is_open:
        with sessions.begin() as session:
            assert claims.hold(session, reader.id, morning.id, 2) is None  # who has seen it
            assert claims.hold(session, colleague.id, morning.id, 2) is not None


def test_a_one_time_password_of_before_is_good_for_a_week_more(url: str) -> None:
    db.upgrade(url)
    sessions = db.make_sessions(db.make_engine(url))
    add_person(sessions, "ann@example.org", Role.CLINICIAN)
    add_person(sessions, "bob@example.org", Role.CLINICIAN, must_change=True)
    db.downgrade(url, "0014")
    db.upgrade(url)
    with sessions.read() as session:
        chosen, given = session.scalars(select(User.password_until).order_by(User.email))
    assert chosen is None
    assert timedelta(days=6) < given - db.now() < timedelta(days=7)
    sessions.engine.dispose()
