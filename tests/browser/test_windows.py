"""Two windows of one browser, which share a session: nobody answers under another's name."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from feedback.tables import Reading, Role, User
from tests.browser.conftest import Desk, OpenDesk, Serve
from tests.browser.hands import EMAIL, answer_blind, at_ecg, reading_place, sign_in, stored
from tests.factories import PASSWORD, Installation, add_person

COLLEAGUE, ADMIN = "colleague@example.org", "admin@example.org"
LOST = ("401",)


@pytest.fixture
def place(tmp_path: Path, migrated: Path) -> Installation:
    """Six ECGs with opinions, two readers and an administrator."""
    made = reading_place(tmp_path, migrated)
    add_person(made.sessions, COLLEAGUE, Role.CLINICIAN)
    add_person(made.sessions, ADMIN, Role.ADMIN)
    return made


@pytest.fixture
def desk(place: Installation, serve: Serve, desks: OpenDesk) -> Desk:
    """A place where several people sit down one after the other."""
    opened = desks(serve(place))
    opened.watch.tolerated = LOST
    return opened


def somebody_else(desk: Desk, email: str) -> Page:
    """Another window, in which the one who was signed in signs out, and somebody else in."""
    page = desk.page.context.new_page()
    page.goto(f"http://{desk.address}/")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    sign_in(page, desk.address, email)
    expect(page.get_by_text(email)).to_be_visible()
    return page


def test_what_is_entered_on_a_page_of_before_is_nobody_elses_answer(
    desk: Desk, place: Installation
) -> None:
    page = desk.sign_in(EMAIL, path="/read/1")
    at_ecg(page, 1)
    somebody_else(desk, COLLEAGUE)
    page.keyboard.press("n")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Your session has ended.")).to_be_visible()
    expect(page.get_by_text(f"{COLLEAGUE} is signed in at this browser")).to_be_visible()
    assert stored(place) == 0
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    at_ecg(page, 1)
    answer_blind(page)  # what was entered is in the form again
    with place.sessions.read() as session:
        query = select(User.email).join(Reading, Reading.reader_id == User.id)
        assert session.scalars(query).all() == [EMAIL]


def test_whoever_is_signed_in_by_now_goes_on_in_the_same_window(desk: Desk) -> None:
    page = desk.sign_in(ADMIN, path="/jobs")  # which asks every three seconds
    expect(page.get_by_role("heading", name="Jobs")).to_be_visible()
    somebody_else(desk, COLLEAGUE)
    page.get_by_role("link", name=f"go on as {COLLEAGUE}").click()
    expect(page.get_by_role("heading", name="Not for your role")).to_be_visible()


def test_the_same_person_works_on_in_both(desk: Desk, place: Installation) -> None:
    page = desk.sign_in(EMAIL, path="/read/1")
    at_ecg(page, 1)
    somebody_else(desk, EMAIL)
    answer_blind(page, "n")
    assert stored(place) == 1
