"""Differences of intervals between two ECGs, with their sign."""

import pytest

from dashboard.components.comparison import difference


@pytest.mark.parametrize(
    ("name", "here", "there", "said"),
    [
        ("qt", 440.4, 400.0, "+40\u00a0ms"),
        ("heart_rate", 60.0, 72.0, "\u221212/min"),
        ("qrs", 90.2, 90.0, "\u00b10\u00a0ms"),
        ("axis", 170.0, -170.0, "\u221220°"),  # across 180 degrees, the shorter way round
        ("axis", -170.0, 170.0, "+20°"),
        ("pr", None, 160.0, "\u2013"),
    ],
)
def test_a_difference_has_its_sign_and_unit(
    name: str, here: float | None, there: float | None, said: str
) -> None:
    assert difference(name, here, there) == said
