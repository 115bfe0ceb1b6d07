"""Calipers under hand: what they measure on simulated records is what the simulator wrote."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from core.ptbxl import Ptbxl
from core.simulate import simulate_dataset
from feedback.tables import Reading, Role
from tests.browser.conftest import OpenDesk, Serve
from tests.browser.hands import EMAIL, answer_blind, at_ecg, until
from tests.factories import Installation, above, add_person, installation, predict, serve_model

SAMPLE_MS = 2
TOLD = re.compile(r"(\S+)  (\d+) ms(?:  (\d+)/min)?  ([+\u2212])(\d+\.\d+) mV")
# where seconds of the rhythm strip are on the screen, and the middle of the strip
PLACE = """([seconds, lead]) => {
  const graph = document.querySelector('.paper .js-plotly-plot');
  const { xaxis, yaxis } = graph._fullLayout, box = graph.getBoundingClientRect();
  const trace = graph._fullData.find(t => t.meta && t.meta.lead === lead && t.meta.rhythm);
  return [box.left + xaxis._offset + xaxis.d2p(seconds),
          box.top + yaxis._offset + yaxis.d2p(trace.meta.baseline)];
}"""

# the middle of a lead's name on the screen
NAME = """lead => {
  const names = [...document.querySelectorAll('.paper .textpoint text')];
  const box = names.find(name => name.textContent === lead).getBoundingClientRect();
  return [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
}"""
# the words of the paper that the numbers lie over
COVERED = """() => {
  const label = document.querySelector('.label-back').getBoundingClientRect();
  const words = [...document.querySelectorAll('.paper .textpoint text, .paper .annotation text')];
  const under = (box) => box.left < label.right && label.left < box.right
    && box.top < label.bottom && label.top < box.bottom;
  return words.filter(text => text.textContent.trim() && text.textContent !== 'SIMULATED')
    .filter(text => under(text.getBoundingClientRect())).map(text => text.textContent);
}"""

# the lead whose highest point is the farthest beyond the middle to the row above, and where it is
TIP = """() => {
  const graph = document.querySelector('.paper .js-plotly-plot');
  const { xaxis, yaxis } = graph._fullLayout, box = graph.getBoundingClientRect();
  const rows = graph._fullData.filter(t => t.meta && t.meta.lead);
  const tips = rows.slice(1).map((trace, n) => {
    const heights = [...trace.y].slice(0, trace._length);
    const at = heights.indexOf(Math.max(...heights)), tip = heights[at] / 1000;
    const middle = (trace.meta.baseline + rows[n].meta.baseline) / 2;
    return { lead: trace.meta.lead, beyond: tip - middle,
      x: box.left + xaxis._offset + xaxis.d2p(trace.x0 + at * trace.dx),
      y: box.top + yaxis._offset + yaxis.d2p(tip) };
  });
  return tips.sort((one, other) => other.beyond - one.beyond)[0];
}"""

# how many samples lie under the numbers, and whether it is this sheet that they lie on
CROSSED = """() => {
  const graph = document.querySelector('.paper .js-plotly-plot');
  const { xaxis, yaxis2 } = graph._fullLayout, box = graph.getBoundingClientRect();
  const label = document.querySelector('.label-back').getBoundingClientRect();
  let inside = 0;
  for (const t of graph._fullData) if (t.meta && t.meta.lead)
    for (let n = 0; n < t._length; n++) {
      const x = box.left + xaxis._offset + xaxis.d2p(t.x0 + n * t.dx);
      const y = box.top + yaxis2._offset + yaxis2.d2p(t.y[n]);
      if (x > label.left && x < label.right && y > label.top && y < label.bottom) inside++;
    }
  return inside;
}"""
DRAWN = """sheet => {
  const graph = document.querySelector('.paper .js-plotly-plot');
  return graph.layout.meta.layout === sheet && graph._fullLayout.meta.layout === sheet;
}"""

# traces that leave no place on the sheet
RESTLESS = """() => {
  const graph = document.querySelector('.paper .js-plotly-plot');
  graph._fullData.forEach((t, nth) => {
    const restless = Array.from(t.y, (height, n) => n % 2 ? 20000 : -20000);
    if (t.meta && t.meta.lead) graph.data[nth].y = t.y = restless;
  });
}"""

# the trace that the calipers lie on, held by nothing of ours
WATCH_TRACE = """() => {
  const graph = document.querySelector('.paper .js-plotly-plot');
  window.trace = new WeakRef(graph._fullData.find(t => t.meta && t.meta.rhythm));
}"""


@pytest.fixture
def records(tmp_path: Path) -> Path:
    """Three simulated records at 500 Hz with their truth beside them."""
    return simulate_dataset(tmp_path / "data", 3, 1)


@pytest.fixture
def place(tmp_path: Path, migrated: Path, records: Path) -> Installation:
    made = installation(tmp_path / "instance", Ptbxl.open(records), migrated)
    add_person(made.sessions, EMAIL, Role.CLINICIAN)
    with made.sessions.begin() as session:
        serve_model(session)
        for ecg_id in (1, 2, 3):
            predict(session, ecg_id, above())
    return made


@pytest.fixture
def page(place: Installation, serve: Serve, desks: OpenDesk) -> Page:
    page = desks(serve(place)).sign_in(EMAIL, path="/read/1")
    at_ecg(page, 1)
    return page


def beats(records: Path) -> list[float]:
    """The R peaks of the first record in s, as the simulator placed them."""
    (truth,) = records.glob("truth/**/00001.json")
    return [beat["r"] for beat in json.loads(truth.read_text("utf-8"))["beats"]]


def told(page: Page) -> dict[str, Any]:
    """What the calipers say."""
    words = page.locator(".caliper-words")
    expect(words).to_have_text(TOLD)
    found = TOLD.search(words.inner_text())
    assert found
    lead, ms, rate, sign, height = found.groups()
    volts = float(height) * (1 if sign == "+" else -1)
    return {"lead": lead, "ms": int(ms), "rate": rate and int(rate), "mv": volts}


def click(page: Page, seconds: float) -> None:
    """Click on the rhythm strip at this time."""
    page.mouse.click(*page.evaluate(PLACE, [seconds, "II"]))


def test_two_clicks_near_two_beats_measure_the_rr_interval(page: Page, records: Path) -> None:
    first, second = beats(records)[2:4]
    page.get_by_role("button", name="Calipers").click()
    click(page, first + 0.015)  # a hand is never exact: the calipers snap to the peak
    click(page, second - 0.02)
    measured = told(page)
    true_ms = 1000 * (second - first)
    assert measured["lead"] == "II"
    assert measured["ms"] == pytest.approx(true_ms, abs=SAMPLE_MS)
    assert measured["rate"] == pytest.approx(60_000 / true_ms, abs=1)


def test_keys_alone_measure_march_and_keep_it_with_the_reading(
    page: Page, place: Installation, records: Path
) -> None:
    page.keyboard.press("c")
    measured = told(page)
    peaks = beats(records)
    true_ms = [1000 * (b - a) for a, b in zip(peaks, peaks[1:], strict=False)]
    assert min(abs(measured["ms"] - ms) for ms in true_ms) <= SAMPLE_MS
    page.keyboard.press("ArrowRight")
    assert told(page)["ms"] == measured["ms"] + SAMPLE_MS
    page.keyboard.press("Shift+ArrowLeft")
    assert told(page)["ms"] == measured["ms"] - 9 * SAMPLE_MS
    page.keyboard.press("g")
    marks = page.locator(".caliper-marks .march").get_attribute("d")
    assert marks is not None
    assert len(re.findall("M", marks)) >= 8
    page.keyboard.press("h")
    expect(page.locator(".kept li")).to_have_count(1)
    page.keyboard.press("h")  # the same again is nothing new
    page.keyboard.press("ArrowRight")
    page.keyboard.press("h")
    expect(page.locator(".kept li")).to_have_count(2)
    page.locator(".kept").get_by_role("button").last.click()
    expect(page.locator(".kept li")).to_have_count(1)
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.locator(".caliper-tools")).to_be_hidden()
    answer_blind(page, "n")
    with place.sessions.read() as session:
        reading = session.scalars(select(Reading)).one()
    assert reading.measurements is not None
    (kept,) = reading.measurements
    assert kept["lead"] == "II"
    assert 1000 * (kept["end_s"] - kept["start_s"]) == pytest.approx(
        measured["ms"] - 9 * SAMPLE_MS, abs=1
    )
    expect(page.locator(".kept li")).to_have_count(1)  # the final answer begins with it


def test_what_is_kept_goes_with_an_answer_sent_at_once(page: Page, place: Installation) -> None:
    page.keyboard.press("n")
    page.keyboard.press("c")
    told(page)
    page.evaluate(
        "['.caliper-tools .keep', '.submit'].forEach(it => document.querySelector(it).click())"
    )
    expect(page.get_by_role("heading", name="Model's opinion")).to_be_visible()
    with place.sessions.read() as session:
        kept = session.scalars(select(Reading)).one().measurements
    assert kept is not None
    assert len(kept) == 1


def test_numbers_stand_where_no_trace_runs_and_follow_to_another_sheet(page: Page) -> None:
    page.keyboard.press("c")
    before = told(page)
    for sheet, traces in (("3x4+3", 17), ("6x2", 14), ("12x1", 14)):
        page.keyboard.press("l")
        expect(page.locator(".paper-tools .sheet input:checked")).to_have_value(sheet)
        expect(page.locator(".paper .scatterlayer .trace")).to_have_count(traces)
        page.wait_for_function(DRAWN, arg=sheet)
        assert told(page) == before
        label = page.locator(".label-back")
        assert label.is_hidden() or page.evaluate(CROSSED) == 0, sheet


def test_numbers_without_room_between_rows_are_told_above_the_sheet_alone(page: Page) -> None:
    page.evaluate(RESTLESS)
    page.keyboard.press("c")
    told(page)
    expect(page.locator(".label-back")).to_be_hidden()
    page.keyboard.press("l")
    page.wait_for_function(DRAWN, arg="3x4+3")
    expect(page.locator(".label-back")).to_be_visible()
    assert page.evaluate(CROSSED) == 0


@pytest.mark.parametrize("lead", ["I", "aVR", "V1", "V6"])
def test_numbers_cover_no_name(page: Page, lead: str) -> None:
    page.get_by_role("button", name="Calipers").click()
    x, y = page.evaluate(NAME, lead)
    page.mouse.click(x - 20, y + 30)
    page.mouse.click(x + 30, y + 30)
    told(page)
    assert page.evaluate(COVERED) == []


def test_free_of_the_trace_calipers_stay_where_they_were_put(page: Page, records: Path) -> None:
    first = beats(records)[2]
    page.keyboard.press("c")
    page.keyboard.press("v")
    page.keyboard.press("Escape")
    start, stop = first + 0.1, first + 0.3
    click(page, start)
    click(page, stop)
    assert told(page)["ms"] == pytest.approx(200, abs=15)  # a pixel is about 11 ms
    assert abs(told(page)["mv"]) < 0.05  # both ends lie on the baseline, not on the trace


def test_a_drag_moves_one_line_and_leaves_the_other(page: Page, records: Path) -> None:
    first, second, third = beats(records)[2:5]
    page.get_by_role("button", name="Calipers").click()
    click(page, first)
    click(page, second)
    start, stop = (page.evaluate(PLACE, [at, "II"]) for at in (second, third))
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*stop, steps=4)
    page.mouse.up()
    # the trough of S is broad in this record: noise moves its lowest sample by some ms
    assert told(page)["ms"] == pytest.approx(1000 * (third - first), abs=12)


def test_calipers_go_with_their_page(page: Page) -> None:
    page.keyboard.press("c")
    told(page)
    page.keyboard.press("j")
    at_ecg(page, 2)
    expect(page.locator(".caliper-tools")).to_be_hidden()
    expect(page.locator(".caliper-marks .line").first).to_be_hidden()
    page.keyboard.press("k")
    at_ecg(page, 1)
    expect(page.locator(".caliper-tools")).to_be_hidden()


def test_the_trace_of_a_page_that_is_left_does_not_stay_in_memory(page: Page) -> None:
    page.keyboard.press("c")
    told(page)
    page.evaluate(WATCH_TRACE)
    for ecg_id in (2, 3):
        page.keyboard.press("j")
        at_ecg(page, ecg_id)
        page.keyboard.press("c")
        told(page)
    browser = page.context.new_cdp_session(page)

    def forgotten() -> bool:
        browser.send("HeapProfiler.collectGarbage")
        return bool(page.evaluate("window.trace.deref() === undefined"))

    until(forgotten)


def test_the_tip_of_a_tall_wave_is_taken_for_its_own_lead(page: Page) -> None:
    for _ in range(3):
        page.keyboard.press("l")
    page.wait_for_function(DRAWN, arg="12x1")
    page.get_by_role("button", name="Calipers").click()
    tip = page.evaluate(TIP)
    assert tip["beyond"] > 0  # nearer to the baseline above than to its own
    page.mouse.click(tip["x"], tip["y"])
    expect(page.locator(".caliper-words")).to_have_text(re.compile(rf"^{tip['lead']} "))
