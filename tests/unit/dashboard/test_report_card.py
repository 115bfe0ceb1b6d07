"""How far an explanation can be trusted, in words."""

import pytest

from core.explain.evidence import Estimate
from dashboard.components.report_card import _share, verdict


@pytest.mark.parametrize(
    ("better", "high", "said"),
    [
        (True, 0.5, "more than random places do"),
        (False, 0.1, "no more than random places do"),
        (False, -0.1, "worse than chance"),
    ],
)
def test_worse_than_chance_is_told_from_not_better(better: bool, high: float, said: str) -> None:
    assert said in verdict({"better_than_random": better, "deletion": {"high": high}})


@pytest.mark.parametrize(
    ("mean", "said"), [(1.0, "100% of 40 ECGs (91% to 100%)"), (0.0, "0% of 40 ECGs (0% to 9%)")]
)
def test_all_or_none_of_a_few_has_an_exact_interval(mean: float, said: str) -> None:
    shown = _share(Estimate(mean=mean, low=mean, high=mean, of=40))
    assert shown == said.replace("%", "\u00a0%")
