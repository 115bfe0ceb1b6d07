"""A reader goes through a worklist with the keyboard; leaving gives the ECG back."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import func, select

from feedback.claims import release
from feedback.tables import ReadingMode, RecordRow, Role, WorklistSlot
from tests.browser.conftest import Desk, OpenDesk, Serve
from tests.browser.hands import EMAIL, TWICE_MS, answer_blind, answer_both, reading_place, until
from tests.browser.test_ahead import WAITING, pages_asked
from tests.factories import Installation, add_person
from tests.factories_worklists import claimed, expire, worklist


@pytest.fixture
def place(tmp_path: Path, migrated: Path) -> Installation:
    """Six ECGs with opinions, and a reader whose next two ECGs are laid out."""
    return reading_place(tmp_path, migrated, ahead=2)


@pytest.fixture
def desk(place: Installation, serve: Serve, desks: OpenDesk) -> Desk:
    """The reader's place, not signed in yet."""
    return desks(serve(place))


def start(desk: Desk, name: str = "Morning") -> Page:
    """Sign in and press 'Read'."""
    page = desk.sign_in(EMAIL)
    page.get_by_title(f"Read the next ECG of {name}").click()
    return page


def opened(page: Page, seen: list[int]) -> int:
    """The ECG that is open, once it is none of those seen."""
    expect(page.locator(".read:visible h1")).not_to_have_text(f"ECG {seen[-1]}" if seen else "")
    traces = page.locator(".read:visible .paper path.js-line")
    expect(traces.nth(13)).to_be_attached()
    return int(page.locator(".read:visible").get_attribute("data-ecg") or 0)


def held(place: Installation) -> int:
    """How many ECGs somebody holds."""
    with place.sessions.read() as session:
        query = select(func.count(WorklistSlot.lease_until))
        return session.scalar(query) or 0


def test_three_ecgs_by_keyboard_and_then_the_reason_why_no_more(
    desk: Desk, place: Installation
) -> None:
    worklist(place.sessions, records=3)
    page, seen = start(desk), []
    for _ in range(3):
        seen.append(opened(page, seen))
        expect(page.get_by_text("Morning · blind first · held until")).to_be_visible()
        assert held(place) == 1
        answer_both(page, "n")
    expect(page.get_by_role("heading", name="Worklist")).to_be_visible()
    expect(page.locator("#status")).to_contain_text("All of 'Morning' is read")
    assert len(set(seen)) == 3


def test_the_next_of_a_worklist_waits_and_is_shown_without_asking(
    desk: Desk, place: Installation
) -> None:
    worklist(place.sessions, records=4)
    page = start(desk)
    first = opened(page, [])
    waiting = waits(page, 2)
    asked = pages_asked(page)
    answer_both(page, "n")
    assert opened(page, [first]) in waiting
    expect(
        page.get_by_text("Morning · blind first · held until").filter(visible=True)
    ).to_be_visible()
    assert held(place) == 1
    assert asked == []


def test_what_waits_may_be_a_colleagues_by_then(desk: Desk, place: Installation) -> None:
    made = worklist(place.sessions, records=3)
    page = start(desk)
    first = opened(page, [])
    waits(page, 2)
    colleague = add_person(place.sessions, "colleague@example.org", Role.CLINICIAN)
    theirs = claimed(place.sessions, colleague.id, made.id).ecg_id
    answer_both(page, "n")
    assert opened(page, [first]) not in (first, theirs)


def waits(page: Page, count: int) -> list[int]:
    """So many ECGs wait, painted."""
    page.wait_for_function(f"() => {WAITING}.length === {count}")
    return page.evaluate(WAITING)


def test_an_ecg_put_off_is_given_back(desk: Desk, place: Installation) -> None:
    worklist(place.sessions, records=3)
    page = start(desk)
    first = opened(page, [])
    page.keyboard.press("j")
    assert opened(page, [first]) != first
    assert held(place) == 1


def test_leaving_gives_back_and_a_reload_holds_on(desk: Desk, place: Installation) -> None:
    worklist(place.sessions, records=3)
    page = start(desk)
    first = opened(page, [])
    expect(page.get_by_text("held until")).to_be_visible()
    page.reload()
    assert opened(page, []) == first
    expect(page.get_by_text("held until")).to_be_visible()
    until(lambda: held(place) == 1)
    page.wait_for_timeout(TWICE_MS)
    page.keyboard.press("w")
    until(lambda: held(place) == 0)


def test_a_closed_window_gives_back(desk: Desk, place: Installation) -> None:
    worklist(place.sessions, records=3)
    page = start(desk)
    opened(page, [])
    until(lambda: held(place) == 1)
    page.wait_for_timeout(TWICE_MS)
    page.close(run_before_unload=True)
    until(lambda: held(place) == 0)


def test_assisted_asks_one_answer_beside_the_opinion(desk: Desk, place: Installation) -> None:
    worklist(place.sessions, records=2, mode=ReadingMode.ASSISTED)
    page = start(desk)
    first = opened(page, [])
    expect(page.get_by_text("Morning · assisted · held until")).to_be_visible()
    answer_blind(page, "n")
    assert opened(page, [first]) != first
    expect(page.get_by_role("heading", name="Model's opinion")).to_be_visible()


def only(place: Installation) -> int:
    """The ECG of a worklist that has one."""
    with place.sessions.read() as session:
        return session.scalar(select(RecordRow.ecg_id).join(WorklistSlot)) or 0


def look_again(page: Page) -> None:
    """What happens every four minutes."""
    page.evaluate("dash_clientside.set_props('hold-tick', { n_intervals: Date.now() % 1e6 })")


def test_an_ecg_of_the_grid_is_held_and_given_back(desk: Desk, place: Installation) -> None:
    worklist(place.sessions, records=1)
    page = desk.sign_in(EMAIL, path=f"/read/{only(place)}")
    expect(page.get_by_text("Morning · blind first · held until")).to_be_visible()
    assert held(place) == 1
    page.get_by_role("link", name="Worklist", exact=True).click()
    until(lambda: held(place) == 0)


def test_a_page_asks_for_an_answer_only_while_a_colleague_does_not_read(
    desk: Desk, place: Installation
) -> None:
    made = worklist(place.sessions, records=1)
    colleague = add_person(place.sessions, "colleague@example.org", Role.CLINICIAN)
    claimed(place.sessions, colleague.id, made.id)
    page = desk.sign_in(EMAIL, path=f"/read/{only(place)}")
    told = page.get_by_text("A colleague is reading ECG").filter(visible=True)
    expect(told).to_have_count(1)
    expect(page.get_by_role("heading", name="Not yours to answer")).to_be_visible()
    with place.sessions.begin() as session:
        release(session, colleague.id)
    look_again(page)
    expect(page.get_by_role("heading", name="Your answer")).to_be_visible()
    expect(page.get_by_text("Morning · blind first · held until")).to_be_visible()


def test_what_is_typed_stays_when_a_colleague_takes_the_ecg(
    desk: Desk, place: Installation
) -> None:
    made = worklist(place.sessions, records=1)
    colleague = add_person(place.sessions, "colleague@example.org", Role.CLINICIAN)
    page = desk.sign_in(EMAIL, path=f"/read/{only(place)}")
    expect(page.get_by_text("Morning · blind first · held until")).to_be_visible()
    page.get_by_role("textbox", name="Comment").fill("Old infarction?")
    expire(place.sessions)
    claimed(place.sessions, colleague.id, made.id)
    for _ in range(2):
        look_again(page)
        expect(page.get_by_text("A colleague is reading ECG")).to_be_visible()
    expect(page.get_by_role("textbox", name="Comment")).to_have_value("Old infarction?")


def test_a_second_window_that_is_closed_gives_nothing_away(desk: Desk, place: Installation) -> None:
    worklist(place.sessions, records=1)
    address = f"/read/{only(place)}"
    page = desk.sign_in(EMAIL, path=address)
    expect(page.get_by_text("Morning · blind first · held until")).to_be_visible()
    second = page.context.new_page()
    second.goto(page.url)
    expect(second.get_by_text("Morning · blind first · held until")).to_be_visible()
    second.close(run_before_unload=True)
    page.wait_for_timeout(1500)  # it is given back, and held on to
    assert held(place) == 1
