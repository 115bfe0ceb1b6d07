"""How far a reader has come with a record, and what they have typed and not yet submitted."""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from feedback.catalogue import find_record
from feedback.claims import mode_of
from feedback.db import insert_of, now
from feedback.errors import IncompleteAnswer, NotRevealed
from feedback.policy import opinion_visible
from feedback.tables import Draft, Json, Reading, ReadingMode, RecordRow, Stage

MAX_DRAFT = 40_000  # characters of JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingState:
    """How far one reader has come with one record."""

    blind: Reading | None
    final: Reading | None  # the one that stands
    draft: Draft | None
    mode: ReadingMode = ReadingMode.BLIND_FIRST

    @property
    def revealed(self) -> bool:
        """Whether the opinion may be shown: after the blind answer, or where it is no secret."""
        return opinion_visible(self.stage, self.mode)

    @property
    def stage(self) -> Stage | None:
        """The furthest answer that is stored."""
        if self.final:
            return Stage.FINAL
        return Stage.BLIND if self.blind else None


def state_of(session: Session, reader_id: int, ecg_id: int) -> ReadingState:
    """What this reader has stored of this record; raises UnknownRecord."""
    return state_of_record(session, reader_id, find_record(session, ecg_id))


def save_draft(
    session: Session,
    reader_id: int,
    ecg_id: int,
    stage: Stage,
    payload: Json,
    *,
    record_id: int | None = None,
) -> Draft | None:
    """Keep what the reader has typed; None, and nothing kept, where the stage is answered.

    Raises NotRevealed for a final draft before the blind answer, IncompleteAnswer for one longer
    than ``MAX_DRAFT``, UnknownRecord as ``catalogue.find_record`` does.
    """
    record = find_record(session, ecg_id, record_id)
    state = state_of_record(session, reader_id, record)
    if stage is Stage.FINAL and not state.revealed:
        raise NotRevealed(f"ECG {ecg_id} has no blind answer of yours: answer it first")
    if state.final or (stage is Stage.BLIND and state.blind):
        return None  # an autosave that was overtaken by its own submission
    size = len(json.dumps(payload))
    if size > MAX_DRAFT:
        raise IncompleteAnswer(f"the draft has {size} characters: shorten it to {MAX_DRAFT}")
    _upsert_draft(session, record.id, reader_id, stage, payload)
    return _draft(session, reader_id, record)


def load_draft(session: Session, reader_id: int, ecg_id: int) -> Draft | None:
    """This reader's own draft on this record; raises UnknownRecord."""
    return _draft(session, reader_id, find_record(session, ecg_id))


def state_of_record(session: Session, reader_id: int, record: RecordRow) -> ReadingState:
    """What this reader has stored of this record."""
    mine = (
        select(Reading)
        .where(Reading.record_id == record.id, Reading.reader_id == reader_id)
        .order_by(Reading.sequence)
    )
    latest = {reading.stage: reading for reading in session.scalars(mine)}
    return ReadingState(
        blind=latest.get(Stage.BLIND),
        final=latest.get(Stage.FINAL),
        draft=_draft(session, reader_id, record),
        mode=mode_of(session, reader_id, record.id),
    )


def _draft(session: Session, reader_id: int, record: RecordRow) -> Draft | None:
    return session.scalar(
        select(Draft)
        .where(Draft.record_id == record.id, Draft.reader_id == reader_id)
        .execution_options(populate_existing=True)
    )


def _upsert_draft(
    session: Session, record_id: int, reader_id: int, stage: Stage, payload: Json
) -> None:
    """One statement, so that two tabs that save at once cannot collide."""
    content: dict[str, Any] = {"stage": stage, "payload": payload, "saved_at": now()}
    session.execute(
        insert_of(session, Draft)
        .values(record_id=record_id, reader_id=reader_id, **content)
        .on_conflict_do_update(index_elements=["record_id", "reader_id"], set_=content)
    )
