"""The reader report: pace, gold, and changes of mind towards a model that is right or wrong."""

from datetime import datetime, timedelta

import pytest

from core.ecg import Superclass
from feedback import gold, readings
from feedback.db import Sessions, now
from feedback.reader_report import (
    ChangesOfMind,
    ReaderReport,
    own_report,
    reader_reports,
)
from feedback.tables import ReadingMode, Role, User, Verdict
from feedback.truths import Basis
from tests.factories import above, add_person, predict
from tests.factories_adjudication import settled
from tests.factories_gold import golden, known
from tests.factories_readings import amended, answer, assisted, blind, final
from tests.factories_worklists import ADMIN

MI = Superclass.MI


@pytest.fixture
def called(library: Sessions) -> Sessions:
    """The model calls MI on ECGs 1 to 6 and nothing on the others."""
    with library.begin() as session:
        for ecg_id in range(1, 11):
            predict(session, ecg_id, above(MI) if ecg_id <= 6 else above())
    return library


def reads(
    sessions: Sessions, reader: User, ecg_id: int, *, first: bool, last: bool | None = None
) -> None:
    """MI present or absent, before the opinion and after it."""
    blind(sessions, reader.id, ecg_id, answer(MI) if first else answer())
    if last is not None:
        final(sessions, reader.id, ecg_id, answer(MI) if last else answer())


def report(sessions: Sessions, who: User) -> ReaderReport:
    with sessions.read() as session:
        (found,) = reader_reports(session, reader=who.email)
    return found


def own(sessions: Sessions, who: User, until: datetime) -> ReaderReport:
    with sessions.read() as session:
        found = own_report(session, who.email, until=until)
    assert found is not None
    return found


def mind(sessions: Sessions, who: User) -> ChangesOfMind:
    return report(sessions, who).mind


def counts(found: ChangesOfMind) -> list[tuple[int, int]]:
    rates = (found.followed_right, found.followed_wrong, found.left_right, found.left_wrong)
    return [(rate.count, rate.of) for rate in rates]


def test_coming_over_is_counted_apart_where_the_model_is_right_and_wrong(
    called: Sessions, reader: User
) -> None:
    golden(called, {1: {MI: Verdict.PRESENT}, 2: {MI: Verdict.ABSENT}, 3: {MI: Verdict.ABSENT}})
    reads(called, reader, 1, first=False, last=True)  # the model was right, and they followed
    reads(called, reader, 2, first=False, last=True)  # it was wrong, and they followed
    reads(called, reader, 3, first=False, last=False)  # it was wrong, and they did not
    found = mind(called, reader)
    assert counts(found) == [(1, 1), (1, 2), (0, 0), (0, 0)]
    assert found.judged_by == {Basis.GOLD: 3, Basis.ADJUDICATED: 0, Basis.OTHERS: 0}
    assert found.followed_wrong.low == pytest.approx(0.0126, abs=1e-4)  # exact, of 1 in 2


def test_going_away_from_the_model_is_counted_too(called: Sessions, reader: User) -> None:
    golden(called, {1: {MI: Verdict.PRESENT}, 2: {MI: Verdict.ABSENT}})
    reads(called, reader, 1, first=True, last=False)
    reads(called, reader, 2, first=True, last=False)
    assert counts(mind(called, reader)) == [(0, 0), (0, 0), (1, 1), (1, 1)]


def test_unsure_may_come_over_and_a_change_to_unsure_is_none(
    called: Sessions, reader: User
) -> None:
    golden(called, {1: {MI: Verdict.ABSENT}, 2: {MI: Verdict.ABSENT}})
    unsure = answer()
    unsure = type(unsure)(verdicts={**unsure.verdicts, MI: Verdict.UNSURE})
    blind(called, reader.id, 1, unsure)
    final(called, reader.id, 1, answer(MI))
    blind(called, reader.id, 2, answer())
    final(called, reader.id, 2, unsure)
    assert counts(mind(called, reader))[:2] == [(0, 0), (1, 2)]


def test_the_answer_that_stands_is_the_last_one(called: Sessions, reader: User) -> None:
    golden(called, {1: {MI: Verdict.ABSENT}})
    reads(called, reader, 1, first=False, last=False)
    amended(called, reader.id, 1, answer(MI))
    assert counts(mind(called, reader))[1] == (1, 1)


def test_a_change_after_the_verdict_of_an_adjudicator_is_none_of_mind(
    called: Sessions, reader: User, colleague: User
) -> None:
    umpire = add_person(called, "umpire@example.org", Role.ADJUDICATOR)
    reads(called, reader, 1, first=False, last=False)
    blind(called, colleague.id, 1, answer(MI))
    settled(called, umpire.id, 1, {MI: Verdict.PRESENT})
    before = counts(mind(called, reader))
    amended(called, reader.id, 1, answer(MI))
    assert counts(mind(called, reader)) == before
    assert before[0] == (0, 1)  # the model was right, and they did not follow


def test_others_judge_and_never_the_reader_themselves(
    called: Sessions, reader: User, colleague: User
) -> None:
    reads(called, reader, 1, first=False, last=True)
    alone = mind(called, reader)
    assert counts(alone) == [(0, 0)] * 4
    assert alone.unjudged == 1  # their own answer and the model's say nothing of it
    reads(called, colleague, 1, first=True)
    found = mind(called, reader)
    assert counts(found)[0] == (1, 1)
    assert found.judged_by[Basis.OTHERS] == 5  # the other classes too
    third = add_person(called, "third@example.org", Role.CLINICIAN)
    reads(called, third, 1, first=False)
    assert counts(mind(called, reader))[:2] == [(0, 0), (0, 0)]  # one against one: nobody knows


def test_what_others_said_after_the_opinion_judges_nobody(
    called: Sessions, reader: User, colleague: User
) -> None:
    reads(called, reader, 1, first=False, last=True)
    assisted(called, colleague.id, 1, answer(MI))
    reads(called, colleague, 2, first=False, last=True)
    reads(called, reader, 2, first=False, last=True)
    assert counts(mind(called, reader))[0] == (0, 0)  # ECG 1: assisted; ECG 2: blind said absent
    assert counts(mind(called, reader))[1] == (1, 1)


def test_an_adjudicator_comes_before_the_others_and_gold_before_both(
    called: Sessions, reader: User, colleague: User
) -> None:
    umpire = add_person(called, "umpire@example.org", Role.ADJUDICATOR)
    reads(called, reader, 1, first=False, last=True)
    reads(called, colleague, 1, first=True)
    settled(called, umpire.id, 1, {MI: Verdict.ABSENT})
    assert counts(mind(called, reader))[:2] == [(0, 0), (1, 1)]
    golden(called, {1: {MI: Verdict.PRESENT}})
    assert counts(mind(called, reader))[:2] == [(1, 1), (0, 0)]


def test_where_the_model_says_nothing_there_is_no_case(library: Sessions, reader: User) -> None:
    golden(library, {1: known(MI)})
    reads(library, reader, 1, first=False, last=True)  # it has not seen ECG 1
    assert counts(mind(library, reader)) == [(0, 0)] * 4


def test_agreement_with_gold_by_class(called: Sessions, reader: User) -> None:
    golden(called, {1: known(MI), 2: known(MI), 3: known(), 4: {Superclass.CD: Verdict.PRESENT}})
    reads(called, reader, 1, first=True)
    reads(called, reader, 2, first=False, last=True)  # the first answer counts
    reads(called, reader, 3, first=True)
    reads(called, reader, 4, first=True)  # nothing is known of MI
    found = report(called, reader)
    mine = found.gold[ReadingMode.BLIND_FIRST][MI]
    assert (mine.agrees.count, mine.agrees.of, mine.missed, mine.overcalled) == (1, 3, 1, 1)
    assert found.gold_records == 4
    assert found.as_json["gold"]["blind-first"]["MI"]["agrees"]["of"] == 3
    assert found.as_json["changes_of_mind"]["left_wrong"]["rate"] is None


def test_what_was_said_beside_the_opinion_is_held_against_gold_apart(
    called: Sessions, reader: User
) -> None:
    golden(called, {1: known(MI), 2: known(MI)})
    reads(called, reader, 1, first=False)
    assisted(called, reader.id, 2, answer(MI))
    found = report(called, reader).gold
    agreed = {mode: (own[MI].agrees.count, own[MI].agrees.of) for mode, own in found.items()}
    assert agreed == {ReadingMode.BLIND_FIRST: (0, 1), ReadingMode.ASSISTED: (1, 1)}


def test_pace_is_the_median_of_first_answers(called: Sessions, reader: User) -> None:
    for ecg_id, seconds in ((1, 10), (2, 20), (3, 90)):
        with called.begin() as session:
            started = now() - timedelta(seconds=seconds)
            readings.submit_blind(
                session, reader.id, ecg_id, answer(), key=str(ecg_id), started_at=started
            )
        final(called, reader.id, ecg_id)
    found = report(called, reader)
    assert found.seconds.median == pytest.approx(20, abs=2)
    assert (found.records, found.assisted) == (3, 0)


def test_a_reader_alone_sees_nothing_of_gold(called: Sessions, reader: User) -> None:
    golden(called, {1: known(MI)})
    reads(called, reader, 1, first=False, last=True)
    found = own(called, reader, until=now())
    assert (found.gold_records, found.mind.unjudged, counts(found.mind)) == (0, 1, [(0, 0)] * 4)


def test_no_figure_of_a_reader_alone_moves_with_what_they_answer_now(
    called: Sessions, reader: User, colleague: User
) -> None:
    for ecg_id in (1, 2):
        reads(called, colleague, ecg_id, first=True)
    reads(called, reader, 1, first=False, last=False)
    until = now()
    before = own(called, reader, until)
    assert counts(before.mind)[0] == (0, 1)
    amended(called, reader.id, 1, answer(MI))
    reads(called, reader, 2, first=False, last=True)
    after = own(called, reader, until)
    assert after.as_json["changes_of_mind"] == before.as_json["changes_of_mind"]
    assert (before.records, after.records) == (1, 2)
    assert counts(own(called, reader, until=now()).mind)[0] == (2, 2)


def test_an_address_is_found_however_it_was_typed(called: Sessions, reader: User) -> None:
    reads(called, reader, 1, first=True)
    with called.read() as session:
        (found,) = reader_reports(session, reader=f" {reader.email.upper()}")
    assert found.reader == reader.email


def test_whoever_has_answered_nothing_has_no_report(
    called: Sessions, reader: User, colleague: User
) -> None:
    reads(called, colleague, 1, first=True)
    with called.read() as session:
        assert own_report(session, reader.email, until=now()) is None
        assert [one.reader for one in reader_reports(session)] == [colleague.email]


def test_nobody_is_held_against_gold_answers_of_their_own(
    called: Sessions, reader: User, colleague: User
) -> None:
    admin = add_person(called, ADMIN, Role.ADMIN)
    for who in (admin, reader):  # both follow the model, before the answer is known
        reads(called, who, 1, first=False, last=True)
    blind(called, colleague.id, 1, answer())
    golden(called, {1: {MI: Verdict.PRESENT}})
    with called.begin() as session:
        gold.keep(session, {1: {MI: Verdict.ABSENT}}, actor="registrar@example.org")
    assert report(called, reader).gold_records == 1
    assert mind(called, reader).judged_by[Basis.GOLD] == 1
    assert (report(called, admin).gold_records, report(called, admin).gold) == (0, {})
    assert mind(called, admin).judged_by[Basis.GOLD] == 0
    assert mind(called, admin).judged_by[Basis.OTHERS] > 0
