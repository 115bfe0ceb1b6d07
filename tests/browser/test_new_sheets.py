"""Another sheet under what lies over it and beside what it is compared with."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, Route, expect

from feedback.catalogue import find_record
from tests.browser.conftest import Desk
from tests.browser.hands import EMAIL, UPDATE, answer_blind, at_ecg, divert, reading_place
from tests.browser.test_explanations import STRONGEST, compute
from tests.factories import Installation

# how far in mV the baseline of the lead that the colours are about lies outside of them
ASTRAY = """() => {
  const graph = document.querySelector(".paper .js-plotly-plot");
  const bands = graph.layout.shapes.filter((it) => it.name && it.name.startsWith("for,"));
  const path = bands.map((it) => it.path).find((it) => it.includes("H"));
  const [from, to] = [/,(-?[\\d.]+)H/, /V(-?[\\d.]+)/].map((of) => Number(of.exec(path)[1]));
  const lead = graph._fullData.find((trace) => trace.uid === "lead-V2");
  return Math.max(from - lead.meta.baseline, lead.meta.baseline - to, 0);
}"""


@pytest.fixture
def place(tmp_path: Path, migrated: Path) -> Installation:
    """Two ECGs of one patient, another one, and a reader."""
    made = reading_place(tmp_path, migrated, records=3)
    with made.sessions.begin() as session:
        find_record(session, 2).patient_id = find_record(session, 1).patient_id
    return made


def scale(page: Page, nth: int, words: str) -> None:
    """The sheet that says this is on the screen, of the ECG itself or of the one beside it."""
    sheet = page.locator(".paper").filter(has=page.locator(".annotation")).nth(nth)
    expect(sheet.locator(".annotation text").first).to_contain_text(words.replace(" ", "\u00a0"))


def test_colours_on_their_way_to_a_sheet_are_laid_on_the_one_that_came_meanwhile(
    desk: Desk, place: Installation
) -> None:
    page = desk.sign_in(EMAIL, path="/read/1")
    at_ecg(page, 1)
    answer_blind(page, "n")
    compute(place)
    held: list[Route] = []

    def asks_for_colours(request: Request) -> bool:
        asked = "_dash-update-component" in request.url and request.post_data_json["changedPropIds"]
        return asked == ['{"ecg":1,"part":"method"}.value']

    def hold(route: Route) -> None:
        if not held and asks_for_colours(route.request):
            held.append(route)
        else:
            route.fallback()

    divert(page, UPDATE, hold)
    with page.expect_request(asks_for_colours):
        page.keyboard.press("o")
    page.keyboard.press("+")
    scale(page, 0, "20 mm/mV")
    held[0].continue_()
    expect(page.locator(STRONGEST)).to_be_attached()
    page.wait_for_timeout(500)  # for those that were late
    assert page.evaluate(ASTRAY) < 0.01


def test_the_compared_ecg_is_drawn_as_the_one_above_it(desk: Desk) -> None:
    page = desk.sign_in(EMAIL, path="/read/1")
    at_ecg(page, 1)
    page.keyboard.press("e")
    scale(page, 1, "10 mm/mV")
    page.keyboard.press("+")
    for nth in (0, 1):
        scale(page, nth, "20 mm/mV")
    page.keyboard.press("z")
    names = page.locator(".compare .paper .textpoint text")
    here = page.locator("section.trace .paper").first.locator(".textpoint text")
    expect(here).not_to_have_count(13)  # one lead, named along its strip
    expect(names).to_have_count(13)


def test_a_sheet_of_an_ecg_without_explanations_or_others_is_changed_in_silence(desk: Desk) -> None:
    page = desk.sign_in(EMAIL, path="/read/3")
    at_ecg(page, 3)
    page.keyboard.press("+")
    scale(page, 0, "20 mm/mV")  # and nothing complains: see conftest
