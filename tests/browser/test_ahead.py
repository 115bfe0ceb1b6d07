"""The next ECGs wait beside the one on screen, and nothing of them is in the way."""

import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, Route, expect
from sqlalchemy import select

from feedback.db import now
from feedback.tables import Reading
from tests.browser.conftest import Desk
from tests.browser.hands import (
    ANSWER,
    EMAIL,
    TWICE_MS,
    answer_blind,
    answer_both,
    at_ecg,
    choice,
    divert,
    reading_place,
    stored,
)
from tests.factories import Installation

WAITING = """[...document.querySelectorAll(".slot.waiting .read")]
  .filter(page => page.querySelectorAll(".paper path.js-line").length > 12)
  .map(page => Number(page.dataset.ecg)).sort()"""

PRESS = """keys => keys.forEach(key => document.body.dispatchEvent(
  new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true })))"""
# ECG 2 comes on screen with its place in the document, before Dash has filled its form
HASTE = """() => {
  const { ahead, answer } = window.dash_clientside, { gather } = answer;
  window.order = [];
  answer.gather = (...given) => {
    const said = gather(...given);
    if (given.at(-1).ecg === 2 && window.order.push("filled") === 2)
      setTimeout(() => (PRESS)(["n", "Enter"]));
    return said;
  };
  const laid = new MutationObserver(() => {
    if (!document.querySelector('.slot .read[data-ecg="2"] .submit')) return;
    laid.disconnect();
    window.order.push("shown");
    ahead.go("/read/2");
  });
  laid.observe(document, { childList: true, subtree: true });
}""".replace("PRESS", PRESS)
# how many sheets are put beside the page, out of sight
UNSEEN = """new MutationObserver((changes) => {
  for (const change of changes) for (const added of change.addedNodes)
    if (change.target === document.body && added.classList?.contains("waiting"))
      window.unseen = (window.unseen || 0) + 1;
}).observe(document, { childList: true, subtree: true })"""
# Enter once more as soon as ECG 2 is on screen, with a finger on Shift; a busy page hears only then
# of what was pressed long before, another key among it
TWICE = """busy => {
  const press = (key) => new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
  const before = busy ? ["n", "Enter"].map(press) : null;
  const second = new MutationObserver(() => {
    if (!document.querySelector('.slot:not(.waiting) .read[data-ecg="2"]')) return;
    second.disconnect();
    setTimeout(() => {
      const now = before || ["Shift", "Enter"].map(press);
      now.forEach((one) => document.body.dispatchEvent(one));
      window.twice = true;
    }, busy ? LATE : 0);
  });
  second.observe(document, { attributes: true, childList: true, subtree: true });
}""".replace("LATE", str(TWICE_MS + 500))


@pytest.fixture
def place(tmp_path: Path, migrated: Path) -> Installation:
    """Eight ECGs with opinions, and a reader whose next three ECGs are laid out."""
    return reading_place(tmp_path, migrated, 8, ahead=3)


def slowly(route: Route) -> None:
    """Let an answer take longer than two presses may be apart."""
    time.sleep(1)
    route.continue_()


def wait_for(page: Page, *ecg_ids: int) -> None:
    """These ECGs and no others wait, painted."""
    for _ in range(300):
        if page.evaluate(WAITING) == list(ecg_ids):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"{page.evaluate(WAITING)} wait, not {ecg_ids}")


def with_three_waiting(desk: Desk) -> Page:
    """ECG 1 is on screen, and the three after it wait."""
    page = desk.sign_in(EMAIL, path="/read/1")
    at_ecg(page, 1)
    wait_for(page, 2, 3, 4)
    return page


def pages_asked(page: Page) -> list[str]:
    """What is asked of Dash's router from now on."""
    asked: list[str] = []

    def note(request: Request) -> None:
        if '"_pages_location"' in (request.post_data or ""):
            asked.append(request.post_data or "")

    page.on("request", note)
    return asked


def test_plotly_draws_once_unseen_while_the_first_page_is_made(
    desk: Desk, place: Installation
) -> None:
    desk.page.add_init_script(UNSEEN)
    page = desk.sign_in(EMAIL, path="/read/1")
    at_ecg(page, 1)
    answer_both(page, "n")
    at_ecg(page, 2)
    assert page.evaluate("window.unseen") == 1
    assert page.locator("body > .waiting").count() == 0


def test_the_next_three_wait_and_are_shown_without_asking(desk: Desk, place: Installation) -> None:
    page = with_three_waiting(desk)
    asked = pages_asked(page)
    answer_both(page, "n")
    at_ecg(page, 2)
    page.wait_for_url("**/read/2")
    assert page.title() == "ECG 2 · TrustECG"
    wait_for(page, 3, 4, 5)
    answer_both(page, "2", "r")
    at_ecg(page, 3)
    page.keyboard.press("j")
    at_ecg(page, 4)
    wait_for(page, 5, 6, 7)
    assert asked == []
    assert stored(place) == 4


def test_a_page_shown_before_its_form_is_filled_takes_the_first_enter(
    desk: Desk, place: Installation
) -> None:
    page = desk.sign_in(EMAIL, path="/read/1")
    at_ecg(page, 1)
    page.evaluate(HASTE)
    expect(page.locator('.read[data-ecg="2"] .evidence')).to_be_visible()
    assert page.evaluate("window.order.slice(0, 2)") == ["shown", "filled"]
    assert stored(place) == 1


@pytest.mark.parametrize("busy", [False, True])
def test_a_second_press_leaves_the_draft_of_the_next_ecg_alone(
    desk: Desk, place: Installation, busy: bool
) -> None:
    page = desk.sign_in(EMAIL, path="/read/2")
    at_ecg(page, 2)
    page.keyboard.press("n")
    expect(page.get_by_text("Draft saved")).to_be_visible()
    page.goto(f"http://{desk.address}/read/1")
    at_ecg(page, 1)
    wait_for(page, 2, 3, 4)
    answer_blind(page, "n")
    page.wait_for_timeout(TWICE_MS)
    divert(page, ANSWER, slowly)
    page.evaluate(TWICE, busy)
    page.keyboard.press("Enter")
    at_ecg(page, 2)
    page.wait_for_timeout(TWICE_MS + 1500)
    assert page.evaluate("window.twice")
    assert stored(place) == 2
    page.keyboard.press("Enter")
    expect(page.locator('.read[data-ecg="2"] .evidence')).to_be_visible()
    assert stored(place) == 3


@pytest.mark.parametrize(("away", "onward"), [("k", "**/read/1"), ("w", "**/"), ("Backspace", "")])
def test_whoever_is_on_the_way_elsewhere_answers_no_more(
    desk: Desk, place: Installation, away: str, onward: str
) -> None:
    page = with_three_waiting(desk)
    page.keyboard.press("j")
    at_ecg(page, 2)
    page.wait_for_timeout(1000)
    page.evaluate(PRESS, [away, "n", "Enter"])
    if onward:
        page.wait_for_url(onward)
    page.wait_for_timeout(1500)
    assert stored(place) == 0


def test_whoever_presses_another_key_has_looked(desk: Desk, place: Installation) -> None:
    page = with_three_waiting(desk)
    answer_blind(page, "n")
    page.evaluate(PRESS, ["n", "Enter"])
    at_ecg(page, 2)
    assert stored(place) == 2


def test_back_and_undo_bring_pages_anew(desk: Desk) -> None:
    page = with_three_waiting(desk)
    answer_both(page, "n")
    at_ecg(page, 2)
    wait_for(page, 3, 4, 5)
    page.keyboard.press("j")
    at_ecg(page, 3)
    page.wait_for_url("**/read/3")  # the browser's history has it a moment after the screen
    page.keyboard.press("k")
    at_ecg(page, 2)
    expect(choice(page, "NORM", "Present")).not_to_be_checked()
    page.keyboard.press("Backspace")
    at_ecg(page, 1)
    expect(choice(page, "NORM", "Present")).to_be_checked()
    page.keyboard.press("w")
    page.get_by_role("gridcell", name="1003").click()
    at_ecg(page, 3)


def test_what_waits_is_out_of_the_way(desk: Desk) -> None:
    page = with_three_waiting(desk)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    expect(page.get_by_role("button", name="Submit")).to_have_count(1)
    for _ in range(40):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('.waiting')") is None


def test_a_draft_of_a_page_that_waited_is_its_own(desk: Desk) -> None:
    page = with_three_waiting(desk)
    page.keyboard.press("j")
    at_ecg(page, 2)
    page.keyboard.press("5")
    expect(page.get_by_text("Draft saved").filter(visible=True)).to_be_visible()
    page.reload()
    at_ecg(page, 2)
    expect(choice(page, "HYP", "Present")).to_be_checked()


def test_the_clock_of_a_reading_starts_when_the_ecg_is_on_screen(
    desk: Desk, place: Installation
) -> None:
    page = with_three_waiting(desk)
    shown = now()
    page.keyboard.press("j")
    at_ecg(page, 2)
    page.keyboard.press("n")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Model's opinion")).to_be_visible()
    with place.sessions.read() as session:
        assert session.scalars(select(Reading)).one().started_at >= shown
