"""An accepted answer is neither lost nor doubled, and the opinion waits for it."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from core.ecg import SUPERCLASSES, Superclass
from feedback import audit, catalogue, importing, readings
from feedback.db import Sessions, make_engine, make_sessions, now
from feedback.errors import (
    AlreadyAnswered,
    AnswerChanged,
    ContradictoryAnswer,
    FeedbackError,
    IncompleteAnswer,
    KeyReused,
    NothingToAmend,
    NotRevealed,
    OpinionChanged,
    UnknownRecord,
)
from feedback.readings import Answer, OpinionShown, ReadingState
from feedback.tables import Confidence, Draft, LoginAttempt, Reading, Role, Stage, User, Verdict
from tests.factories import THRESHOLD, VERSION, above, add_person, predict, serve_model
from tests.factories_dataset import dataset
from tests.factories_readings import amended, answer, blind, final


def state(sessions: Sessions, reader: User, ecg_id: int = 1) -> ReadingState:
    with sessions.read() as session:
        return readings.state_of(session, reader.id, ecg_id)


def opinion(sessions: Sessions, reader: User, ecg_id: int = 1) -> OpinionShown:
    with sessions.read() as session:
        return readings.opinion_for(session, reader.id, ecg_id)


def draft(sessions: Sessions, reader: User, stage: Stage, payload: dict[str, Any]) -> Draft | None:
    with sessions.begin() as session:
        return readings.save_draft(session, reader.id, 1, stage, payload)


def scored(sessions: Sessions, ecg_id: int = 1, *called: Superclass) -> None:
    with sessions.begin() as session:
        predict(session, ecg_id, above(*called), uncertainty=0.5, warnings=("Muscle noise.",))


def stored(sessions: Sessions) -> list[Reading]:
    with sessions.read() as session:
        return list(session.scalars(select(Reading).order_by(Reading.id)))


class TestAnswer:
    def test_every_class_needs_a_verdict(self) -> None:
        with pytest.raises(IncompleteAnswer) as refused:
            Answer(verdicts={Superclass.MI: Verdict.PRESENT, Superclass.CD: Verdict.UNSURE})
        assert str(refused.value) == (
            "no verdict on Normal ECG, ST/T change, Hypertrophy: "
            "say present, absent or unsure, or unreadable"
        )

    def test_unreadable_stands_alone(self) -> None:
        with pytest.raises(IncompleteAnswer) as refused:
            Answer(verdicts=answer().verdicts, unreadable=True)
        assert str(refused.value) == (
            "the ECG is called unreadable and has verdicts too: take back one of the two"
        )

    def test_a_comment_has_an_end(self) -> None:
        with pytest.raises(IncompleteAnswer) as refused:
            answer(comment="x" * 10_001)
        assert str(refused.value) == "the comment has 10001 characters: shorten it to 10000"


def test_an_answer_comes_back_as_it_was_given(library: Sessions, reader: User) -> None:
    given = answer(Superclass.MI, comment="Q in III\nnot aVF", confidence=Confidence.HIGH)
    blind(library, reader.id, 1, given)
    kept = state(library, reader).blind
    assert kept is not None
    assert Answer.of(kept) == given
    assert kept.submitted_at - kept.started_at >= timedelta(seconds=30)


def test_an_unreadable_answer_has_no_verdicts(library: Sessions, reader: User) -> None:
    blind(library, reader.id, 1, Answer(unreadable=True, comment="V2 is flat"))
    kept = state(library, reader).blind
    assert kept is not None
    assert (kept.unreadable, kept.verdict_mi) == (True, None)


def test_a_comment_of_any_characters_is_stored(library: Sessions, reader: User) -> None:
    blind(library, reader.id, 1, answer(comment="a\x00b \ud800 ÄÖ 心"))
    kept = state(library, reader).blind
    assert kept is not None
    assert kept.comment == "ab ? ÄÖ 心"


def test_a_browser_clock_that_is_ahead_does_not_start_after_the_end(
    library: Sessions, reader: User
) -> None:
    with library.begin() as session:
        reading = readings.submit_blind(
            session, reader.id, 1, answer(), key="k", started_at=now() + timedelta(days=1)
        )
    assert reading.started_at == reading.submitted_at


class TestBlindFirst:
    def test_nothing_is_revealed_before_the_blind_answer(
        self, library: Sessions, reader: User
    ) -> None:
        scored(library)
        with pytest.raises(NotRevealed) as refused:
            opinion(library, reader)
        assert str(refused.value) == (
            "ECG 1 has no blind answer of yours: answer it first, then the opinion is shown"
        )

    def test_an_admin_is_no_exception(self, library: Sessions) -> None:
        scored(library)
        admin = add_person(library, "admin@example.org", Role.ADMIN)
        with pytest.raises(NotRevealed):
            opinion(library, admin)

    def test_a_colleagues_answer_reveals_nothing(
        self, library: Sessions, reader: User, colleague: User
    ) -> None:
        scored(library)
        final_after_blind(library, colleague)
        with pytest.raises(NotRevealed):
            opinion(library, reader)
        assert state(library, reader) == ReadingState(blind=None, final=None, draft=None)

    def test_a_draft_reveals_nothing(self, library: Sessions, reader: User) -> None:
        scored(library)
        draft(library, reader, Stage.BLIND, {"norm": "present"})
        with pytest.raises(NotRevealed):
            opinion(library, reader)

    def test_an_answer_to_another_record_reveals_nothing(
        self, library: Sessions, reader: User
    ) -> None:
        scored(library)
        blind(library, reader.id, 2)
        with pytest.raises(NotRevealed):
            opinion(library, reader)

    def test_the_final_answer_cannot_come_first(self, library: Sessions, reader: User) -> None:
        scored(library)
        with pytest.raises(NotRevealed):
            final(library, reader.id, 1)
        with pytest.raises(NotRevealed):
            draft(library, reader, Stage.FINAL, {})
        assert stored(library) == []

    def test_the_blind_answer_reveals_opinion_labels_and_report(
        self, library: Sessions, reader: User
    ) -> None:
        scored(library, 1, Superclass.MI, Superclass.CD)
        blind(library, reader.id, 1)
        shown = opinion(library, reader)
        assert shown.unavailable is None
        assert shown.model_version == VERSION
        assert shown.probabilities == dict(
            zip(SUPERCLASSES, above(Superclass.MI, Superclass.CD), strict=True)
        )
        assert shown.thresholds == dict.fromkeys(SUPERCLASSES, THRESHOLD)
        assert shown.predicted == (Superclass.MI, Superclass.CD)
        assert shown.warnings == ("Muscle noise.",)
        assert (shown.published, shown.report) == ((Superclass.MI,), "sinusrhythmus")
        assert shown.scp_codes == {"IMI": 100.0}


def final_after_blind(sessions: Sessions, reader: User) -> Reading:
    blind(sessions, reader.id, 1)
    return final(sessions, reader.id, 1)


class TestUnavailable:
    def test_a_record_that_was_not_scored(self, library: Sessions, reader: User) -> None:
        blind(library, reader.id, 1)
        shown = opinion(library, reader)
        assert shown.unavailable == "The model has not seen this record yet."
        assert shown.published == (Superclass.MI,)

    def test_a_record_that_was_refused(self, library: Sessions, reader: User) -> None:
        with library.begin() as session:
            predict(session, 1, None, reasons=("V2 is flat.", "Attach it."))
        blind(library, reader.id, 1)
        shown = opinion(library, reader)
        assert shown.unavailable == "The model refused this record: V2 is flat. Attach it."
        assert shown.probabilities is None

    def test_a_record_that_could_not_be_read(self, library: Sessions, reader: User) -> None:
        with library.begin() as session:
            predict(session, 1, None, error="00001.dat is not there")
        blind(library, reader.id, 1)
        assert opinion(library, reader).unavailable == (
            "The record could not be read: 00001.dat is not there"
        )


class TestFinal:
    def test_it_keeps_what_was_on_screen(self, library: Sessions, reader: User) -> None:
        scored(library, 1, Superclass.MI)
        first = blind(library, reader.id, 1)
        agreement = dict.fromkeys(SUPERCLASSES, True) | {Superclass.HYP: False}
        given = answer(Superclass.MI, Superclass.HYP)
        reading = final(library, reader.id, 1, given, agreement)
        assert reading.blind_id == first.id
        assert reading.model_id is not None
        assert reading.agreement == dict.fromkeys(SUPERCLASSES, "agree") | {"HYP": "disagree"}
        assert reading.shown == {
            "model": VERSION,
            "probabilities": dict(zip(SUPERCLASSES, above(Superclass.MI), strict=True)),
            "thresholds": dict.fromkeys(SUPERCLASSES, THRESHOLD),
            "predicted": ["MI"],
            "abstained": [],
            "uncertainty": 0.5,
        }

    @pytest.mark.parametrize(
        ("present", "agreement", "said"),
        [
            ("NORM", {"NORM": True}, "on NORM you agree with the model and answer the opposite"),
            ("HYP", {"MI": True}, "on MI you agree with the model and answer the opposite"),
            ("MI", {"MI": False}, "on MI you disagree with the model and answer the same"),
            ("MI", {"CD": False}, "on CD you disagree with the model and answer the same"),
            ("MI", {"STTC": True}, "on STTC you agree with the model and answer neither way"),
        ],
    )
    def test_a_word_on_the_model_that_the_verdict_contradicts_is_refused(
        self,
        library: Sessions,
        reader: User,
        present: str,
        agreement: dict[str, bool],
        said: str,
    ) -> None:
        scored(library, 1, Superclass.MI)
        blind(library, reader.id, 1)
        verdicts = dict.fromkeys(SUPERCLASSES, Verdict.ABSENT) | {
            Superclass.STTC: Verdict.UNSURE,
            Superclass(present): Verdict.PRESENT,
        }
        words = {Superclass(name): agrees for name, agrees in agreement.items()}
        with pytest.raises(ContradictoryAnswer) as refused:
            final(library, reader.id, 1, Answer(verdicts=verdicts), words)
        assert str(refused.value) == said
        assert len(stored(library)) == 1

    def test_there_is_no_word_on_a_class_without_a_call(
        self, library: Sessions, reader: User
    ) -> None:
        with library.begin() as session:
            predict(session, 1, (0.03, 0.8, 0.3, 0.03, 0.03))
        blind(library, reader.id, 1)
        with pytest.raises(ContradictoryAnswer) as refused:
            final(library, reader.id, 1, answer(Superclass.MI), {Superclass.STTC: True})
        assert str(refused.value) == (
            "on STTC the model makes no call: leave out whether you agree"
        )

    def test_it_says_that_nothing_was_on_screen(self, library: Sessions, reader: User) -> None:
        blind(library, reader.id, 1)
        reading = final(library, reader.id, 1, None, dict.fromkeys(SUPERCLASSES, True))
        assert reading.shown == {
            "model": None,
            "unavailable": "The model has not seen this record yet.",
        }
        assert reading.agreement is None

    def test_a_model_promoted_in_between_does_not_change_what_was_revealed(
        self, library: Sessions, reader: User
    ) -> None:
        scored(library, 1, Superclass.MI)
        blind(library, reader.id, 1)
        with library.begin() as session:
            serve_model(session, "2026.12-ffffffff")
            predict(session, 1, above(Superclass.HYP))
        assert opinion(library, reader).model_version == VERSION
        assert final(library, reader.id, 1).shown["predicted"] == ["MI"]

    def test_an_opinion_that_came_in_while_reading_is_shown_first(
        self, library: Sessions, reader: User
    ) -> None:
        blind(library, reader.id, 1)
        on_screen = opinion(library, reader).digest
        scored(library, 1, Superclass.MI)
        with pytest.raises(OpinionChanged) as refused:
            final(library, reader.id, 1, opinion_digest=on_screen)
        assert str(refused.value) == (
            "the model's opinion came in or changed while you were reading: "
            "look at it again, then save"
        )
        final(library, reader.id, 1, opinion_digest=opinion(library, reader).digest)

    def test_an_amendment_supersedes_and_both_stay(self, library: Sessions, reader: User) -> None:
        first = final_after_blind(library, reader)
        second = amended(library, reader.id, 1, answer(Superclass.HYP))
        third = amended(library, reader.id, 1, answer(Superclass.CD))
        assert (second.supersedes_id, third.supersedes_id) == (first.id, second.id)
        standing = state(library, reader).final
        assert standing is not None
        assert standing.id == third.id
        assert len(stored(library)) == 4

    def test_a_window_that_shows_an_older_answer_overwrites_nothing(
        self, library: Sessions, reader: User
    ) -> None:
        first = final_after_blind(library, reader)
        second = amended(library, reader.id, 1, answer(Superclass.HYP), stands=first.id)
        with pytest.raises(AnswerChanged) as refused:
            amended(library, reader.id, 1, answer(Superclass.CD), stands=first.id)
        assert str(refused.value) == (
            "your answer to ECG 1 was changed in another window at "
            f"{second.submitted_at:%Y-%m-%d %H:%M:%S} UTC, and that change stands: reload to see it"
        )
        standing = state(library, reader).final
        assert standing is not None
        assert standing.id == second.id

    def test_an_amendment_sent_twice_is_no_change_of_another_window(
        self, library: Sessions, reader: User
    ) -> None:
        first = final_after_blind(library, reader)
        one = amended(library, reader.id, 1, answer(), key="one", stands=first.id)
        assert amended(library, reader.id, 1, answer(), key="one", stands=first.id).id == one.id

    def test_nothing_to_amend(self, library: Sessions, reader: User) -> None:
        blind(library, reader.id, 1)
        with pytest.raises(NothingToAmend) as refused:
            amended(library, reader.id, 1, answer())
        assert str(refused.value) == "ECG 1 has no final answer of yours: submit one first"


class TestOnce:
    def test_the_same_key_again_returns_the_first(self, library: Sessions, reader: User) -> None:
        first = blind(library, reader.id, 1, key="one")
        assert blind(library, reader.id, 1, key="one").id == first.id
        done = final(library, reader.id, 1, key="two")
        assert final(library, reader.id, 1, key="two").id == done.id
        changed = amended(library, reader.id, 1, answer(Superclass.MI), key="three")
        assert amended(library, reader.id, 1, answer(Superclass.MI), key="three").id == changed.id
        assert len(stored(library)) == 3

    def test_the_same_key_with_another_answer_is_not_swallowed(
        self, library: Sessions, reader: User
    ) -> None:
        first = blind(library, reader.id, 1, key="one")
        with pytest.raises(KeyReused) as refused:
            blind(library, reader.id, 1, answer(Superclass.MI), key="one")
        assert str(refused.value) == (
            "an answer was already saved under this key at "
            f"{first.submitted_at:%H:%M:%S} UTC, and it was another one: "
            "reload to see it, then amend it"
        )

    def test_the_same_key_for_another_record_is_not_swallowed(
        self, library: Sessions, reader: User
    ) -> None:
        blind(library, reader.id, 1, key="one")
        with pytest.raises(KeyReused):
            blind(library, reader.id, 2, key="one")

    def test_two_readers_may_use_the_same_key(
        self, library: Sessions, reader: User, colleague: User
    ) -> None:
        assert blind(library, reader.id, 1, key="one").id != (
            blind(library, colleague.id, 1, key="one").id
        )

    def test_a_second_answer_of_the_same_stage_is_refused(
        self, library: Sessions, reader: User
    ) -> None:
        first = blind(library, reader.id, 1)
        with pytest.raises(AlreadyAnswered) as refused:
            blind(library, reader.id, 1, answer(Superclass.MI))
        assert str(refused.value) == (
            f"your blind answer to ECG 1 was saved at {first.submitted_at:%Y-%m-%d %H:%M:%S} UTC: "
            "reload to see it"
        )
        final(library, reader.id, 1)
        with pytest.raises(AlreadyAnswered):
            final(library, reader.id, 1, answer(Superclass.MI))

    @pytest.mark.parametrize("key", ["", "k" * 65])
    def test_a_key_has_a_length(self, library: Sessions, reader: User, key: str) -> None:
        with library.begin() as session, pytest.raises(KeyReused, match="send 1 to 64"):
            readings.submit_blind(session, reader.id, 1, answer(), key=key, started_at=now())

    def test_an_unknown_record(self, library: Sessions, reader: User) -> None:
        with pytest.raises(UnknownRecord) as refused:
            blind(library, reader.id, 137)
        assert str(refused.value) == "there is no ECG 137: choose one of the worklist"


def test_an_answer_never_lands_on_a_record_that_was_not_on_screen(
    library: Sessions, reader: User, tmp_path: Path
) -> None:
    """A page left open on simulated ECG 1 while real records are imported."""
    with library.read() as session:
        on_screen = catalogue.find_record(session, 1).id
    importing.import_dataset(library, dataset(tmp_path / "other", 3))
    for write in (readings.submit_blind, readings.submit_final, readings.amend):
        more: dict[str, Any] = {} if write is readings.submit_blind else {"agreement": None}
        with pytest.raises(UnknownRecord) as refused, library.begin() as session:
            write(
                session,
                reader.id,
                1,
                answer(),
                key="k",
                started_at=now(),
                record_id=on_screen,
                **more,
            )
        assert str(refused.value) == (
            "the data set was changed, ECG 1 is another record now: open it again from the worklist"
        )
    with pytest.raises(UnknownRecord), library.begin() as session:
        readings.save_draft(session, reader.id, 1, Stage.BLIND, {}, record_id=on_screen)
    assert stored(library) == []


class TestDraft:
    def test_the_last_one_counts(self, library: Sessions, reader: User) -> None:
        draft(library, reader, Stage.BLIND, {"norm": "present"})
        draft(library, reader, Stage.BLIND, {"norm": "absent", "comment": "Ä"})
        kept = state(library, reader).draft
        assert kept is not None
        assert (kept.stage, kept.payload) == (Stage.BLIND, {"norm": "absent", "comment": "Ä"})

    def test_submitting_takes_it_away_and_a_late_autosave_does_not_bring_it_back(
        self, library: Sessions, reader: User
    ) -> None:
        draft(library, reader, Stage.BLIND, {"norm": "present"})
        blind(library, reader.id, 1)
        assert state(library, reader).draft is None
        assert draft(library, reader, Stage.BLIND, {"norm": "present"}) is None
        assert state(library, reader).draft is None

    def test_it_has_an_end(self, library: Sessions, reader: User) -> None:
        with pytest.raises(IncompleteAnswer, match="shorten it to 40000"):
            draft(library, reader, Stage.BLIND, {"comment": "x" * 50_000})


def at_once(threads: int, work: Callable[[int], object]) -> list[object]:
    """Results, or the errors raised, of as many calls that start together."""
    results: list[object] = [None] * threads
    gate = threading.Barrier(threads)

    def run(number: int) -> None:
        gate.wait()
        try:
            results[number] = work(number)
        except FeedbackError as error:
            results[number] = error

    started = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    return results


@contextmanager
def trainer_beside(database: str) -> Iterator[list[int]]:
    """Another process, as far as the database can tell, that writes batches all the time."""
    engine, stop, batches = make_engine(database), threading.Event(), list[int]()
    sessions = make_sessions(engine)

    def write() -> None:
        while not stop.wait(0.02):
            with sessions.begin() as session:
                session.add_all(
                    LoginAttempt(email="trainer", address="", at=now(), succeeded=True)
                    for _ in range(64)
                )
            batches.append(64)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield batches
    finally:
        stop.set()
        thread.join()
        engine.dispose()


def test_fifty_readers_submit_at_once_and_nothing_is_lost_or_double(
    library: Sessions, database: str
) -> None:
    """Each reads four records and sends every submission twice, as a browser that retries.

    A trainer writes to the same database in the meantime.
    """
    people = [add_person(library, f"reader{n}@example.org", Role.CLINICIAN) for n in range(50)]
    records = (1, 2, 3, 4)

    def read(number: int) -> int:
        for ecg_id in records:
            for submit in (blind, final):
                key = uuid4().hex
                first = submit(library, people[number].id, ecg_id, answer(Superclass.MI), key=key)
                again = submit(library, people[number].id, ecg_id, answer(Superclass.MI), key=key)
                assert first.id == again.id
        return number

    with trainer_beside(database) as batches:
        assert at_once(50, read) == list(range(50))
    assert batches
    rows = Counter((r.reader_id, r.record_id, r.stage) for r in stored(library))
    assert len(rows) == 50 * len(records) * 2
    assert set(rows.values()) == {1}
    with library.read() as session:
        assert audit.verify(session).readings == len(rows)
        written = session.scalar(select(func.count()).select_from(LoginAttempt))
    assert written == sum(batches)


def test_the_same_submission_twenty_times_at_once_is_stored_once(
    library: Sessions, reader: User
) -> None:
    results = at_once(20, lambda _: blind(library, reader.id, 1, key="one").id)
    assert len(stored(library)) == 1
    assert set(results) == {stored(library)[0].id}


def test_of_twenty_different_answers_at_once_one_is_taken(library: Sessions, reader: User) -> None:
    results = at_once(20, lambda _: blind(library, reader.id, 1).id)
    assert sum(isinstance(result, AlreadyAnswered) for result in results) == 19
    assert len(stored(library)) == 1


def test_twenty_amendments_at_once_leave_one_chain(library: Sessions, reader: User) -> None:
    final_after_blind(library, reader)
    results = at_once(20, lambda _: amended(library, reader.id, 1, answer(Superclass.CD)).id)
    taken = [result for result in results if isinstance(result, int)]
    assert all(isinstance(r, (int, AlreadyAnswered)) for r in results)
    with library.read() as session:
        standing = session.scalar(
            select(func.count())
            .select_from(Reading)
            .where(
                Reading.stage == Stage.FINAL,
                Reading.id.not_in(
                    select(Reading.supersedes_id).where(Reading.supersedes_id.is_not(None))
                ),
            )
        )
    assert standing == 1
    assert len(stored(library)) == 2 + len(taken)


def test_drafts_saved_at_once_do_not_collide(library: Sessions, reader: User) -> None:
    results = at_once(20, lambda n: draft(library, reader, Stage.BLIND, {"n": n}))
    assert all(isinstance(result, Draft) for result in results)
