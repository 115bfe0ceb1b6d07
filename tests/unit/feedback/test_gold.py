"""Gold records judge readers: they are mixed in, teach nothing, and are on record."""

import threading

import pytest
from sqlalchemy import func, select

from core.ecg import Superclass
from feedback import audit, claims, db, givers, gold, worklists
from feedback.consensus import training_labels
from feedback.db import Sessions
from feedback.errors import InvalidGold, InvalidWorklist, NothingToRead, NotIndependent
from feedback.gold_mix import WHY
from feedback.pool import PoolFilter
from feedback.tables import AuditEntry, Role, User, Verdict, Worklist
from feedback.worklist import WorklistQuery, next_unread
from tests.factories import add_person
from tests.factories_adjudication import dispute, settled
from tests.factories_gold import golden, known
from tests.factories_readings import blind
from tests.factories_worklists import ADMIN, claimed, close_all, worklist

MI, CD = Superclass.MI, Superclass.CD
MANY = "9" * 19
HEAD = "ecg_id,NORM,MI,STTC,CD,HYP"


def test_a_csv_says_what_is_known_and_what_is_not() -> None:
    assert gold.parse(f"{HEAD}\n7,0,1,,,0\n9,1,,,,\n") == {
        7: {Superclass.NORM: Verdict.ABSENT, MI: Verdict.PRESENT, Superclass.HYP: Verdict.ABSENT},
        9: {Superclass.NORM: Verdict.PRESENT},
    }
    assert gold.parse(f"{HEAD}\r9,1,,,,\r") == {9: {Superclass.NORM: Verdict.PRESENT}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", f"the first line has no column {HEAD.replace(',', ', ')}: it must be {HEAD}"),
        (HEAD.removesuffix(",HYP"), f"the first line has no column HYP: it must be {HEAD}"),
        (HEAD, "there is no line below the first: give a line for each ECG"),
        (f"{HEAD}\nx,1,0,0,0,0", "line 2: ecg_id is 'x': give the number of an ECG"),
        (f"{HEAD}\n1,1,maybe,0,0,0", "line 2: MI is 'maybe': give 1, 0 or nothing"),
        (f"{HEAD}\n1,,,,,", "line 2: no class has an answer: leave the line out"),
        (f"{HEAD}\n{MANY},1,0,0,0,0", f"line 2: ecg_id is '{MANY}': give the number of an ECG"),
        (f"{HEAD}\n1,1,0,0,0,0,1", "line 2: it has more cells than the first line"),
        (f"{HEAD},MI\n1,1,0,0,0,0,1", "the first line has the column MI twice: keep one"),
        (
            f"{HEAD}\n1,{'1' * 200_000},,,,",
            "line 2: this is no CSV (field larger than field limit (131072))",
        ),
        (f"{HEAD}\n1,1,0,0,0,0\n1,0,1,0,0,0", "line 3: ECG 1 was there before: keep one"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_csv_is_named(text: str, said: str) -> None:
    with pytest.raises(InvalidGold) as refused:
        gold.parse(text)
    assert str(refused.value) == said


def test_an_ecg_that_is_not_there_keeps_all_of_them_out(library: Sessions) -> None:
    with pytest.raises(InvalidGold, match="ECG 99 is not in the data set"):
        golden(library, {1: known(MI), 99: known()})
    with library.read() as session:
        assert gold.gold_rows(session) == []


def test_what_was_given_is_on_record_and_can_be_corrected(library: Sessions) -> None:
    golden(library, {1: known(MI)})
    golden(library, {1: {CD: Verdict.PRESENT}})
    with library.read() as session:
        (answers,) = gold.gold_verdicts(session).values()
        kept = session.scalars(select(AuditEntry).where(AuditEntry.action == "gold.keep")).all()
        audit.verify(session)
    assert answers == {CD: Verdict.PRESENT}
    assert [entry.detail["answers"]["1"].get("MI") for entry in kept] == ["present", None]
    assert {entry.actor for entry in kept} == {ADMIN}


def test_two_administrators_may_give_answers_to_one_record_at_once(library: Sessions) -> None:
    # SQLite has one writer anyway: only PostgreSQL fails here without ``gold._one_at_a_time``
    second = threading.Thread(
        target=lambda: golden(library, {1: {CD: Verdict.PRESENT}, 2: known(CD)}), daemon=True
    )
    with library.begin() as session:
        gold.keep(session, {2: known(MI), 1: known(MI)}, actor=ADMIN)
        second.start()
        second.join(timeout=0.3)  # it has come to what the first one holds
        assert second.is_alive()
    second.join(timeout=30)
    with library.read() as session:
        by_ecg = {one.ecg_id: one.classes for one in gold.gold_rows(session)}
        kept = select(func.count()).select_from(AuditEntry).where(AuditEntry.action == "gold.keep")
        assert session.scalar(kept) == 2
    assert by_ecg == {1: 1, 2: 5}


def test_adjudicated_records_become_gold_on_what_was_settled(
    library: Sessions, reader: User, colleague: User
) -> None:
    umpire = add_person(library, "umpire@example.org", Role.ADJUDICATOR)
    for ecg_id, verdict in ((1, Verdict.ABSENT), (2, Verdict.UNSURE)):
        dispute(library, (reader.id, colleague.id), ecg_id)
        settled(library, umpire.id, ecg_id, {MI: verdict})
    with library.begin() as session:
        assert gold.keep_adjudicated(session, actor=ADMIN) == 1  # unsure is no answer
        assert list(gold.gold_verdicts(session).values()) == [{MI: Verdict.ABSENT}]
        with pytest.raises(InvalidGold, match="settle some first"):
            gold.keep_adjudicated(session, actor=ADMIN)


def test_a_gold_record_teaches_nothing(library: Sessions, reader: User) -> None:
    for ecg_id in (1, 2):
        blind(library, reader.id, ecg_id)

    def taught() -> list[int]:
        with library.read() as session:
            return [label.ecg_id for label in training_labels(session)]

    assert taught() == [1, 2]
    golden(library, {1: known(MI)})
    assert taught() == [2]


def mixed(sessions: Sessions, **settings: object) -> list[worklists.Reason]:
    made = worklist(sessions, records=6, gold_share=1 / 3, **settings)
    with sessions.read() as session:
        return worklists.reasons(session, made.id)


def test_the_share_of_a_worklist_that_is_gold_stands_anywhere_in_it(
    library: Sessions, reader: User
) -> None:
    golden(library, dict.fromkeys((1, 2, 3), known(MI)))
    places = set()
    for seed in range(6):
        found = mixed(library, name=f"list {seed}", seed=seed)
        close_all(library)
        ours = [one for one in found if one.why == WHY]
        assert len(found) == 6 and len(ours) == 2
        assert {one.ecg_id for one in ours} <= {1, 2, 3}
        assert not {one.ecg_id for one in found if one.why != WHY} & {1, 2, 3}
        places |= {one.position for one in ours}
    assert len(places) > 2


def test_gold_records_look_like_the_others(library: Sessions, reader: User) -> None:
    golden(library, dict.fromkeys((1, 2, 3), known(MI)))
    with pytest.raises(InvalidWorklist, match="2 gold records are asked for, and 1 fit these"):
        mixed(library, pool=PoolFilter(folds=(2, 5, 6, 7, 8)))  # ECG 1 is in fold 2


def test_a_gold_record_that_everybody_has_read_is_not_handed_out(
    library: Sessions, reader: User, colleague: User
) -> None:
    golden(library, dict.fromkeys((1, 2), known(MI)))
    blind(library, reader.id, 1)
    with pytest.raises(InvalidWorklist, match="2 gold records are asked for, and 1 fit these"):
        mixed(library, readers_each=2)
    assert {one.ecg_id for one in mixed(library) if one.why == WHY} == {1, 2}


def test_whoever_has_settled_a_gold_record_is_no_reader_left_for_it(
    library: Sessions, reader: User, colleague: User
) -> None:
    umpire_between(library, reader, colleague, ecg_id=1)
    golden(library, dict.fromkeys((1, 2), known(MI)))
    with pytest.raises(InvalidWorklist, match="2 gold records are asked for, and 1 fit these"):
        mixed(library)


@pytest.fixture
def admin(library: Sessions) -> User:
    """Whoever gives the gold answers of these tests."""
    return add_person(library, ADMIN, Role.ADMIN)


@pytest.fixture
def gold_and_plain(library: Sessions, admin: User, reader: User) -> Worklist:
    """A worklist of the gold ECG 1 and one other record."""
    golden(library, {1: known(MI)})
    return worklist(library, records=2, gold_share=0.5)


def test_whoever_gave_the_answers_is_not_handed_the_record(
    library: Sessions, admin: User, reader: User, gold_and_plain: Worklist
) -> None:
    plain = claimed(library, admin.id, gold_and_plain.id)
    assert plain.ecg_id != 1
    blind(library, admin.id, plain.ecg_id)
    with library.read() as session:
        (standing,) = worklists.standings(session, admin.id)
        assert claims.upcoming(session, admin.id, gold_and_plain.id, 9) == []
    assert standing.left_for_reader == 0
    with pytest.raises(NothingToRead) as refused:
        claimed(library, admin.id, gold_and_plain.id)
    assert str(refused.value) == (
        "you have given the gold answers to 1 of the 1 open readings of 'Morning', and none is "
        "left that you may read: they are for colleagues"
    )
    assert claimed(library, reader.id, gold_and_plain.id).ecg_id == 1


def test_whoever_gave_the_answers_cannot_store_a_reading_by_the_address(
    library: Sessions, admin: User, reader: User
) -> None:
    golden(library, {1: known(MI)})
    with pytest.raises(NotIndependent) as refused:
        blind(library, admin.id, 1)
    assert str(refused.value) == (
        "you have given the gold answers to ECG 1, and yours would be held against them: "
        "read another one"
    )
    blind(library, reader.id, 1)


@pytest.mark.parametrize("later", [known(MI), known(CD)], ids=["the same", "others"])
def test_whoever_has_ever_given_the_answers_is_not_their_reader(
    library: Sessions,
    admin: User,
    reader: User,
    colleague: User,
    later: dict[Superclass, Verdict],
) -> None:
    golden(library, {1: known(MI)})
    made = worklist(library, records=2, gold_share=0.5)
    with library.begin() as session:
        gold.keep(session, {1: later}, actor=reader.email)
    for giver in (admin, reader):
        with pytest.raises(NotIndependent):
            blind(library, giver.id, 1)
    with library.read() as session:
        assert list(givers.gold_givers(session).values()) == [{ADMIN, reader.email}]
        assert 1 in claims.upcoming(session, colleague.id, made.id, 9)
        assert 1 not in claims.upcoming(session, admin.id, made.id, 9)


def umpire_between(library: Sessions, first: User, second: User, *, ecg_id: int) -> User:
    """Somebody who has settled an ECG on which two readers disagreed about infarction."""
    umpire = add_person(library, "umpire@example.org", Role.ADJUDICATOR)
    dispute(library, (first.id, second.id), ecg_id)
    settled(library, umpire.id, ecg_id, {MI: Verdict.ABSENT})
    return umpire


def test_whoever_makes_adjudicated_records_gold_has_given_no_answer(
    library: Sessions, admin: User, reader: User, colleague: User
) -> None:
    umpire = umpire_between(library, reader, colleague, ecg_id=1)
    with library.begin() as session:
        gold.keep_adjudicated(session, actor=ADMIN)
        assert list(givers.gold_givers(session).values()) == [{umpire.email}]
    worklist(library, records=2, gold_share=0.5)  # the administrator is left for ECG 1
    blind(library, admin.id, 1)


def test_nobody_who_settled_a_record_is_told_that_it_was_made_gold(
    library: Sessions, admin: User, reader: User, colleague: User
) -> None:
    umpire = umpire_between(library, reader, colleague, ecg_id=1)
    with library.begin() as session:
        gold.keep_adjudicated(session, actor=ADMIN)
    made = worklist(library, records=2, gold_share=0.5)
    blind(library, umpire.id, claimed(library, umpire.id, made.id).ecg_id)
    with pytest.raises(NothingToRead, match="^you have read all that 'Morning' has for you"):
        claimed(library, umpire.id, made.id)
    with pytest.raises(NotIndependent, match="^you have settled ECG 1 between its readers"):
        blind(library, umpire.id, 1)


def test_the_grid_leads_nobody_to_what_they_gave_the_answers_to_or_settled(
    library: Sessions, admin: User, reader: User, colleague: User
) -> None:
    umpire = umpire_between(library, reader, colleague, ecg_id=2)
    golden(library, {1: known(MI)})
    with library.read() as session:
        following = [next_unread(session, who.id, WorklistQuery(), 10) for who in (admin, umpire)]
        behind = next_unread(session, umpire.id, WorklistQuery(), 1)
    assert (following, behind) == ([2, 1], 3)


def test_givers_of_before_are_taken_over_as_far_as_they_are_known(
    database: str, library: Sessions, admin: User, reader: User, colleague: User
) -> None:
    umpire = umpire_between(library, reader, colleague, ecg_id=1)
    with library.begin() as session:
        gold.keep_adjudicated(session, actor=ADMIN)
        gold.keep(session, {2: known(MI)}, actor=reader.email)
        gold.keep(session, {2: known(CD)}, actor=ADMIN)
    db.downgrade(database, "0010")
    db.upgrade(database)
    with library.read() as session:
        assert list(givers.gold_givers(session).values()) == [{umpire.email}, {ADMIN}]


def test_an_answer_that_was_stored_before_is_not_refused_when_it_is_sent_again(
    library: Sessions, admin: User
) -> None:
    stored = blind(library, admin.id, 1, key="lost reply")
    golden(library, {1: known(MI)})
    assert blind(library, admin.id, 1, key="lost reply").id == stored.id


def test_a_record_that_is_held_goes_to_colleagues_once_its_answers_are_given(
    library: Sessions, admin: User, reader: User
) -> None:
    made = worklist(library, records=2)
    held = claimed(library, admin.id, made.id)
    golden(library, {held.ecg_id: known(MI)})
    assert claimed(library, admin.id, made.id).ecg_id != held.ecg_id
    assert claimed(library, reader.id, made.id).ecg_id == held.ecg_id


def test_whoever_gave_the_answers_is_no_reader_left_for_a_worklist(
    library: Sessions, admin: User, reader: User
) -> None:
    golden(library, dict.fromkeys((1, 2), known(MI)))
    with pytest.raises(InvalidWorklist, match="2 gold records are asked for, and 0 fit these"):
        mixed(library, readers_each=2)
    assert {one.ecg_id for one in mixed(library) if one.why == WHY} == {1, 2}
