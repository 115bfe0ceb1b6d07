"""What was measured of the methods decides what is offered, and stands beside what is shown."""

from pathlib import Path

import pytest
from plotly.io.json import to_json_plotly

from core.ecg import Superclass
from core.explain.evidence import Evidence, first_method, save_evidence
from core.explain.explanation import Method
from dashboard.components.explanation import method_options, reasons_view
from dashboard.components.report_card import attention_words, report_card
from dashboard.evidence import evidence_of, reasons
from feedback.db import now
from feedback.tables import ModelVersion
from tests.factories import card
from tests.factories_evidence import evidence, method_evidence
from tests.integration.reading import words

MEASURED = {
    Method.ATTENTION: method_evidence(randomisation=0.61),
    Method.SHAP: method_evidence(deletion={Superclass.HYP: 0.01}),
    Method.OCCLUSION: method_evidence(),
}


@pytest.fixture
def measured() -> Evidence:
    return evidence(MEASURED)


def model(path: Path) -> ModelVersion:
    """A model whose checkpoint would lie in ``path``, stored as it is registered."""
    content = card().model_dump(mode="json") | {"thresholds": {}}
    return ModelVersion(
        version=card().version, path=str(path), card=content, active=True, registered_at=now()
    )


def test_it_is_read_beside_the_weights_and_again_where_it_changes(
    measured: Evidence, tmp_path: Path
) -> None:
    assert evidence_of(model(tmp_path)) is None
    save_evidence(tmp_path, measured)
    assert evidence_of(model(tmp_path)) == measured


def test_evidence_of_other_weights_is_none(tmp_path: Path) -> None:
    save_evidence(tmp_path, evidence(MEASURED, weights="f" * 64))
    assert evidence_of(model(tmp_path)) is None


def test_a_method_that_fails_cannot_be_chosen_and_says_why(measured: Evidence) -> None:
    held_against = reasons(measured, Superclass.HYP)
    assert held_against[Method.ATTENTION] == "survives random weights: Spearman 0.61"
    assert held_against[Method.SHAP] == "no better than random order for HYP"
    assert held_against[Method.LIME] == "never measured on this checkpoint"
    assert Method.OCCLUSION not in held_against
    disabled = {one["value"] for one in method_options(held_against) if one.get("disabled")}
    assert disabled == set(held_against)
    said = words(to_json_plotly(reasons_view(held_against)))
    assert "Not offered: SHAP (no better than random order for HYP)." in said


def test_another_class_may_be_explained_by_a_method_that_fails_on_one(measured: Evidence) -> None:
    assert Method.SHAP not in reasons(measured, Superclass.MI)


def test_without_evidence_nothing_is_held_against_a_method() -> None:
    assert reasons(None, Superclass.MI) == {}
    assert first_method(None) is Method.INTEGRATED_GRADIENTS


def test_the_method_that_meets_every_bar_is_shown_first(measured: Evidence) -> None:
    assert first_method(measured) is measured.default is Method.OCCLUSION


def test_attention_has_its_measured_relation_beside_it(measured: Evidence) -> None:
    assert "leaving waves out: +0.50 (median" in attention_words(measured, Method.ATTENTION)
    assert attention_words(None, Method.ATTENTION).endswith("not why it concluded.")


@pytest.mark.parametrize(
    ("better", "said"), [(True, "more than random places do."), (False, "not shown to do better")]
)
def test_the_card_says_first_whether_chance_is_beaten(
    measured: Evidence, better: bool, said: str
) -> None:
    curve = {"advantage": 0.4, "low": 0.1, "high": 0.7}
    report = {
        "random_orders": 16,
        "deletion": curve,
        "insertion": curve,
        "stability": 0.9,
        "agreement": {},
        "residual": None,
        "better_than_random": better,
    }
    view = report_card(report, measured, Method.OCCLUSION, Superclass.MI)
    text = words(to_json_plotly(view))
    assert said in text
    assert "+0.00 (−0.05 to +0.05) rank correlation" in text
    assert "Points into simulated MI" in text and "90\u00a0% of 40 ECGs" in text
    assert "Left over" not in text
