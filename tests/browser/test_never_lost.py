"""An answer is stored once: without a connection, with two windows, after a crash."""

from playwright.sync_api import Page, expect
from sqlalchemy import select

from feedback.tables import Reading
from tests.browser.conftest import Desk
from tests.browser.hands import (
    EMAIL,
    TWICE_MS,
    UPDATE,
    answer_blind,
    answer_both,
    at_ecg,
    choice,
    divert,
    stored,
    until,
)
from tests.factories import Installation

OFFLINE = ("ERR_INTERNET_DISCONNECTED", "Failed to fetch", "Callback failed")


def test_without_a_connection_the_answer_waits_and_goes_out_once(
    desk: Desk, place: Installation
) -> None:
    desk.watch.tolerated = OFFLINE
    page = desk.sign_in(EMAIL, path="/read/1")
    at_ecg(page, 1)
    page.context.set_offline(True)
    for key in ("2", "r", "Enter"):
        page.keyboard.press(key)
    trouble = page.get_by_role("alert").filter(
        has_text="not saved yet: no connection to the server"
    )
    expect(trouble).to_be_visible()
    page.wait_for_timeout(1500)  # it is tried again, in vain
    assert stored(place) == 0
    expect(page.locator("#status")).to_be_empty()
    page.context.set_offline(False)
    expect(page.get_by_role("heading", name="Model's opinion")).to_be_visible()
    expect(page.locator("#trouble")).to_have_count(0)
    expect(page.locator("#status")).to_contain_text("Blind answer saved")
    assert stored(place) == 1


def test_what_follows_a_stored_answer_comes_when_the_connection_is_back(
    desk: Desk, place: Installation
) -> None:
    desk.watch.tolerated = ("net::ERR_FAILED", "Failed to fetch", "Callback failed")
    page = desk.sign_in(EMAIL, path="/read/1")
    at_ecg(page, 1)
    page.keyboard.press("n")
    expect(page.get_by_text("Draft saved")).to_be_visible()
    divert(page, UPDATE, lambda route: route.abort())
    page.keyboard.press("Enter")
    trouble = page.get_by_role("alert").filter(has_text="Your answer is saved. What follows")
    expect(trouble).to_be_visible()
    assert stored(place) == 1
    page.unroute(UPDATE)
    expect(page.get_by_role("heading", name="Your final answer")).to_be_visible()
    expect(page.locator("#trouble")).to_have_count(0)
    assert stored(place) == 1


def test_the_time_of_saving_is_the_servers(desk: Desk, place: Installation) -> None:
    page = desk.sign_in(EMAIL, path="/read/1")
    at_ecg(page, 1)
    page.evaluate("Date.now = () => 0")  # a clock that is decades behind
    answer_blind(page, "n")
    shown = page.locator("#status time").get_attribute("datetime")
    with place.sessions.read() as session:
        assert shown == session.scalars(select(Reading)).one().submitted_at.isoformat()


def test_of_two_windows_the_second_is_told_and_overwrites_nothing(
    desk: Desk, place: Installation
) -> None:
    first = desk.sign_in(EMAIL, path="/read/1")
    at_ecg(first, 1)
    second = another_window(desk, 1)
    answer_blind(first, "n")
    for key in ("2", "r", "Enter"):
        second.keyboard.press(key)
    said = "Not saved: your blind answer to ECG 1 was saved at"
    expect(second.get_by_role("alert").filter(has_text=said)).to_be_visible()
    assert verdicts(place) == ["absent"]


def test_of_two_windows_that_change_an_answer_the_second_is_told(
    desk: Desk, place: Installation
) -> None:
    first = desk.sign_in(EMAIL, path="/read/1")
    at_ecg(first, 1)
    answer_both(first, "n")
    at_ecg(first, 2)
    first.keyboard.press("Backspace")
    at_ecg(first, 1)
    second = another_window(desk, 1)
    change(first, "2")
    until(lambda: stored(place) == 3)
    change(second, "1")
    said = "Not saved: your answer to ECG 1 was changed in another window at"
    expect(second.get_by_role("alert").filter(has_text=said)).to_be_visible()
    assert verdicts(place) == ["absent", "absent", "present"]
    second.reload()
    at_ecg(second, 1)
    expect(choice(second, "MI", "Present")).to_be_checked()


def another_window(desk: Desk, ecg_id: int) -> Page:
    """A second window of the same reader."""
    page = desk.page.context.new_page()
    page.set_default_timeout(60_000)
    page.goto(f"http://{desk.address}/read/{ecg_id}")
    at_ecg(page, ecg_id)
    return page


def change(page: Page, key: str) -> None:
    """Change one class of a stored answer and save it."""
    page.wait_for_timeout(TWICE_MS)
    page.keyboard.press(key)
    page.keyboard.press("Enter")


def verdicts(place: Installation) -> list[str]:
    """What was said on infarction, in the order of storing."""
    with place.sessions.read() as session:
        answers = session.scalars(select(Reading).order_by(Reading.id)).all()
    return [str(answer.verdict_mi) for answer in answers]
