"""An administrator types numbers into the form for a worklist."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from feedback.tables import Role
from tests.browser.conftest import Desk, OpenDesk, Serve
from tests.browser.hands import reading_place
from tests.factories import Installation, add_person

ADMIN = "admin@example.org"


@pytest.fixture
def place(tmp_path: Path, migrated: Path) -> Installation:
    """Six ECGs with opinions, and an administrator."""
    made = reading_place(tmp_path, migrated)
    add_person(made.sessions, ADMIN, Role.ADMIN)
    return made


@pytest.fixture
def desk(place: Installation, serve: Serve, desks: OpenDesk) -> Desk:
    """The administrator's place, not signed in yet."""
    return desks(serve(place))


@pytest.mark.parametrize("press", ["Preview", "Make"])
def test_a_number_out_of_range_is_refused_and_stays_in_the_form(desk: Desk, press: str) -> None:
    page = desk.sign_in(ADMIN, path="/worklists")
    page.get_by_label("Name").fill("Morning")
    page.get_by_label("Readers a record").fill("12")
    page.get_by_role("button", name=press).click()
    expect(page.get_by_role("alert")).to_have_text(
        "Readers a record is 12: choose 1 to 9, a whole number."
    )
    expect(page.get_by_label("Readers a record")).to_have_value("12")
    expect(page.get_by_label("Name")).to_have_value("Morning")
    expect(page.get_by_text("No worklist has been made yet.")).to_be_visible()


def test_what_was_typed_is_made_once_it_is_in_range(desk: Desk) -> None:
    page = desk.sign_in(ADMIN, path="/worklists")
    page.get_by_label("Name").fill("Morning")
    page.get_by_label("Records").fill("3")
    page.get_by_label("Readers a record").fill("2")
    page.get_by_role("button", name="Make").click()
    expect(page.get_by_text("0 of 6 readings done")).to_be_visible()
