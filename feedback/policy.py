"""Who may do what, and who may see what: pure functions that layout, callback and route share."""

from enum import StrEnum

from feedback.tables import ReadingMode, Role, Stage


class Action(StrEnum):
    """What a signed-in person may ask for."""

    SEE_WORKLIST = "see the worklist"
    READ = "read ECGs"
    ADJUDICATE = "settle conflicts between readers"
    SEE_OWN_READINGS = "see a summary of their own readings"
    SEE_AGREEMENT = "see how far readers agree"
    EXPORT = "export labels"
    MANAGE_WORKLISTS = "make worklists"
    MANAGE_JOBS = "manage jobs"
    MANAGE_PEOPLE = "manage people"
    MANAGE_MODELS = "retrain, promote and roll back models"


_EVERYONE = frozenset({Action.SEE_WORKLIST, Action.READ})
_ALLOWED = {
    Role.CLINICIAN: _EVERYONE | {Action.SEE_OWN_READINGS},
    Role.ADJUDICATOR: _EVERYONE | {Action.SEE_OWN_READINGS, Action.ADJUDICATE},
    # not their own readings, as they see those of all; nor may they settle: that is done without
    # names, and they see who answered what
    Role.ADMIN: frozenset(Action) - {Action.SEE_OWN_READINGS, Action.ADJUDICATE},
}


def allows(role: Role, action: Action) -> bool:
    """Whether people of this role may do this."""
    return action in _ALLOWED[role]


def may_settle(role: Role, *, has_seen: bool) -> bool:
    """Whether somebody may settle what the readers of a record dispute: not as one of them."""
    return allows(role, Action.ADJUDICATE) and not has_seen


def opinion_visible(stage: Stage | None, mode: ReadingMode) -> bool:
    """Whether a reader sees prediction, published label and report of a record.

    ``stage`` is the furthest answer of this very reader to this very record, None before any.
    No role changes this: an admin who has not answered sees nothing either.
    """
    return mode is ReadingMode.ASSISTED or stage is not None
