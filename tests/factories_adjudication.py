"""Conflicts between readers, and adjudicators who settle them."""

from uuid import uuid4

from core.ecg import Superclass
from feedback import adjudication
from feedback.adjudication import Settlement, digest_of
from feedback.catalogue import find_record
from feedback.db import Sessions, now
from feedback.panel import reading_ids
from feedback.tables import Adjudication, Verdict
from tests.factories_readings import answer, blind


def dispute(
    sessions: Sessions, readers: tuple[int, int], ecg_id: int, name: Superclass = Superclass.MI
) -> None:
    """The first of two readers calls a class present, the second absent."""
    blind(sessions, readers[0], ecg_id, answer(name))
    blind(sessions, readers[1], ecg_id, answer())


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
    with sessions.read() as session:
        given = reading_ids(session, find_record(session, ecg_id))
    return adjudication.settle(
        sessions,
        adjudicator,
        ecg_id,
        Settlement(verdicts=verdicts or {}, unreadable=unreadable, comment=comment),
        key=key or uuid4().hex,
        started_at=now(),
        shown=digest_of(given) if shown is None else shown,
        stands=stands,
    )
