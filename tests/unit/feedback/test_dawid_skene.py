"""Dawid-Skene on the data that it was published with, and on readers of known quality."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from feedback.dawid_skene import Fit, dawid_skene
from tests.factories_panel import planted

# Dawid and Skene, Journal of the Royal Statistical Society C 28 (1979), table 1: 45 patients,
# five anaesthetists, the first of whom answered three times; fitness for surgery from 1 to 4.
ANAESTHETISTS = [
    "111 1 1 1 1", "333 4 3 3 4", "112 2 1 2 2", "222 3 1 2 1", "222 3 2 2 2", "222 3 3 2 2",
    "122 2 1 1 1", "333 3 4 3 3", "222 2 2 2 3", "232 2 2 2 3", "444 4 4 4 4", "222 3 3 4 3",
    "111 1 1 1 1", "222 3 2 1 2", "121 1 1 1 1", "111 2 1 1 1", "111 1 1 1 1", "111 1 1 1 1",
    "222 2 2 2 1", "222 1 3 2 2", "222 2 2 2 2", "222 2 2 2 1", "222 3 2 2 2", "221 2 2 2 2",
    "111 1 1 1 1", "111 1 1 1 1", "232 2 2 2 2", "111 1 1 1 1", "111 1 1 1 1", "112 1 1 2 1",
    "111 1 1 1 1", "333 3 2 3 3", "111 1 1 1 1", "222 2 2 2 2", "222 3 2 3 2", "433 4 3 4 3",
    "221 2 2 3 2", "232 3 2 3 3", "333 3 4 3 2", "111 1 1 1 1", "111 1 1 1 1", "121 2 1 1 1",
    "232 2 2 2 2", "121 1 1 1 1", "222 2 2 2 2",
]  # fmt: skip
COUNTS = np.array(
    [
        [[answer.count(grade) for grade in "1234"] for answer in patient.split()]
        for patient in ANAESTHETISTS
    ]
)


def fit_to(counts: np.ndarray, *, smoothing: float = 0.0) -> Fit:
    """The fit to dense counts (records, readers, categories)."""
    flat = csr_array(counts.reshape(len(counts), -1))
    return dawid_skene(flat, counts.shape[2], smoothing=smoothing)


class TestPublished:
    """The prevalences are those that the paper states, to two decimals.

    The error rates were not compared with its table: they are what this code gives, held so that
    a change of it shows.
    """

    fit = fit_to(COUNTS)

    def test_the_prevalences_are_those_of_the_paper(self):
        assert COUNTS.sum() == 45 * 7
        assert self.fit.converged
        assert self.fit.prevalence.round(2).tolist() == [0.40, 0.42, 0.11, 0.07]

    def test_the_error_rates_of_the_observer_who_answered_three_times_stay(self):
        assert self.fit.error[0].round(2).tolist() == [
            [0.89, 0.11, 0.00, 0.00],
            [0.07, 0.88, 0.05, 0.00],
            [0.00, 0.34, 0.66, 0.00],
            [0.00, 0.00, 0.56, 0.44],
        ]

    def test_a_patient_whom_all_call_fit_is_fit(self):
        assert self.fit.posterior[0] == pytest.approx([1, 0, 0, 0], abs=1e-6)


class TestPlanted:
    def test_it_finds_how_good_the_readers_are_and_weighs_them(self):
        rng = np.random.default_rng(1)
        truth = rng.random(3000) < 0.3
        quality = {0: (0.95, 0.97), 1: (0.7, 0.8), 2: (0.65, 0.85), 3: (0.6, 0.7)}
        counts = planted(truth, quality)
        fit = fit_to(counts)
        for reader, (sensitivity, specificity) in quality.items():
            assert fit.error[reader, 1, 1] == pytest.approx(sensitivity, abs=0.06)
            assert fit.error[reader, 0, 0] == pytest.approx(specificity, abs=0.06)
        majority = counts.sum(1)[:, 1] > 2
        believed = fit.posterior[:, 1] > 0.5
        assert (believed == truth).mean() > (majority == truth).mean() + 0.05

    def test_an_answer_that_was_not_given_says_nothing(self):
        truth = np.random.default_rng(2).random(500) < 0.5
        counts = planted(truth, dict.fromkeys(range(3), (0.9, 0.9)))
        silent = np.concatenate([counts, np.zeros((500, 1, 2), np.int64)], axis=1)
        assert fit_to(silent).posterior == pytest.approx(fit_to(counts).posterior)

    def test_smoothing_keeps_a_reader_of_few_records_from_being_infallible(self):
        counts = planted(np.array([True, False, True]), dict.fromkeys(range(3), (1.0, 1.0)))
        assert fit_to(counts).error.min() == 0
        assert fit_to(counts, smoothing=1).error.min() > 0.1
