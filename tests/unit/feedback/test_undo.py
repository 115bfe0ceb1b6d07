"""Undo goes back through the last ten answers, and moves nothing by itself."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core.ecg import Superclass
from feedback import importing
from feedback.db import Sessions
from feedback.errors import NothingToUndo
from feedback.tables import Reading, Role, User
from feedback.undo import STEPS, undo_from, undo_settled_from
from tests.factories import add_person
from tests.factories_dataset import dataset
from tests.factories_readings import amended, answer, answered, blind


@pytest.fixture
def reader(sessions: Sessions, tmp_path: Path) -> User:
    """A clinician over fourteen ECGs."""
    importing.import_dataset(sessions, dataset(tmp_path / "data", 14))
    return add_person(sessions, "reader@example.org", Role.CLINICIAN)


def back(sessions: Sessions, reader: User, ecg_id: int | None) -> int:
    with sessions.read() as session:
        return undo_from(session, reader.id, ecg_id)


def test_it_goes_back_one_answer_after_the_other(sessions: Sessions, reader: User) -> None:
    for ecg_id in (3, 1, 2):
        answered(sessions, reader.id, ecg_id)
    assert back(sessions, reader, None) == 2
    assert back(sessions, reader, 9) == 2  # an ECG that is not answered yet
    assert back(sessions, reader, 2) == 1
    assert back(sessions, reader, 1) == 3


def test_a_change_on_the_way_does_not_turn_it_round(sessions: Sessions, reader: User) -> None:
    for ecg_id in (1, 2, 3):
        answered(sessions, reader.id, ecg_id)
    amended(sessions, reader.id, 2, answer(Superclass.MI))
    assert back(sessions, reader, 2) == 1


def test_it_changes_nothing_itself(sessions: Sessions, reader: User) -> None:
    answered(sessions, reader.id, 1)
    back(sessions, reader, None)
    with sessions.read() as session:
        assert session.scalar(select(func.count()).select_from(Reading)) == 2


def test_a_blind_answer_alone_is_not_taken_back(sessions: Sessions, reader: User) -> None:
    blind(sessions, reader.id, 1)
    with pytest.raises(NothingToUndo) as refused:
        back(sessions, reader, 1)
    assert str(refused.value) == ("you have not answered an ECG here yet: there is nothing to undo")


def test_it_ends_after_ten(sessions: Sessions, reader: User) -> None:
    for ecg_id in range(1, STEPS + 3):
        answered(sessions, reader.id, ecg_id)
    assert back(sessions, reader, 4) == 3
    with pytest.raises(NothingToUndo) as refused:
        back(sessions, reader, 3)
    assert str(refused.value) == (
        "undo goes back 10 answers and no further: open an older one from the worklist"
    )


def test_it_ends_at_the_first_answer(sessions: Sessions, reader: User) -> None:
    answered(sessions, reader.id, 5)
    with pytest.raises(NothingToUndo) as refused:
        back(sessions, reader, 5)
    assert str(refused.value) == "ECG 5 was your first answer here: undo goes no further back"


def test_the_answers_of_a_colleague_are_not_mine_to_undo(sessions: Sessions, reader: User) -> None:
    answered(sessions, add_person(sessions, "other@example.org", Role.CLINICIAN).id, 1)
    with pytest.raises(NothingToUndo):
        back(sessions, reader, None)


def test_verdicts_are_gone_back_through_one_after_the_other() -> None:
    assert undo_settled_from([4, 2], None) == 4
    assert undo_settled_from([4, 2], 9) == 4  # a case that waits
    assert undo_settled_from([4, 2], 4) == 2


@pytest.mark.parametrize(
    ("last", "ecg_id", "why"),
    [
        ([], 2, "no verdict of yours stands here: there is nothing to undo"),
        ([4, 2], 2, "ECG 2 was your first verdict here: undo goes no further back"),
        (range(STEPS), STEPS - 1, "undo goes back 10 verdicts and no further"),
    ],
)
def test_verdicts_end_too(last: Sequence[int], ecg_id: int, why: str) -> None:
    with pytest.raises(NothingToUndo) as refused:
        undo_settled_from(last, ecg_id)
    assert str(refused.value) == why
