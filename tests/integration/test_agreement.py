"""The agreement page as an administrator sees it."""

from pathlib import Path

import pytest

from core.ecg import Superclass
from dashboard.app import create_app
from feedback.tables import Role
from tests.factories import add_person, installation, serve_model
from tests.factories_dataset import dataset
from tests.factories_readings import answer, blind
from tests.integration.conftest import House
from tests.integration.reading import words
from tests.integration.visitor import Visitor

MI = Superclass.MI
SHARED = 12


@pytest.fixture
def shared(tmp_path: Path, migrated: Path) -> Visitor:
    """An administrator of a house where two readers answered twelve ECGs, apart on three."""
    records = dataset(tmp_path / "data", SHARED)
    place = installation(tmp_path / "instance", records, migrated)
    with place.sessions.begin() as session:
        serve_model(session)
    first, second = (
        add_person(place.sessions, f"{name}@example.org", Role.CLINICIAN) for name in ("ada", "bob")
    )
    for ecg_id in range(1, SHARED + 1):
        blind(place.sessions, first.id, ecg_id, answer(MI) if ecg_id <= 6 else answer())
        blind(place.sessions, second.id, ecg_id, answer(MI) if ecg_id <= 3 else answer())
    chief = add_person(place.sessions, "chief@example.org", Role.ADMIN)
    return Visitor(create_app(place.settings)).arrive_as(chief)


def test_before_any_answer_it_says_so(admin: Visitor) -> None:
    assert "Nobody has answered an ECG blind yet." in words(admin.page("/agreement"))


def test_one_reader_of_one_ecg_is_no_plural(house: House, admin: Visitor) -> None:
    blind(house.sessions, house.people[Role.CLINICIAN].id, 1, answer(MI))
    assert "1  ECG with a blind answer, of 1 reader." in words(admin.page("/agreement"))


def test_few_shared_ecgs_give_words_and_no_figures(house: House, admin: Visitor) -> None:
    for role in (Role.CLINICIAN, Role.ADJUDICATOR):
        blind(house.sessions, house.people[role].id, 1, answer(MI))
    said = words(admin.page("/agreement"))
    assert "MI 1 0 0 0 0 0" in said  # agreed, and in no other state
    assert "too few shared: 1 of 10 ECGs" in said
    assert "[" not in said  # no interval


def test_enough_shared_ecgs_give_figures(shared: Visitor) -> None:
    said = words(shared.page("/agreement"))
    assert "MI 9 0 3 0 0 0" in said
    assert "0.75" in said  # nine of twelve
    assert "0.50" in said  # Cohen: (0.75 - 0.5) / (1 - 0.5)
    assert "not defined" in said  # kappa where nobody called a class present
    assert "too few" not in said


def test_readers_are_named(shared: Visitor) -> None:
    said = words(shared.page("/agreement"))
    assert "ada@example.org" in said
    assert "bob@example.org" in said


@pytest.mark.parametrize("role", [Role.CLINICIAN, Role.ADJUDICATOR])
def test_it_is_for_administrators(house: House, role: Role) -> None:
    blind(house.sessions, house.people[Role.CLINICIAN].id, 1, answer(MI))
    said = words(house.visitor(role).page("/agreement"))
    assert "Your role may not see how far readers agree." in said
    assert "@example.org" not in said
    frames = [words(house.visitor(who).get("/_dash-layout").text) for who in (role, Role.ADMIN)]
    assert ["Agreement" in frame for frame in frames] == [False, True]
