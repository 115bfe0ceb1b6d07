"""The ECG paper on the page: true millimetres, choices by key, one lead alone, dark."""

import re
from itertools import product
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from dashboard.figures.sheets import Gain, Sheet, Speed
from tests.browser.conftest import DESK, LAPTOP, SMALL, WIDE, Desk, OpenDesk, Serve
from tests.browser.hands import EMAIL, at_ecg, reading_place
from tests.factories import Installation

NEXT = {Sheet.STANDARD: 13, Sheet.THREE_STRIPS: 15, Sheet.SIX_BY_TWO: 12, Sheet.ONE_COLUMN: 12}
# of the painted calibration pulse: how tall it is, and how wide its top, in px of the screen
PULSE = """() => {
  const path = document.querySelector('.paper .scatterlayer .trace path.js-line');
  const corners = path.getAttribute('d').match(/[MLHV][^MLHV]*/g);
  let x = 0, y = 0;
  const points = corners.map(corner => {
    const [a, b] = corner.slice(1).split(',').map(Number);
    if (corner[0] === 'H') x = a; else if (corner[0] === 'V') y = a; else [x, y] = [a, b];
    return [x, y];
  });
  const top = Math.min(...points.map(point => point[1]));
  const tops = points.filter(point => point[1] === top).map(point => point[0]);
  return {
    tall: Math.max(...points.map(point => point[1])) - top,
    wide: Math.max(...tops) - Math.min(...tops),
  };
}"""

# the words of the paper that run over an edge of its drawing
CUT = """() => {
  const sheet = document.querySelector('.paper .main-svg').getBoundingClientRect();
  const over = (text) => {
    const box = text.getBoundingClientRect();
    return box.width > 0 && (box.left < sheet.left || box.right > sheet.right
      || box.top < sheet.top || box.bottom > sheet.bottom);
  };
  return [...document.querySelectorAll('.paper text')].filter(over).map(text => text.textContent);
}"""

# the words of scale and seconds that run into others
COLLIDED = """() => {
  const words = [...document.querySelectorAll('.paper .annotation text, .paper .xtick text')];
  const boxes = words.map(text => text.getBoundingClientRect());
  const meet = (a, b) =>
    a.left < b.right && b.left < a.right && a.top < b.bottom - 2 && b.top < a.bottom - 2;
  return words.filter((_, i) => boxes.some((box, j) => i !== j && meet(boxes[i], box)))
    .map(text => text.textContent);
}"""

# whether the drawing is as large as its place by now: plotly follows a moment later
GROWN = """() => {
  const place = document.querySelector('.paper');
  const tall = (it) => it.getBoundingClientRect().height;
  return Math.abs(tall(place) - tall(place.querySelector('.main-svg'))) < 2;
}"""

# whether this layout is drawn by now
SHOWS = """(layout) =>
  document.querySelector('.paper .js-plotly-plot').layout.meta.layout === layout"""


@pytest.fixture
def place(tmp_path: Path, migrated: Path) -> Installation:
    """Three ECGs and a reader."""
    return reading_place(tmp_path, migrated, 3)


@pytest.fixture
def page(place: Installation, serve: Serve, desks: OpenDesk) -> Page:
    """The first ECG before the reader."""
    desk: Desk = desks(serve(place))
    page = desk.sign_in(EMAIL, path="/read/1")
    at_ecg(page, 1)
    return page


def chosen(page: Page, part: str) -> str:
    """What is chosen of the paper."""
    value = page.locator(f".paper-tools .{part} input:checked").get_attribute("value")
    assert value is not None
    return value


def drawn(page: Page, words: str) -> None:
    """The sheet that says this is on the screen."""
    expect(page.locator(".paper .annotation text").first).to_have_text(
        re.compile(words.replace(" ", "[ \u00a0]+"))
    )


def test_a_pulse_of_1_mv_is_true_to_the_paper_at_every_setting(page: Page) -> None:
    seen = set()
    for _ in Sheet:
        for _ in Speed:
            page.keyboard.press("-")
            page.keyboard.press("-")
            for gain in Gain:
                sheet, speed = chosen(page, "sheet"), chosen(page, "speed")
                drawn(page, f"{speed} mm/s {gain} mm/mV")
                expect(page.locator(".paper .scatterlayer .trace")).to_have_count(NEXT[sheet] + 2)
                pulse = page.evaluate(PULSE)
                px_per_s = pulse["wide"] / 0.2
                expected = float(gain) / float(speed) * px_per_s
                assert pulse["tall"] == pytest.approx(expected, rel=0.02), (sheet, speed, gain)
                seen.add((sheet, speed, gain))
                page.keyboard.press("+")
            page.keyboard.press("s")
        page.keyboard.press("l")
    assert seen == set(product(Sheet, Speed, Gain))


def test_at_25_mm_a_second_and_10_mm_a_millivolt_it_is_as_tall_as_400_ms(page: Page) -> None:
    pulse = page.evaluate(PULSE)
    assert pulse["tall"] == pytest.approx(2 * pulse["wide"], rel=0.01)


@pytest.mark.parametrize("size", [DESK, WIDE, SMALL], ids=["1440", "1920", "1024"])
def test_every_layout_fits_the_screen(page: Page, size: dict[str, int]) -> None:
    page.set_viewport_size(size)
    for sheet in Sheet:
        expect(page.locator(".paper .scatterlayer .trace")).to_have_count(NEXT[sheet] + 2)
        box = page.locator(".paper").bounding_box()
        region = page.locator(".paper-sheet").bounding_box()
        assert box and region
        assert box["width"] <= region["width"] + 1
        assert box["height"] <= size["height"] - 60
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.wait_for_function(GROWN)
        assert page.evaluate(CUT) == [], sheet
        assert page.evaluate(COLLIDED) == [], sheet
        page.keyboard.press("l")


@pytest.mark.parametrize("size", [SMALL, LAPTOP, DESK], ids=["1024", "1280", "1440"])
def test_a_millimetre_is_seen_on_every_sheet_and_its_last_row_above_the_form(
    page: Page, size: dict[str, int]
) -> None:
    """1 mm of ST: a sheet that is too tall for the screen is moved with the page, not shrunk."""
    page.set_viewport_size(size)
    for sheet in Sheet:
        page.wait_for_function(SHOWS, arg=sheet.value)
        page.wait_for_function(GROWN)
        assert page.evaluate(PULSE)["tall"] >= 10 * 2.95, sheet  # of 1 mV at 10 mm/mV
        page.evaluate("window.scrollTo(0, document.documentElement.scrollHeight)")
        paper, form = (page.locator(part).bounding_box() for part in (".paper", ".entry"))
        assert paper and form
        beside = paper["x"] + paper["width"] <= form["x"]
        assert beside or paper["y"] + paper["height"] <= form["y"], sheet
        page.keyboard.press("l")


def test_a_quick_sheet_is_moved_under_the_window_by_keys(page: Page) -> None:
    page.keyboard.press("s")
    drawn(page, "50 mm/s")
    sheet = page.locator(".paper-sheet")
    box = page.locator(".paper").bounding_box()
    region = sheet.bounding_box()
    assert box and region
    assert box["width"] > 1.8 * region["width"]
    page.keyboard.press(".")
    page.keyboard.press(".")
    assert sheet.evaluate("sheet => sheet.scrollLeft") > 0.5 * region["width"]
    page.keyboard.press(",")
    page.keyboard.press(",")
    assert sheet.evaluate("sheet => sheet.scrollLeft") == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_is_chosen_stays_for_the_next_ecg(page: Page) -> None:
    page.keyboard.press("f")
    drawn(page, "0.05.40 Hz, 100 Hz")
    page.keyboard.press("f")
    drawn(page, "as the model sees it")
    page.keyboard.press("j")
    at_ecg(page, 2)
    drawn(page, "as the model sees it, 0.5.40 Hz, 100 Hz")
    assert chosen(page, "signal") == "model"


def test_a_lead_comes_alone_and_goes_back_by_one_key(page: Page) -> None:
    traces = page.locator(".paper .scatterlayer .trace")
    box = page.locator(".paper").bounding_box()
    assert box
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.4 * box["height"])  # V2
    page.keyboard.press("z")
    expect(traces).to_have_count(3)
    expect(page.locator(".paper .textpoint").first).to_have_text("V2")
    page.wait_for_function(GROWN)
    alone = page.locator(".paper").bounding_box()
    assert alone and alone["width"] > 2 * box["width"]
    assert alone["height"] > 0.8 * box["height"]
    pulse = page.evaluate(PULSE)
    assert pulse["tall"] == pytest.approx(2 * pulse["wide"], rel=0.02)
    page.keyboard.press("]")
    expect(page.locator(".paper .textpoint").first).to_have_text("V3")
    page.keyboard.press("Escape")
    expect(traces).to_have_count(15)
    page.wait_for_function(GROWN)
    page.locator(".paper .textpoint", has_text="aVF").click(force=True)  # through plotly's cover
    expect(traces).to_have_count(3)
    expect(page.locator(".paper .textpoint").first).to_have_text("aVF")
    page.get_by_role("button", name="All leads").click()
    expect(traces).to_have_count(15)


def test_d_makes_everything_dark_and_loses_nothing_that_was_entered(page: Page) -> None:
    page.keyboard.press("n")
    page.keyboard.press("d")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    at_ecg(page, 1)
    expect(page.locator("[data-class=NORM] .verdict").get_by_label("Present")).to_be_checked()
    paper = page.locator(".paper .main-svg").first
    assert "rgb(21, 23, 27)" in str(paper.get_attribute("style"))
    page.keyboard.press("d")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "light")
