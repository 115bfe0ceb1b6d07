"""What the database itself refuses, whoever asks."""

from datetime import datetime

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, InvalidRequestError, StatementError

from feedback import audit, catalogue
from feedback.db import Sessions, now
from feedback.tables import AuditEntry, LoginAttempt, Reading, RecordRow, Source, User
from tests.factories_readings import answer, blind, final

COLUMNS = [column.name for column in Reading.__table__.columns]


def test_a_naive_time_is_refused(sessions: Sessions) -> None:
    attempt = LoginAttempt(email="a", address="b", at=datetime(2026, 1, 2), succeeded=False)
    with pytest.raises(StatementError) as refused, sessions.begin() as session:
        session.add(attempt)
    assert str(refused.value.orig) == (
        "2026-01-02T00:00:00 has no time zone: use feedback.db.now()"
    )


def test_a_time_comes_back_as_it_was_stored(sessions: Sessions) -> None:
    moment = now()
    with sessions.begin() as session:
        session.add(LoginAttempt(email="a", address="b", at=moment, succeeded=False))
    with sessions.read() as session:
        assert session.scalar(select(LoginAttempt.at)) == moment


@pytest.mark.parametrize("table", [Reading, AuditEntry])
@pytest.mark.parametrize("change", [update, delete])
def test_readings_and_audit_entries_are_append_only(
    library: Sessions, reader: User, table: type, change: type
) -> None:
    blind(library, reader.id, 1)
    statement = change(table)
    if change is update:
        statement = statement.values(id=table.id + 1000)
    with pytest.raises(DBAPIError) as refused, library.begin() as session:
        session.execute(statement, execution_options={"synchronize_session": False})
    assert f"{table.__tablename__} is append only" in str(refused.value)


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"key": "other", "sequence": 0, "supersedes_id": None}, "stage"),
        ({"key": "other", "verdict_mi": None, "sequence": 1}, "ck_readings_complete"),
        ({"key": "other", "sequence": 1, "supersedes_id": None}, "ck_readings_amends"),
        ({"key": "other", "blind_id": None, "sequence": 1}, "ck_readings_blind_first"),
        ({"key": "final", "sequence": 1}, "key"),
    ],
)
def test_a_reading_that_contradicts_itself_is_refused(
    library: Sessions, reader: User, change: dict[str, object], constraint: str
) -> None:
    blind(library, reader.id, 1)
    stored = final(library, reader.id, 1, answer(), key="final")
    columns = {name: getattr(stored, name) for name in COLUMNS}
    del columns["id"]
    row = Reading(**columns | {"supersedes_id": stored.id} | change)
    with pytest.raises(IntegrityError, match=constraint), library.begin() as session:
        session.add(row)


def test_a_reading_of_nobody_is_refused(library: Sessions) -> None:
    with pytest.raises(IntegrityError):
        blind(library, 4711, 1)


def test_only_one_data_set_is_active(library: Sessions) -> None:
    second = Source(root="/other", simulated=True, active=True, imported_at=None, digest="")
    with pytest.raises(IntegrityError), library.begin() as session:
        session.add(second)


@pytest.mark.parametrize("hidden", ["report", "scp_codes", "labels", "labelled", "label_mi"])
def test_a_record_keeps_its_answer_to_itself(library: Sessions, hidden: str) -> None:
    with library.read() as session:
        record = catalogue.find_record(session, 1)
        with pytest.raises(InvalidRequestError, match="raiseload"):
            getattr(record, hidden)
        assert session.scalar(select(RecordRow.label_mi).where(RecordRow.id == record.id)) is True


class TestAudit:
    @staticmethod
    def filled(sessions: Sessions) -> None:
        with sessions.begin() as session:
            for number in range(5):
                audit.record(session, "eve", "test", f"thing {number}", n=number, ä=[1.5, None])

    @staticmethod
    def tampered(sessions: Sessions, statement: str, table: str = "audit_entries") -> str:
        """What ``verify`` says after someone with access to the file has done this."""
        with sessions.begin() as session:
            if session.get_bind().dialect.name == "sqlite":
                session.execute(text(f"DROP TRIGGER {table}_no_update"))
                session.execute(text(f"DROP TRIGGER {table}_no_delete"))
            else:
                session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER ALL"))
            session.execute(text(statement))
        with sessions.read() as session, pytest.raises(audit.AuditBroken) as found:
            audit.verify(session)
        return str(found.value)

    REMEDY = "restore the database from a copy, and find out who can write to it"

    def test_an_untouched_chain_verifies(self, sessions: Sessions) -> None:
        self.filled(sessions)
        with sessions.read() as session:
            found = audit.verify(session)
            last = session.scalar(select(AuditEntry.digest).order_by(AuditEntry.id.desc()))
        assert (found.entries, found.readings, found.digest) == (5, 0, last)

    def test_what_was_rolled_back_leaves_no_gap(self, sessions: Sessions) -> None:
        self.filled(sessions)
        with pytest.raises(ZeroDivisionError), sessions.begin() as session:
            audit.record(session, "eve", "test", "never done")
            raise ZeroDivisionError
        self.filled(sessions)
        with sessions.read() as session:
            assert audit.verify(session).entries == 10

    @pytest.mark.parametrize(
        "change",
        [
            "actor = 'adam'",
            "subject = 'thing 9'",
            "detail = '{}'",
            "at = '2020-01-01 00:00:00.000000'",
        ],
    )
    def test_an_altered_entry_is_found(self, sessions: Sessions, change: str) -> None:
        self.filled(sessions)
        said = self.tampered(sessions, f"UPDATE audit_entries SET {change} WHERE id = 3")
        assert said == f"audit entry 3 was altered; {self.REMEDY}"

    @pytest.mark.parametrize("entry", [1, 3])
    def test_a_removed_entry_is_found(self, sessions: Sessions, entry: int) -> None:
        self.filled(sessions)
        said = self.tampered(sessions, f"DELETE FROM audit_entries WHERE id = {entry}")
        assert said == (
            f"audit entry {entry + 1} does not follow the one before it: "
            f"an entry was removed or put in; {self.REMEDY}"
        )

    def test_a_removed_end_is_found(self, sessions: Sessions) -> None:
        self.filled(sessions)
        said = self.tampered(sessions, "DELETE FROM audit_entries WHERE id >= 4")
        assert said == (
            "the chain has 3 entries, its head says 5: "
            f"entries were removed from its end or put there; {self.REMEDY}"
        )

    def test_an_inserted_entry_is_found(self, sessions: Sessions) -> None:
        self.filled(sessions)
        said = self.tampered(
            sessions,
            "INSERT INTO audit_entries (id, at, actor, action, subject, detail, previous_digest,"
            " digest) SELECT 99, at, actor, action, subject, detail, digest, 'forged'"
            " FROM audit_entries WHERE id = 5",
        )
        assert said == f"audit entry 99 was altered; {self.REMEDY}"

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            (
                "UPDATE readings SET verdict_mi = 'present' WHERE id = 1",
                "reading 1 is not what was submitted",
            ),
            ("DELETE FROM readings WHERE id = 1", "reading 1 was submitted and is gone"),
        ],
    )
    def test_a_reading_changed_behind_our_back_is_found(
        self, library: Sessions, reader: User, change: str, said: str
    ) -> None:
        blind(library, reader.id, 1)
        assert self.tampered(library, change, "readings") == f"{said}; {self.REMEDY}"
