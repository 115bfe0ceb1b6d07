"""Gold records judge readers: they are mixed in, teach nothing, and are on record."""

import pytest
from sqlalchemy import select

from core.ecg import Superclass
from feedback import audit, gold, worklists
from feedback.consensus import training_labels
from feedback.db import Sessions
from feedback.errors import InvalidGold, InvalidWorklist
from feedback.gold_mix import WHY
from feedback.pool import PoolFilter
from feedback.tables import AuditEntry, Role, User, Verdict
from tests.factories import add_person
from tests.factories_adjudication import dispute, settled
from tests.factories_gold import golden, known
from tests.factories_readings import blind
from tests.factories_worklists import ADMIN, worklist

MI, CD = Superclass.MI, Superclass.CD
HEAD = "ecg_id,NORM,MI,STTC,CD,HYP"


def test_a_csv_says_what_is_known_and_what_is_not() -> None:
    assert gold.parse(f"{HEAD}\n7,0,1,,,0\n9,1,,,,\n") == {
        7: {Superclass.NORM: Verdict.ABSENT, MI: Verdict.PRESENT, Superclass.HYP: Verdict.ABSENT},
        9: {Superclass.NORM: Verdict.PRESENT},
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", f"the first line has no column {HEAD.replace(',', ', ')}: it must be {HEAD}"),
        (HEAD.removesuffix(",HYP"), f"the first line has no column HYP: it must be {HEAD}"),
        (HEAD, "there is no line below the first: give a line for each ECG"),
        (f"{HEAD}\nx,1,0,0,0,0", "line 2: ecg_id is 'x': give the number of an ECG"),
        (f"{HEAD}\n1,1,maybe,0,0,0", "line 2: MI is 'maybe': give 1, 0 or nothing"),
        (f"{HEAD}\n1,,,,,", "line 2: no class has an answer: leave the line out"),
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
    umpire = add_person(library, "umpire@example.org", Role.ADJUDICATOR)
    dispute(library, (reader.id, colleague.id), 1)
    settled(library, umpire.id, 1, {MI: Verdict.ABSENT})
    golden(library, dict.fromkeys((1, 2), known(MI)))
    with pytest.raises(InvalidWorklist, match="2 gold records are asked for, and 1 fit these"):
        mixed(library)
