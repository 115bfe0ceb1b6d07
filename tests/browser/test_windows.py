"""Two windows of one browser, which share a session: nobody answers under another's name."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from feedback.tables import Reading, Role, User, WorklistSlot
from tests.browser.conftest import Desk, OpenDesk, Serve
from tests.browser.hands import EMAIL, answer_blind, at_ecg, reading_place, sign_in, stored
from tests.factories import PASSWORD, Installation, add_person
from tests.factories_worklists import worklist

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
    # what the first window has yet to ask for would take it to the form, away from under a key
    desk.page.wait_for_load_state("networkidle")
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


def test_a_form_that_waits_says_who_has_signed_in_meanwhile(
    desk: Desk, place: Installation
) -> None:
    page = desk.sign_in(EMAIL, path="/read/1")
    at_ecg(page, 1)
    other = page.context.new_page()
    other.goto(f"http://{desk.address}/")
    other.get_by_role("button", name="Sign out").click()
    expect(other.get_by_role("heading", name="Sign in")).to_be_visible()
    page.keyboard.press("n")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Your session has ended.")).to_be_visible()
    expect(page.get_by_text("is signed in at this browser")).not_to_be_visible()
    sign_in(other, desk.address, COLLEAGUE)
    expect(page.get_by_text(f"{COLLEAGUE} is signed in at this browser")).to_be_visible()
    page.get_by_role("link", name=f"go on as {COLLEAGUE}").click()
    at_ecg(page, 1)
    assert stored(place) == 0


def test_a_form_that_somebody_fills_in_is_left_to_them(desk: Desk) -> None:
    desk.watch.tolerated += ("400",)
    page = desk.sign_in(EMAIL, path="/read/1")
    at_ecg(page, 1)
    other = page.context.new_page()
    other.goto(f"http://{desk.address}/")
    other.get_by_role("button", name="Sign out").click()
    page.goto(f"http://{desk.address}/login?ended=1&next=/read/1")
    page.get_by_label("E-mail").fill(EMAIL)
    sign_in(other, desk.address, COLLEAGUE)
    expect(other.get_by_text(COLLEAGUE)).to_be_visible()
    page.wait_for_timeout(2500)  # twice the time after which it would ask anew
    expect(page.get_by_label("E-mail")).to_have_value(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("This form was out of date.")).to_be_visible()
    expect(page.get_by_text(f"{COLLEAGUE} is signed in at this browser")).to_be_visible()


def test_a_page_of_before_gives_back_nothing_of_somebody_elses(
    desk: Desk, place: Installation
) -> None:
    worklist(place.sessions, records=1)
    page = desk.sign_in(EMAIL)
    page.get_by_title("Read the next ECG of Morning").click()
    expect(page.get_by_text("held until")).to_be_visible()
    other = somebody_else(desk, COLLEAGUE)
    other.get_by_title("Read the next ECG of Morning").click()
    expect(other.get_by_text("held until")).to_be_visible()
    with page.expect_response("**/release") as heard:
        page.get_by_role("link", name="TrustECG").click()  # which leaves the ECG
    assert heard.value.status == 401
    assert holders(place) == [COLLEAGUE]


def holders(place: Installation) -> list[str]:
    """Who holds an ECG of a worklist."""
    with place.sessions.read() as session:
        query = select(User.email).join(WorklistSlot, WorklistSlot.reader_id == User.id)
        return list(session.scalars(query.where(WorklistSlot.lease_until.is_not(None))))


def test_the_same_person_works_on_in_both(desk: Desk, place: Installation) -> None:
    page = desk.sign_in(EMAIL, path="/read/1")
    at_ecg(page, 1)
    somebody_else(desk, EMAIL)
    answer_blind(page, "n")
    assert stored(place) == 1
