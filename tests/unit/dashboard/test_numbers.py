import pytest

from dashboard.numbers import interval, number, signed

NAN = float("nan")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (number(0.12345), "0.123"),
        (number(0.12345, 4), "0.1235"),
        (number(None), "-"),
        (number(NAN), "-"),
        (signed(0.1), "+0.100"),
        (signed(-0.1, 1), "-0.1"),
        (signed(NAN), "-"),
        (interval((0.1, 0.25), 2), "[0.10, 0.25]"),
        (interval((NAN, NAN)), ""),
    ],
)
def test_a_figure_is_rounded_and_a_missing_one_is_a_dash(text, expected):
    assert text == expected
