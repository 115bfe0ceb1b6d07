"""Agreement by class, by reader and by pair, with unsure and unreadable told apart."""

import math

import numpy as np
import pytest

from core.ecg import Superclass
from feedback.agreement import cohen_kappa, counts_of, estimate, gwet_ac1, raw_agreement
from feedback.agreement_tables import by_class, by_pair, by_reader, on_readability
from tests.factories_panel import some_panel

MI = Superclass.MI


def test_unsure_and_unreadable_are_missing_for_a_class():
    found = by_class(some_panel(["++", "+-", "+?", "x+", "--"]))[MI]
    assert (found.records, found.answers) == (3, 8)
    assert found.raw.value == pytest.approx(2 / 3)
    assert found.present == pytest.approx(5 / 8)


def test_readability_is_a_question_of_its_own():
    found = on_readability(some_panel(["++", "x?", "xx", "+."]))
    assert (found.records, found.answers) == (3, 7)
    assert found.raw.value == pytest.approx(2 / 3)
    assert found.present == pytest.approx(3 / 7)


def test_cohen_is_for_exactly_two_readers():
    assert by_class(some_panel(["++.", "+-.", "--."]))[MI].cohen is not None
    assert by_class(some_panel(["++.", "+-+", "--."]))[MI].cohen is None


def test_a_reader_is_held_against_the_majority_of_the_others():
    rows = by_reader(some_panel(["+++", "-++", "-+-", "?++", "+.."]))
    first = next(r for r in rows if r.reader == "reader0@example.org" and r.superclass is MI)
    assert (first.answers, first.unsure) == (4, 1)
    assert first.compared == 2  # the others disagree on one, and are silent on another
    assert first.agrees == 0.5


def test_a_reader_with_nobody_to_compare_has_no_figure():
    (row,) = (r for r in by_reader(some_panel(["+", "-"])) if r.superclass is MI)
    assert row.compared == 0
    assert math.isnan(row.agrees)


def test_pairs_are_of_readers_who_share_records():
    rows = by_pair(some_panel(["++.", "+-.", "--.", "..+"]))
    assert {(r.first, r.second) for r in rows} == {("reader0@example.org", "reader1@example.org")}
    (row,) = (r for r in rows if r.superclass is MI)
    assert row.records == 3
    assert row.raw.value == pytest.approx(2 / 3)
    assert row.cohen.value == pytest.approx(0.4)  # (2/3 - 4/9) / (1 - 4/9)


def test_each_pair_has_the_figures_of_its_own_records():
    """All pairs are worked out at once: none of them is to have another one's interval."""
    rng = np.random.default_rng(3)
    answers = some_panel(["".join(rng.choice(list("++--?x."), 5)) for _ in range(60)])
    rows = [row for row in by_pair(answers, bootstraps=200) if row.superclass is MI]
    assert len({(row.records, row.cohen.low) for row in rows}) > 5
    for row in rows:
        pair = [answers.readers.index(who) for who in (row.first, row.second)]
        ratings = answers.decided(MI)[:, pair]
        both = ratings[(ratings >= 0).all(1)]
        assert row.records == len(both)
        assert row.cohen == estimate(cohen_kappa, both, bootstraps=200)
        for found, statistic in ((row.raw, raw_agreement), (row.ac1, gwet_ac1)):
            one = estimate(statistic, counts_of(both, 2), bootstraps=2000)
            assert found.value == pytest.approx(one.value)
            assert found.low == pytest.approx(one.low, abs=0.1)  # of other draws
            assert found.high == pytest.approx(one.high, abs=0.1)


def test_who_says_the_same_of_every_record_has_no_kappa():
    (row,) = (r for r in by_pair(some_panel(["++"] * 12)) if r.superclass is MI)
    assert (row.raw.value, row.raw.low, row.ac1.value) == (1, 1, 1)
    assert math.isnan(row.cohen.value)
    assert math.isnan(row.cohen.low)
