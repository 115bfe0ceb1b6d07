"""What a worklist has given to a colleague is not answered through the grid meanwhile."""

import re
from uuid import uuid4

import pytest

from feedback import claims, readings, worklists
from feedback.catalogue import find_record
from feedback.claims import Claim
from feedback.colleagues import hold_outside
from feedback.db import Sessions, now
from feedback.errors import ClaimLost, HeldByColleague, NothingToRead
from feedback.tables import Reading, ReadingMode, User, Worklist
from feedback.worklist import WorklistQuery, next_unread
from tests.factories_readings import answer
from tests.factories_worklists import ADMIN, claimed, expire, worklist

HELD = r"^a colleague is reading ECG \d+ for 'Morning', which asks for nobody else now: it is free"


def outside(sessions: Sessions, reader: User, ecg_id: int) -> Claim | None:
    with sessions.begin() as session:
        return hold_outside(session, reader.id, ecg_id)


def submit(
    sessions: Sessions, reader: User, ecg_id: int, worklist_id: int | None = None
) -> Reading:
    with sessions.begin() as session:
        return readings.submit_blind(
            session,
            reader.id,
            ecg_id,
            answer(),
            key=uuid4().hex,
            started_at=now(),
            worklist_id=worklist_id,
        )


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


def test_a_slot_that_asks_for_an_assisted_answer_is_none_for_a_blind_reader(
    library: Sessions, reader: User, colleague: User
) -> None:
    made = worklist(library, records=1, readers_each=2, mode=ReadingMode.ASSISTED)
    ecg_id = ecg_of(library, made)
    assert outside(library, reader, ecg_id) is None
    claimed(library, colleague.id, made.id)
    with pytest.raises(HeldByColleague, match=HELD):
        outside(library, reader, ecg_id)
    with library.read() as session:
        record = find_record(session, ecg_id)
        assert claims.mode_of(session, reader.id, record.id) is ReadingMode.BLIND_FIRST


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
    with library.read() as session:
        every = WorklistQuery(filters={"ecg_id": ecg_id})
        assert next_unread(session, reader.id, every, None) is None
        assert next_unread(session, colleague.id, every, None) == ecg_id
