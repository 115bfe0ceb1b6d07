"""An admin makes a worklist: which records are in it, why, and how far it has come."""

import pytest
from sqlalchemy import select, update

from core.ecg import Superclass
from core.ptbxl import AGE_OVER_89
from feedback import audit, worklists
from feedback.catalogue import find_record
from feedback.db import Sessions
from feedback.errors import InvalidWorklist
from feedback.pool import PoolFilter
from feedback.sampling import Strategy
from feedback.tables import AuditEntry, RecordRow, User
from tests.factories import above, predict
from tests.factories_readings import blind
from tests.factories_worklists import ADMIN, claimed, close_all, plan, worklist


def scored(sessions: Sessions, *called: Superclass) -> None:
    with sessions.begin() as session:
        for ecg_id in range(1, 11):
            predict(session, ecg_id, above(*called))


def ecgs(sessions: Sessions, worklist_id: int) -> set[int]:
    with sessions.read() as session:
        return {reason.ecg_id for reason in worklists.reasons(session, worklist_id)}


def test_a_random_worklist_needs_no_model(library: Sessions) -> None:
    assert ecgs(library, worklist(library, records=4).id) <= set(range(1, 11))


def test_the_same_seed_picks_the_same_records(library: Sessions) -> None:
    picked = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        picked.append(ecgs(library, worklist(library, name=name, records=4, seed=seed).id))
        close_all(library)
    first, second, other = picked
    assert first == second != other


def test_a_record_that_an_open_worklist_asks_for_is_not_picked_again(
    library: Sessions, reader: User
) -> None:
    first = worklist(library, name="a", records=4)
    second = worklist(library, name="b", records=100)
    assert ecgs(library, first.id) | ecgs(library, second.id) == set(range(1, 11))
    assert not ecgs(library, first.id) & ecgs(library, second.id)
    with pytest.raises(InvalidWorklist, match="or an open worklist asks for them"):
        worklist(library, name="c")
    assert len(ecgs(library, worklist(library, name="d", readers_each=2).id)) == 10


def test_the_admin_is_told_why_each_record_is_there(library: Sessions) -> None:
    scored(library, Superclass.MI)
    made = worklist(library, strategy=Strategy.ENTROPY, records=10, audit_share=0.2)
    with library.read() as session:
        found = worklists.reasons(session, made.id)
    assert [reason.position for reason in found] == list(range(10))
    assert sum(reason.audit for reason in found) == 2
    assert all(reason.why for reason in found)


def test_a_record_without_a_published_label_contradicts_nothing(library: Sessions) -> None:
    scored(library, Superclass.MI)
    none = {"labelled": False} | {f"label_{name.lower()}": False for name in Superclass}
    with library.begin() as session:
        session.execute(update(RecordRow).where(RecordRow.ecg_id > 2).values(**none))
    made = worklist(library, strategy=Strategy.DISAGREEMENT)
    assert ecgs(library, made.id) == {1, 2}
    with pytest.raises(InvalidWorklist) as refused:
        worklist(library, name="Noon", strategy=Strategy.DISAGREEMENT)
    said = "; 'disagreement with the label' picks none without a published label"
    assert str(refused.value).endswith(said)


def test_the_pool_is_what_the_filters_let_through(library: Sessions) -> None:
    made = worklist(library, pool=PoolFilter(folds=tuple(range(1, 11)), labelled=Superclass.STTC))
    assert ecgs(library, made.id) == {2, 7}


def test_folds_that_judge_models_are_left_out_unless_asked_for(library: Sessions) -> None:
    with library.read() as session:
        judging = set(session.scalars(select(RecordRow.ecg_id).where(RecordRow.fold >= 9)))
    assert judging & ecgs(library, worklist(library, name="asked for").id) == judging != set()
    close_all(library)
    assert not judging & ecgs(library, worklist(library, pool=PoolFilter()).id)


def test_an_empty_pool_says_so(library: Sessions) -> None:
    with pytest.raises(InvalidWorklist, match="^no record is left: all that fit"):
        worklist(library, pool=PoolFilter(folds=(1,), age_from=250, age_to=251))


@pytest.mark.parametrize(("until", "found"), [(89, {10}), (90, {9, 10}), (120, {9, 10})])
def test_an_age_beyond_89_leaves_out_nobody_who_is_older(
    library: Sessions, until: int, found: set[int]
) -> None:
    with library.begin() as session:
        find_record(session, 9).age = AGE_OVER_89
    asked = PoolFilter(folds=tuple(range(1, 11)), age_from=50, age_to=until)
    assert ecgs(library, worklist(library, pool=asked, records=2).id) == found


def test_a_name_is_given_once(library: Sessions) -> None:
    worklist(library, records=4)
    with pytest.raises(InvalidWorklist, match="^there is a worklist named 'Morning'"):
        worklist(library, records=4)


@pytest.mark.parametrize("name", ["", "  ", "\t\x1f\n"])
def test_a_name_is_more_than_blanks(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        plan(name=name)


def test_a_name_is_kept_in_one_line(library: Sessions) -> None:
    assert worklist(library, name=f"  Early \n{' ' * 80}morning ").name == "Early morning"


def test_what_has_had_its_readers_is_not_picked_again(library: Sessions, reader: User) -> None:
    blind(library, reader.id, 3)
    assert 3 not in ecgs(library, worklist(library).id)
    assert 3 in ecgs(library, worklist(library, name="twice", readers_each=2).id)


def test_how_far_it_has_come_is_counted(library: Sessions, reader: User) -> None:
    made = worklist(library, records=5, readers_each=2)
    blind(library, reader.id, claimed(library, reader.id, made.id).ecg_id)
    claimed(library, reader.id, made.id)
    with library.read() as session:
        (standing,) = worklists.standings(session, reader.id)
    assert (standing.readings, standing.done, standing.held) == (10, 1, 1)
    assert standing.left_for_reader == 4


def test_making_and_closing_are_audited(library: Sessions) -> None:
    made = worklist(library)
    with library.begin() as session:
        worklists.close(session, made.id, actor=ADMIN)
    with library.read() as session:
        assert worklists.standings(session, 1) == []
        audit.verify(session)
        acts = [entry.action for entry in session.scalars(select(AuditEntry))]
    assert acts[-2:] == ["worklist.make", "worklist.close"]


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(ValueError, match="readers_each"):
        plan(readers_each=0)
