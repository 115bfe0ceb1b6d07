"""Who may do what, in one table."""

import pytest

from feedback.policy import Action, allows, may_settle, opinion_visible
from feedback.tables import ReadingMode, Role, Stage

ALLOWED = {
    (Role.CLINICIAN, Action.SEE_WORKLIST),
    (Role.CLINICIAN, Action.READ),
    (Role.CLINICIAN, Action.SEE_OWN_READINGS),
    (Role.ADJUDICATOR, Action.SEE_WORKLIST),
    (Role.ADJUDICATOR, Action.SEE_OWN_READINGS),
    (Role.ADJUDICATOR, Action.READ),
    (Role.ADJUDICATOR, Action.ADJUDICATE),
    (Role.ADMIN, Action.SEE_WORKLIST),
    (Role.ADMIN, Action.READ),
    (Role.ADMIN, Action.SEE_AGREEMENT),
    (Role.ADMIN, Action.EXPORT),
    (Role.ADMIN, Action.MANAGE_WORKLISTS),
    (Role.ADMIN, Action.MANAGE_JOBS),
    (Role.ADMIN, Action.MANAGE_PEOPLE),
    (Role.ADMIN, Action.MANAGE_MODELS),
}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("action", Action)
def test_a_role_may_do_what_the_table_says_and_nothing_else(role: Role, action: Action) -> None:
    assert allows(role, action) == ((role, action) in ALLOWED)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("has_seen", [True, False])
def test_only_an_adjudicator_who_did_not_read_it_settles(role: Role, has_seen: bool) -> None:
    assert may_settle(role, has_seen=has_seen) == (role is Role.ADJUDICATOR and not has_seen)


@pytest.mark.parametrize(
    ("stage", "mode", "visible"),
    [
        (None, ReadingMode.BLIND_FIRST, False),
        (Stage.BLIND, ReadingMode.BLIND_FIRST, True),
        (Stage.FINAL, ReadingMode.BLIND_FIRST, True),
        (None, ReadingMode.ASSISTED, True),
    ],
)
def test_the_opinion_waits_for_the_blind_answer(
    stage: Stage | None, mode: ReadingMode, visible: bool
) -> None:
    assert opinion_visible(stage, mode) is visible
