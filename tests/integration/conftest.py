"""A web application over a small data set, with a model's stored opinions."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from dash import Dash

from core.ecg import Superclass
from dashboard.app import create_app
from feedback.db import Sessions
from feedback.tables import Role, User
from tests.factories import above, add_person, installation, predict, serve_model
from tests.factories_dataset import dataset
from tests.integration.visitor import Visitor

REFUSED = 5  # the ECG that the model refused
UNSCORED = 6  # the one that it has not seen


@dataclass(frozen=True)
class House:
    """A running application, its database and its people."""

    app: Dash
    sessions: Sessions
    root: Path
    people: dict[Role, User]

    def visitor(self, role: Role | None = None) -> Visitor:
        """Somebody with a session in this role, or a stranger."""
        visitor = Visitor(self.app)
        return visitor if role is None else visitor.arrive_as(self.people[role])


@pytest.fixture
def house(tmp_path: Path, migrated: Path) -> House:
    """Six ECGs: four with an opinion, one refused, one not scored; one person of each role."""
    records = dataset(tmp_path / "data")
    place = installation(tmp_path / "instance", records, migrated)
    with place.sessions.begin() as session:
        serve_model(session)
        predict(session, 1, above(Superclass.MI))
        predict(session, 2, above(), uncertainty=0.7117, warnings=("Lead I looks reversed.",))
        predict(session, 3, above(Superclass.CD, Superclass.HYP))
        predict(session, 4, above(Superclass.NORM))
        predict(session, REFUSED, None, reasons=("Lead V3 is flat: check its electrode.",))
    people = {role: add_person(place.sessions, f"{role}@example.org", role) for role in Role}
    return House(create_app(place.settings), place.sessions, records.root, people)


@pytest.fixture
def reader(house: House) -> Visitor:
    """A signed-in clinician."""
    return house.visitor(Role.CLINICIAN)


@pytest.fixture
def admin(house: House) -> Visitor:
    """A signed-in administrator."""
    return house.visitor(Role.ADMIN)


@pytest.fixture
def stranger(house: House) -> Visitor:
    """Somebody who has not signed in."""
    return house.visitor()
