"""Each statistic against the worked example that its method was published with."""

import numpy as np
import pytest

from feedback.agreement import (
    MISSING,
    Estimate,
    cohen_kappa,
    counts_of,
    estimate,
    fleiss_kappa,
    gwet_ac1,
    krippendorff_alpha,
    raw_agreement,
)
from tests.factories_panel import table

N = 0
# Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), section C: four observers,
# twelve units, missing values. Gwet's Handbook (2014) takes the same (irrCAC: cac.raw4raters).
FOUR_OBSERVERS = (
    np.array(
        [
            [1, 2, 3, 3, 2, 1, 4, 1, 2, N, N, N],
            [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, N, 3],
            [N, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, N],
            [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, N],
        ]
    ).T
    - 1
)
# Fleiss, Psychological Bulletin 76 (1971), table 1: thirty patients, six psychiatrists each;
# depression, personality disorder, schizophrenia, neurosis, other.
PSYCHIATRISTS = np.array(
    [
        [int(count) for count in patient]
        for patient in [
            "00060",
            "03003",
            "01401",
            "00006",
            "03030",
            "20400",
            "00402",
            "20310",
            "20040",
            "00006",
            "10050",
            "11040",
            "03300",
            "10050",
            "02031",
            "00501",
            "30012",
            "51000",
            "02040",
            "10203",
            "00006",
            "01050",
            "02013",
            "20040",
            "10041",
            "05010",
            "40002",
            "02040",
            "10500",
            "00006",
        ]
    ]
)
# Cohen, Educational and Psychological Measurement 20 (1960): proportions of 200 cases.
TWO_JUDGES = table([[88, 14, 18], [10, 40, 10], [2, 6, 12]])
# Gwet, British Journal of Mathematical and Statistical Psychology 61 (2008), the paradox of kappa:
# 125 cases, of which two raters find 118 positive and disagree on the other 7.
PARADOX = table([[118, 5], [2, 0]])


def value(statistic, rows) -> float:
    return estimate(statistic, rows, bootstraps=10).value


class TestPublished:
    def test_krippendorff_alpha(self):
        assert value(krippendorff_alpha, counts_of(FOUR_OBSERVERS, 5)) == pytest.approx(
            0.743, abs=5e-4
        )

    def test_krippendorff_alpha_of_two_observers(self):
        """Section A of the same paper: ten units, binary."""
        two = np.array([[0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]]).T
        assert value(krippendorff_alpha, counts_of(two, 2)) == pytest.approx(0.095, abs=5e-4)

    @pytest.mark.parametrize(
        ("statistic", "published"),
        [
            (raw_agreement, 0.818182),
            (gwet_ac1, 0.775444),
            (fleiss_kappa, 0.761169),
            (krippendorff_alpha, 0.743421),
        ],
    )
    def test_with_answers_missing(self, statistic, published):
        """As Gwet's package irrCAC 1.0 prints them for cac.raw4raters."""
        counts = counts_of(FOUR_OBSERVERS, 5)
        assert value(statistic, counts) == pytest.approx(published, abs=5e-7)

    def test_fleiss_kappa(self):
        """0.430 in the paper; 0.4302445 from kappam.fleiss of R's irr."""
        assert (PSYCHIATRISTS.sum(1) == 6).all()
        assert value(fleiss_kappa, PSYCHIATRISTS) == pytest.approx(0.4302445, abs=5e-8)

    def test_cohen_kappa(self):
        assert value(cohen_kappa, TWO_JUDGES) == pytest.approx(0.492, abs=5e-4)

    def test_ac1_where_kappa_collapses(self):
        counts = counts_of(PARADOX, 2)
        assert value(raw_agreement, counts) == pytest.approx(118 / 125)
        assert value(cohen_kappa, PARADOX) == pytest.approx(-0.0234, abs=5e-5)
        assert value(gwet_ac1, counts) == pytest.approx(0.9408, abs=5e-5)


class TestUndefined:
    def test_without_records(self):
        assert np.isnan(estimate(gwet_ac1, np.empty((0, 2), np.int64)).value)

    def test_where_no_two_readers_met(self):
        alone = np.array([[1, 0], [0, 1]])
        for statistic in (raw_agreement, gwet_ac1, fleiss_kappa, krippendorff_alpha):
            assert np.isnan(value(statistic, alone))

    def test_chance_cannot_be_told_from_agreement_where_all_say_the_same(self):
        counts = np.array([[2, 0]] * 5)
        assert np.isnan(value(fleiss_kappa, counts))
        assert np.isnan(value(krippendorff_alpha, counts))
        assert value(gwet_ac1, counts) == 1  # chance agreement is nil for AC1 there

    def test_cohen_says_nothing_of_a_reader_who_gives_one_answer_alone(self):
        constant = np.array([[0, 0]] * 8 + [[0, 1]] * 2)
        found = estimate(cohen_kappa, constant)
        assert np.isnan([found.value, found.low, found.high]).all()

    def test_cohen_leaves_out_what_one_of_them_did_not_answer(self):
        more = np.vstack([TWO_JUDGES, [[0, MISSING], [MISSING, 2]]])
        assert value(cohen_kappa, more) == value(cohen_kappa, TWO_JUDGES)


class TestInterval:
    def test_it_surrounds_the_value_and_repeats_itself(self):
        first = estimate(fleiss_kappa, PSYCHIATRISTS)
        assert first.low < first.value < first.high
        assert first == estimate(fleiss_kappa, PSYCHIATRISTS)
        assert first != estimate(fleiss_kappa, PSYCHIATRISTS, seed=1)

    def test_more_records_make_it_narrower(self):
        few, many = (
            estimate(fleiss_kappa, np.tile(PSYCHIATRISTS, (copies, 1))) for copies in (1, 9)
        )
        assert many.value == pytest.approx(few.value)
        assert many.high - many.low == pytest.approx((few.high - few.low) / 3, rel=0.15)

    def test_drawing_kinds_of_records_is_drawing_records(self):
        """Against a bootstrap that resamples the thirty patients one by one."""
        rng = np.random.default_rng(5)
        one = np.ones((1, 30))
        drawn = [
            fleiss_kappa(PSYCHIATRISTS[rng.integers(30, size=30)], one)[0] for _ in range(4000)
        ]
        low, high = np.quantile(drawn, [0.025, 0.975])
        found = estimate(fleiss_kappa, PSYCHIATRISTS, bootstraps=4000)
        assert found == Estimate(
            found.value, pytest.approx(low, abs=0.015), pytest.approx(high, abs=0.015)
        )
