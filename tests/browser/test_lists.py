"""The worklist and the list of people in a browser."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from feedback.tables import Role
from tests.browser.conftest import SMALL, Desk, OpenDesk, Serve
from tests.factories import add_person, installation, serve_model
from tests.factories_dataset import dataset

ADMIN, READER = "admin@example.org", "reader@example.org"
CUT = """[...document.querySelectorAll('.ag-header-cell-text, .worklist-grid')]
  .filter(box => box.scrollWidth > box.clientWidth).map(box => box.textContent)"""


@pytest.fixture
def desk(tmp_path: Path, migrated: Path, serve: Serve, desks: OpenDesk) -> Desk:
    """The place of an administrator over forty ECGs, not signed in yet."""
    place = installation(tmp_path / "instance", dataset(tmp_path / "data", 40), migrated)
    add_person(place.sessions, ADMIN, Role.ADMIN)
    add_person(place.sessions, READER, Role.CLINICIAN)
    with place.sessions.begin() as session:
        serve_model(session)
    return desks(serve(place))


def test_the_arrow_enters_the_worklist_without_a_click(desk: Desk) -> None:
    page = desk.sign_in(ADMIN)
    expect(page.get_by_role("gridcell", name="1003")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="ECG 2", exact=True)).to_be_visible()


def test_a_filter_is_not_for_the_next_person_at_this_window(desk: Desk) -> None:
    page = desk.sign_in(ADMIN)
    page.get_by_role("spinbutton", name="Patient Filter Input").fill("1003")
    expect(page.get_by_text("1 record", exact=True)).to_be_visible()
    page.reload()
    expect(page.get_by_text("1 record", exact=True)).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    desk.sign_in(READER)
    expect(page.get_by_text("40 records", exact=True)).to_be_visible()


def test_no_head_of_the_worklist_is_cut_on_a_small_screen(desk: Desk) -> None:
    desk.page.set_viewport_size(SMALL)
    page = desk.sign_in(ADMIN)
    expect(page.get_by_role("gridcell", name="1003")).to_be_visible()
    heads = page.locator(".ag-header-cell-label")
    for nth in range(heads.count()):
        heads.nth(nth).click()  # the sorted one has an arrow too
        expect(page.locator(".ag-header-cell-sorted-asc")).to_have_count(1)
        assert page.evaluate(CUT) == []
    viewport = page.locator(".ag-center-cols-viewport")
    assert viewport.evaluate("box => box.scrollWidth <= box.clientWidth")


def test_a_person_is_deactivated_only_when_that_is_confirmed(desk: Desk) -> None:
    page = desk.sign_in(ADMIN, path="/people")
    asked = []
    button = page.get_by_title(f"Deactivate: {READER}")
    page.once("dialog", lambda box: (asked.append(box.message), box.dismiss()))
    button.click()
    page.wait_for_timeout(300)
    expect(button).to_be_visible()
    page.once("dialog", lambda box: box.accept())
    button.click()
    expect(page.get_by_text(f"{READER} may not sign in.")).to_be_visible()
    assert asked == [f"Deactivate {READER}? They are signed out and may not sign in."]
