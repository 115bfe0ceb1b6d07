"""Colours over the trace: where they belong, while the page goes on."""

import time
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from core.ecg import Lead, Superclass
from core.explain.explanation import Method
from feedback import explanation_queue as queue
from feedback.tables import ExplanationRow, Role
from tests.browser.conftest import DESK, SMALL, Desk
from tests.factories import Installation, above, add_person, installation, predict, serve_model
from tests.factories_dataset import dataset
from tests.factories_explanations import explanation

EMAIL = "reader@example.org"
STRONGEST = '.paper .shapelayer path[data-index="6"][d*="H"]'  # where it has any colour
REPORT = {
    "random_orders": 16,
    "deletion": {"advantage": 1.2, "low": 0.9, "high": 1.5},
    "insertion": {"advantage": 0.8, "low": 0.3, "high": 1.1},
    "stability": 0.93,
    "agreement": {"grad-cam": 0.41},
    "residual": 0.021,
    "better_than_random": True,
}


@pytest.fixture
def place(tmp_path: Path, migrated: Path) -> Installation:
    """Two ECGs with opinions, and a reader."""
    made = installation(tmp_path / "instance", dataset(tmp_path / "data"), migrated)
    add_person(made.sessions, EMAIL, Role.CLINICIAN)
    with made.sessions.begin() as session:
        serve_model(session)
        for ecg_id in (1, 2):
            predict(session, ecg_id, above(Superclass.MI))
    return made


def answer(desk: Desk) -> Page:
    """ECG 1, answered blind."""
    page = desk.sign_in(EMAIL, path="/read/1")
    expect(page.locator(".paper path.js-line").nth(13)).to_be_attached()
    page.keyboard.press("n")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Model's opinion")).to_be_visible()
    return page


def method(page: Page, name: str) -> Locator:
    return page.locator(".explanation .methods label", has_text=name)


def compute(place: Installation, waiting: Method = Method.INTEGRATED_GRADIENTS) -> None:
    """What both explainers do once a method is asked for: V2 speaks for MI from 5.2 s to 5.6 s."""
    until_asked_for(place, waiting)
    while (claimed := queue.claim(place.sessions, "a")) is not None:
        found = explanation(claimed.method, claimed.superclass, (Lead.V2, 520, 560, 0.05))
        queue.store(place.sessions, claimed.id, "a", found, "V2 carries all of it.")
    while (claimed := queue.claim(place.sessions, "b", reports=True)) is not None:
        queue.finish(place.sessions, claimed.id, "b", REPORT)


def until_asked_for(place: Installation, method: Method) -> None:
    asked = select(ExplanationRow.id).where(ExplanationRow.method == method)
    for _ in range(600):
        with place.sessions.read() as session:
            if session.scalar(asked) is not None:
                return
        time.sleep(0.05)
    pytest.fail(f"{method} was not asked for within 30 s")


def test_the_page_goes_on_until_the_colours_are_there(desk: Desk, place: Installation) -> None:
    page = answer(desk)
    method(page, "SHAP").click()
    expect(page.get_by_text("Computing, ")).to_be_visible()
    page.keyboard.press("5")
    expect(page.locator("[data-class=HYP] .verdict").get_by_label("Present")).to_be_checked()
    compute(place)
    expect(page.get_by_text("V2 carries all of it.")).to_be_visible()
    expect(page.get_by_text("more than random places do.")).to_be_visible()
    over, under = (
        page.locator(one).bounding_box() for one in (STRONGEST, ".tracelead-V2 path.js-line")
    )
    assert over is not None and under is not None
    second = under["width"] / 2.5
    assert over["x"] == pytest.approx(under["x"] + 0.2 * second, abs=0.02 * second)
    assert over["width"] == pytest.approx(0.4 * second, abs=0.02 * second)
    assert over["y"] < under["y"] + under["height"] and under["y"] < over["y"] + over["height"]


def test_keys_take_the_colours_off_and_on_and_to_the_next_method(
    desk: Desk, place: Installation
) -> None:
    page = answer(desk)
    compute(place)
    page.keyboard.press("o")
    expect(page.locator(STRONGEST)).to_be_attached()
    expect(page.get_by_text("Integrated gradients, MI")).to_be_visible()
    expect(page.get_by_text("V2 carries all of it.")).to_be_visible()
    page.keyboard.press("o")
    expect(page.locator(STRONGEST)).not_to_be_attached()
    expect(page.get_by_text("V2 carries all of it.")).not_to_be_attached()
    page.keyboard.press("o")
    expect(page.locator(STRONGEST)).to_be_attached()
    page.keyboard.press("m")
    expect(method(page, "SHAP").locator("xpath=../input")).to_be_checked()
    compute(place, Method.SHAP)
    expect(page.get_by_text("SHAP, MI")).to_be_visible()


def test_the_opacity_is_the_readers_and_stays(desk: Desk, place: Installation) -> None:
    page = answer(desk)
    compute(place)
    page.keyboard.press("o")
    expect(page.locator(STRONGEST)).to_have_css("opacity", "0.8")
    page.get_by_label("Opacity").fill("30")
    expect(page.locator(STRONGEST)).to_have_css("opacity", "0.3")
    desk.go("/read/1")
    expect(page.get_by_label("Opacity")).to_have_value("30")
    page.keyboard.press("w")
    expect(page.get_by_role("gridcell", name="1001")).to_be_visible()
    page.go_back()  # the same ECG with a control of its own
    expect(page.get_by_label("Opacity")).to_have_value("30")


@pytest.mark.parametrize("size", [DESK, SMALL], ids=["1440x900", "1024x768"])
def test_nothing_of_the_page_moves_when_an_explanation_comes(
    desk: Desk, place: Installation, size: dict[str, int]
) -> None:
    desk.page.set_viewport_size(size)
    page = answer(desk)
    places = "section.trace, .entry, .opinion, .explanation .methods, .opacity"
    where = f"[...document.querySelectorAll('{places}')].map(one => one.offsetTop)"
    lime = method(page, Method.LIME.upper())
    lime.click(trial=True)  # scrolls there first: a strip that stays in sight moves along
    before = page.evaluate(where)
    lime.click()
    compute(place, Method.LIME)
    expect(page.get_by_text("V2 carries all of it.")).to_be_visible()
    assert page.evaluate(where) == before
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
