"""What readers dispute, who may settle it, and what then stands."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from core.ecg import SUPERCLASSES, Superclass
from feedback import adjudication, audit, users
from feedback.adjudications import Settled, adjudicated_verdicts
from feedback.answers import Answer
from feedback.consensus import (
    LabelSource,
    Outcome,
    RecordConsensus,
    consensus,
    standing_consensus,
    training_labels,
)
from feedback.db import Sessions, now
from feedback.errors import (
    AnswerChanged,
    AuditBroken,
    IncompleteAnswer,
    KeyReused,
    NothingToRead,
    NotIndependent,
    NotInDispute,
    UnknownRecord,
)
from feedback.panel import panel
from feedback.pool import PoolFilter
from feedback.tables import (
    Adjudication,
    AuditEntry,
    ReadingMode,
    RecordRow,
    Role,
    User,
    Verdict,
)
from tests.factories import add_person
from tests.factories_adjudication import dispute, settled
from tests.factories_gold import golden
from tests.factories_gold import known as gold_of
from tests.factories_readings import answer, blind
from tests.factories_worklists import claimed, expire, worklist

MI, CD = Superclass.MI, Superclass.CD
UNREADABLE = Answer(unreadable=True)
PRESENT, ABSENT, UNSURE = Verdict.PRESENT, Verdict.ABSENT, Verdict.UNSURE


@pytest.fixture
def umpire(library: Sessions) -> User:
    return add_person(library, "umpire@example.org", Role.ADJUDICATOR)


@pytest.fixture
def disputed(library: Sessions, reader: User, colleague: User) -> Sessions:
    """ECG 1: the reader says MI, the colleague says none."""
    dispute(library, (reader.id, colleague.id), 1)
    return library


def waiting(sessions: Sessions, umpire: User) -> adjudication.Waiting:
    with sessions.read() as session:
        return adjudication.waiting(session, umpire.id)


def case(sessions: Sessions, umpire: User, ecg_id: int = 1) -> adjudication.Case:
    with sessions.read() as session:
        return adjudication.open_case(session, umpire.id, ecg_id)


class TestWaiting:
    def test_a_conflict_waits_until_it_is_settled(self, disputed: Sessions, umpire: User) -> None:
        (one,) = waiting(disputed, umpire).conflicts
        assert (one.ecg_id, one.classes, one.answers) == (1, (MI,), 2)
        settled(disputed, umpire.id, 1, {MI: PRESENT})
        assert waiting(disputed, umpire).conflicts == []

    def test_what_readers_agree_on_does_not_wait(
        self, library: Sessions, reader: User, colleague: User, umpire: User
    ) -> None:
        for person in (reader, colleague):
            blind(library, person.id, 2, answer(CD))
        assert waiting(library, umpire).conflicts == []
        with pytest.raises(NotInDispute) as refused:
            case(library, umpire, 2)
        assert str(refused.value) == (
            "ECG 2 has nothing that waits for an adjudicator: choose one of the list"
        )

    def test_what_is_known_of_a_gold_record_needs_no_adjudicator(
        self, disputed: Sessions, umpire: User, reader: User, colleague: User
    ) -> None:
        dispute(disputed, (reader.id, colleague.id), 2)
        dispute(disputed, (reader.id, umpire.id), 3)
        golden(disputed, {1: gold_of(MI), 3: gold_of(MI)})
        found = waiting(disputed, umpire)
        assert [one.ecg_id for one in found.conflicts] == [2]
        assert found.seen_by_them == 0

    def test_a_gold_record_is_refused_by_its_address_as_one_that_is_agreed_on(
        self, disputed: Sessions, umpire: User
    ) -> None:
        golden(disputed, {1: gold_of(MI)})
        why = "^ECG 1 has nothing that waits for an adjudicator: choose one of the list$"
        with pytest.raises(NotInDispute, match=why):
            case(disputed, umpire)
        with pytest.raises(NotInDispute, match=why):
            settled(disputed, umpire.id, 1, {MI: PRESENT})

    def test_a_class_disputed_later_waits_too(
        self, disputed: Sessions, umpire: User, reader: User, colleague: User
    ) -> None:
        first = settled(disputed, umpire.id, 1, {MI: PRESENT})
        for n, given in enumerate((answer(MI, CD), answer(CD))):
            other = add_person(disputed, f"late{n}@example.org", Role.CLINICIAN)
            blind(disputed, other.id, 1, given)
        (one,) = waiting(disputed, umpire).conflicts
        assert one.classes == (CD,)
        settled(disputed, umpire.id, 1, {MI: PRESENT, CD: ABSENT}, stands=first.id)
        assert waiting(disputed, umpire).conflicts == []


class TestSettledLast:
    def test_the_latest_first_and_ones_own_alone(
        self, library: Sessions, reader: User, colleague: User, umpire: User
    ) -> None:
        other = add_person(library, "other@example.org", Role.ADJUDICATOR)
        for ecg_id, adjudicator in ((1, umpire), (2, other), (3, umpire)):
            dispute(library, (reader.id, colleague.id), ecg_id)
            settled(library, adjudicator.id, ecg_id, {MI: PRESENT})
        assert waiting(library, umpire).settled == [3, 1]
        assert waiting(library, other).settled == [2]

    def test_not_what_another_has_settled_anew(self, disputed: Sessions, umpire: User) -> None:
        first = settled(disputed, umpire.id, 1, {MI: PRESENT})
        other = add_person(disputed, "other@example.org", Role.ADJUDICATOR)
        settled(disputed, other.id, 1, {MI: ABSENT}, stands=first.id)
        assert waiting(disputed, umpire).settled == []

    def test_not_what_judges_readers_since(self, disputed: Sessions, umpire: User) -> None:
        settled(disputed, umpire.id, 1, {MI: PRESENT})
        golden(disputed, {1: gold_of(MI)})
        assert waiting(disputed, umpire).settled == []


class TestReadability:
    """One reader could not read what another has read."""

    @pytest.fixture
    def doubted(self, library: Sessions, reader: User, colleague: User) -> Sessions:
        blind(library, reader.id, 1, answer(MI))
        blind(library, colleague.id, 1, UNREADABLE)
        return library

    def test_every_class_waits(self, doubted: Sessions, umpire: User) -> None:
        (one,) = waiting(doubted, umpire).conflicts
        assert one.classes == SUPERCLASSES
        assert (one.could_not_read, one.answers) == (1, 2)
        with doubted.read() as session:
            assert training_labels(session) == []
            (record,) = standing_consensus(session, panel(session))
        assert not record.unreadable

    def test_a_verdict_on_all_settles_it(self, doubted: Sessions, umpire: User) -> None:
        given = dict.fromkeys(SUPERCLASSES, ABSENT) | {MI: PRESENT}
        settled(doubted, umpire.id, 1, given)
        assert waiting(doubted, umpire).conflicts == []
        with doubted.read() as session:
            (label,) = training_labels(session)
        assert label.labels == dict.fromkeys(SUPERCLASSES, 0.0) | {MI: 1.0}

    def test_or_that_it_cannot_be_read(self, doubted: Sessions, umpire: User) -> None:
        settled(doubted, umpire.id, 1, unreadable=True)
        assert waiting(doubted, umpire).conflicts == []
        with doubted.read() as session:
            (record,) = standing_consensus(session, panel(session))
        assert record.unreadable

    def test_most_have_read_it(self, doubted: Sessions, umpire: User) -> None:
        third = add_person(doubted, "third@example.org", Role.CLINICIAN)
        blind(doubted, third.id, 1, answer(MI))
        assert waiting(doubted, umpire).conflicts == []

    def test_a_class_in_dispute_beside_it(self, doubted: Sessions, umpire: User) -> None:
        third = add_person(doubted, "third@example.org", Role.CLINICIAN)
        blind(doubted, third.id, 1, answer())
        (one,) = waiting(doubted, umpire).conflicts
        assert (one.classes, one.could_not_read) == ((MI,), 0)

    def test_nobody_could_read_it(self, doubted: Sessions, umpire: User, reader: User) -> None:
        for other in ("third@example.org", "fourth@example.org"):
            blind(doubted, add_person(doubted, other, Role.CLINICIAN).id, 2, UNREADABLE)
        assert [one.ecg_id for one in waiting(doubted, umpire).conflicts] == [1]

    def test_a_gold_one_waits_for_nobody(self, doubted: Sessions, umpire: User) -> None:
        golden(doubted, {1: gold_of(MI)})
        assert waiting(doubted, umpire).conflicts == []


class TestBlindness:
    def test_answers_come_without_names(self, disputed: Sessions, umpire: User) -> None:
        shown = case(disputed, umpire)
        assert [name for name, _ in shown.answers] == ["Reader A", "Reader B"]
        assert {given.verdicts[MI] for _, given in shown.answers if given.verdicts} == {
            PRESENT,
            ABSENT,
        }
        assert "example.org" not in repr(shown.answers)

    def test_no_reader_is_always_the_first(
        self, library: Sessions, reader: User, colleague: User, umpire: User
    ) -> None:
        firsts = set()
        for ecg_id in range(1, 11):
            dispute(library, (reader.id, colleague.id), ecg_id)
            _, given = case(library, umpire, ecg_id).answers[0]
            firsts.add((given.verdicts or {})[MI])
        assert firsts == {PRESENT, ABSENT}  # by chance 1 in 512 would have only one

    def test_the_order_of_a_record_stays(self, disputed: Sessions, umpire: User) -> None:
        assert case(disputed, umpire).answers == case(disputed, umpire).answers


class TestWhoMaySettle:
    def test_a_reader_of_the_record_may_not(
        self, library: Sessions, reader: User, umpire: User
    ) -> None:
        dispute(library, (reader.id, umpire.id), 1)
        found = waiting(library, umpire)
        assert (found.conflicts, found.seen_by_them) == ([], 1)
        for attempt in (case, lambda *who: settled(who[0], umpire.id, 1, {MI: PRESENT})):
            with pytest.raises(NotIndependent, match="for an adjudicator who has not read it"):
                attempt(library, umpire)

    @pytest.mark.parametrize("role", [Role.CLINICIAN, Role.ADMIN])
    def test_nor_may_another_role(self, disputed: Sessions, role: Role) -> None:
        other = add_person(disputed, "other@example.org", role)
        with pytest.raises(NotIndependent):
            settled(disputed, other.id, 1, {MI: PRESENT})

    def test_nor_may_who_was_shown_the_opinion(
        self, library: Sessions, reader: User, colleague: User, umpire: User
    ) -> None:
        shown = worklist(library, mode=ReadingMode.ASSISTED)
        ecg_id = claimed(library, umpire.id, shown.id).ecg_id
        expire(library)
        dispute(library, (reader.id, colleague.id), ecg_id)
        found = waiting(library, umpire)
        assert (found.conflicts, found.seen_by_them) == ([], 1)

    def test_no_worklist_hands_it_to_who_has_settled_it(
        self, disputed: Sessions, umpire: User
    ) -> None:
        settled(disputed, umpire.id, 1, {MI: PRESENT})
        mine = PoolFilter(folds=tuple(range(1, 11)), labelled=MI)
        given = worklist(disputed, pool=mine, readers_each=3)
        assert claimed(disputed, umpire.id, given.id).ecg_id == 6  # the other one of two
        blind(disputed, umpire.id, 6)
        with pytest.raises(NothingToRead):
            claimed(disputed, umpire.id, given.id)

    def test_who_has_settled_it_does_not_read_it(self, disputed: Sessions, umpire: User) -> None:
        settled(disputed, umpire.id, 1, {MI: PRESENT})
        with pytest.raises(NotIndependent) as refused:
            blind(disputed, umpire.id, 1)
        assert str(refused.value) == (
            "you have settled ECG 1 between its readers and saw their answers: read another one"
        )
        blind(disputed, umpire.id, 2)


class TestSettling:
    @pytest.mark.parametrize(
        ("verdicts", "unreadable", "message"),
        [
            (
                {},
                False,
                "no verdict on Myocardial infarction: say present, absent or unsure, or unreadable",
            ),
            (
                {MI: PRESENT, CD: ABSENT},
                False,
                "a verdict on Conduction disturbance, which is not asked: take it back",
            ),
            (
                {MI: PRESENT},
                True,
                "a verdict on Myocardial infarction, which is not asked: take it back",
            ),
        ],
    )
    def test_just_what_is_disputed(
        self, disputed: Sessions, umpire: User, verdicts, unreadable, message
    ) -> None:
        with pytest.raises(IncompleteAnswer) as refused:
            settled(disputed, umpire.id, 1, verdicts, unreadable=unreadable)
        assert str(refused.value) == message

    def test_it_says_which_answers_it_settled(self, disputed: Sessions, umpire: User) -> None:
        made = settled(disputed, umpire.id, 1, {MI: ABSENT}, comment=" Old\x00 Q waves. ")
        with disputed.read() as session:
            (one,) = consensus(panel(session))
        assert made.reading_ids == list(one.reading_ids)
        assert (made.sequence, made.comment) == (0, "Old Q waves.")
        assert made.started_at <= made.submitted_at

    def test_the_same_key_is_the_same_adjudication(self, disputed: Sessions, umpire: User) -> None:
        first = settled(disputed, umpire.id, 1, {MI: PRESENT}, key="k")
        assert settled(disputed, umpire.id, 1, {MI: PRESENT}, key="k").id == first.id
        with pytest.raises(KeyReused, match="and they were others: reload to see them"):
            settled(disputed, umpire.id, 1, {MI: ABSENT}, key="k")

    def test_a_later_one_supersedes_the_one_on_screen(
        self, disputed: Sessions, umpire: User
    ) -> None:
        first = settled(disputed, umpire.id, 1, {MI: PRESENT})
        assert case(disputed, umpire).stands.id == first.id
        second = settled(disputed, umpire.id, 1, {MI: ABSENT}, stands=first.id)
        assert second.sequence == 1
        with pytest.raises(AnswerChanged) as refused:
            settled(disputed, umpire.id, 1, {MI: PRESENT}, stands=first.id)
        assert str(refused.value) == (
            "ECG 1 was settled in another window, and that stands: reload to see it"
        )
        with disputed.read() as session:
            assert adjudicated_verdicts(session)[second.record_id] == Settled({MI: ABSENT})

    def test_another_adjudicator_who_was_late_is_told(
        self, disputed: Sessions, umpire: User
    ) -> None:
        late = add_person(disputed, "late@example.org", Role.ADJUDICATOR)
        settled(disputed, umpire.id, 1, {MI: PRESENT})
        with pytest.raises(AnswerChanged):
            settled(disputed, late.id, 1, {MI: ABSENT})

    def test_a_record_of_another_data_set_is_refused(
        self, disputed: Sessions, umpire: User
    ) -> None:
        with pytest.raises(UnknownRecord):
            adjudication.settle(
                disputed,
                umpire.id,
                1,
                adjudication.Settlement(verdicts={MI: PRESENT}),
                key="k",
                started_at=now() - timedelta(minutes=1),
                shown="",
                record_id=10**6,
            )


class TestMeanwhile:
    """What is disputed is found before the transaction that stores."""

    @pytest.fixture
    def between(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> Callable[[Callable[[], object]], list[int]]:
        """Have something happen once that is found; a list of the records it is found of."""
        find, found_of = adjudication._consensus_on, list[int]()

        def arrange(happens: Callable[[], object]) -> list[int]:
            def found(
                session: Session, record: RecordRow, stands: Adjudication | None
            ) -> RecordConsensus | None:
                one = find(session, record, stands)
                found_of.append(record.ecg_id)
                if len(found_of) == 1:
                    happens()
                return one

            monkeypatch.setattr(adjudication, "_consensus_on", found)
            return found_of

        return arrange

    def test_no_answer_waits_for_it(self, disputed: Sessions, umpire: User, between) -> None:
        third = add_person(disputed, "third@example.org", Role.CLINICIAN)
        shown = case(disputed, umpire).shown
        found_of = between(lambda: blind(disputed, third.id, 2))
        settled(disputed, umpire.id, 1, {MI: PRESENT}, shown=shown)
        assert found_of == [1]

    def test_a_verdict_holds_for_the_answers_that_were_on_screen(
        self, disputed: Sessions, umpire: User
    ) -> None:
        shown = case(disputed, umpire).shown
        third = add_person(disputed, "third@example.org", Role.CLINICIAN)
        blind(disputed, third.id, 1, UNREADABLE)
        with pytest.raises(AnswerChanged) as refused:
            settled(disputed, umpire.id, 1, {MI: PRESENT}, shown=shown)
        assert str(refused.value) == (
            "ECG 1 has another answer, or is in dispute otherwise, since you opened it: "
            "reload to see it"
        )
        now_shown = case(disputed, umpire).shown
        assert len(settled(disputed, umpire.id, 1, {MI: PRESENT}, shown=now_shown).reading_ids) == 3

    def test_a_verdict_holds_for_the_questions_that_were_on_screen(
        self, disputed: Sessions, umpire: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What is asked of a record hangs on the answers to all others, through Dawid-Skene."""
        shown = case(disputed, umpire).shown
        monkeypatch.setattr(adjudication, "_asked", lambda *_: (MI, CD))
        with pytest.raises(AnswerChanged):
            settled(disputed, umpire.id, 1, {MI: PRESENT}, shown=shown)

    def test_an_answer_that_comes_while_it_is_stored_was_not_on_screen_either(
        self, disputed: Sessions, umpire: User, between
    ) -> None:
        third = add_person(disputed, "third@example.org", Role.CLINICIAN)
        shown = case(disputed, umpire).shown
        between(lambda: blind(disputed, third.id, 1, UNREADABLE))
        with pytest.raises(AnswerChanged):
            settled(disputed, umpire.id, 1, {MI: PRESENT}, shown=shown)
        assert waiting(disputed, umpire).conflicts[0].ecg_id == 1

    def test_what_became_gold_in_between_is_refused(
        self, disputed: Sessions, umpire: User, between
    ) -> None:
        shown = case(disputed, umpire).shown
        between(lambda: golden(disputed, {1: gold_of(MI)}))
        with pytest.raises(NotInDispute):
            settled(disputed, umpire.id, 1, {MI: PRESENT}, shown=shown)


class TestSeenAtTheNextRequest:
    """The consensus is kept: nothing that it hangs on may be missed."""

    @pytest.fixture
    def known(self, disputed: Sessions, umpire: User) -> Sessions:
        assert [one.ecg_id for one in waiting(disputed, umpire).conflicts] == [1]
        assert case(disputed, umpire).classes == (MI,)
        return disputed

    def test_an_answer(self, known: Sessions, umpire: User, reader: User, colleague: User) -> None:
        dispute(known, (reader.id, colleague.id), 2)
        assert [one.ecg_id for one in waiting(known, umpire).conflicts] == [1, 2]
        blind(known, add_person(known, "third@example.org", Role.CLINICIAN).id, 1, answer(CD))
        assert waiting(known, umpire).conflicts == [
            adjudication.Conflict(ecg_id=2, classes=(MI,), answers=2, could_not_read=0)
        ]

    def test_a_verdict_and_the_one_after_it(self, known: Sessions, umpire: User) -> None:
        first = settled(known, umpire.id, 1, {MI: PRESENT})
        assert self.on_mi(known) == (Outcome.AGREED, 1.0)
        second = settled(known, umpire.id, 1, {MI: ABSENT}, stands=first.id)
        assert self.on_mi(known) == (Outcome.AGREED, 0.0)
        settled(known, umpire.id, 1, {MI: UNSURE}, stands=second.id)
        assert self.on_mi(known) == (Outcome.OPEN, None)

    def test_gold(self, known: Sessions, umpire: User) -> None:
        golden(known, {1: gold_of(MI)})
        assert waiting(known, umpire).conflicts == []
        assert self.on_mi(known) == (Outcome.GOLD, None)
        with pytest.raises(NotInDispute):
            case(known, umpire)

    def test_another_role(self, known: Sessions, umpire: User) -> None:
        with known.begin() as session:
            users.set_role(session, umpire.id, Role.CLINICIAN, actor="eve")
        with pytest.raises(NotIndependent):
            case(known, umpire)

    def test_an_adjudicator_who_has_read_it_meanwhile(self, known: Sessions, umpire: User) -> None:
        blind(known, umpire.id, 1, answer(MI, CD))
        with pytest.raises(NotIndependent):
            case(known, umpire)

    def on_mi(self, sessions: Sessions) -> tuple[Outcome, float | None]:
        with sessions.read() as session:
            (record,) = standing_consensus(session, panel(session))
        return record.classes[MI].outcome, record.classes[MI].label


class TestConsensus:
    def test_what_was_settled_is_taught(self, disputed: Sessions, umpire: User) -> None:
        with disputed.read() as session:
            (before,) = training_labels(session)
        assert before.labels[MI] is None
        settled(disputed, umpire.id, 1, {MI: PRESENT})
        with disputed.read() as session:
            (after,) = training_labels(session)
            (record,) = consensus(panel(session), adjudicated_verdicts(session))
        assert after.labels[MI] == 1.0
        assert record.classes[MI].source is LabelSource.ADJUDICATED

    def test_of_an_unreadable_ecg_nothing_is_taught(self, disputed: Sessions, umpire: User) -> None:
        settled(disputed, umpire.id, 1, unreadable=True)
        with disputed.read() as session:
            assert training_labels(session) == []
            (record,) = standing_consensus(session, panel(session))
        assert record.unreadable
        assert {record.classes[name].outcome for name in SUPERCLASSES} == {Outcome.UNREADABLE}
        assert waiting(disputed, umpire).conflicts == []

    def test_what_can_be_read_after_all_is_unreadable_no_more(
        self, disputed: Sessions, umpire: User
    ) -> None:
        first = settled(disputed, umpire.id, 1, unreadable=True)
        settled(disputed, umpire.id, 1, {MI: ABSENT}, stands=first.id)
        with disputed.read() as session:
            (record,) = standing_consensus(session, panel(session))
        assert record.classes[MI].outcome is Outcome.AGREED
        assert not record.unreadable


class TestBeside:
    """What stays present whatever is settled now."""

    def test_what_the_readers_agree_on(
        self, library: Sessions, reader: User, colleague: User, umpire: User
    ) -> None:
        blind(library, reader.id, 1, answer(MI, CD))
        blind(library, colleague.id, 1, answer(CD))
        assert case(library, umpire).beside == (CD,)

    def test_nothing_where_they_call_nothing_present(
        self, disputed: Sessions, umpire: User
    ) -> None:
        assert case(disputed, umpire).beside == ()

    def test_an_earlier_verdict_comes_before_what_readers_say_now(
        self, disputed: Sessions, umpire: User
    ) -> None:
        settled(disputed, umpire.id, 1, {MI: ABSENT})
        for name in ("third", "fourth"):
            more = add_person(disputed, f"{name}@example.org", Role.CLINICIAN)
            blind(disputed, more.id, 1, answer(MI, CD))
        now_asked = case(disputed, umpire)
        assert (now_asked.classes, now_asked.beside) == ((MI, CD), ())


class TestSlips:
    """A verdict goes before every answer, so whoever gave it can change it, whatever comes in."""

    def outvoted(self, sessions: Sessions, *present: Superclass) -> None:
        for name in ("third", "fourth"):
            more = add_person(sessions, f"{name}@example.org", Role.CLINICIAN)
            blind(sessions, more.id, 1, answer(*present))

    def test_a_verdict_on_what_is_disputed_no_more(self, disputed: Sessions, umpire: User) -> None:
        slip = settled(disputed, umpire.id, 1, {MI: PRESENT})
        self.outvoted(disputed)
        assert case(disputed, umpire).classes == (MI,)
        settled(disputed, umpire.id, 1, {MI: ABSENT}, stands=slip.id)
        with disputed.read() as session:
            (one,) = standing_consensus(session, panel(session))
        assert one.classes[MI].label == 0

    def test_an_ecg_called_unreadable_that_is_disputed_no_more(
        self, disputed: Sessions, umpire: User
    ) -> None:
        slip = settled(disputed, umpire.id, 1, unreadable=True)
        self.outvoted(disputed)
        assert case(disputed, umpire).classes == tuple(SUPERCLASSES)
        verdicts = dict.fromkeys(SUPERCLASSES, ABSENT)
        settled(disputed, umpire.id, 1, verdicts, stands=slip.id)
        with disputed.read() as session:
            (one,) = standing_consensus(session, panel(session))
        assert not one.unreadable

    def test_what_was_never_settled_is_closed_once_it_is_agreed_on(
        self, disputed: Sessions, umpire: User
    ) -> None:
        self.outvoted(disputed)
        with pytest.raises(NotInDispute):
            case(disputed, umpire)


class TestKept:
    @pytest.mark.parametrize(
        "change", ["UPDATE adjudications SET comment = 'x'", "DELETE FROM adjudications"]
    )
    def test_it_is_never_changed(self, disputed: Sessions, umpire: User, change: str) -> None:
        settled(disputed, umpire.id, 1, {MI: PRESENT})
        refused = pytest.raises(DBAPIError, match="adjudications is append only")
        with refused, disputed.begin() as session:
            session.execute(text(change))

    def test_it_is_in_the_audit_chain(self, disputed: Sessions, umpire: User) -> None:
        made = settled(disputed, umpire.id, 1, {MI: PRESENT})
        settled(disputed, umpire.id, 1, {MI: UNSURE}, stands=made.id)
        with disputed.read() as session:
            audit.verify(session)
            entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).all()
        assert [(e.actor, e.action, e.subject) for e in entries[:2]] == [
            ("umpire@example.org", "adjudication.amend", "ECG 1"),
            ("umpire@example.org", "adjudication.settle", "ECG 1"),
        ]

    def test_one_that_was_slipped_in_is_found(self, disputed: Sessions, umpire: User) -> None:
        made = settled(disputed, umpire.id, 1, {MI: PRESENT})
        with disputed.begin() as session:
            columns = {c.name: getattr(made, c.name) for c in Adjudication.__table__.columns}
            session.add(Adjudication(**columns | {"id": 99, "sequence": 1, "key": "forged"}))
        with disputed.read() as session, pytest.raises(AuditBroken, match="adjudication 99 is not"):
            audit.verify(session)
