"""Forms of administrators by keyboard: Enter sends them, and takes away nothing that it brought."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import func, select

from feedback.tables import Role, User, Worklist
from tests.browser.conftest import Desk, OpenDesk, Serve
from tests.browser.hands import reading_place
from tests.factories import Installation, add_person

ADMIN, EVA = "admin@example.org", "eva@example.org"
SECRET = re.compile(r"One-time password of eva@example\.org: \S+")


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


def count(place: Installation, table: type[User] | type[Worklist]) -> int:
    with place.sessions.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def people(desk: Desk) -> Page:
    page = desk.sign_in(ADMIN, path="/people")
    expect(page.get_by_label("E-mail")).to_be_visible()
    return page


def test_enter_adds_a_person_and_enter_again_keeps_their_password(
    desk: Desk, place: Installation
) -> None:
    page, before = people(desk), count(place, User)
    page.get_by_label("E-mail").fill(EVA)
    page.get_by_label("E-mail").press("Enter")
    secret = page.get_by_text(SECRET)
    expect(secret).to_be_visible()
    expect(page.get_by_label("E-mail")).to_have_value("")
    page.get_by_label("E-mail").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("is not an e-mail address")
    expect(secret).to_be_visible()
    page.get_by_label("E-mail").fill(EVA)
    page.get_by_label("E-mail").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("has an account")
    expect(secret).to_be_visible()
    assert count(place, User) == before + 1


def test_enter_in_the_list_of_roles_adds_nobody(desk: Desk, place: Installation) -> None:
    page, before = people(desk), count(place, User)
    page.get_by_label("E-mail").fill(EVA)
    page.get_by_label("Role").press("Enter")
    page.wait_for_timeout(500)
    assert count(place, User) == before


def test_a_key_that_is_held_down_adds_one_person(desk: Desk, place: Installation) -> None:
    page, before = people(desk), count(place, User)
    page.get_by_label("E-mail").fill(EVA)
    page.keyboard.down("Enter")
    page.keyboard.down("Enter")
    expect(page.get_by_text(SECRET)).to_be_visible()
    page.keyboard.down("Enter")
    page.wait_for_timeout(500)
    expect(page.get_by_role("alert")).to_have_count(0)
    page.keyboard.up("Enter")
    assert count(place, User) == before + 1


def test_enter_previews_a_worklist_and_makes_none(desk: Desk, place: Installation) -> None:
    page = desk.sign_in(ADMIN, path="/worklists")
    page.get_by_label("Records").fill("3")
    page.get_by_label("Records").press("Enter")
    expect(page.get_by_text("Nothing has been made yet.")).to_be_visible()
    expect(page.get_by_text("3 records, 3 of them drawn at random")).to_be_visible()
    assert count(place, Worklist) == 0
