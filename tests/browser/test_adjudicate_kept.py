"""What an adjudicator has entered and not settled yet: it is lost in no way but by their word."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.ecg import Superclass
from feedback.tables import Role
from tests.browser.conftest import Desk, OpenDesk, Serve
from tests.browser.hands import KEPT, at_ecg, choice, end_sessions, reading_place, sign_in, until
from tests.factories import Installation, add_person
from tests.factories_adjudication import dispute

UMPIRE = "umpire@example.org"
CASE = "/adjudicate/2"
WORDS = "Q waves in III alone."
CHANGED = "the answers or the verdict that stands have changed"


def two_readers_differ(place: Installation, names: str) -> None:
    """ECG 2 is an infarction to the first, and not to the second."""
    readers = [
        add_person(place.sessions, f"{name}@example.org", Role.CLINICIAN).id for name in names
    ]
    dispute(place.sessions, (readers[0], readers[1]), 2, Superclass.MI)


@pytest.fixture
def place(tmp_path: Path, migrated: Path) -> Installation:
    """ECG 2 in dispute, and who settles it."""
    made = reading_place(tmp_path, migrated)
    two_readers_differ(made, "ab")
    add_person(made.sessions, UMPIRE, Role.ADJUDICATOR)
    return made


@pytest.fixture
def desk(place: Installation, serve: Serve, desks: OpenDesk) -> Desk:
    opened = desks(serve(place))
    opened.watch.tolerated = ("401",)
    return opened


@pytest.fixture
def entered(desk: Desk) -> Page:
    """The case, with a verdict and a comment that nobody has sent."""
    page = desk.sign_in(UMPIRE, path=CASE)
    at_ecg(page, 2)
    page.keyboard.press("2")
    page.get_by_title("Comment").fill(WORDS)
    until(lambda: WORDS in str(page.evaluate("Object.values(localStorage)")))
    return page


def reload(desk: Desk, _place: Installation) -> None:
    desk.page.reload()


def leave_and_come_back(desk: Desk, _place: Installation) -> None:
    desk.page.get_by_role("link", name="All conflicts").click()
    desk.page.get_by_role("link", name="ECG 2").click()


def sign_in_where_the_session_has_ended(desk: Desk, place: Installation) -> None:
    end_sessions(place)
    desk.page.get_by_role("button", name="Settle and next").click()
    expect(desk.page).to_have_url(re.compile("ended=1"))
    desk.sign_in(UMPIRE, path=CASE)


@pytest.mark.parametrize("way", [reload, leave_and_come_back, sign_in_where_the_session_has_ended])
def test_it_is_in_its_form_again(
    entered: Page, desk: Desk, place: Installation, way: Callable[[Desk, Installation], None]
) -> None:
    way(desk, place)
    at_ecg(entered, 2)
    expect(choice(entered, "MI", "Present")).to_be_checked()
    expect(entered.get_by_title("Comment")).to_have_value(WORDS)


def test_it_goes_away_once_the_verdict_is_stored(entered: Page) -> None:
    entered.get_by_role("button", name="Settle and next").click()
    expect(entered.get_by_text("No ECG waits for a verdict.")).to_be_visible()
    until(lambda: entered.evaluate(KEPT) == [])
    entered.get_by_role("link", name="ECG 2").click()
    at_ecg(entered, 2)
    expect(choice(entered, "MI", "Present")).to_be_checked()
    assert entered.evaluate(KEPT) == []


def test_it_stays_where_the_verdict_is_refused(desk: Desk) -> None:
    page = desk.sign_in(UMPIRE, path=CASE)
    at_ecg(page, 2)
    page.get_by_title("Comment").fill(WORDS)
    page.get_by_role("button", name="Settle and next").click()
    expect(page.get_by_text("Not saved: no verdict on Myocardial infarction")).to_be_visible()
    page.reload()
    at_ecg(page, 2)
    expect(page.get_by_title("Comment")).to_have_value(WORDS)


def test_nothing_is_kept_of_what_is_taken_back(desk: Desk) -> None:
    page = desk.sign_in(UMPIRE, path=CASE)
    at_ecg(page, 2)
    page.get_by_title("Comment").fill(WORDS)
    until(lambda: len(page.evaluate(KEPT)) == 1)
    page.get_by_title("Comment").fill("")
    until(lambda: page.evaluate(KEPT) == [])


def test_after_another_answer_a_verdict_is_to_be_given_again(
    entered: Page, place: Installation
) -> None:
    two_readers_differ(place, "cd")
    entered.reload()
    at_ecg(entered, 2)
    expect(entered.get_by_text(CHANGED)).to_be_visible()
    expect(entered.get_by_title("Comment")).to_have_value(WORDS)
    expect(entered.locator(".verdict input:checked")).to_have_count(0)
    entered.reload()  # what is kept now is of the case as it is
    at_ecg(entered, 2)
    expect(entered.get_by_title("Comment")).to_have_value(WORDS)
    expect(entered.get_by_text(CHANGED)).to_be_hidden()


def test_who_signs_in_next_finds_nothing_of_it(
    entered: Page, desk: Desk, place: Installation
) -> None:
    add_person(place.sessions, "other@example.org", Role.ADJUDICATOR)
    end_sessions(place)
    sign_in(entered, desk.address, "other@example.org", CASE)
    at_ecg(entered, 2)
    expect(entered.get_by_title("Comment")).to_have_value("")
    assert entered.evaluate(KEPT) == []


def test_signing_out_asks_about_it(entered: Page) -> None:
    asked: list[str] = []
    entered.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    entered.get_by_role("button", name="Sign out").click()
    until(lambda: bool(entered.title() and asked))
    assert asked[0].startswith("What you entered on an ECG is not saved on the server.")
    assert len(entered.evaluate(KEPT)) == 1
