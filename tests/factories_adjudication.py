"""Conflicts between readers, and adjudicators who settle them."""

from contextlib import suppress
from uuid import uuid4

from core.ecg import Superclass
from feedback import adjudication
from feedback.adjudication import Settlement
from feedback.db import Sessions, now
from feedback.errors import FeedbackError
from feedback.tables import Adjudication, Verdict
from tests.factories_readings import answer, blind


def dispute(
    sessions: Sessions, readers: tuple[int, int], ecg_id: int, name: Superclass = Superclass.MI
) -> None:
    """The first of two readers calls a class present, the second absent."""
    blind(sessions, readers[0], ecg_id, answer(name))
    blind(sessions, readers[1], ecg_id, answer())


def seen_by(sessions: Sessions, adjudicator: int, ecg_id: int) -> str:
    """What the page of a case says was on it; nothing where there is no such page."""
    with suppress(FeedbackError), sessions.read() as session:
        return adjudication.open_case(session, adjudicator, ecg_id).shown
    return ""


def settled(
    sessions: Sessions,
    adjudicator: int,
    ecg_id: int,
    verdicts: dict[Superclass, Verdict] | None = None,
    *,
    unreadable: bool = False,
    comment: str = "",
    key: str = "",
    stands: int | None = None,
    shown: str | None = None,
) -> Adjudication:
    """An adjudication, stored; of the answers that there are, unless others were ``shown``."""
    if shown is None:
        shown = seen_by(sessions, adjudicator, ecg_id)
    return adjudication.settle(
        sessions,
        adjudicator,
        ecg_id,
        Settlement(verdicts=verdicts or {}, unreadable=unreadable, comment=comment),
        key=key or uuid4().hex,
        started_at=now(),
        shown=shown,
        stands=stands,
    )
