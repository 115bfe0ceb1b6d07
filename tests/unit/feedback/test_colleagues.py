"""What a worklist has given to a colleague is not answered through the grid meanwhile."""

import random
import re
import threading

import pytest

from feedback import claims, gold, readings, worklists
from feedback.catalogue import find_record
from feedback.claims import Claim
from feedback.colleagues import hold_open, refuse_held
from feedback.db import Sessions
from feedback.errors import ClaimLost, HeldByColleague, NothingToRead
from feedback.tables import ReadingMode, Role, User, Worklist
from feedback.worklist import WorklistQuery, next_unread
from tests.factories import add_person
from tests.factories_gold import known
from tests.factories_readings import answer, final
from tests.factories_worklists import ADMIN, claimed, expire, submit, worklist

HELD = (
    r"^a colleague is reading ECG \d+ for 'Morning', which asks for nobody else now: "
    r"you can answer it if they leave it unanswered$"
)


def outside(sessions: Sessions, reader: User, ecg_id: int) -> Claim | None:
    with sessions.begin() as session:
        return hold_open(session, reader.id, ecg_id)


def ecg_of(sessions: Sessions, made: Worklist) -> int:
    with sessions.read() as session:
        return worklists.reasons(session, made.id)[0].ecg_id


def test_what_no_worklist_asks_for_is_held_by_nobody(library: Sessions, reader: User) -> None:
    assert outside(library, reader, 1) is None
    submit(library, reader, 1)


def test_opening_an_ecg_takes_a_slot_that_its_worklist_has(
    library: Sessions, reader: User, colleague: User
) -> None:
    made = worklist(library, records=1)
    ecg_id = ecg_of(library, made)
    claim = outside(library, reader, ecg_id)
    assert claim is not None and claim.worklist_id == made.id
    with pytest.raises(NothingToRead, match=r"^colleagues are reading the last 1"):
        claimed(library, colleague.id, made.id)
    submit(library, reader, ecg_id)
    with pytest.raises(NothingToRead, match=r"^all of 'Morning' is read"):
        claimed(library, colleague.id, made.id)


def test_what_a_colleague_holds_is_answered_by_nobody_else(
    library: Sessions, reader: User, colleague: User
) -> None:
    made = worklist(library, records=1)
    ecg_id = claimed(library, colleague.id, made.id).ecg_id
    with pytest.raises(HeldByColleague, match=HELD):
        outside(library, reader, ecg_id)
    with pytest.raises(HeldByColleague, match=HELD):
        submit(library, reader, ecg_id)
    with library.read() as session:
        assert readings.state_of(session, reader.id, ecg_id).stage is None
    submit(library, colleague, ecg_id, made.id)


def test_a_slot_beside_a_colleagues_is_to_be_had(
    library: Sessions, reader: User, colleague: User
) -> None:
    made = worklist(library, records=1, readers_each=2)
    ecg_id = claimed(library, colleague.id, made.id).ecg_id
    claim = outside(library, reader, ecg_id)
    assert claim is not None and claim.worklist_id == made.id
    submit(library, reader, ecg_id)


def test_a_lease_that_ran_out_keeps_nobody_away(
    library: Sessions, reader: User, colleague: User
) -> None:
    made = worklist(library, records=1)
    ecg_id = claimed(library, colleague.id, made.id).ecg_id
    expire(library)
    submit(library, reader, ecg_id)
    with pytest.raises(ClaimLost, match=re.escape("'Morning' has all the readers of it")):
        submit(library, colleague, ecg_id, made.id)


def test_what_has_its_readers_is_anybodys(library: Sessions, reader: User, colleague: User) -> None:
    made = worklist(library, records=1)
    ecg_id = claimed(library, colleague.id, made.id).ecg_id
    submit(library, colleague, ecg_id, made.id)
    assert outside(library, reader, ecg_id) is None
    submit(library, reader, ecg_id)


def test_a_closed_worklist_keeps_nobody_away(
    library: Sessions, reader: User, colleague: User
) -> None:
    made = worklist(library, records=1)
    ecg_id = claimed(library, colleague.id, made.id).ecg_id
    with library.begin() as session:
        worklists.close(session, made.id, actor=ADMIN)
    assert outside(library, reader, ecg_id) is None
    submit(library, reader, ecg_id)


def test_an_assisted_worklist_is_not_read_blind_while_a_colleague_has_all_of_it(
    library: Sessions, reader: User, colleague: User
) -> None:
    made = worklist(library, records=1, mode=ReadingMode.ASSISTED)
    ecg_id = ecg_of(library, made)
    assert outside(library, reader, ecg_id) is None  # its slot asks for the opinion to be seen
    claimed(library, colleague.id, made.id)
    with pytest.raises(HeldByColleague, match=HELD):
        outside(library, reader, ecg_id)
    with library.read() as session:
        record = find_record(session, ecg_id)
        assert claims.mode_of(session, reader.id, record.id) is ReadingMode.BLIND_FIRST


def test_an_assisted_answer_is_refused_like_a_blind_one(
    library: Sessions, reader: User, colleague: User
) -> None:
    made = worklist(library, records=1, mode=ReadingMode.ASSISTED)
    ecg_id = claimed(library, reader.id, made.id).ecg_id
    expire(library)
    claimed(library, colleague.id, made.id)
    with pytest.raises(HeldByColleague, match=HELD):
        final(library, reader.id, ecg_id, answer())


def test_what_i_hold_is_mine_though_its_worklist_was_closed(
    library: Sessions, reader: User, colleague: User
) -> None:
    first = worklist(library, records=1)
    ecg_id = claimed(library, reader.id, first.id).ecg_id
    with library.begin() as session:
        worklists.close(session, first.id, actor=ADMIN)
    worklist(library, name="Noon")
    assert outside(library, colleague, ecg_id) is not None
    assert outside(library, reader, ecg_id) is None
    submit(library, reader, ecg_id)


def test_what_i_hold_is_mine_though_i_was_told_why_it_is_listed(
    library: Sessions, reader: User, colleague: User
) -> None:
    made = worklist(library, records=1, readers_each=2)
    ecg_id = claimed(library, reader.id, made.id).ecg_id
    claimed(library, colleague.id, made.id)
    with library.begin() as session:
        record = find_record(session, ecg_id)
        claims.note_views(session, reader.id, made.id, [record.id])
        refuse_held(session, reader.id, record)


@pytest.mark.parametrize("holder", ["shut out", "knows its answers"])
def test_whoever_may_not_answer_keeps_nobody_away(
    library: Sessions, reader: User, colleague: User, holder: str
) -> None:
    made = worklist(library, records=1)
    ecg_id = claimed(library, colleague.id, made.id).ecg_id
    if holder == "shut out":
        with library.begin() as session:
            session.get_one(User, colleague.id).active = False
    else:
        with library.begin() as session:
            gold.keep(session, {ecg_id: known()}, actor=colleague.email)
    assert outside(library, reader, ecg_id) is not None


def test_another_worklist_that_asks_takes_the_answer(
    library: Sessions, reader: User, colleague: User
) -> None:
    made = worklist(library, records=1)
    ecg_id = claimed(library, reader.id, made.id).ecg_id
    worklist(library, name="Noon", readers_each=3)
    expire(library)
    claimed(library, colleague.id, made.id)
    submit(library, reader, ecg_id, made.id)


def test_whoever_has_answered_is_asked_for_nothing_more(
    library: Sessions, reader: User, colleague: User
) -> None:
    made = worklist(library, records=1, readers_each=2)
    ecg_id = ecg_of(library, made)
    submit(library, reader, ecg_id)
    claimed(library, colleague.id, made.id)
    claim = outside(library, reader, ecg_id)
    assert claim is not None and claim.answered


def test_the_grid_goes_on_past_what_colleagues_hold(
    library: Sessions, reader: User, colleague: User
) -> None:
    made = worklist(library, records=1)
    ecg_id = claimed(library, colleague.id, made.id).ecg_id
    before = next_one(library, reader, ecg_id - 1 or 10)
    assert before == ecg_id % 10 + 1
    assert next_one(library, colleague, ecg_id - 1 or 10) == ecg_id


def next_one(sessions: Sessions, reader: User, after: int) -> int | None:
    with sessions.read() as session:
        return next_unread(session, reader.id, WorklistQuery(), after)


def test_claims_and_answers_through_the_grid_never_lock_each_other(
    library: Sessions, reader: User, colleague: User
) -> None:
    """Two worklists ask for the same ten ECGs; two readers go by each, two by the grid."""
    lists = [worklist(library, readers_each=2), worklist(library, name="Noon", readers_each=4)]
    people = [reader, colleague]
    people += [add_person(library, f"{n}@example.org", Role.CLINICIAN) for n in range(4)]
    ways = [lists[0].id, lists[1].id, None] * 2
    failed: list[Exception] = []
    threads = [
        threading.Thread(target=_read_all, args=(library, person, way, n, failed))
        for n, (person, way) in enumerate(zip(people, ways, strict=True))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert not any(thread.is_alive() for thread in threads), "somebody is stuck"
    assert failed == []


def _read_all(
    sessions: Sessions, reader: User, worklist_id: int | None, seed: int, failed: list[Exception]
) -> None:
    for ecg_id in random.Random(seed).sample(range(1, 11), 10):
        try:
            with sessions.begin() as session:
                hold_open(session, reader.id, ecg_id, worklist_id)
            submit(sessions, reader, ecg_id, worklist_id)
        except (HeldByColleague, ClaimLost):
            continue
        except Exception as error:
            failed.append(error)
