"""Who may ask for an explanation, and what they find."""

from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import func, select, update

from core.ecg import Superclass
from core.explain.explanation import Method
from feedback import catalogue, explanation_queue, explanations
from feedback.db import Sessions, now
from feedback.errors import NothingToExplain, NotRevealed
from feedback.explanations import Explained
from feedback.tables import ExplanationRow, JobState, User
from tests.factories import predict, serve_model
from tests.factories_explanations import explanation
from tests.factories_readings import blind

METHOD, CLASS = Method.SHAP, Superclass.MI


def ask(sessions: Sessions, reader: User, method: Method = METHOD, ecg_id: int = 1) -> None:
    with sessions.begin() as session:
        explanations.request(session, reader.id, ecg_id, method, CLASS)


def look(sessions: Sessions, reader: User, method: Method = METHOD) -> Explained | None:
    with sessions.read() as session:
        return explanations.find(session, reader.id, 1, method, CLASS)


def rows(sessions: Sessions) -> int:
    with sessions.read() as session:
        return session.scalar(select(func.count()).select_from(ExplanationRow)) or 0


def compute(sessions: Sessions) -> None:
    """What a process does with the next row, twice."""
    found = explanation(METHOD, CLASS)
    claimed = explanation_queue.claim(sessions, "a")
    assert claimed is not None and claimed.explanation is None
    assert explanation_queue.store(sessions, claimed.id, "a", found, "V2 carries 100 %.")
    again = explanation_queue.claim(sessions, "a", reports=True)
    assert again is not None and again.explanation is not None
    assert explanation_queue.finish(sessions, claimed.id, "a", {"stability": 0.9})


def test_nothing_is_there_until_somebody_asks(answered: Sessions, reader: User) -> None:
    assert look(answered, reader) is None
    ask(answered, reader)
    found = look(answered, reader)
    assert found is not None and found.pending and found.explanation is None


def test_the_same_question_has_one_row(answered: Sessions, reader: User, colleague: User) -> None:
    blind(answered, colleague.id, 1)
    for person in (reader, reader, colleague):
        ask(answered, person)
    assert rows(answered) == 1
    ask(answered, reader, Method.GRAD_CAM)
    assert rows(answered) == 2


def test_what_was_computed_is_found_as_it_was(answered: Sessions, reader: User) -> None:
    ask(answered, reader)
    compute(answered)
    found = look(answered, reader)
    assert found is not None and not found.pending
    assert found.explanation is not None
    expected = explanation(METHOD, CLASS)
    assert found.explanation.attribution == pytest.approx(expected.attribution, abs=1e-4)
    for name in ("unit", "baseline", "samples", "seed", "residual", "logit", "seconds"):
        assert getattr(found.explanation, name) == getattr(expected, name)
    assert (found.sentence, found.report) == ("V2 carries 100 %.", {"stability": 0.9})


def test_what_was_computed_is_not_computed_again(answered: Sessions, reader: User) -> None:
    ask(answered, reader)
    compute(answered)
    ask(answered, reader)
    assert explanation_queue.claim(answered, "b") is None
    assert explanation_queue.claim(answered, "b", reports=True) is None


@pytest.mark.parametrize("act", [ask, look])
def test_nobody_gets_one_before_their_own_blind_answer(
    answered: Sessions, reader: User, colleague: User, act: object
) -> None:
    ask(answered, reader)
    compute(answered)
    with pytest.raises(NotRevealed) as refused:
        act(answered, colleague)  # type: ignore[operator]
    assert str(refused.value) == (
        "ECG 1 has no blind answer of yours: answer it first, then the opinion is shown"
    )


def test_a_refused_record_has_none_and_says_why(library: Sessions, reader: User) -> None:
    with library.begin() as session:
        predict(session, 2, None, reasons=("Lead V1 is flat.",))
    blind(library, reader.id, 2)
    with pytest.raises(NothingToExplain) as refused:
        ask(library, reader, ecg_id=2)
    assert str(refused.value) == (
        "there is nothing to explain: The model refused this record: Lead V1 is flat."
    )
    assert rows(library) == 0


def test_the_model_of_the_blind_answer_is_explained(answered: Sessions, reader: User) -> None:
    with answered.read() as session:
        pinned = catalogue.active_model(session).id
    with answered.begin() as session:
        serve_model(session, "2026.12-89abcdef")
    ask(answered, reader)
    claimed = explanation_queue.claim(answered, "a")
    assert claimed is not None and claimed.model_id == pinned


def test_other_settings_are_another_question(
    answered: Sessions, reader: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(answered, reader)
    compute(answered)
    monkeypatch.setattr(explanations, "REVISION", explanations.REVISION + 1)
    assert look(answered, reader) is None


def test_a_failure_is_tried_again_a_minute_later_when_asked_for(
    answered: Sessions, reader: User
) -> None:
    ask(answered, reader)
    claimed = explanation_queue.claim(answered, "a")
    assert claimed is not None
    explanation_queue.fail(answered, claimed.id, "a", "no memory")
    ask(answered, reader)
    failed = look(answered, reader)
    assert failed is not None and (failed.state, failed.error) == (JobState.FAILED, "no memory")
    with answered.begin() as session:
        past = now() - explanations.RETRY - timedelta(seconds=1)
        session.execute(update(ExplanationRow).values(finished_at=past))
    ask(answered, reader)
    again = look(answered, reader)
    assert again is not None and again.pending and again.error is None


def test_a_failed_report_leaves_the_attribution(answered: Sessions, reader: User) -> None:
    ask(answered, reader)
    for end in ("store", "fail"):
        claimed = explanation_queue.claim(answered, "a", reports=end == "fail")
        assert claimed is not None
        if end == "store":
            explanation_queue.store(answered, claimed.id, "a", explanation(METHOD, CLASS), "")
    explanation_queue.fail(answered, claimed.id, "a", "no report")
    found = look(answered, reader)
    assert found is not None and found.explanation is not None
    assert np.any(found.explanation.attribution)
