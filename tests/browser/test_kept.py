"""What a browser keeps of answers: all for whoever typed it, nothing for the next one."""

import re
import threading
from pathlib import Path

import pytest
from playwright.sync_api import Dialog, Page, Route, expect
from sqlalchemy import select

from feedback.tables import Draft, Role
from tests.browser.conftest import Desk, OpenDesk, Serve
from tests.browser.hands import (
    EMAIL,
    KEPT,
    TWICE_MS,
    UPDATE,
    answer_both,
    at_ecg,
    choice,
    divert,
    end_sessions,
    reading_place,
    sign_in,
    until,
)
from tests.factories import Installation, add_person

COLLEAGUE = "colleague@example.org"


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path, migrated: Path) -> Installation:
    """Six ECGs with opinions, two readers; as many pages laid out ahead as the test says."""
    made = reading_place(tmp_path, migrated, ahead=getattr(request, "param", 0))
    add_person(made.sessions, COLLEAGUE, Role.CLINICIAN)
    return made


@pytest.fixture
def desk(place: Installation, serve: Serve, desks: OpenDesk) -> Desk:
    opened = desks(serve(place))
    opened.watch.tolerated = ("401",)
    return opened


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Sign out").click()


def at_the_door(page: Page) -> None:
    """The page on which to sign in."""
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def drafts(place: Installation) -> list[str]:
    """The comments of those on the server."""
    with place.sessions.read() as session:
        return [draft.payload["comment"] for draft in session.scalars(select(Draft))]


def change_a_stored_answer(page: Page) -> None:
    """Which is no draft of the server's until it is sent."""
    answer_both(page, "n")
    at_ecg(page, 2)
    page.keyboard.press("Backspace")
    at_ecg(page, 1)
    page.wait_for_timeout(TWICE_MS)
    page.keyboard.press("3")
    expect(choice(page, "STTC", "Present")).to_be_checked()
    until(lambda: len(page.evaluate(KEPT)) == 1)


def test_what_is_typed_just_before_signing_out_is_on_the_server(
    desk: Desk, place: Installation
) -> None:
    page = desk.sign_in(EMAIL, path="/read/1")
    at_ecg(page, 1)
    page.get_by_title("Comment").fill("at the last moment")
    sign_out(page)
    at_the_door(page)
    assert drafts(place) == ["at the last moment"]
    assert page.evaluate(KEPT) == []
    assert page.evaluate("sessionStorage.length") == 0
    page.go_back()
    at_the_door(page)
    desk.sign_in(EMAIL, path="/read/1")
    expect(page.get_by_title("Comment")).to_have_value("at the last moment")


@pytest.mark.parametrize("path", ["/read/1", "/password"])
def test_what_cannot_be_saved_is_removed_only_when_the_reader_says_so(
    desk: Desk, path: str
) -> None:
    page = desk.sign_in(EMAIL, path="/read/1")
    at_ecg(page, 1)
    change_a_stored_answer(page)
    if path != "/read/1":
        desk.go(path)
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    page.once("dialog", stay)
    sign_out(page)
    until(lambda: bool(page.title() and asked))  # which lets the dialog through
    assert asked[0].startswith("What you entered on an ECG is not saved on the server.")
    assert len(page.evaluate(KEPT)) == 1
    page.once("dialog", lambda dialog: dialog.accept())
    sign_out(page)
    at_the_door(page)
    assert page.evaluate(KEPT) == []


def type_as_the_session_ends(page: Page, place: Installation, words: str) -> None:
    """It is in the form before the server says that the session is gone."""
    held: list[Route] = []
    typed = threading.Event()
    divert(page, UPDATE, lambda route: route.continue_() if typed.is_set() else held.append(route))
    end_sessions(place)
    page.get_by_title("Comment").fill(words)
    typed.set()
    for request in held:
        request.continue_()
    expect(page).to_have_url(re.compile("ended=1"))
    assert len(page.evaluate(KEPT)) == 1


def test_a_session_that_ends_by_itself_keeps_it_for_the_same_reader(
    desk: Desk, place: Installation
) -> None:
    page = desk.sign_in(EMAIL, path="/read/1")
    at_ecg(page, 1)
    type_as_the_session_ends(page, place, "typed before anybody knew")
    desk.sign_in(EMAIL, path="/read/1")  # whatever way they come
    at_ecg(page, 1)
    expect(page.get_by_title("Comment")).to_have_value("typed before anybody knew")


def test_who_signs_in_next_finds_nothing_of_another_reader(desk: Desk, place: Installation) -> None:
    page = desk.sign_in(EMAIL, path="/read/1")
    at_ecg(page, 1)
    type_as_the_session_ends(page, place, "none of your business")
    sign_in(page, desk.address, COLLEAGUE)
    expect(page.get_by_role("heading", name="Worklist")).to_be_visible()
    assert page.evaluate(KEPT) == []


def test_to_sign_out_where_the_session_is_gone_removes_it_too(
    desk: Desk, place: Installation
) -> None:
    page = desk.sign_in(EMAIL, path="/read/1")
    at_ecg(page, 1)
    change_a_stored_answer(page)
    end_sessions(place)
    page.once("dialog", lambda dialog: dialog.accept())
    sign_out(page)
    at_the_door(page)
    assert page.evaluate(KEPT) == []


@pytest.mark.parametrize("place", [0, 2], indirect=True, ids=["none ahead", "two ahead"])
def test_what_is_typed_just_before_going_on_is_on_the_server(
    desk: Desk, place: Installation
) -> None:
    page = desk.sign_in(EMAIL, path="/read/1")
    at_ecg(page, 1)
    for way, ecg_id in (("j", 2), ("w", None)):
        page.get_by_title("Comment").filter(visible=True).fill(f"then {way}")
        if place.settings.ahead:
            until(lambda: page.locator("#ahead .read").count() >= 1)
        page.keyboard.press("Escape")
        page.keyboard.press(way)
        if ecg_id:
            at_ecg(page, ecg_id)
    expect(page.get_by_role("heading", name="Worklist")).to_be_visible()
    until(lambda: sorted(drafts(place)) == ["then j", "then w"])
    until(lambda: page.evaluate(KEPT) == [])
