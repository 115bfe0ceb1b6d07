"""The panel that a process keeps: the same one until anything in it is different, then another."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from core.ecg import SUPERCLASSES, Superclass
from core.ptbxl import Ptbxl
from feedback import catalogue, importing, users
from feedback.answers import column_of
from feedback.db import Sessions, make_engine, make_sessions, now
from feedback.panel import ABSENT, PRESENT, Panel, panel
from feedback.tables import Reading, ReadingMode, RecordRow, Role, Stage, User, Verdict
from tests.factories import add_person
from tests.factories_adjudication import dispute, settled
from tests.factories_dataset import dataset
from tests.factories_readings import answer, answered, assisted, blind

MI = Superclass.MI


def found(sessions: Sessions, *, include_assisted: bool = False) -> Panel:
    with sessions.read() as session:
        return panel(session, include_assisted=include_assisted)


def on_mi(sessions: Sessions, *, include_assisted: bool = False) -> list[list[int]]:
    said = found(sessions, include_assisted=include_assisted).verdict
    return said[:, :, SUPERCLASSES.index(MI)].tolist()


def add(session: Session, reader: User, ecg_id: int, number: int, verdict: Verdict) -> None:
    """A blind answer under a number of its own."""
    session.add(
        Reading(
            id=number,
            key=uuid4().hex,
            record_id=catalogue.find_record(session, ecg_id).id,
            reader_id=reader.id,
            mode=ReadingMode.BLIND_FIRST,
            stage=Stage.BLIND,
            sequence=0,
            **{column_of(name): verdict for name in SUPERCLASSES},
            unreadable=False,
            comment="",
            started_at=now(),
            submitted_at=now(),
        )
    )


@pytest.fixture
def known(library: Sessions, reader: User) -> Sessions:
    """The reader's answer to ECG 1, and a panel that was made of it."""
    blind(library, reader.id, 1, answer(MI))
    assert on_mi(library) == [[PRESENT]]
    return library


@pytest.fixture
def elsewhere(migrated: Path, tmp_path: Path, records_root: Path) -> Iterator[Sessions]:
    """Another database, without an answer."""
    path = tmp_path / "other.db"
    shutil.copyfile(migrated, path)
    engine = make_engine(f"sqlite:///{path}")
    sessions = make_sessions(engine)
    importing.import_dataset(sessions, Ptbxl.open(records_root))
    yield sessions
    engine.dispose()


class TestKept:
    def test_it_is_the_same_for_the_next_request(self, known: Sessions) -> None:
        assert found(known) is found(known)

    def test_a_verdict_of_an_adjudicator_leaves_it(self, known: Sessions, colleague: User) -> None:
        blind(known, colleague.id, 1)
        umpire = add_person(known, "umpire@example.org", Role.ADJUDICATOR)
        before = found(known)
        settled(known, umpire.id, 1, {MI: Verdict.PRESENT})
        assert found(known) is before

    def test_each_database_has_its_own(self, known: Sessions, elsewhere: Sessions) -> None:
        before = found(known)
        assert found(elsewhere).records == []
        assert found(known) is before

    def test_nobody_changes_it(self, known: Sessions) -> None:
        with pytest.raises(ValueError, match="read-only"):
            found(known).verdict[0, 0, 0] = ABSENT

    def test_what_is_worked_out_of_it_is_worked_out_once(self, known: Sessions) -> None:
        assert found(known).once(lambda _: 1) == 1
        work = [].append  # None, and a list that would grow
        assert found(known).once(work) is found(known).once(work)
        assert len(work.__self__) == 1


class TestSeenAtTheNextRequest:
    def test_an_answer(self, known: Sessions, reader: User, colleague: User) -> None:
        blind(known, colleague.id, 1)
        assert sorted(on_mi(known)[0]) == [ABSENT, PRESENT]
        blind(known, reader.id, 2)
        assert len(on_mi(known)) == 2

    def test_an_answer_with_a_lower_number_than_the_last(
        self, known: Sessions, reader: User
    ) -> None:
        """As of a transaction that began earlier and ended later, on PostgreSQL."""
        with known.begin() as session:
            add(session, reader, 2, 1000, Verdict.PRESENT)
        assert len(on_mi(known)) == 2
        with known.begin() as session:
            add(session, reader, 3, 500, Verdict.PRESENT)
        assert len(on_mi(known)) == 3

    def test_an_answer_that_another_process_has_stored(
        self, known: Sessions, database: str, reader: User
    ) -> None:
        engine = make_engine(database)
        blind(make_sessions(engine), reader.id, 2)
        engine.dispose()
        assert len(on_mi(known)) == 2

    def test_another_answer_of_the_same_number_in_a_database_that_was_restored(
        self, known: Sessions, reader: User
    ) -> None:
        with known.begin() as session:
            number = session.scalar(select(func.max(Reading.id)))
            if session.get_bind().dialect.name == "sqlite":
                session.execute(text("DROP TRIGGER readings_no_delete"))
            else:
                session.execute(text("ALTER TABLE readings DISABLE TRIGGER ALL"))
            session.execute(text("DELETE FROM readings"))
            assert number is not None
            add(session, reader, 1, number, Verdict.ABSENT)
        assert on_mi(known) == [[ABSENT]]

    def test_an_assisted_answer_and_its_amendment_where_they_are_asked_for(
        self, known: Sessions, reader: User
    ) -> None:
        assisted(known, reader.id, 2, answer(MI))
        assert on_mi(known, include_assisted=True) == [[PRESENT], [PRESENT]]
        assisted(known, reader.id, 2, answer(), amends=True)
        assert on_mi(known, include_assisted=True) == [[PRESENT], [ABSENT]]
        assert on_mi(known) == [[PRESENT]]

    def test_a_mind_that_was_changed_is_no_other_answer(
        self, known: Sessions, reader: User
    ) -> None:
        answered(known, reader.id, 2)
        assert on_mi(known) == [[PRESENT], [ABSENT]]

    def test_what_an_import_has_changed_so_far(self, known: Sessions) -> None:
        """It commits every thousand records: the data set says so at the end alone."""
        for values in ({"fold": 7}, {"patient_id": 77}):
            with known.begin() as session:
                session.execute(update(RecordRow).where(RecordRow.ecg_id == 1).values(values))
            (key,) = found(known).records
            assert {name: getattr(key, name) for name in values} == values

    def test_another_data_set(self, known: Sessions, tmp_path: Path, records_root: Path) -> None:
        importing.import_dataset(known, dataset(tmp_path / "others", 3))
        assert found(known).records == []
        importing.import_dataset(known, Ptbxl.open(records_root))
        assert on_mi(known) == [[PRESENT]]

    def test_another_address_of_a_reader(self, known: Sessions, reader: User) -> None:
        with known.begin() as session:
            session.get_one(User, reader.id).email = "renamed@example.org"
        assert found(known).readers == ["renamed@example.org"]

    def test_who_is_kept_out_or_has_another_role_has_answered_all_the_same(
        self, known: Sessions, reader: User
    ) -> None:
        with known.begin() as session:
            users.set_role(session, reader.id, Role.ADJUDICATOR, actor="eve")
            users.set_active(session, reader.id, False, actor="eve")
        assert on_mi(known) == [[PRESENT]]


def test_what_may_be_rolled_back_is_not_kept(known: Sessions, reader: User) -> None:
    with pytest.raises(ZeroDivisionError), known.begin() as session:
        add(session, reader, 2, 1000, Verdict.PRESENT)
        session.flush()
        assert len(panel(session).records) == 2
        raise ZeroDivisionError
    assert len(on_mi(known)) == 1


def test_a_dispute_has_both_answers(library: Sessions, reader: User, colleague: User) -> None:
    dispute(library, (reader.id, colleague.id), 1)
    by_reader = dict(zip(found(library).readers, on_mi(library)[0], strict=True))
    assert by_reader == {reader.email: PRESENT, colleague.email: ABSENT}
