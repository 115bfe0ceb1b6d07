"""Nobody is given what a colleague holds or what they have read, and nothing is stuck."""

import random
import re
import threading
from collections import Counter, defaultdict
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from core.ecg import Superclass
from core.ptbxl import Ptbxl
from feedback import claims, gold, importing, readings, users, worklists
from feedback.catalogue import find_record
from feedback.claims import LEASE
from feedback.db import Sessions, now
from feedback.errors import (
    ClaimLost,
    KeyReused,
    NoLongerBlind,
    NothingToRead,
    NotIndependent,
    NotRevealed,
    UnknownWorklist,
)
from feedback.tables import Reading, ReadingMode, Role, Stage, User, WorklistSlot
from tests.factories import above, add_person, predict, serve_model
from tests.factories_dataset import dataset
from tests.factories_gold import known
from tests.factories_readings import answer, blind, final
from tests.factories_worklists import ADMIN, claimed, expire, submit, worklist


def slots(sessions: Sessions) -> list[WorklistSlot]:
    with sessions.read() as session:
        return list(session.scalars(select(WorklistSlot).order_by(WorklistSlot.id)))


def test_a_claim_is_held_for_a_quarter_of_an_hour(library: Sessions, reader: User) -> None:
    made = worklist(library)
    claim = claimed(library, reader.id, made.id)
    assert claim.worklist == "Morning"
    assert timedelta(minutes=14) < claim.until - now() <= LEASE == timedelta(minutes=15)


def test_a_reload_gives_the_same_record(library: Sessions, reader: User) -> None:
    made = worklist(library)
    assert (
        claimed(library, reader.id, made.id).ecg_id == claimed(library, reader.id, made.id).ecg_id
    )
    assert sum(slot.reader_id is not None for slot in slots(library)) == 1


def test_nobody_gets_what_a_colleague_holds(
    library: Sessions, reader: User, colleague: User
) -> None:
    made = worklist(library, records=1)
    claimed(library, reader.id, made.id)
    with pytest.raises(NothingToRead, match=r"^colleagues are reading the last 1 of 'Mor"):
        claimed(library, colleague.id, made.id)


def test_a_lease_that_ran_out_is_a_colleagues_to_take(
    library: Sessions, reader: User, colleague: User
) -> None:
    made = worklist(library, records=1)
    ecg_id = claimed(library, reader.id, made.id).ecg_id
    expire(library)
    assert claimed(library, colleague.id, made.id).ecg_id == ecg_id


def test_a_late_answer_is_taken_while_nobody_else_gave_it(
    library: Sessions, reader: User, colleague: User
) -> None:
    made = worklist(library, records=1)
    ecg_id = claimed(library, reader.id, made.id).ecg_id
    expire(library)
    stored = submit(library, reader, ecg_id, made.id)
    assert [slot.reading_id for slot in slots(library)] == [stored.id]
    with pytest.raises(NothingToRead, match=r"^all of 'Morning' is read"):
        claimed(library, colleague.id, made.id)


def test_an_answer_too_late_is_refused_and_says_why(
    library: Sessions, reader: User, colleague: User
) -> None:
    made = worklist(library, records=1)
    ecg_id = claimed(library, reader.id, made.id).ecg_id
    expire(library)
    claimed(library, colleague.id, made.id)
    submit(library, colleague, ecg_id, made.id)
    with pytest.raises(ClaimLost, match=re.escape("'Morning' has all the readers of it")):
        submit(library, reader, ecg_id, made.id)
    with library.read() as session:
        assert [r.reader_id for r in session.scalars(select(Reading))] == [colleague.id]


def test_nobody_reads_a_record_twice(library: Sessions, reader: User, colleague: User) -> None:
    made = worklist(library, records=1, readers_each=2)
    ecg_id = claimed(library, reader.id, made.id).ecg_id
    submit(library, reader, ecg_id, made.id)
    with pytest.raises(NothingToRead, match=r"^you have read all that 'Morning' has for you"):
        claimed(library, reader.id, made.id)
    assert claimed(library, colleague.id, made.id).ecg_id == ecg_id


def test_what_was_read_outside_the_worklist_counts(library: Sessions, reader: User) -> None:
    made = worklist(library, records=10)
    stored = blind(library, reader.id, 3)
    assert [s.reading_id for s in slots(library) if s.reader_id] == [stored.id]
    assert claimed(library, reader.id, made.id).ecg_id != 3


def test_the_final_answer_fills_no_second_slot(library: Sessions, reader: User) -> None:
    worklist(library, records=10, readers_each=2)
    blind(library, reader.id, 3)
    final(library, reader.id, 3)
    assert sum(slot.reading_id is not None for slot in slots(library)) == 1


def test_leaving_gives_the_record_back(library: Sessions, reader: User, colleague: User) -> None:
    made = worklist(library, records=1)
    claimed(library, reader.id, made.id)
    with library.begin() as session:
        assert claims.release(session, reader.id) == 1
    claimed(library, colleague.id, made.id)


def test_an_open_page_renews_its_lease_and_no_other(
    library: Sessions, reader: User, colleague: User
) -> None:
    made = worklist(library)
    claimed(library, reader.id, made.id)
    others = claimed(library, colleague.id, made.id).ecg_id
    expire(library)
    with library.begin() as session:
        claim = claims.hold(session, colleague.id, made.id, others)
    assert claim is not None and claim.until > now() + timedelta(minutes=14)
    leases = {slot.reader_id: slot.lease_until for slot in slots(library) if slot.lease_until}
    assert leases == {reader.id: leases[reader.id], colleague.id: claim.until}
    assert leases[reader.id] < now()


def test_what_somebody_holds_who_was_shut_out_is_free_at_once(
    library: Sessions, reader: User, colleague: User
) -> None:
    made = worklist(library, records=1)
    held = claimed(library, reader.id, made.id)
    with library.begin() as session:
        users.set_active(session, reader.id, False, actor=ADMIN)
    with library.read() as session:
        (standing,) = worklists.standings(session, colleague.id)
    assert (standing.held, standing.left_for_reader) == (0, 1)
    assert claimed(library, colleague.id, made.id).ecg_id == held.ecg_id


def test_what_somebody_holds_who_knows_its_answers_is_free_at_once(
    library: Sessions, reader: User, colleague: User
) -> None:
    made = worklist(library, records=1)
    held = claimed(library, reader.id, made.id)
    with library.begin() as session:
        gold.keep(session, {held.ecg_id: known()}, actor=reader.email)
        record_id = find_record(session, held.ecg_id).id
        with pytest.raises(NotIndependent, match="^you have given the gold answers to"):
            claims.hold(session, reader.id, made.id, held.ecg_id)
        assert claims.held(session, reader.id, record_id) is None
    (slot,) = slots(library)
    assert slot.lease_until == held.until  # not prolonged
    assert claimed(library, colleague.id, made.id).ecg_id == held.ecg_id
    with library.begin() as session:
        assert claims.release(session, reader.id) == 0  # a colleague's by now


def test_who_knows_the_answers_may_give_back_what_they_hold(
    library: Sessions, reader: User
) -> None:
    made = worklist(library, records=1)
    held = claimed(library, reader.id, made.id)
    with library.begin() as session:
        gold.keep(session, {held.ecg_id: known()}, actor=reader.email)
        assert claims.release(session, reader.id) == 1


def test_a_closed_worklist_prolongs_no_lease_and_takes_the_answer(
    library: Sessions, reader: User
) -> None:
    made = worklist(library, records=1)
    held = claimed(library, reader.id, made.id)
    with library.begin() as session:
        worklists.close(session, made.id, actor=ADMIN)
    with library.begin() as session:
        claim = claims.hold(session, reader.id, made.id, held.ecg_id)
    assert claim is not None
    assert (claim.until, claim.closed) == (held.until, True)
    expire(library)
    stored = submit(library, reader, held.ecg_id, made.id)
    assert [slot.reading_id for slot in slots(library)] == [stored.id]


def test_a_closed_worklist_gives_nothing(library: Sessions, reader: User) -> None:
    made = worklist(library)
    with library.begin() as session:
        worklists.close(session, made.id, actor=ADMIN)
    with library.read() as session:
        assert claims.upcoming(session, reader.id, made.id, 3) == []
    with pytest.raises(UnknownWorklist, match=r"^the worklist 'Morning' was closed"):
        claimed(library, reader.id, made.id)


def test_a_worklist_of_another_data_set_gives_nothing(
    library: Sessions, reader: User, tmp_path: Path
) -> None:
    made = worklist(library)
    ecg_id = claimed(library, reader.id, made.id).ecg_id
    importing.import_dataset(library, Ptbxl.open(dataset(tmp_path / "other", 9).root))
    for asked in (
        lambda session: claims.claim_next(session, reader.id, made.id),
        lambda session: claims.pass_over(session, reader.id, made.id, ecg_id),
    ):
        with library.begin() as session, pytest.raises(UnknownWorklist) as refused:
            asked(session)
        assert str(refused.value) == (
            "the worklist 'Morning' is of another data set than the one that is read now: "
            "choose another one"
        )
    with library.read() as session:
        assert claims.upcoming(session, reader.id, made.id, 3) == []


def test_what_comes_next_is_told_and_not_claimed(library: Sessions, reader: User) -> None:
    made = worklist(library)
    with library.read() as session:
        following = claims.upcoming(session, reader.id, made.id, 3)
    assert len(following) == 3
    assert claimed(library, reader.id, made.id).ecg_id == following[0]


def test_what_comes_next_comes_once_however_many_read_it(library: Sessions, reader: User) -> None:
    made = worklist(library, records=4, readers_each=2)
    with library.read() as session:
        following = claims.upcoming(session, reader.id, made.id, 3)
    assert len(set(following)) == 3


@pytest.fixture
def assisted(library: Sessions) -> int:
    """An assisted worklist of one record, which has an opinion."""
    with library.begin() as session:
        for ecg_id in range(1, 11):
            predict(session, ecg_id, above(Superclass.MI))
    return worklist(library, records=1, mode=ReadingMode.ASSISTED).id


def test_an_assisted_worklist_shows_the_opinion_at_once(
    library: Sessions, reader: User, assisted: int
) -> None:
    with pytest.raises(NotRevealed), library.read() as session:
        readings.opinion_for(session, reader.id, 1)
    ecg_id = claimed(library, reader.id, assisted).ecg_id
    with library.read() as session:
        assert readings.opinion_for(session, reader.id, ecg_id).predicted == (Superclass.MI,)
    stored = final(library, reader.id, ecg_id)
    assert (stored.mode, stored.stage) == (ReadingMode.ASSISTED, Stage.FINAL)
    assert [slot.reading_id for slot in slots(library)] == [stored.id]


def test_an_assisted_answer_sent_again_is_the_one_stored_whatever_is_served_by_then(
    library: Sessions, reader: User, assisted: int
) -> None:
    ecg_id = claimed(library, reader.id, assisted).ecg_id
    agrees = dict.fromkeys(Superclass, True)
    given = answer(Superclass.MI)
    stored = final(library, reader.id, ecg_id, given, agrees, key="one")
    with library.begin() as session:
        serve_model(session, "2026.12-4567cdef")
        predict(session, ecg_id, above(Superclass.NORM))
    assert final(library, reader.id, ecg_id, given, agrees, key="one").id == stored.id
    contrary = agrees | {Superclass.MI: False}
    with pytest.raises(KeyReused):
        final(library, reader.id, ecg_id, given, contrary, key="one")


def test_who_saw_the_opinion_answers_blind_no_more(
    library: Sessions, reader: User, assisted: int
) -> None:
    ecg_id = claimed(library, reader.id, assisted).ecg_id
    with library.begin() as session:
        claims.release(session, reader.id)
    with pytest.raises(NoLongerBlind, match=f"^the model's opinion on ECG {ecg_id} may have been"):
        blind(library, reader.id, ecg_id)
    blind_list = worklist(library, name="Blind")
    with library.read() as session:
        assert ecg_id not in claims.upcoming(session, reader.id, blind_list.id, 10)


def test_an_assisted_answer_fills_no_slot_that_asks_for_a_blind_one(
    library: Sessions, reader: User, colleague: User, assisted: int
) -> None:
    blind_list = worklist(library, name="Blind", readers_each=2)
    with library.read() as session:
        ecg_id = worklists.reasons(session, assisted)[0].ecg_id
    with library.begin() as session:
        assert claims.hold(session, reader.id, blind_list.id, ecg_id) is not None
    assert claimed(library, reader.id, assisted).ecg_id == ecg_id
    stored = final(library, reader.id, ecg_id)
    assert [(s.worklist_id, s.reading_id) for s in slots(library) if s.reader_id] == [
        (assisted, stored.id)
    ]
    with library.begin() as session:
        assert claims.hold(session, colleague.id, blind_list.id, ecg_id) is not None


def test_who_was_shown_the_opinion_meanwhile_leaves_the_slot_to_colleagues(
    library: Sessions, reader: User, colleague: User
) -> None:
    made = worklist(library, records=1)
    ecg_id = claimed(library, reader.id, made.id).ecg_id
    with library.begin() as session:
        claims.note_views(session, reader.id, made.id, [find_record(session, ecg_id).id])
    with library.begin() as session:
        stored = readings.submit_final(
            session,
            reader.id,
            ecg_id,
            answer(),
            None,
            key="k",
            started_at=now(),
            worklist_id=made.id,
        )
    assert stored.mode is ReadingMode.ASSISTED
    (slot,) = slots(library)
    assert (slot.reader_id, slot.reading_id) == (None, None)
    assert claimed(library, colleague.id, made.id).ecg_id == ecg_id


def test_a_blind_answer_fills_no_slot_that_asks_for_an_assisted_one(
    library: Sessions, reader: User, colleague: User, assisted: int
) -> None:
    with library.read() as session:
        ecg_id = worklists.reasons(session, assisted)[0].ecg_id
    blind(library, reader.id, ecg_id)
    assert [slot.reading_id for slot in slots(library)] == [None]
    with pytest.raises(NothingToRead, match="^you have read all that 'Morning' has for you"):
        claimed(library, reader.id, assisted)
    assert claimed(library, colleague.id, assisted).ecg_id == ecg_id


def test_nothing_of_an_assisted_worklist_is_told_ahead(
    library: Sessions, reader: User, assisted: int
) -> None:
    with library.read() as session:
        assert claims.upcoming(session, reader.id, assisted, 3) == []


def test_who_saw_every_opinion_is_told_that_it_asks_for_blind_answers(
    library: Sessions, reader: User, assisted: int
) -> None:
    ecg_id = claimed(library, reader.id, assisted).ecg_id
    blind_list = worklist(library, name="Blind", readers_each=2)
    for other in set(range(1, 11)) - {ecg_id}:
        blind(library, reader.id, other)
    with pytest.raises(NothingToRead, match="^you were shown the model's opinion on the last 1 of"):
        claimed(library, reader.id, blind_list.id)


_RECORDS, _READERS, _EACH = 400, 8, 2


def test_eight_readers_with_stalls_and_lost_leases_read_every_record_twice(
    sessions: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Random stalls outlive the lease; every record ends with two readings of two readers."""
    root = dataset(tmp_path / "many", _RECORDS).root
    importing.import_dataset(sessions, Ptbxl.open(root))
    made = worklist(sessions, records=_RECORDS, readers_each=_EACH)
    monkeypatch.setattr(claims, "LEASE", timedelta(milliseconds=250))
    people = [
        add_person(sessions, f"reader{n}@example.org", Role.CLINICIAN) for n in range(_READERS)
    ]
    refused: Counter[str] = Counter()
    threads = [
        threading.Thread(target=_read_all, args=(sessions, person, made.id, n, refused))
        for n, person in enumerate(people)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=300)
    assert not any(thread.is_alive() for thread in threads), "somebody is stuck"

    readers: dict[int, list[int]] = defaultdict(list)
    with sessions.read() as session:
        for reading in session.scalars(select(Reading)):
            readers[reading.record_id].append(reading.reader_id)
    assert len(readers) == _RECORDS
    assert {len(who) for who in readers.values()} == {_EACH}
    assert all(len(set(who)) == _EACH for who in readers.values())
    assert all(slot.reading_id is not None for slot in slots(sessions))
    assert refused["stalls"] > 10, "nobody stalled: this shows nothing"


def _read_all(
    sessions: Sessions, reader: User, worklist_id: int, seed: int, refused: Counter[str]
) -> None:
    chance = random.Random(seed)
    pause = threading.Event()
    while True:
        try:
            claim = claimed(sessions, reader.id, worklist_id)
        except NothingToRead as reason:
            if not str(reason).startswith("colleagues are reading"):
                return
            pause.wait(0.2)
            continue
        if chance.random() < 0.04:
            refused["stalls"] += 1
            pause.wait(0.5)  # twice the lease
        try:
            submit(sessions, reader, claim.ecg_id, worklist_id)
        except ClaimLost:
            refused["lost"] += 1
