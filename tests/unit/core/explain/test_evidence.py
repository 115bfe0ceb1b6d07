import pytest

from core.checkpoint import read_card
from core.ecg import SUPERCLASSES, Superclass
from core.errors import CheckpointAltered
from core.explain.evidence import EVIDENCE, Estimate, load_evidence, save_evidence
from core.explain.explanation import Method
from tests.factories_evidence import aiming, evidence, method_evidence

OFFERED = Method.INTEGRATED_GRADIENTS


def test_a_method_that_meets_every_bar_is_offered_and_the_default():
    found = evidence({OFFERED: method_evidence()})
    assert all(found.standing(OFFERED, name).offered for name in SUPERCLASSES)
    assert found.default is OFFERED
    assert found.failings(OFFERED) == ()


def test_what_survives_random_weights_is_refused_for_every_class():
    found = evidence({Method.ATTENTION: method_evidence(randomisation=0.414)})
    for name in SUPERCLASSES:
        standing = found.standing(Method.ATTENTION, name)
        assert not standing.offered
        assert standing.reason == "survives random weights: Spearman 0.41"
    assert found.default is None


def test_what_is_no_better_than_chance_is_refused_for_that_class_alone():
    found = evidence({Method.SHAP: method_evidence(deletion={Superclass.HYP: 0.04})})
    refused = found.standing(Method.SHAP, Superclass.HYP)
    assert (refused.offered, refused.reason) == (False, "no better than random order for HYP")
    assert found.standing(Method.SHAP, Superclass.MI).offered


def test_what_was_never_measured_is_refused():
    standing = evidence({OFFERED: method_evidence()}).standing(Method.LIME, Superclass.MI)
    assert (standing.offered, standing.reason) == (False, "never measured on this checkpoint")


@pytest.mark.parametrize(
    "falls_short, why",
    [
        ({"better": 0.85}, "better than random order in 85% of records"),
        ({"pointing": {Superclass.MI: 0.7}}, "points at MI in 70%"),
    ],
)
def test_where_a_method_falls_short_is_said_and_another_is_the_default(falls_short, why):
    short = method_evidence(**falls_short)
    found = evidence({Method.SHAP: short, OFFERED: method_evidence(better=0.91)})
    assert found.failings(Method.SHAP) == (why,)
    assert found.default is OFFERED
    assert evidence({Method.SHAP: short}).default is Method.SHAP  # better than none at all


def test_a_method_that_is_refused_for_a_class_is_never_the_default():
    refused = method_evidence(deletion={Superclass.HYP: 0.0})
    short = method_evidence(better=0.5, pointing={Superclass.MI: 0.2, Superclass.CD: 0.1})
    assert evidence({Method.SHAP: refused, OFFERED: short}).default is OFFERED
    assert evidence({Method.SHAP: refused}).default is None


def test_pointing_no_better_than_a_detector_of_r_peaks_falls_short():
    found = evidence({OFFERED: method_evidence()})
    peaks = found.baselines["r-peaks"] | {Superclass.CD: aiming(0.95)}
    baselines = found.baselines | {"r-peaks": peaks}
    assert found.model_copy(update={"baselines": baselines}).failings(OFFERED) == (
        "points at CD no better than R peaks",
    )


def test_of_two_that_pass_the_one_with_the_better_worst_class_is_the_default():
    steady = method_evidence(pointing={Superclass.MI: 0.85})
    uneven = method_evidence(pointing={Superclass.MI: 0.99, Superclass.HYP: 0.81})
    assert evidence({Method.SHAP: uneven, OFFERED: steady}).default is OFFERED


def test_an_estimate_draws_whole_patients():
    values = [0.0, 1.0] * 50
    alone = Estimate.by_patient(values, range(100))
    pairs = Estimate.by_patient(sorted(values), [i // 25 for i in range(100)])
    assert alone.mean == pairs.mean == 0.5
    assert alone.low < 0.5 < alone.high
    assert pairs.high - pairs.low > 2 * (alone.high - alone.low)


def test_evidence_is_read_back_as_it_was_written(tmp_path, checkpoint):
    card = read_card(checkpoint)
    written = evidence({OFFERED: method_evidence()}, weights=card.weights_sha256)
    save_evidence(tmp_path, written)
    assert load_evidence(tmp_path, card) == written


def test_a_checkpoint_without_evidence_has_none(tmp_path, checkpoint):
    assert load_evidence(tmp_path, read_card(checkpoint)) is None


def test_evidence_of_other_weights_is_refused(tmp_path, checkpoint):
    card = read_card(checkpoint)
    save_evidence(tmp_path, evidence({OFFERED: method_evidence()}, weights="f" * 64))
    with pytest.raises(CheckpointAltered) as refused:
        load_evidence(tmp_path, card)
    assert str(refused.value) == (
        f"{tmp_path / EVIDENCE} was measured on weights ffffffffffff, the card says "
        f"{card.weights_sha256[:12]}: measure it anew with 'trustecg explain --assess'"
    )


def test_evidence_that_does_not_parse_is_refused(tmp_path, checkpoint):
    (tmp_path / EVIDENCE).write_text("{}")
    with pytest.raises(CheckpointAltered, match=r"does not parse \(\d+ errors\)"):
        load_evidence(tmp_path, read_card(checkpoint))


def test_a_later_run_of_some_methods_leaves_what_is_known_of_others():
    earlier = evidence({OFFERED: method_evidence(), Method.SHAP: method_evidence(better=0.5)})
    later = evidence({Method.SHAP: method_evidence(better=0.95)}).beside(earlier)
    assert list(later.methods) == [OFFERED, Method.SHAP]
    assert later.methods[Method.SHAP].better.mean == 0.95
    assert later.default is OFFERED


@pytest.mark.parametrize("measured_on", ["weights_sha256", "records_sha256"])
def test_evidence_of_other_weights_or_records_is_not_joined(measured_on):
    earlier = evidence({OFFERED: method_evidence()})
    altered = earlier.model_copy(update={measured_on: "1" * 64})
    later = evidence({Method.SHAP: method_evidence()})
    later = later.model_copy(update={"records_sha256": "2" * 64})
    assert later.beside(altered) == later
    assert OFFERED in later.beside(earlier).methods  # before records were noted
