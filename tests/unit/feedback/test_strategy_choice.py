"""The default strategy is the one that a run found, and no other."""

import json

import numpy as np
import pytest

from feedback.replay import Plan, Saving
from feedback.sampling import Strategy
from feedback.strategy_choice import BAR, choose, default_strategy, evidence, report
from tests.strategies_note import shown, table


def saved(share: float, low: float = 0.1) -> Saving:
    return Saving(needed=100, saved=share, low=low, high=0.9, reached=True)


class TestChoice:
    def test_the_best_on_9a_if_it_holds_on_9b(self):
        found = {
            Strategy.BALD: {"9a": saved(0.5), "9b": saved(0.35)},
            Strategy.ENTROPY: {"9a": saved(0.4), "9b": saved(0.6)},
        }
        assert choose(found) is Strategy.BALD

    @pytest.mark.parametrize("judged", [saved(0.29), saved(0.5, low=0.0)])
    def test_else_random(self, judged: Saving):
        found = {
            Strategy.BALD: {"9a": saved(0.5), "9b": judged},
            Strategy.ENTROPY: {"9a": saved(0.4), "9b": saved(0.6)},
        }
        assert choose(found) is Strategy.RANDOM

    def test_random_alone(self):
        assert choose({}) is Strategy.RANDOM


def test_a_report_can_be_written_and_says_what_was_found():
    slow = np.tile(np.linspace(0.5, 0.9, 5), (4, 1))
    quick = np.tile(np.array([0.5, 0.8, 0.95, 0.96, 0.97]), (4, 1))
    curves = {
        Strategy.RANDOM: {"9a": slow, "9b": slow},
        Strategy.BALD: {"9a": quick, "9b": quick},
    }
    plan = Plan(start=100, batch=100, rounds=4)
    found = json.loads(json.dumps(report(curves, plan, {"simulated": True}), allow_nan=False))
    assert (found["default"], found["simulated"], found["seeds"]) == ("bald", True, 4)
    assert found["labels"] == [100, 200, 300, 400, 500]
    assert found["curves"]["bald"]["9b"]["mean"] == [0.5, 0.8, 0.95, 0.96, 0.97]
    assert found["savings"]["bald"]["9b"]["saved"] == pytest.approx(0.4667, abs=1e-4)
    assert found["why"] == (
        "Chosen on 9a, BALD (Bayesian active learning by disagreement) saved 47% [47%, 47%] "
        "of the labels against random on 9b. It meets the bar of 30%."
    )


class TestShipped:
    """What the repository's own run found: ``strategies.json``."""

    def test_the_default_follows_from_the_savings_beside_it(self):
        found = {
            Strategy(name): {judge: Saving(**one) for judge, one in judged.items()}
            for name, judged in evidence()["savings"].items()
        }
        assert default_strategy() is choose(found)

    def test_it_was_measured_on_real_records(self):
        assert evidence()["simulated"] is False
        assert evidence()["bar"] == BAR
        assert evidence()["seeds"] >= 5
        assert set(evidence()["curves"]) == {s for s in Strategy if s is not Strategy.DISAGREEMENT}

    def test_the_note_shows_that_run(self):
        assert shown() == table(evidence())
