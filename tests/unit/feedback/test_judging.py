"""What readers have settled of 9b, which both models are asked about."""

import pytest

from core.ecg import SUPERCLASSES, Superclass
from core.ptbxl import Ptbxl
from core.roles import FOLDS
from feedback import importing
from feedback.db import Sessions
from feedback.judging import readings_of_9b
from feedback.tables import Role, Verdict
from tests.factories import add_person
from tests.factories_adjudication import dispute, settled
from tests.factories_retraining import ward

MI = SUPERCLASSES.index(Superclass.MI)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Ptbxl:
    return ward(tmp_path_factory.mktemp("ward") / "data")


@pytest.fixture
def disputed(sessions: Sessions, data: Ptbxl) -> tuple[Sessions, int]:
    """Two readers dispute MI on a record of 9b, given by its number."""
    importing.import_dataset(sessions, data)
    ecg_id = min(one for one, record in data.records.items() if FOLDS["9b"](record))
    people = [add_person(sessions, f"{n}@example.org", Role.CLINICIAN).id for n in "ab"]
    dispute(sessions, (people[0], people[1]), ecg_id)
    return sessions, ecg_id


def test_a_class_in_dispute_is_not_asked_about(disputed: tuple[Sessions, int], data: Ptbxl) -> None:
    found = readings_of_9b(disputed[0], data)
    assert found.said.tolist() == [[name is not Superclass.MI for name in SUPERCLASSES]]
    assert len(found.complete.label) == 0


def test_what_an_adjudicator_has_settled_is(disputed: tuple[Sessions, int], data: Ptbxl) -> None:
    sessions, ecg_id = disputed
    umpire = add_person(sessions, "umpire@example.org", Role.ADJUDICATOR)
    settled(sessions, umpire.id, ecg_id, {Superclass.MI: Verdict.PRESENT})
    found = readings_of_9b(sessions, data)
    assert found.complete.ecg_id.tolist() == [ecg_id]
    assert found.complete.label[0, MI]


def test_nothing_else_is(sessions: Sessions, data: Ptbxl) -> None:
    importing.import_dataset(sessions, data)
    people = [add_person(sessions, f"{n}@example.org", Role.CLINICIAN).id for n in "ab"]
    taught = min(one for one, record in data.records.items() if record.fold == 1)
    dispute(sessions, (people[0], people[1]), taught)
    assert len(readings_of_9b(sessions, data).said) == 0
