"""ECGs like the one on screen: the reader's own, nearest first, and nobody else's."""

import numpy as np
import pytest

from core.ecg import Superclass
from feedback import catalogue, readings
from feedback.db import Sessions
from feedback.readings import OpinionShown
from feedback.similar import SimilarEcg, pack, similar
from feedback.tables import Role, User, Verdict
from tests.factories import above, add_person, predict
from tests.factories_adjudication import dispute, settled
from tests.factories_readings import amended, answer, answered, blind, final


@pytest.fixture
def scored(library: Sessions) -> Sessions:
    """Ten opinions whose features turn by 9 degrees from one ECG to the next."""
    with library.begin() as session:
        for ecg_id in range(1, 11):
            angle = np.deg2rad(9 * (ecg_id - 1))
            features = np.array([[np.cos(angle), np.sin(angle)]])
            predict(session, ecg_id, above(Superclass.MI)).features = pack(features)
    return library


def alike(sessions: Sessions, reader: User, ecg_id: int = 1) -> list[SimilarEcg]:
    with sessions.read() as session:
        shown = readings.opinion_for(session, reader.id, ecg_id)
        return similar(session, reader.id, catalogue.find_record(session, ecg_id), shown)


def test_the_nearest_three_come_first(scored: Sessions, reader: User) -> None:
    for ecg_id in (9, 3, 5, 2):
        answered(scored, reader.id, ecg_id)
    blind(scored, reader.id, 1)
    found = alike(scored, reader)
    assert [one.ecg_id for one in found] == [2, 3, 5]
    assert [one.similarity for one in found] == pytest.approx(
        np.cos(np.deg2rad([9, 18, 36])), abs=1e-3
    )


def test_the_answer_that_stands_is_told(scored: Sessions, reader: User) -> None:
    blind(scored, reader.id, 2)
    final(scored, reader.id, 2, answer(Superclass.CD))
    amended(scored, reader.id, 2, answer(Superclass.MI, Superclass.HYP))
    blind(scored, reader.id, 1)
    assert [one.found for one in alike(scored, reader)] == [(Superclass.MI, Superclass.HYP)]


def test_adjudicated_ones_come_first_with_the_verdict_on_what_was_disputed(
    scored: Sessions, reader: User, colleague: User
) -> None:
    adjudicator = add_person(scored, "adjudicator@example.org", Role.ADJUDICATOR)
    for ecg_id in (2, 3, 4, 5, 9):
        answered(scored, reader.id, ecg_id)
    blind(scored, colleague.id, 9, answer(Superclass.HYP))
    settled(scored, adjudicator.id, 9, {Superclass.HYP: Verdict.PRESENT})
    blind(scored, reader.id, 1)
    found = alike(scored, reader)
    assert [one.ecg_id for one in found] == [9, 2, 3, 4]
    assert [one.settled for one in found] == [{Superclass.HYP: Verdict.PRESENT}, None, None, None]


def test_an_adjudicated_record_that_could_still_be_read_blind_is_not_told(
    scored: Sessions, reader: User, colleague: User
) -> None:
    adjudicator = add_person(scored, "adjudicator@example.org", Role.ADJUDICATOR)
    third = add_person(scored, "third@example.org", Role.CLINICIAN)
    for ecg_id in (2, 3):
        dispute(scored, (colleague.id, third.id), ecg_id)
        settled(scored, adjudicator.id, ecg_id, {Superclass.MI: Verdict.PRESENT})
    blind(scored, reader.id, 3)  # the final answer is still theirs to give
    blind(scored, reader.id, 1)
    assert alike(scored, reader) == []


def test_what_was_not_read_or_read_by_others_is_not_told(
    scored: Sessions, reader: User, colleague: User
) -> None:
    answered(scored, colleague.id, 2)
    blind(scored, reader.id, 3)  # its final answer is still to come
    blind(scored, reader.id, 1)
    assert alike(scored, reader) == []


def test_without_features_there_is_nothing_alike(library: Sessions, reader: User) -> None:
    with library.begin() as session:
        predict(session, 1, above(Superclass.MI))
    answered(library, reader.id, 2)
    blind(library, reader.id, 1)
    assert alike(library, reader) == []


def test_without_an_opinion_there_is_nothing_alike(scored: Sessions, reader: User) -> None:
    nothing = OpinionShown(published=(), scp_codes={}, report="", unavailable="refused")
    with scored.read() as session:
        record = catalogue.find_record(session, 1)
        assert similar(session, reader.id, record, nothing) == []
