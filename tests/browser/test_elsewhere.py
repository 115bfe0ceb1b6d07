"""Where no ECG is on screen, nothing of one is answered, changed or left behind by keys."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy import func, select

from core.ecg import Superclass
from feedback.tables import Draft, Role, User
from tests.browser.conftest import Desk
from tests.browser.hands import EMAIL, UPDATE, at_ecg, reading_place, stored
from tests.browser.test_ahead import PRESS, wait_for, with_three_waiting
from tests.factories import Installation, add_person
from tests.factories_adjudication import dispute

UMPIRE = "umpire@example.org"
LAID_OUT = "document.querySelectorAll('#ahead .read').length"
KEYS = [*"12345nurxtjkpzlsf+-[],.omaecvgh", "Escape", "Enter"]
# a page out of sight with everything that a key could press: how often something was
HIDDEN = """() => {
  const page = `<div class="read" data-ecg="2">
    <div class="answer" data-form="x"><button class="submit"></button><textarea></textarea>
      <div class="unreadable-box"><input type="checkbox"></div>
      <div class="question">
        <div class="verdict"><input type="radio"><input type="radio"></div></div>
    </div><details class="published"><summary></summary></details>
    <button data-key="j"></button><button class="all-leads"></button></div>`;
  document.querySelector("#ahead .slot.waiting").innerHTML = page;
  window.pressed = [];
  document.addEventListener("click", (event) => {
    if (event.target.closest(".waiting")) window.pressed.push(event.target.outerHTML);
  }, true);
}"""
ASKS_AHEAD = '"part":"ask"'  # in what Dash sends for the page of an ECG that is to wait


@pytest.fixture
def place(tmp_path: Path, migrated: Path) -> Installation:
    """Eight ECGs with opinions, a reader whose next three are laid out, an adjudicator."""
    made = reading_place(tmp_path, migrated, 8, ahead=3)
    add_person(made.sessions, UMPIRE, Role.ADJUDICATOR)
    return made


def drafts(place: Installation) -> int:
    """How many the server has."""
    with place.sessions.read() as session:
        return session.scalar(select(func.count()).select_from(Draft)) or 0


def paper_of(place: Installation, email: str) -> object:
    """The choices of a person's paper, as stored."""
    with place.sessions.read() as session:
        return session.scalars(select(User.preferences).where(User.email == email)).one()


def press_all(page: Page, keys: Iterable[str] = KEYS) -> None:
    """Every key that does something at an ECG, then as long as a draft waits."""
    page.evaluate(PRESS, list(keys))
    page.wait_for_timeout(1500)


def none_waits(page: Page) -> None:
    """No page of an ECG is laid out out of sight."""
    page.wait_for_function(f"() => {LAID_OUT} === 0")


@pytest.mark.parametrize(("name", "heading"), [("TrustECG", "Worklist"), ("My readings",) * 2])
def test_keys_on_another_page_answer_nothing_that_waited(
    desk: Desk, place: Installation, name: str, heading: str
) -> None:
    page = with_three_waiting(desk)
    paper = paper_of(place, EMAIL)
    page.get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    address = page.url
    press_all(page)
    assert (stored(place), drafts(place), page.url) == (0, 0, address)
    assert paper_of(place, EMAIL) == paper
    none_waits(page)


def test_keys_press_nothing_that_is_hidden(desk: Desk) -> None:
    page = desk.sign_in(EMAIL)
    expect(page.get_by_role("heading", name="Worklist")).to_be_visible()
    page.evaluate(HIDDEN)
    page.evaluate(PRESS, KEYS)
    assert page.evaluate("window.pressed") == []
    assert page.evaluate("document.activeElement.closest('.waiting')") is None


def test_an_answer_that_nobody_sees_is_not_sent(desk: Desk, place: Installation) -> None:
    page = with_three_waiting(desk)
    page.evaluate("document.querySelector('.slot.waiting .unreadable-box input').click()")
    page.evaluate("document.querySelector('.slot.waiting .submit').click()")
    page.wait_for_timeout(1000)
    assert stored(place) == 0


def test_a_page_that_comes_when_its_reader_has_left_is_dropped(desk: Desk) -> None:
    held: list[Route] = []
    page = desk.page

    def hold(route: Route) -> None:
        if ASKS_AHEAD in (route.request.post_data or "").replace("\\", ""):
            held.append(route)
        else:
            route.continue_()

    page.route(UPDATE, hold)
    desk.sign_in(EMAIL, path="/read/1")
    at_ecg(page, 1)
    for _ in range(100):
        page.wait_for_timeout(50)
        if held:
            break
    page.keyboard.press("w")
    expect(page.get_by_role("heading", name="Worklist")).to_be_visible()
    (late,) = held
    with page.expect_response(UPDATE):
        late.continue_()
    page.wait_for_timeout(500)
    assert page.evaluate(LAID_OUT) == 0
    assert len(held) == 1  # and no other is asked for


def test_whoever_comes_back_to_an_ecg_finds_the_next_ones_again(desk: Desk) -> None:
    page = with_three_waiting(desk)
    page.keyboard.press("w")
    none_waits(page)
    page.get_by_role("gridcell", name="1001").click()
    at_ecg(page, 1)
    wait_for(page, 2, 3, 4)


def umpires_page(desk: Desk, place: Installation, ecg_id: int) -> Page:
    """The adjudicator reads ECG 1; one of those that wait is in dispute between colleagues."""
    readers = [
        add_person(place.sessions, f"{name}@example.org", Role.CLINICIAN).id for name in "ab"
    ]
    dispute(place.sessions, (readers[0], readers[1]), ecg_id, Superclass.CD)
    page = desk.sign_in(UMPIRE, path="/read/1")
    at_ecg(page, 1)
    wait_for(page, 2, 3, 4)
    return page


def test_an_ecg_that_waited_is_adjudicated_alone_on_its_page(
    desk: Desk, place: Installation
) -> None:
    page = umpires_page(desk, place, 3)
    page.get_by_role("link", name="Adjudicate").click()
    page.get_by_role("link", name="ECG 3").click()
    at_ecg(page, 3)
    none_waits(page)
    page.keyboard.press("+")
    expect(page.locator(".paper .annotation text").first).to_contain_text("20")
    expect(page.locator(".paper-tools .gain").get_by_label("20")).to_be_checked()
    press_all(page, [*"njp", "Enter"])
    expect(page.get_by_text("Not saved: no verdict on Conduction disturbance")).to_be_visible()
    assert (stored(place), drafts(place)) == (2, 0)  # what the colleagues have answered


def test_the_ecg_on_screen_makes_room_for_its_adjudication(desk: Desk, place: Installation) -> None:
    """As whoever goes back by several pages of the browser's history at once."""
    page = umpires_page(desk, place, 2)
    page.goto(f"http://{desk.address}/adjudicate/2")
    at_ecg(page, 2)
    page.keyboard.press("w")
    page.get_by_role("gridcell", name="1001").click()
    at_ecg(page, 1)
    wait_for(page, 2, 3, 4)
    page.keyboard.press("j")
    at_ecg(page, 2)
    page.wait_for_url("**/read/2")
    page.evaluate("history.go(-3)")
    expect(page.get_by_role("heading", name="Your verdict")).to_be_visible()
    at_ecg(page, 2)
    none_waits(page)
    page.keyboard.press("+")
    expect(page.locator(".paper .annotation text").first).to_contain_text("20")
