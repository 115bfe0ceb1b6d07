"""Curves of a model that the gate never judged, from what it has scored."""

import pytest
from sqlalchemy import update

from core.ecg import Superclass
from core.roles import TUNING_FOLD, in_first_half
from feedback import catalogue, reliability
from feedback.db import Sessions
from feedback.reliability import Reliability, measured_reliability
from feedback.tables import RecordRow
from tests.factories import above, predict

MI = Superclass.MI
TUNED = next(patient for patient in range(100) if in_first_half(patient))  # of 9a
JUDGED = next(patient for patient in range(100) if not in_first_half(patient))  # of 9b


def measured(sessions: Sessions) -> Reliability:
    with sessions.read() as session:
        return measured_reliability(session, catalogue.active_model(session))


@pytest.fixture
def scored(library: Sessions) -> Sessions:
    """MI on ECG 1 and no other; the model says so of 1, and wrongly of 2. All are of 9b."""
    with library.begin() as session:
        for ecg_id in range(1, 11):
            predict(session, ecg_id, above(MI) if ecg_id <= 2 else above())
        session.execute(update(RecordRow).values(fold=TUNING_FOLD, patient_id=JUDGED))
        session.execute(update(RecordRow).values(label_mi=RecordRow.ecg_id == 1))
    return library


def test_what_was_promised_stands_beside_what_came_of_it(
    scored: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reliability, "FEWEST", 10)
    found = measured(scored)
    bins = [(one.predicted, one.observed, one.n) for one in found.bins[MI]]
    assert bins == [(pytest.approx(0.0321), 0.0, 8), (pytest.approx(0.8123), 0.5, 2)]
    assert found.ece[MI] == pytest.approx((8 * 0.0321 + 2 * 0.3123) / 10)


def test_few_records_give_no_curves(scored: Sessions) -> None:
    assert measured(scored) == Reliability(records=10, bins={}, ece={})


@pytest.mark.parametrize(
    "change",
    [{"fold": 8}, {"fold": 10}, {"patient_id": TUNED}, {"labelled": False}],
    ids=["taught", "test", "9a", "without labels"],
)
def test_records_that_do_not_judge_are_left_out(
    scored: Sessions, change: dict[str, object]
) -> None:
    with scored.begin() as session:
        session.execute(update(RecordRow).where(RecordRow.ecg_id > 3).values(**change))
    assert measured(scored).records == 3
