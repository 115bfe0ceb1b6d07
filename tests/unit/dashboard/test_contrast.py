"""Words and signs can be read in both looks: WCAG 2.2 AA, 4.5 : 1 for text and 3 : 1 for signs."""

import re

import pytest

from dashboard.figures.theme import THEMES, Look, Theme
from dashboard.settings import REPOSITORY

SHEET = (REPOSITORY / "dashboard" / "assets" / "trustecg.css").read_text("utf-8")
BLOCKS = {Look.LIGHT: r":root \{(.*?)\}", Look.DARK: r"\[data-bs-theme=dark\] \{(.*?)\}"}
ON_PAGE = [
    ("ink", "paper"),
    ("ink", "ground"),
    ("quiet", "paper"),
    ("quiet", "ground"),
    ("accent", "paper"),
    ("accent", "ground"),
    ("ink", "accent-soft"),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    ("wrong", "paper"),
    ("wrong", "wrong-soft"),
    ("on-wrong", "wrong"),
    ("mark", "mark-soft"),
]


def colours(look: Look) -> dict[str, str]:
    """The colours of a look by the names of their CSS variables."""
    found = re.search(BLOCKS[look], SHEET, re.DOTALL)
    assert found
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", found.group(1)))


def luminance(colour: str) -> float:
    """Relative luminance of a colour such as ``#1f2430`` (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_measure_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("look", Look)
@pytest.mark.parametrize(("words", "behind"), ON_PAGE)
def test_words_on_a_page_can_be_read(look: Look, words: str, behind: str) -> None:
    named = colours(look)
    assert contrast(named[words], named[behind]) >= 4.5


def test_the_dark_look_leaves_no_colour_of_the_light_one() -> None:
    light, dark = (colours(look) for look in Look)
    assert set(light) == set(dark)
    assert [name for name in light if light[name] == dark[name]] == []


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_the_trace_stands_out_from_paper_grid_and_explanation(theme: Theme) -> None:
    for behind in (theme.paper, theme.fine, theme.coarse, *theme.supporting, *theme.opposing):
        assert contrast(theme.trace, behind) >= 4.5


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_words_in_figures_can_be_read(theme: Theme) -> None:
    for behind in (theme.paper, theme.surface):
        assert contrast(theme.text, behind) >= 4.5
        assert contrast(theme.muted, behind) >= 4.5
    assert contrast(theme.mark, theme.track) >= 3
    assert all(contrast(line, theme.surface) >= 3 for line in theme.classes)


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_the_lines_of_the_grid_are_seen_and_the_strong_ones_better(theme: Theme) -> None:
    fine, coarse = (contrast(line, theme.paper) for line in (theme.fine, theme.coarse))
    assert 1.1 < fine < coarse < 3  # a grid as strong as the trace would hide small waves


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_what_is_stronger_stands_out_more(theme: Theme) -> None:
    for levels in (theme.supporting, theme.opposing):
        steps = [contrast(level, theme.paper) for level in levels]
        assert steps == sorted(steps)


@pytest.mark.parametrize("look", Look)
def test_a_chart_lies_on_the_colour_of_its_page(look: Look) -> None:
    assert THEMES[look].surface == colours(look)["paper"]
