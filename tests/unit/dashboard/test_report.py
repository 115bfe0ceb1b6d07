import dataclasses
import json
import math
import re

import numpy as np
import pytest

from dashboard.report import Report, page
from tests.factories_scored import a_record, some_scored

OURS, THEIRS = some_scored(), some_scored(skill=0.1, seed=1, uncertainty=None)


PUBLISHED = some_scored(
    skill=0.1, seed=1, uncertainty=None, certified=frozenset(),
    abstained=np.zeros((300, 5), bool),
)  # fmt: skip


def report(*scored, simulated=False, fold="9"):
    return Report.of(scored or (OURS,), fold=fold, simulated=simulated)


ONE, BOTH = report(), report(OURS, THEIRS)


def words(html):
    """What a reader reads, without the programs and with single spaces."""
    text = re.sub(r"<(script|style)>.*?</\1>", "", html, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def test_page_says_what_was_measured_on_what():
    text = words(page(ONE))
    assert "model 0 on fold 9" in text
    assert "300 labelled records, of 300 in the fold: 300 measured, 0 refused" in text
    assert f"Macro AUROC {ONE.assessment.macro_auroc:.4f}" in text
    assert "not a medical device" in text
    assert "SIMULATED" not in text


def test_page_marks_simulated_records_in_title_and_text():
    html = page(report(simulated=True))
    assert "SIMULATED: these records were computed" in words(html)
    assert "(SIMULATED)" in html[: html.index("</title>")]


def test_page_puts_the_most_frequent_other_call_in_words():
    cells = [
        (cell.called, carried, called, among.n, cell)
        for carried, among in ONE.assessment.confusion.items()
        for called, cell in among.alongside.items()
        if called != carried
    ]
    count, carried, called, n, cell = max(cells, key=lambda found: found[0])
    missed = cell.present - cell.correct
    text = words(page(ONE))
    assert (
        f"Of {n} records with {carried}, {called} was called in {count}, of which {cell.correct} "
        f"had {called}; in {missed} it was there and not called."
    ) in text
    assert f"{count} {cell.correct} right, {missed} missed" in text


def test_page_compares_where_there_are_two_models_and_only_there():
    text = words(page(BOTH))
    assert "Against model 1" in text
    assert f"{BOTH.comparison.macro.difference:+.3f}" in text
    assert "Against" not in words(page(ONE))


def test_page_asks_for_nothing_from_anywhere():
    html = re.sub(r"<script>.*?</script>", "", page(ONE), flags=re.DOTALL)
    assert "http" not in html
    assert set(re.findall(r'(?:src|href)="([^"]*)"', html)) == {"data:,"}


def test_what_a_data_set_calls_its_devices_stays_text():
    records = [a_record(i + 1, device="</script><b>x") for i in range(300)]
    html = page(report(dataclasses.replace(OURS, records=records)))
    assert "</script><b>x" not in html
    assert "&lt;/script&gt;&lt;b&gt;x" in html


def test_page_of_a_fold_of_which_nothing_was_scored_says_so():
    nothing = some_scored(
        0, probability=np.empty((0, 5)), abstained=np.empty((0, 5), bool), uncertainty=None, n=4
    )
    html = page(report(nothing))
    text = words(html)
    assert "0 labelled records, of 4 in the fold: 0 measured" in text
    assert "nan" not in text.lower()
    plots = re.search(r"^const plots = (.*);$", html, flags=re.MULTILINE)[1]
    assert set(json.loads(plots)) == {"roc", "precision-recall", "reliability", "subgroups"}
    assert "nan" not in plots.lower()


@pytest.mark.parametrize(
    ("fold", "warning"),
    [
        ("1-8", "No test result: checkpoints are taught on these records"),
        ("9a", "No test result: where to stop, calibration and thresholds are chosen on these"),
        ("9", "No test result: some of these records taught or tuned checkpoints"),
        ("9b", None),
        ("10", None),
    ],
)
def test_page_and_figures_say_what_the_records_were_used_for(fold, warning):
    one = report(fold=fold)
    text = words(page(one))
    assert (warning or "Macro AUROC") in text
    assert ("No test result" in text) is (warning is not None)
    assert ("nothing is chosen on" in text) is (fold == "10")
    assert one.figures()["role"] == one.role.value


def test_page_says_what_was_left_out_of_the_comparison_and_shows_figures_on_the_rest():
    """The first model refused the 40 hardest records: its lead over all of them would be false."""
    ours = dataclasses.replace(
        OURS, records=OURS.records[40:], probability=OURS.probability[40:],
        abstained=OURS.abstained[40:], uncertainty=OURS.uncertainty[40:],
    )  # fmt: skip
    both = report(ours, THEIRS)
    html = page(both)
    assert "Left out are 40 that one refused: 40 refused by this model alone, 0 by the" in words(
        html
    )
    table = words(re.search(r'<table id="against".*?</table>', html, flags=re.DOTALL)[0])
    first, second = both.comparison.first.macro_auroc, both.comparison.second.macro_auroc
    assert second != both.reference_assessment.macro_auroc
    assert f"macro {first:.3f} {second:.3f} {first - second:+.3f}" in table


def test_page_says_how_an_abstained_class_counts_and_only_where_there_can_be_one():
    ours, published = words(page(ONE)), words(page(report(PUBLISHED)))
    assert "a class on which the model abstains counts as not called" in ours
    assert "what the quality check refused" in ours
    assert "leaves nothing open" not in ours
    assert "abstain" not in published
    assert "quality check" not in published
    assert "This network leaves nothing open" in published


def test_page_says_when_a_class_has_an_area_in_a_group():
    assert "a class has an area where at least 5 records have it and as many do not" in words(
        page(ONE)
    )


def test_figures_are_the_assessment_and_the_comparison():
    figures = BOTH.figures()
    assert figures["checkpoint"] == "model 0"
    assert figures["reference"]["checkpoint"] == "model 1"
    assert figures["against_reference"]["n"] == 300
    assert json.dumps(figures)


@pytest.mark.browser
def test_page_draws_every_plot_offline_and_without_complaint(browser, tmp_path):
    file = tmp_path / "page.html"
    file.write_text(page(BOTH), encoding="utf-8")
    asked, complaints = [], []
    with browser.new_context(offline=True, viewport={"width": 1200, "height": 900}) as context:
        view = context.new_page()
        view.on("request", lambda request: asked.append(request.url))
        view.on("console", lambda message: complaints.append(message.text))
        view.on("pageerror", lambda error: complaints.append(str(error)))
        view.goto(file.as_uri())
        view.wait_for_selector("#difference .scatterlayer .trace")
        lines = {
            plot: view.locator(f"#{plot} .scatterlayer .trace path.js-line").count()
            for plot in ("roc", "precision-recall", "reliability")
        }
        points = view.locator("#subgroups .scatterlayer .trace .point").count()
        wide = view.evaluate("document.documentElement.scrollWidth")
        overflowing = view.evaluate(
            """() => [...document.querySelectorAll('table, .plot')]
              .filter(e => e.getBoundingClientRect().right > 1110).map(e => e.id)"""
        )
    assert [url for url in asked if not url.startswith(("file://", "data:"))] == []
    assert complaints == []
    assert lines == {"roc": 6, "precision-recall": 5, "reliability": 10}
    assert points == sum(not math.isnan(group.macro_auroc) for group in ONE.assessment.subgroups)
    assert wide == 1200
    assert overflowing == []


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 768, 1059])
def test_page_fits_a_narrow_screen_and_what_is_wider_moves_in_its_own_box(browser, tmp_path, width):
    file = tmp_path / "page.html"
    file.write_text(page(BOTH), encoding="utf-8")
    with browser.new_context(viewport={"width": 1200, "height": 900}) as context:
        view = context.new_page()
        view.goto(file.as_uri())
        view.wait_for_selector("#difference .scatterlayer .trace")
        view.set_viewport_size({"width": width, "height": 844})  # a tablet is turned
        view.wait_for_function("document.querySelector('#roc .main-svg').clientWidth <= innerWidth")
        assert view.evaluate("document.documentElement.scrollWidth") == width
        beyond = view.evaluate(
            """() => [...document.querySelectorAll('main, p, h1, .wide, .plot:not(.panels), svg')]
              .filter(e => !e.closest('.panels') && e.getBoundingClientRect().right > innerWidth)
              .map(e => e.outerHTML.slice(0, 60))"""
        )
        cut = view.evaluate(
            """() => [...document.querySelectorAll('table, .panels')]
              .filter(e => getComputedStyle(e.closest('.wide')).overflowX !== 'auto')
              .map(e => e.id)"""
        )
    assert (beyond, cut) == ([], [])
