"""The keyboard: the sheet that lists it, and undo."""

from playwright.sync_api import Page, expect
from sqlalchemy import select

from dashboard.components.help import KEYS
from feedback.tables import Reading
from tests.browser.conftest import Desk
from tests.browser.hands import (
    EMAIL,
    answer_blind,
    answer_both,
    at_ecg,
    choice,
    until,
)
from tests.factories import Installation

ON_PAGE = "[...document.querySelectorAll('[data-key]')].map(it => it.dataset.key)"

# past its last control the focus is with the browser itself for one press
FOCUS_IN_SHEET = """document.activeElement === document.body
  || document.activeElement.closest("#help") !== null"""


def test_the_sheet_lists_every_key_that_does_something_and_no_other(desk: Desk) -> None:
    page = desk.sign_in(EMAIL, path="/read/1")
    at_ecg(page, 1)
    known = set(page.evaluate("dash_clientside.keys.written()")) | set(page.evaluate(ON_PAGE))
    answer_blind(page, "n")
    known |= set(page.evaluate(ON_PAGE))
    assert known == {pressed for key in KEYS for pressed in key.pressed}


def test_the_sheet_is_on_screen_as_it_is_written(desk: Desk) -> None:
    page = desk.sign_in(EMAIL)
    expect(page.get_by_role("heading", name="Worklist")).to_be_visible()
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keys")
    for key in KEYS:
        expect(sheet.get_by_text(key.does, exact=True)).to_be_visible()


def test_the_sheet_keeps_the_focus_and_gives_it_back(desk: Desk) -> None:
    page = desk.sign_in(EMAIL, path="/read/1")
    at_ecg(page, 1)
    page.keyboard.press("c")
    submit = page.get_by_role("button", name="Submit")
    submit.focus()
    page.keyboard.press("?")
    expect(page.locator("#help:modal")).to_be_visible()
    for _ in range(6):
        page.keyboard.press("Tab")
        assert page.evaluate(FOCUS_IN_SHEET)
    page.keyboard.press("n")
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()
    expect(submit).to_be_focused()
    expect(page.locator(".caliper-tools")).to_be_visible()  # Esc has closed the sheet alone
    expect(page.locator(".verdict input:checked")).to_have_count(0)
    page.get_by_role("button", name="Keyboard help").click()
    page.get_by_role("button", name="Close").click()
    expect(page.locator("#help")).to_be_hidden()
    expect(page.get_by_role("button", name="Keyboard help")).to_be_focused()


def test_undo_reopens_the_last_answers_in_turn_and_a_change_supersedes(
    desk: Desk, place: Installation
) -> None:
    page = desk.sign_in(EMAIL, path="/read/1")
    for ecg_id in (1, 2):
        at_ecg(page, ecg_id)
        answer_both(page, "n")
    at_ecg(page, 3)
    page.keyboard.press("Backspace")
    at_ecg(page, 2)
    page.keyboard.press("Backspace")
    at_ecg(page, 1)
    expect(choice(page, "NORM", "Present")).to_be_checked()
    expect(page.get_by_text("Your answer stands, saved")).to_be_visible()
    page.keyboard.press("1")
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Your answer stands, saved")).to_be_visible()
    until(lambda: len(history(place)) == 3)
    page.keyboard.press("Backspace")
    expect(page.locator("#status")).to_contain_text("ECG 1 was your first answer here")
    assert history(place) == [("absent", 0), ("absent", 0), ("present", 1)]
    page.keyboard.press("j")
    at_ecg(page, 3)


def history(place: Installation) -> list[tuple[str, int]]:
    """Verdict on infarction and number of each final answer, in the order of their storing."""
    with place.sessions.read() as session:
        answers = session.scalars(select(Reading).order_by(Reading.id)).all()
    return [(str(a.verdict_mi), a.sequence) for a in answers if a.stage == "final"]


def test_backspace_in_the_comment_is_a_backspace(desk: Desk) -> None:
    page = desk.sign_in(EMAIL, path="/read/1")
    at_ecg(page, 1)
    page.keyboard.press("t")
    page.keyboard.type("ab")
    page.keyboard.press("Backspace")
    expect(page.get_by_title("Comment")).to_have_value("a")
    expect(page.locator("#status")).to_be_empty()


def test_every_control_is_reached_with_the_tab_key(desk: Desk) -> None:
    page = desk.sign_in(EMAIL, path="/read/1")
    at_ecg(page, 1)
    reached = {place_of_focus(page) for _ in range(60) if page.keyboard.press("Tab") is None}
    wanted = {"Undo", "Back", "Next unread", "Submit", "Unreadable", "Comment", "Sign out"}
    wanted |= {"Normal ECG", "Myocardial infarction", "Confidence"}
    missing = {name for name in wanted if not any(name in got for got in reached)}
    assert missing == set()


def place_of_focus(page: Page) -> str:
    """How a screen reader would name the control with the focus and its group."""
    return str(
        page.evaluate(
            """() => {
              const at = document.activeElement;
              const group = at.closest("[role=radiogroup]");
              const label = at.labels && at.labels[0];
              return [at.textContent, at.title, label && label.textContent,
                      group && group.getAttribute("aria-label")].join(" ");
            }"""
        )
    )
