"""The sheet as Chromium draws it: what is read here is what a cardiologist sees."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page

import dashboard
from core.ecg import LEADS, Ecg, Lead, Superclass
from core.explain.explanation import Method
from core.ptbxl import Ptbxl
from dashboard.app import PLOTLY
from dashboard.figures.explanation import explanation_overlay
from dashboard.figures.geometry import STANDARD
from dashboard.figures.overlay import EMPTY, Overlay, lay_over, no_overlay
from dashboard.figures.paper import GRAPH_CONFIG, ecg_paper, sheet_mm
from dashboard.figures.sheets import PaperSettings
from tests.factories_explanations import explanation
from tests.factories_figures import Figure, distinct_ecg

pytestmark = pytest.mark.browser

PLOTLY_JS = Path(dashboard.__file__).parent / "assets" / "vendor" / f"plotly-basic-{PLOTLY}.min.js"
LONGEST = explanation(Method.INTEGRATED_GRADIENTS, Superclass.NORM)
TALL = (296, 284, 298, 30, 256)  # of PTB-XL: hypertrophy, and a block with extrasystoles
NOTHING_SEEN = replace(LONGEST, attribution=np.ones((12, 1000), dtype=np.float32))
COLUMNS = [LEADS[0:3], LEADS[3:6], LEADS[6:9], LEADS[9:12]]

# Titles as (text, left edge, middle), traces as (subpaths, in px of the sheet); no class or name is
# read of a trace, so that a title over the wrong lead cannot hide behind a right name.
READ_SHEET = """() => {
  const sheet = document.getElementById('sheet').getBoundingClientRect();
  const titles = [...document.querySelectorAll('.textpoint text')].map(text => {
    const box = text.getBoundingClientRect();
    return [text.textContent, box.left - sheet.left, (box.top + box.bottom) / 2 - sheet.top];
  });
  const traces = [...document.querySelectorAll('.scatterlayer .trace')].map(
    trace => [...trace.querySelectorAll('path.js-line')].map(path => path.getAttribute('d')));
  return {titles, traces, width: sheet.width, height: sheet.height};
}"""

# the names with their boxes, in px of the sheet
NAMES = """() => {
  const sheet = document.getElementById('sheet').getBoundingClientRect();
  return [...document.querySelectorAll('.textpoint text')].map(text => {
    const box = text.getBoundingClientRect();
    return [text.textContent, {left: box.left - sheet.left, right: box.right - sheet.left,
      top: box.top - sheet.top, bottom: box.bottom - sheet.top}];
  });
}"""

Points = NDArray[np.float64]  # (n, 2): x and y in px, y downwards


@dataclass(frozen=True)
class Sheet:
    """What stands on the screen."""

    titles: list[tuple[str, float, float]]
    pulses: list[Points]
    traces: list[list[Points]]  # subpaths of each
    width: float
    height: float

    @property
    def px_per_mv(self) -> float:
        return float(np.ptp(self.pulses[0][:, 1]))

    @property
    def px_per_s(self) -> float:
        top = self.pulses[0][:, 1].min()
        return float(np.ptp(self.pulses[0][self.pulses[0][:, 1] == top, 0]) / 0.2)

    def millivolts(self, points: Points) -> Points:
        """The heights of a trace, with its own mean at 0."""
        heights: Points = -(points[:, 1] - points[:, 1].mean()) / self.px_per_mv
        return heights


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    page.set_content("<!doctype html><body style='margin: 0'></body>")
    page.add_script_tag(path=PLOTLY_JS)
    yield page
    page.close()


def draw(page: Page, figure: Figure, width: int, height: int | None = None) -> Sheet:
    """Draw the figure in a container of this width, as tall as its aspect ratio or ``height``."""
    page.set_viewport_size({"width": width, "height": 1000})
    wide, tall = sheet_mm(figure)
    page.evaluate(
        """async ([figure, config, style]) => {
          document.body.innerHTML = `<div id="sheet" style="${style}"></div>`;
          await Plotly.newPlot('sheet', figure.data, figure.layout, config);
        }""",
        [
            figure,
            GRAPH_CONFIG,
            f"height: {height}px" if height else f"aspect-ratio: {wide} / {tall}",
        ],
    )
    read = page.evaluate(READ_SHEET)
    pulses, *traces, names = [[points(path) for path in paths] for paths in read["traces"]]
    assert names == []
    return Sheet(read["titles"], pulses, traces, read["width"], read["height"])


def points(path: str) -> Points:
    """The corners of an SVG path of straight lines, with plotly's H and V written out."""
    corners, x, y = [], 0.0, 0.0
    for command, numbers in re.findall(r"([MLHV])([^MLHV]*)", path):
        values = [float(number) for number in re.findall(r"-?[\d.]+(?:e-?\d+)?", numbers)]
        if command == "H":
            x = values[0]
        elif command == "V":
            y = values[0]
        else:
            x, y = values
        corners.append((x, y))
    return np.array(corners)


def lead_under(sheet: Sheet, title: tuple[str, float, float]) -> Points:
    """The trace that begins last before a title and whose middle lies nearest below it."""
    _, left, middle = title
    lines = [np.vstack(subpaths) for subpaths in sheet.traces]
    begun = [line for line in lines if line[0, 0] < left]
    head = max(line[0, 0] for line in begun) - 0.1 * sheet.px_per_s
    beside = [line for line in begun if line[0, 0] > head]
    return min(beside, key=lambda line: abs(np.median(line[:, 1]) - middle - sheet.px_per_mv))


def window(ecg: Ecg, lead: str, *, strip: bool) -> Points:
    """The samples that belong under a title, with their mean at 0."""
    samples = ecg.lead(Lead(lead)).astype(float)
    if not strip:
        column = next(index for index, leads in enumerate(COLUMNS) if lead in leads)
        samples = np.split(samples, 4)[column]
    return samples - samples.mean()


def assert_titles_tell_the_truth(sheet: Sheet, ecg: Ecg) -> None:
    assert [text for text, *_ in sheet.titles] == [*map(str, LEADS), "II"]
    half_pixel = 0.5 / sheet.px_per_mv
    for index, title in enumerate(sheet.titles):
        drawn = sheet.millivolts(lead_under(sheet, title))
        expected = window(ecg, title[0], strip=index == len(LEADS))
        np.testing.assert_allclose(drawn, expected, atol=half_pixel, err_msg=title[0])


@pytest.mark.parametrize("width", [1400, 700])
def test_under_every_title_runs_the_trace_of_that_lead(page: Page, width: int) -> None:
    ecg = distinct_ecg(rate=100)
    assert_titles_tell_the_truth(draw(page, ecg_paper(ecg), width), ecg)


def test_a_lead_far_off_runs_under_its_title_too(page: Page) -> None:
    ecg = distinct_ecg(rate=100)
    ecg.signal[LEADS.index(Lead.V6)] -= 20
    sheet = draw(page, ecg_paper(ecg), 1400)
    assert_titles_tell_the_truth(sheet, ecg)
    assert sheet.height == pytest.approx(700, abs=1)


@pytest.mark.real
def test_under_every_title_runs_the_trace_of_that_lead_of_a_patient(
    page: Page, ptbxl_root: Path
) -> None:
    ecg = Ptbxl.open(ptbxl_root).read(1)
    assert_titles_tell_the_truth(draw(page, ecg_paper(ecg), 1100), ecg)


@pytest.mark.parametrize("rate", [100, 500])
def test_every_sample_is_a_corner_of_its_line(page: Page, rate: int) -> None:
    sheet = draw(page, ecg_paper(distinct_ecg(rate=rate)), 700)
    counts = [sum(map(len, subpaths)) for subpaths in sheet.traces]
    assert counts == [rate * 5 // 2] * 12 + [rate * 10]


@pytest.mark.parametrize(("width", "height"), [(1400, None), (700, None), (900, 200), (700, 650)])
def test_a_millivolt_is_as_tall_as_400_ms_are_wide(
    page: Page, width: int, height: int | None
) -> None:
    sheet = draw(page, ecg_paper(distinct_ecg()), width, height)
    assert sheet.px_per_mv == pytest.approx(0.4 * sheet.px_per_s, rel=0.005)


@pytest.mark.parametrize("width", [1400, 700])
def test_the_sheet_fills_its_container(page: Page, width: int) -> None:
    sheet = draw(page, ecg_paper(distinct_ecg()), width)
    assert (sheet.width, sheet.height) == (width, pytest.approx(width / 2, abs=1))
    assert sheet.px_per_s * 10.8 == pytest.approx(width, rel=0.005)  # 270 mm at 25 mm/s


def test_the_grid_is_painted_in_true_millimetres_over_the_whole_sheet(page: Page) -> None:
    sheet = draw(page, ecg_paper(distinct_ecg()), 1080)
    boxes = page.evaluate(
        """() => [...document.querySelectorAll('.shapelayer path')].slice(0, 2)
          .map(path => { const b = path.getBoundingClientRect(); return [b.width, b.height]; })"""
    )
    for wide, tall in boxes:
        assert (wide, tall) == (pytest.approx(1080, abs=2), pytest.approx(540, abs=2))
    assert sheet.px_per_mv == pytest.approx(40, rel=0.005)  # 10 mm of 270


def test_a_huge_wave_is_drawn_to_its_tip(page: Page) -> None:
    ecg = distinct_ecg()
    ecg.signal[LEADS.index(Lead.V4), 4500] = 6.0
    sheet = draw(page, ecg_paper(ecg), 1000)
    tip = np.vstack(sheet.traces[LEADS.index(Lead.V4)])[:, 1].min()
    assert 0 <= tip < 0.5 * sheet.px_per_mv


@pytest.mark.parametrize("gain", [5, 10, 20])
@pytest.mark.parametrize("width", [1400, 700])
def test_no_trace_runs_through_the_words_below(page: Page, width: int, gain: float) -> None:
    ecg = distinct_ecg(rate=100)
    ecg.signal[LEADS.index(Lead.II), ::50] = -3.7  # deeper than an ordinary sheet
    layout = replace(STANDARD, gain=gain)
    figure = lay_over(ecg_paper(ecg, layout=layout), explanation_overlay(LONGEST, layout=layout))
    sheet = draw(page, figure, width)
    lowest = max(float(np.vstack(line)[:, 1].max()) for line in sheet.traces)
    tops = page.evaluate(
        """() => [...document.querySelectorAll('.annotation text')]
          .filter(text => text.textContent.trim() && text.textContent !== 'SIMULATED')
          .map(text => text.getBoundingClientRect().top)"""
    )
    assert len(tops) == 2
    assert min(tops) > lowest


@pytest.mark.real
@pytest.mark.parametrize(("sheet", "speed"), [("12x1", "50"), ("12x1", "25"), ("3x4+1", "25")])
def test_no_trace_of_a_patient_runs_through_a_name(
    page: Page, ptbxl_root: Path, sheet: str, speed: str
) -> None:
    layout = PaperSettings.of({"sheet": sheet, "speed": speed}).layout
    ecgs = (Ptbxl.open(ptbxl_root).read(ecg_id) for ecg_id in TALL)
    for figure in (ecg_paper(ecg, layout=layout) for ecg in ecgs):
        wide, _ = sheet_mm(figure)
        drawn = draw(page, figure, round(2.4 * wide))  # about the least that a desk has
        for name, box in page.evaluate(NAMES):
            for line in drawn.traces:
                assert not any(runs_through(path, box) for path in line), name


def runs_through(path: Points, box: dict[str, float]) -> bool:
    """Whether the line has a point within the letters, a pixel from one to the next."""
    along = np.append(0, np.cumsum(np.hypot(*np.diff(path, axis=0).T)))
    at = np.arange(0, along[-1])
    x, y = (np.interp(at, along, path[:, axis]) for axis in (0, 1))
    beside = (x > box["left"]) & (x < box["right"])
    return bool(np.any(beside & (y > box["top"] + 3) & (y < box["bottom"] - 3)))


def test_a_gap_in_the_signal_is_a_gap_on_the_screen(page: Page) -> None:
    ecg = distinct_ecg(rate=100)
    ecg.signal[0, 50:100] = np.nan
    before, after = draw(page, ecg_paper(ecg), 1000).traces[0]
    assert (len(before), len(after)) == (50, 150)


def test_a_record_too_short_for_the_sheet_is_drawn_as_far_as_it_goes(page: Page) -> None:
    sheet = draw(page, ecg_paper(distinct_ecg(rate=100, seconds=4)), 1000)
    assert [sum(map(len, subpaths)) for subpaths in sheet.traces] == [
        *([250] * 3 + [150] * 3 + [400]),  # V1-V6 begin after its end
    ]
    assert len(sheet.titles) == 13


@pytest.mark.parametrize("simulated", [True, False])
def test_simulated_stands_on_the_sheet_of_a_simulated_record(page: Page, simulated: bool) -> None:
    draw(page, ecg_paper(distinct_ecg(), simulated=simulated), 1000)
    assert page.get_by_text("SIMULATED").count() == int(simulated)


@pytest.mark.parametrize(
    ("overlay", "words"),
    [(no_overlay(), 0), *((explanation_overlay(shown), 1) for shown in (LONGEST, NOTHING_SEEN))],
)
@pytest.mark.parametrize(("width", "off"), [(1400, 0), (700, 0), (1400, -20), (804, -20)])
def test_no_words_overlap_or_leave_the_sheet(
    page: Page, width: int, overlay: Overlay, words: int, off: float
) -> None:
    ecg = distinct_ecg()
    ecg.signal[-1] += off  # the sheet says that V6 was moved
    sheet = draw(page, lay_over(ecg_paper(ecg), overlay), width)
    boxes = page.evaluate(
        """() => [...document.querySelectorAll('.textpoint text, .annotation text, .xtick text')]
          .filter(text => text.textContent.trim())
          .map(text => { const b = text.getBoundingClientRect();
                         return [text.textContent, b.left, b.right, b.top, b.bottom]; })"""
    )
    assert len(boxes) == 13 + 1 + 11 + words
    for name, left, right, top, bottom in boxes:
        assert 0 <= left < right <= sheet.width, name
        assert 0 <= top < bottom <= sheet.height, name
    clashes = [
        (one[0], other[0])
        for index, one in enumerate(boxes)
        for other in boxes[index + 1 :]
        if one[1] < other[2] and other[1] < one[2] and one[3] < other[4] and other[3] < one[4]
    ]
    assert clashes == []


def test_the_first_paint_takes_no_seconds(page: Page) -> None:
    """A guard against a tenfold slip; the bar of 200 ms is for a quiet machine."""
    figure = json.loads(json.dumps(ecg_paper(distinct_ecg())))
    took = page.evaluate(
        """async figure => {
          document.body.innerHTML = '<div id="sheet" style="height: 500px"></div>';
          const start = performance.now();
          await Plotly.newPlot('sheet', figure.data, figure.layout);
          await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
          return performance.now() - start;
        }""",
        figure,
    )
    assert took < 2000


def test_colours_come_without_the_traces_being_drawn_anew(page: Page) -> None:
    bare = ecg_paper(distinct_ecg(rate=100))
    laid = lay_over(ecg_paper(distinct_ecg(rate=100)), explanation_overlay(explanation()))
    draw(page, bare, 1400)
    drawn_anew, seen = page.evaluate(
        """async ([bare, laid]) => {
          const graph = document.getElementById('sheet'), before = graph.calcdata;
          await Plotly.react(graph, bare.data, laid.layout);
          const drawn = [...graph.querySelectorAll('.shapelayer path')];
          const painted = drawn.map(path => path.getAttribute('d').includes('H'));
          return [graph.calcdata !== before, painted];
        }""",
        [bare, laid],
    )
    assert not drawn_anew
    coloured = [shape["path"] != EMPTY for shape in laid["layout"]["shapes"][3:]]
    assert any(coloured)
    assert seen[3:] == coloured
