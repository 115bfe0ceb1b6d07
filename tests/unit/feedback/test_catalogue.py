"""Records and models as they are found; a reader learns nothing from the context."""

from pathlib import Path

import pytest
from sqlalchemy import func, select

from core.ecg import Superclass
from core.ptbxl import Ptbxl
from feedback import catalogue, importing
from feedback.catalogue import Coverage
from feedback.db import Sessions
from feedback.errors import NoModel, UnknownRecord
from feedback.tables import AuditEntry, ModelVersion
from tests.factories import above, card, predict, serve_model
from tests.factories_dataset import dataset, edited


@pytest.fixture
def data(tmp_path: Path) -> Ptbxl:
    return dataset(tmp_path / "data", 6)


@pytest.mark.parametrize("ecg_id", [0, -1, 137, 2**40])
def test_an_unknown_record(library: Sessions, ecg_id: int) -> None:
    with library.read() as session, pytest.raises(UnknownRecord) as refused:
        catalogue.find_record(session, ecg_id)
    assert str(refused.value) == f"there is no ECG {ecg_id}: choose one of the worklist"


def test_the_ecgs_of_one_patient_are_found_together(sessions: Sessions, data: Ptbxl) -> None:
    def change(rows: list[dict[str, str]]) -> None:
        rows[4].update(patient_id="1001", recording_date="1980-01-01 00:00:00")
        rows[1].update(patient_id="1001", recording_date="1999-01-01 00:00:00")

    importing.import_dataset(sessions, edited(data, change))
    with sessions.read() as session:
        record = catalogue.find_record(session, 1)
        others = catalogue.same_patient(session, record)
    assert [other.ecg_id for other in others] == [5, 2]
    assert set(others[0].__slots__) == {"ecg_id", "recorded_at", "age"}


class TestModels:
    def test_there_is_none_at_first(self, sessions: Sessions) -> None:
        with sessions.read() as session, pytest.raises(NoModel, match="start with 'trustecg up'"):
            catalogue.active_model(session)

    def test_the_one_registered_last_is_served(self, sessions: Sessions) -> None:
        for version in ("2026.11-a", "2026.12-b", "2026.12-b", "2026.11-a"):
            with sessions.begin() as session:
                serve_model(session, version)
            with sessions.read() as session:
                assert catalogue.active_model(session).version == version
                active = select(func.count()).select_from(ModelVersion).where(ModelVersion.active)
                assert session.scalar(active) == 1
        with sessions.read() as session:
            changes = session.scalars(select(AuditEntry.subject).order_by(AuditEntry.id)).all()
        assert changes == ["2026.11-a", "2026.12-b", "2026.11-a"]

    def test_its_card_is_kept(self, sessions: Sessions) -> None:
        with sessions.begin() as session:
            kept = catalogue.register_model(session, card(), Path("somewhere")).card
        assert kept["thresholds"] == dict.fromkeys(Superclass, 0.5)
        assert kept["miss_rate"] == 0.1

    def test_coverage_tells_scored_from_refused_and_failed(self, library: Sessions) -> None:
        with library.begin() as session:
            predict(session, 1, above())
            predict(session, 2, above())
            predict(session, 3, None, reasons=("flat",))
            predict(session, 4, None, error="gone")
        with library.read() as session:
            found = catalogue.coverage(session)
        assert found == Coverage(records=10, scored=2, refused=1, failed=1)
        assert found.open == 6
