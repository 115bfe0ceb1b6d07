import dataclasses

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss

from core.assessment import ANY, Alongside, Assessment
from core.ecg import SUPERCLASSES, Superclass
from core.evaluation import Evaluation, evaluate
from core.rates import Rate
from core.resampling import BOOTSTRAPS, Ranked
from tests.factories_scored import a_record, some_scored

NORM, MI, STTC, CD, HYP = SUPERCLASSES


def scored_of(*rows, **facts):
    """Records given as (classes there, classes called, classes abstained on)."""
    records = [
        a_record(i + 1, superclasses=frozenset(there)) for i, (there, _, _) in enumerate(rows)
    ]
    called = np.array([[name in calls for name in SUPERCLASSES] for _, calls, _ in rows])
    abstained = np.array([[name in open_ for name in SUPERCLASSES] for _, _, open_ in rows])
    return some_scored(
        len(rows), records=records, probability=called * 0.8 + 0.1, abstained=abstained,
        uncertainty=None, **facts,
    )  # fmt: skip


def test_the_figures_of_the_card_stand_unchanged_among_the_others():
    scored = some_scored(n=350, refused=4)
    card = evaluate(scored.probability, scored.label, scored.patient, scored.thresholds)
    result = Assessment.of(scored)
    for field in dataclasses.fields(Evaluation):
        assert getattr(result, field.name) == getattr(card, field.name)
    assert (result.n, result.n_labelled, result.n_refused) == (350, 300, 4)


def test_auprc_and_brier_agree_with_scikit_learn():
    scored = some_scored()
    result = Assessment.of(scored)
    for k, name in enumerate(SUPERCLASSES):
        y, p = scored.label[:, k], scored.probability[:, k]
        assert result.auprc[name] == pytest.approx(average_precision_score(y, p))
        assert result.brier[name] == pytest.approx(brier_score_loss(y, p))
    assert result.macro_auprc == pytest.approx(np.mean(list(result.auprc.values())))


def test_interval_of_each_class_holds_its_area():
    result = Assessment.of(some_scored())
    for name in SUPERCLASSES:
        low, high = result.auroc_ci[name]
        assert low < result.auroc[name] < high


def test_sensitivity_and_specificity_are_counted_at_the_thresholds():
    result = Assessment.of(
        scored_of(([MI], [MI], []), ([MI], [], []), ([CD], [MI], []), ([CD], [], []))
    )
    assert (result.sensitivity[MI].count, result.sensitivity[MI].of) == (1, 2)
    assert (result.specificity[MI].count, result.specificity[MI].of) == (1, 2)
    assert np.isnan(result.sensitivity[HYP].value)


def test_a_reader_sees_what_was_called_in_the_records_that_carry_a_class():
    """Of 4 records with MI, CD was called in 2, of which 1 had CD; 2 have it."""
    result = Assessment.of(
        scored_of(
            ([MI, CD], [MI, CD], []),
            ([MI, CD], [MI], []),
            ([MI], [CD], []),
            ([MI], [], []),
            ([CD], [CD], []),
        )  # fmt: skip
    )
    among = result.confusion[MI]
    assert among.n == 4
    assert among.alongside[CD] == Alongside(present=2, called=2, correct=1)
    assert among.alongside[MI] == Alongside(present=4, called=2, correct=2)
    assert result.confusion[HYP].n == 0


def test_abstaining_keeps_a_record_out_of_the_errors():
    lane = Assessment.of(
        scored_of(([MI], [MI], []), ([MI], [], [MI]), ([CD], [MI], []), ([CD], [], []))
    ).abstain[MI]
    assert (lane.coverage, lane.n, lane.error) == (0.75, 3, pytest.approx(1 / 3))
    assert lane.certified


def test_a_class_that_is_there_and_ruled_out_is_missed():
    """Neither called nor abstained on; what is left open is not missed."""
    lanes = Assessment.of(
        scored_of(([MI], [MI], []), ([MI], [], [MI]), ([MI], [CD], []), ([CD], [], []))
    ).abstain
    assert lanes[MI].missed == Rate.of_counts(1, 3)
    assert lanes[CD].missed == Rate.of_counts(1, 1)
    assert lanes[ANY].missed == Rate.of_counts(2, 4)


def test_a_lane_states_how_sure_its_shares_are():
    lane = Assessment.of(
        scored_of(([MI], [MI], []), ([MI], [], [MI]), ([CD], [MI], []), ([CD], [], []))
    ).abstain[MI]
    assert lane.coverage_ci == interval_of(3, 4)
    assert lane.error_ci == interval_of(1, 3)


def interval_of(count, of):
    rate = Rate.of_counts(count, of)
    return rate.low, rate.high


def test_the_areas_are_resampled_once(monkeypatch):
    """A thousand resamples of five classes, and no more: they are what takes the time."""
    records = [
        a_record(i + 1, sex=("male", "female")[i % 2], age=(30, 50)[i % 2], site=str(i % 2),
                 device=str(i % 2), noise={"static_noise": "x"} if i % 2 else {},
                 superclasses=record.superclasses)
        for i, record in enumerate(some_scored().records)
    ]  # fmt: skip
    areas, drawn = Ranked.auroc, []

    def counted(ranked, weight):
        if weight.shape[1] == len(records) and len(weight) > 1:
            drawn.append(len(weight))
        return areas(ranked, weight)

    monkeypatch.setattr(Ranked, "auroc", counted)
    Assessment.of(some_scored(records=records))
    assert sum(drawn) == 5 * BOOTSTRAPS


def test_a_record_is_decided_where_all_of_its_classes_are():
    lane = Assessment.of(
        scored_of(([NORM], [NORM], []), ([NORM], [MI], []), ([MI], [MI], [HYP]), ([CD], [], [CD]))
    ).abstain[ANY]
    assert (lane.coverage, lane.n, lane.error) == (0.5, 2, 0.5)


def test_without_a_certificate_nothing_is_said_to_be_certified():
    result = Assessment.of(some_scored(certified=frozenset({MI})))
    assert result.abstain[MI].certified
    assert not result.abstain[HYP].certified
    assert not result.abstain[ANY].certified


def test_uncertainty_is_judged_by_the_records_with_a_wrong_call():
    scored = some_scored()
    wrong = (scored.called != scored.label).any(axis=1)
    perfect = dataclasses.replace(scored, uncertainty=wrong.astype(float))
    assert Assessment.of(perfect).uncertainty_auroc == 1.0
    assert Assessment.of(dataclasses.replace(scored, uncertainty=None)).uncertainty_auroc is None


def test_a_fold_of_which_nothing_was_scored_has_no_figures_and_no_crash():
    nothing = some_scored(
        0, n=7, refused=3, probability=np.empty((0, 5)), abstained=np.empty((0, 5), bool),
        uncertainty=None,
    )  # fmt: skip
    result = Assessment.of(nothing)
    assert (result.n, result.n_labelled, result.n_refused) == (7, 0, 3)
    assert np.isnan([result.macro_auroc, result.macro_auprc, result.brier[Superclass.CD]]).all()
    assert result.subgroups == []
