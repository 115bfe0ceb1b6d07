"""Which strategy a worklist takes where nobody chose one: what ``trustecg queue simulate`` found.

The command writes its result to ``strategies.json``; nothing in it is typed by hand.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from core.arrays import Floats
from core.resampling import interval
from feedback.replay import Plan, Saving, saving
from feedback.sampling import Strategy

BAR = 0.30  # of the labels, that a strategy must save to be the default
CHOSEN_ON, JUDGED_ON = "9a", "9b"  # the best of several looks better than it is where it was chosen
EVIDENCE = Path(__file__).with_name("strategies.json")
_BOOTSTRAPS = 1000


def default_strategy() -> Strategy:
    """The strategy that won, else random."""
    return Strategy(evidence()["default"])  # type: ignore[call-arg]


@cache
def evidence() -> Mapping[str, Any]:
    """What the shipped run measured: see ``report``."""
    found: Mapping[str, Any] = json.loads(EVIDENCE.read_text(encoding="utf-8"))
    return found


def report(
    curves: Mapping[Strategy, Mapping[str, Floats]], plan: Plan, facts: Mapping[str, Any]
) -> dict[str, Any]:
    """Curves, savings and the choice as JSON can hold them; random must be among the strategies.

    ``curves`` are (seeds, points) by strategy and judge; ``facts`` say what they were measured on.
    """
    random = curves[Strategy.RANDOM]
    savings: dict[Strategy, dict[str, Saving]] = {
        strategy: {name: saving(found[name], random[name], plan.labels) for name in found}
        for strategy, found in curves.items()
        if strategy is not Strategy.RANDOM
    }
    chosen = choose(savings)
    return {
        **facts,
        "default": str(chosen),
        "why": _why(chosen, savings),
        "bar": BAR,
        "plan": asdict(plan),
        "seeds": len(random[JUDGED_ON]),
        "labels": plan.labels,
        "curves": {
            str(strategy): {name: _curve(runs) for name, runs in found.items()}
            for strategy, found in curves.items()
        },
        "savings": {
            str(strategy): {name: asdict(one) for name, one in found.items()}
            for strategy, found in savings.items()
        },
    }


def choose(savings: Mapping[Strategy, Mapping[str, Saving]]) -> Strategy:
    """The strategy that saves most on 9a, if it meets the bar on 9b; else random."""
    if not savings:
        return Strategy.RANDOM
    best = _best(savings)
    return best if savings[best][JUDGED_ON].meets(BAR) else Strategy.RANDOM


def _best(savings: Mapping[Strategy, Mapping[str, Saving]]) -> Strategy:
    return max(savings, key=lambda strategy: savings[strategy][CHOSEN_ON].saved)


def _why(chosen: Strategy, savings: Mapping[Strategy, Mapping[str, Saving]]) -> str:
    if not savings:
        return "Nothing was tried against random."
    best = _best(savings)
    one = savings[best][JUDGED_ON]
    met = (
        f"It meets the bar of {BAR:.0%}."
        if chosen is best
        else f"The bar is {BAR:.0%} with an interval above 0, so random it is."
    )
    return (
        f"Chosen on {CHOSEN_ON}, {best.words} saved {one.saved:.0%} "
        f"[{one.low:.0%}, {one.high:.0%}] of the labels against random on {JUDGED_ON}. {met}"
    )


def _curve(runs: Floats) -> dict[str, list[float]]:
    """The mean over seeds, and its interval with the seeds resampled."""
    drawn = np.random.default_rng(0).integers(len(runs), size=(_BOOTSTRAPS, len(runs)))
    means = runs[drawn].mean(1)
    bounds = [interval(means[:, point]) for point in range(runs.shape[1])]
    return {
        "mean": [round(float(value), 5) for value in runs.mean(0)],
        "low": [round(low, 5) for low, _ in bounds],
        "high": [round(high, 5) for _, high in bounds],
    }
