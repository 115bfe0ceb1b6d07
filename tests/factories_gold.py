"""Gold records as an administrator would give them."""

from core.ecg import SUPERCLASSES, Superclass
from feedback import gold
from feedback.db import Sessions
from feedback.tables import Verdict
from tests.factories_worklists import ADMIN


def known(*present: Superclass) -> dict[Superclass, Verdict]:
    """These classes present, the others absent."""
    return {name: Verdict.PRESENT if name in present else Verdict.ABSENT for name in SUPERCLASSES}


def golden(sessions: Sessions, answers: dict[int, dict[Superclass, Verdict]]) -> None:
    """These answers, by ecg_id, kept."""
    with sessions.begin() as session:
        gold.keep(session, answers, actor=ADMIN)
