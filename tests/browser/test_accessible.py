"""axe-core finds nothing serious on any page, in any state that a reader meets."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from feedback.tables import Role
from tests.browser.conftest import DESK, SMALL, Desk, Serve, Watch
from tests.browser.hands import EMAIL, answer_blind, at_ecg, reading_place
from tests.factories import add_person

ADMIN = "admin@example.org"
GRAVE = ("serious", "critical")
PAGES = (
    *("/", "/worklists", "/export", "/agreement", "/readers", "/people", "/models", "/jobs"),
    *("/nothing", "/read/99"),
)


@pytest.fixture
def desk(tmp_path: Path, migrated: Path, serve: Serve, browser: Browser) -> Desk:
    """A place whose browser lets axe in, which the policy of the pages would not."""
    place = reading_place(tmp_path, migrated)
    add_person(place.sessions, ADMIN, Role.ADMIN)
    address = serve(place)
    context = browser.new_context(viewport=DESK, bypass_csp=True)
    page = context.new_page()
    page.set_default_timeout(60_000)
    yield Desk(page, address, Watch(address))
    context.close()


def grave(page: Page) -> list[str]:
    """What axe-core finds serious or critical, with the places."""
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']} ({one['impact']}): {node['target']} {node['failureSummary']}"
        for one in found
        if one["impact"] in GRAVE
        for node in one["nodes"]
    ]


def test_the_way_in(desk: Desk) -> None:
    page = desk.go("/login")
    assert grave(page) == []
    desk.sign_in(ADMIN, path="/password")
    expect(page.get_by_role("heading", name="Change password")).to_be_visible()
    assert grave(page) == []


@pytest.mark.parametrize("path", PAGES)
def test_every_page(desk: Desk, path: str) -> None:
    page = desk.sign_in(ADMIN, path=path)
    expect(page.get_by_role("heading").first).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert grave(page) == []
    darken(page)
    page.wait_for_load_state("networkidle")
    assert grave(page) == []


def darken(page: Page) -> None:
    """Everything dark, as after ``d``."""
    page.keyboard.press("d")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    expect(page.get_by_role("heading").first).to_be_visible()


@pytest.mark.parametrize("look", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, SMALL], ids=["1440x900", "1024x768"])
def test_an_ecg_before_and_after_the_answer(desk: Desk, size: dict[str, int], look: str) -> None:
    desk.page.set_viewport_size(size)
    page = desk.sign_in(EMAIL, path="/read/1")
    at_ecg(page, 1)
    if look == "dark":
        darken(page)
        at_ecg(page, 1)
    page.keyboard.press("2")
    assert grave(page) == []
    page.keyboard.press("x")
    assert grave(page) == []
    page.keyboard.press("x")
    answer_blind(page, "r")
    page.keyboard.press("a")
    page.keyboard.press("p")
    assert grave(page) == []
    page.keyboard.press("?")
    assert grave(page) == []


@pytest.mark.parametrize("path", ["/", "/read/1", "/people"])
def test_focus_is_seen_on_every_control(desk: Desk, path: str) -> None:
    page = desk.sign_in(ADMIN, path=path)
    expect(page.get_by_role("heading").first).to_be_visible()
    page.wait_for_load_state("networkidle")
    for _ in range(25):
        page.keyboard.press("Tab")
        assert page.evaluate(RINGED), page.evaluate("document.activeElement.outerHTML")[:200]


RINGED = """() => {
  const at = document.activeElement;
  if (at === document.body || at.id === "page") return true;
  const shown = at.matches(".btn-check") ? at.nextElementSibling : at;
  const style = getComputedStyle(shown);
  return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2)
    || (style.boxShadow !== "none" && at.closest(".ag-root") !== null)
    || at.closest(".ag-root") !== null && getComputedStyle(at, "::after").borderStyle !== "none";
}"""
