"""Data sets come in whole and once; one is active, and what was read of another stays with it."""

import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select, update

from core.errors import DatasetUnreadable
from core.ptbxl import SIMULATED_MARK, Ptbxl
from feedback import catalogue, importing
from feedback.db import Sessions
from feedback.errors import NoDataset, UnknownRecord
from feedback.importing import Imported
from feedback.tables import AuditEntry, Prediction, Reading, RecordRow, Role, Source
from feedback.worklist import WorklistQuery, worklist
from tests.conftest import SHARED
from tests.factories import above, add_person, predict, serve_model
from tests.factories_dataset import dataset, edited
from tests.factories_readings import blind


@pytest.fixture
def data(tmp_path: Path) -> Ptbxl:
    return dataset(tmp_path / "data", 6)


def count(sessions: Sessions) -> int:
    with sessions.read() as session:
        return session.scalar(select(func.count()).select_from(RecordRow)) or 0


def test_everything_that_the_index_says_is_kept(sessions: Sessions, data: Ptbxl) -> None:
    edited(data, lambda rows: rows[0].update(age="300", static_noise=" , V2 ", weight="63.5"))
    again = Ptbxl.open(data.root)
    importing.import_dataset(sessions, again)
    with sessions.read() as session:
        row = session.execute(
            select(*RecordRow.__table__.columns).where(RecordRow.ecg_id == 1)
        ).one()
    record = again.records[1]
    same = ("patient_id", "age", "sex", "height", "weight", "site", "device", "recorded_at")
    more = ("report", "scp_codes", "noise", "fold", "filename_lr", "filename_hr", "pacemaker")
    for name in (*same, *more, "extra_beats", "validated_by_human", "labelled"):
        assert getattr(row, name) == getattr(record, name), name
    assert (row.age, row.noise, row.weight) == (300, {"static_noise": ", V2"}, 63.5)
    assert (row.labels, row.label_mi, row.label_norm) == ("MI", True, False)


def test_a_second_import_changes_nothing(sessions: Sessions, data: Ptbxl) -> None:
    first = importing.import_dataset(sessions, data)
    assert first == Imported(added=6, changed=0, unchanged=0)
    second = importing.import_dataset(sessions, data)
    assert second == Imported(added=0, changed=0, unchanged=6)
    assert count(sessions) == 6


def test_what_changed_is_counted_and_updated(sessions: Sessions, data: Ptbxl) -> None:
    importing.import_dataset(sessions, data)

    def change(rows: list[dict[str, str]]) -> None:
        rows[2]["report"] = "altered"
        rows.append(rows[0] | {"ecg_id": "77"})

    again = edited(data, change)
    assert importing.import_dataset(sessions, again) == Imported(added=1, changed=1, unchanged=5)
    with sessions.read() as session:
        report = session.scalar(select(RecordRow.report).where(RecordRow.ecg_id == 3))
    assert report == "altered"


def test_an_import_that_was_cut_off_is_completed(
    sessions: Sessions, data: Ptbxl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "_CHUNK", 2)

    def cut(done: int, total: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        importing.import_dataset(sessions, data, progress=cut)
    with sessions.read() as session, pytest.raises(NoDataset) as refused:
        catalogue.active_source(session)
    assert str(refused.value) == "no records are there yet: run 'trustecg data import DIR'"
    seen: list[tuple[int, int]] = []
    again = importing.import_dataset(
        sessions, data, progress=lambda done, total: seen.append((done, total))
    )
    assert again == Imported(added=2, changed=0, unchanged=4)
    assert seen == [(2, 6), (4, 6), (6, 6)]


def test_an_index_that_does_not_parse_enters_nothing(sessions: Sessions, data: Ptbxl) -> None:
    def break_all(rows: list[dict[str, str]]) -> None:
        for row in rows:
            row["scp_codes"] = "{'NORM': "

    with pytest.raises(DatasetUnreadable):
        importing.import_dataset(sessions, edited(data, break_all))
    with sessions.read() as session:
        assert session.scalar(select(func.count()).select_from(Source)) == 0


def test_a_row_that_does_not_parse_keeps_no_other_out(sessions: Sessions, data: Ptbxl) -> None:
    broken = edited(data, lambda rows: rows[3].update(scp_codes="{'NORM': "))
    assert importing.import_dataset(sessions, broken) == Imported(added=5, changed=0, unchanged=0)
    with sessions.read() as session:
        entry = session.scalars(select(AuditEntry)).one()
        with pytest.raises(UnknownRecord):
            catalogue.find_record(session, 4)
    assert entry.detail["skipped"] == 1


def test_the_last_data_set_imported_is_the_active_one(
    sessions: Sessions, data: Ptbxl, tmp_path: Path
) -> None:
    simulated = dataset(tmp_path / "simulated", 3)
    (simulated.root / SIMULATED_MARK).write_text("{}")
    for one, records, mark in ((data, 6, False), (simulated, 3, True), (data, 6, False)):
        importing.import_dataset(sessions, one)
        with sessions.read() as session:
            source = catalogue.active_source(session)
            assert (source.root, source.simulated) == (str(one.root), mark)
            assert catalogue.coverage(session).records == records
            assert catalogue.find_record(session, 1).source_id == source.id
    assert count(sessions) == 9


def test_a_data_set_that_was_moved_keeps_its_readings(
    sessions: Sessions, data: Ptbxl, tmp_path: Path
) -> None:
    importing.import_dataset(sessions, data)
    reader = add_person(sessions, "reader@example.org", Role.CLINICIAN)
    blind(sessions, reader.id, 1)
    shutil.move(data.root, tmp_path / "elsewhere")
    moved = Ptbxl.open(tmp_path / "elsewhere")
    assert importing.import_dataset(sessions, moved).unchanged == 6
    with sessions.read() as session:
        page = worklist(session, reader.id, WorklistQuery(filters={"my_status": "blind answered"}))
        assert catalogue.active_source(session).root == str(moved.root)
    assert [row.ecg_id for row in page.rows] == [1]


def test_going_back_to_a_known_data_set_is_on_record(
    sessions: Sessions, data: Ptbxl, tmp_path: Path
) -> None:
    other = dataset(tmp_path / "other", 3)
    for one in (data, other, data, data):
        importing.import_dataset(sessions, one, actor="eve")
    with sessions.read() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [(entry.actor, entry.action, entry.subject) for entry in entries] == [
        ("eve", "data.import", str(data.root)),
        ("eve", "data.import", str(other.root)),
        ("eve", "data.activate", str(data.root)),
    ]


def test_an_import_is_on_record(sessions: Sessions, data: Ptbxl) -> None:
    importing.import_dataset(sessions, data, actor="eve")
    with sessions.read() as session:
        entry = session.scalars(select(AuditEntry)).one()
    assert (entry.actor, entry.action, entry.subject) == ("eve", "data.import", str(data.root))
    assert entry.detail["added"] == 6


def simulated(data: Ptbxl, seed: int) -> Ptbxl:
    """The same folder after ``trustecg data simulate`` with this seed."""
    (data.root / SIMULATED_MARK).write_text(f'{{"seed": {seed}}}')
    return Ptbxl.open(data.root)


def test_records_simulated_anew_inherit_no_reading_and_no_prediction(
    sessions: Sessions, data: Ptbxl
) -> None:
    """They bear the numbers of the old ones and are other hearts."""
    importing.import_dataset(sessions, simulated(data, 1))
    reader = add_person(sessions, "reader@example.org", Role.CLINICIAN)
    with sessions.begin() as session:
        serve_model(session)
        predict(session, 1, above())
    blind(sessions, reader.id, 1)
    assert importing.import_dataset(sessions, simulated(data, 2)).added == 6
    with sessions.read() as session:
        page = worklist(session, reader.id, WorklistQuery(filters={"my_status": "unread"}))
        assert page.total == 6
        assert catalogue.coverage(session).open == 6
        assert catalogue.active_source(session).root == str(data.root)
        for kept in (Reading, Prediction):
            assert session.scalar(select(func.count()).select_from(kept)) == 1
    assert importing.import_dataset(sessions, simulated(data, 1)).unchanged == 6
    with sessions.read() as session:
        page = worklist(session, reader.id, WorklistQuery(filters={"my_status": "blind answered"}))
        assert [row.ecg_id for row in page.rows] == [1]
        assert catalogue.active_source(session).root == str(data.root)
        roots = session.scalars(select(Source.root).order_by(Source.id)).all()
    assert roots == [str(data.root), f"{data.root} (data set 2, replaced)"]


def test_simulated_records_never_take_the_readings_of_real_ones(
    sessions: Sessions, data: Ptbxl
) -> None:
    importing.import_dataset(sessions, data)
    reader = add_person(sessions, "reader@example.org", Role.CLINICIAN)
    blind(sessions, reader.id, 1)
    importing.import_dataset(sessions, simulated(data, 1))
    with sessions.read() as session:
        marks = session.scalars(
            select(Source.simulated)
            .join(RecordRow)
            .join(Reading, Reading.record_id == RecordRow.id)
        ).all()
    assert marks == [False]


def test_an_index_read_by_an_older_version_is_compared_again(
    sessions: Sessions, data: Ptbxl
) -> None:
    importing.import_dataset(sessions, data)
    with sessions.begin() as session:
        session.execute(update(Source).values(digest="of an older version"))
        session.execute(update(RecordRow).where(RecordRow.ecg_id == 2).values(device="lost"))
    assert importing.import_dataset(sessions, data) == Imported(added=0, changed=1, unchanged=5)


@pytest.mark.real
@pytest.mark.skipif(not SHARED.is_dir(), reason="no real records")
def test_the_real_index_comes_in_within_a_minute_and_pages_are_quick(sessions: Sessions) -> None:
    """19,601 records; DESIGN section 9 asks for pages within 50 ms on an idle machine.

    CPU time is measured, with a margin, so that a busy machine does not fail the test; of three
    loads of a page the quickest, since a neighbour on the same processor slows single ones down.
    """
    start = time.perf_counter()
    found = importing.import_dataset(sessions, Ptbxl.open(SHARED))
    assert time.perf_counter() - start < 60
    assert found == Imported(added=19_601, changed=0, unchanged=0)
    reader = add_person(sessions, "reader@example.org", Role.CLINICIAN)
    query = WorklistQuery(
        sort=[("my_status", "desc"), ("uncertainty", "desc"), ("age", "asc")],
        filters={"age": {"type": "greaterThan", "filter": 50}, "sex": "female"},
    )

    def spent() -> float:
        before = time.process_time()
        with sessions.read() as session:
            worklist(session, reader.id, query)
        return time.process_time() - before

    quickest = [min(spent() for _ in range(3)) for _ in range(20)]
    assert np.percentile(quickest, 95) < 0.1
