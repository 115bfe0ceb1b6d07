"""How often a model is wrong, on what was drawn at random and settled by readers."""

import pytest
from sqlalchemy import update

from core.ecg import SUPERCLASSES, Superclass
from feedback import catalogue
from feedback.db import Sessions, now
from feedback.error_rates import ErrorRates, Estimate, estimated_errors
from feedback.errors import NoDataset
from feedback.pool import PoolFilter
from feedback.tables import Prediction, Retraining, Role, User, Verdict, Worklist, WorklistSlot
from tests.factories import above, add_person, predict, serve_model
from tests.factories_adjudication import settled
from tests.factories_readings import answer, blind
from tests.factories_worklists import worklist

NORM, MI = Superclass.NORM, Superclass.MI


@pytest.fixture
def read(library: Sessions, reader: User) -> Sessions:
    """All ten drawn at random; ECGs 1, 2 and 9 are read: the model finds MI in 1 and 9."""
    worklist(library)
    with library.begin() as session:
        for ecg_id in range(1, 11):
            predict(session, ecg_id, above(MI) if ecg_id in (1, 9) else above(NORM))
    for ecg_id, given in {1: answer(MI), 2: answer(MI), 9: answer()}.items():
        blind(library, reader.id, ecg_id, given)
    return library


def estimate(sessions: Sessions) -> Estimate:
    with sessions.read() as session:
        return estimated_errors(session, catalogue.active_model(session))


def counts(found: ErrorRates, name: Superclass) -> tuple[int, int, int, int]:
    missed, overcalled = found.missed[name], found.overcalled[name]
    return missed.count, missed.of, overcalled.count, overcalled.of


def test_what_was_taught_is_told_from_what_was_not(read: Sessions) -> None:
    found = estimate(read)
    assert (found.taught.records, found.held_out.records) == (2, 1)
    assert counts(found.taught, MI) == (1, 2, 0, 0)
    assert counts(found.taught, NORM) == (0, 0, 1, 2)
    assert counts(found.held_out, MI) == (0, 0, 1, 1)


def test_what_was_not_drawn_at_random_does_not_count(read: Sessions) -> None:
    with read.begin() as session:
        session.execute(update(WorklistSlot).values(audit=False))
    assert estimate(read).taught.records == 0


def test_what_was_drawn_from_what_the_model_finds_does_not_count(read: Sessions) -> None:
    pool = PoolFilter(folds=tuple(range(1, 11)), found=MI).model_dump(mode="json")
    with read.begin() as session:
        session.execute(update(Worklist).values(pool=pool))
    assert estimate(read).taught.records == 0


def test_where_it_makes_no_call_it_is_not_wrong(read: Sessions) -> None:
    with read.begin() as session:
        session.execute(update(Prediction).values(abstained=["MI"]))
    assert counts(estimate(read).taught, MI) == (0, 0, 0, 0)
    assert counts(estimate(read).taught, NORM) == (0, 0, 1, 2)


def test_another_served_model_is_held_against_the_same_answers(read: Sessions) -> None:
    assert counts(estimate(read).taught, MI) == (1, 2, 0, 0)
    with read.begin() as session:
        serve_model(session, "2026.12-another")
        for ecg_id in (1, 2, 9):
            predict(session, ecg_id, above(MI))
    assert counts(estimate(read).taught, MI) == (0, 2, 0, 0)


def test_a_verdict_since_the_last_estimate_is_in_the_next(read: Sessions, colleague: User) -> None:
    blind(read, colleague.id, 1, answer(NORM))
    assert counts(estimate(read).taught, MI) == (1, 1, 0, 0)
    settled(
        read,
        add_person(read, "umpire@example.org", Role.ADJUDICATOR).id,
        1,
        {MI: Verdict.ABSENT, NORM: Verdict.PRESENT},
    )
    assert counts(estimate(read).taught, MI) == (1, 1, 1, 1)


def test_nor_where_readers_do_not_agree(read: Sessions, colleague: User) -> None:
    blind(read, colleague.id, 1, answer(NORM))
    found = estimate(read).taught
    assert counts(found, MI) == (1, 1, 0, 0)
    assert found.records == 2  # other classes of ECG 1 are settled


def test_it_does_not_mark_what_its_own_run_was_taught(read: Sessions) -> None:
    with read.begin() as session:
        model = catalogue.active_model(session)
        record = catalogue.find_record(session, 1)
        run = Retraining(
            parent_id=model.id,
            source_id=record.source_id,
            folder="",
            config={},
            labels={"taught": [{"record": record.id}], "held_out": []},
            labels_digest="",
            include_assisted=False,
            asked_by="eve",
            asked_at=now(),
        )
        session.add(run)
        session.flush()
        model.retraining_id = run.id
    assert counts(estimate(read).taught, MI) == (1, 1, 0, 0)


def test_nothing_is_read(library: Sessions) -> None:
    worklist(library)
    found = estimate(library)
    assert found.taught.records == found.held_out.records == 0
    assert all(found.held_out.missed[name].of == 0 for name in SUPERCLASSES)


def test_without_a_data_set(sessions: Sessions) -> None:
    with sessions.begin() as session:
        serve_model(session)
        with pytest.raises(NoDataset):
            estimated_errors(session, catalogue.active_model(session))
