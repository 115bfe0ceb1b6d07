"""How patients and recordings are put into words."""

import pytest

from dashboard.components.record import age_text, noise_flags, patient_line
from dashboard.components.shell import sentence
from feedback.tables import RecordRow


@pytest.mark.parametrize(
    ("age", "text"), [(300, "> 89 years"), (89, "89 years"), (0, "0 years"), (None, "age unknown")]
)
def test_ages(age: int | None, text: str) -> None:
    assert age_text(age) == text


def test_noise_flags_are_tidied() -> None:
    noise = {"baseline_drift": " , v1,I-AVR ", "static_noise": "alles"}
    flags = [flag.children for flag in noise_flags(RecordRow(noise=noise))]
    assert flags == ["Baseline drift: V1, I-aVR", "Static noise: all leads"]


@pytest.mark.parametrize(
    ("stated", "told"),
    [
        ("ja, pacemaker", ['pacemaker ("ja, pacemaker" in the data set)']),
        ("PACE????, nan", ['pacemaker ("PACE????" in the data set)']),
        (None, []),
    ],
)
def test_a_pacemaker_is_named_with_the_words_of_the_data_set(
    stated: str | None, told: list[str]
) -> None:
    facts = [span.children for span in patient_line(RecordRow(pacemaker=stated)).children]
    assert [fact for fact in facts if "pacemaker" in fact] == told


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("no ECG 3: choose another", "No ECG 3: choose another."),
        ("eva@example.org has an account", "eva@example.org has an account."),
        ("The disk is full.", "The disk is full."),
    ],
)
def test_messages_become_sentences(message: str, said: str) -> None:
    assert sentence(message) == said
