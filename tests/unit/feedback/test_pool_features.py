"""Strategies that look at what the network hears, on worklists of stored features."""

import numpy as np
import pytest
from sqlalchemy import select, update

from core.ecg import Superclass
from feedback import similar, worklists
from feedback.db import Sessions
from feedback.errors import InvalidQuery
from feedback.pool_features import NEEDED_BY
from feedback.sampling import Strategy
from feedback.tables import Prediction, RecordRow, User
from tests.factories import above, predict
from tests.factories_readings import blind
from tests.factories_worklists import plan

LIKE_NOTHING = 7  # the ECG whose features lie far from all others


@pytest.fixture
def heard(library: Sessions) -> Sessions:
    """Ten scored records with features, nine of them much alike."""
    rng = np.random.default_rng(0)
    with library.begin() as session:
        for ecg_id in range(1, 11):
            features = rng.normal(size=(5, 4)) + 30 * (ecg_id == LIKE_NOTHING)
            predict(session, ecg_id, above(Superclass.MI)).features = similar.pack(features)
    return library


def picked(sessions: Sessions, strategy: Strategy, records: int) -> list[tuple[int, str]]:
    """ECG and reason of each record that a worklist would pick, no audit among them."""
    wanted = plan(strategy=strategy, records=records, audit_share=0)
    with sessions.read() as session:
        found = worklists.preview(session, wanted)
        return [(session.get_one(RecordRow, row).ecg_id, one.why) for row, one in found]


@pytest.mark.parametrize("strategy", list(Strategy))
def test_every_strategy_makes_a_worklist_of_what_is_stored(
    heard: Sessions, strategy: Strategy
) -> None:
    assert len({ecg_id for ecg_id, _ in picked(heard, strategy, 5)}) == 5


def test_a_core_set_begins_far_from_what_was_read(heard: Sessions, reader: User) -> None:
    blind(heard, reader.id, 1)
    ((ecg_id, why),) = picked(heard, Strategy.CORE_SET, 1)
    assert ecg_id == LIKE_NOTHING
    assert why.startswith("at a distance of ")


def test_bald_says_by_how_much_sampled_opinions_differ(heard: Sessions) -> None:
    bits = [float(why.split()[4]) for _, why in picked(heard, Strategy.BALD, 10)]
    assert max(bits) > 0


@pytest.mark.parametrize("strategy", sorted(NEEDED_BY))
def test_a_record_without_features_is_not_picked(heard: Sessions, strategy: Strategy) -> None:
    with heard.begin() as session:
        session.execute(
            update(Prediction)
            .where(
                Prediction.record_id
                == select(RecordRow.id).where(RecordRow.ecg_id == 4).scalar_subquery()
            )
            .values(features=None)
        )
    assert {ecg_id for ecg_id, _ in picked(heard, strategy, 10)} == set(range(1, 11)) - {4}


def test_without_a_labelled_record_that_teaches_it_is_refused_in_words(heard: Sessions) -> None:
    with heard.begin() as session:
        session.execute(update(RecordRow).values(labelled=False))
    with pytest.raises(InvalidQuery, match="has scored no labelled record of the folds that teach"):
        picked(heard, Strategy.BALD, 5)
