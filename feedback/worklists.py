"""Worklists that an admin makes: a pool, a strategy that picks from it, how it is to be read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from sqlalchemy import ColumnElement, Row, and_, case, distinct, func, insert, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.ecg import SUPERCLASSES
from feedback import audit
from feedback.catalogue import active_source
from feedback.claims import find_worklist, note_views, open_worklist
from feedback.db import now
from feedback.errors import InvalidWorklist
from feedback.gold_mix import WHY, choose_gold, mixed
from feedback.pool import PoolFilter, unread
from feedback.pool_features import NEEDED_BY, with_features
from feedback.sampling import AUDIT_SHARE, Pick, Pool, Strategy, pick
from feedback.slots import free, lock, open_to
from feedback.tables import (
    ModelVersion,
    Prediction,
    ReadingMode,
    RecordRow,
    Worklist,
    WorklistSlot,
)

MAX_RECORDS = 5000
MAX_READERS = 9


def _in_one_line(name: object) -> object:
    return " ".join(name.split()) if isinstance(name, str) else name


class WorklistPlan(BaseModel):
    """A worklist as an admin asks for it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=80), BeforeValidator(_in_one_line)]
    records: int = Field(gt=0, le=MAX_RECORDS)
    strategy: Strategy
    readers_each: int = Field(default=1, gt=0, le=MAX_READERS)
    mode: ReadingMode = ReadingMode.BLIND_FIRST
    audit_share: float = Field(default=AUDIT_SHARE, ge=0, le=1)
    gold_share: float = Field(default=0, ge=0, le=0.5)  # of the records, whose answers are known
    pool: PoolFilter = PoolFilter()
    seed: int = Field(default=0, ge=0, lt=2**31)

    @property
    def gold(self) -> int:
        """How many of the records are gold."""
        return round(self.gold_share * self.records)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far a worklist has come."""

    worklist: Worklist
    readings: int  # that it asks for
    done: int
    held: int  # under a lease that runs
    left_for_reader: int  # records of which this reader may still claim a slot


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a record stands where it does in a worklist; not for those who read it blind."""

    position: int
    ecg_id: int
    why: str
    audit: bool
    done: int
    asked: int


def preview(session: Session, plan: WorklistPlan) -> list[tuple[int, Pick]]:
    """The records that the plan would pick now, with the reasons: (record id, pick).

    Gold records are among them. Raises InvalidWorklist where the pool is empty or has too few of
    those, InvalidQuery where the strategy lacks data.
    """
    model = session.scalar(select(ModelVersion).where(ModelVersion.active))
    query = unread(session, plan.pool, model, plan.readers_each)
    if plan.strategy is not Strategy.RANDOM:
        query = query.where(Prediction.p_norm.is_not(None))
    if plan.strategy in NEEDED_BY:
        query = query.where(Prediction.features.is_not(None))
    if plan.strategy is Strategy.DISAGREEMENT:
        query = query.where(RecordRow.labelled)
    rows = session.execute(query).all()
    if not rows:
        raise InvalidWorklist(_nothing_left(plan.strategy, model))
    pool = _pool(rows, model)
    if plan.strategy in NEEDED_BY and model is not None:
        record_ids = np.array([row.id for row in rows])
        pool = with_features(session, pool, record_ids, model, plan.strategy)
    picks = pick(
        plan.strategy,
        pool,
        plan.records - plan.gold,
        seed=plan.seed,
        audit_share=plan.audit_share,
    )
    known = choose_gold(
        session, plan.pool, model, plan.gold, readers_each=plan.readers_each, seed=plan.seed
    )
    return mixed([(rows[one.row].id, one) for one in picks], known, plan.seed)


def make(
    session: Session,
    plan: WorklistPlan,
    *,
    actor: str,
    picks: Sequence[tuple[int, Pick]] | None = None,
    maker_id: int | None = None,
) -> Worklist:
    """Pick the records and open the worklist, audited; raises InvalidWorklist or InvalidQuery.

    Who chose records by label or opinion reads them blind no more: ``maker_id`` is that person's.
    ``picks`` are those of a ``preview`` a moment ago: where one writes at a time, readers' answers
    wait for as long as a writing ``session`` picks.
    """
    picks = preview(session, plan) if picks is None else picks
    worklist = Worklist(
        name=plan.name,
        source_id=active_source(session).id,
        model_id=session.scalar(select(ModelVersion.id).where(ModelVersion.active)),
        strategy=plan.strategy.value,
        pool=plan.pool.model_dump(mode="json"),
        open=True,
        made_by=actor,
        made_at=now(),
        **plan.model_dump(include={"mode", "readers_each", "audit_share", "seed"}),
    )
    try:
        with session.begin_nested():
            session.add(worklist)
    except IntegrityError:
        raise InvalidWorklist(
            f"there is a worklist named '{worklist.name}': give another name"
        ) from None
    slots = [
        {
            "worklist_id": worklist.id,
            "record_id": record_id,
            "position": position,
            "number": number,
            "why": one.why,
            "audit": one.audit,
        }
        for position, (record_id, one) in enumerate(picks)
        for number in range(plan.readers_each)
    ]
    session.execute(insert(WorklistSlot), slots)  # in one go: readers' answers wait meanwhile
    if maker_id is not None and plan.pool.telling:
        note_views(session, maker_id, worklist.id, [record_id for record_id, _ in picks])
    counts = {"records": len(picks), "gold": sum(one.why == WHY for _, one in picks)}
    _audit(session, actor, "make", worklist, strategy=worklist.strategy, **counts)
    return worklist


def close(session: Session, worklist_id: int, *, actor: str) -> Worklist:
    """Hand out no more of the worklist; what is being read may still be answered."""
    lock(session, [worklist_id])
    worklist = open_worklist(session, worklist_id)
    worklist.open = False
    _audit(session, actor, "close", worklist)
    return worklist


def standings(session: Session, reader_id: int, *, closed: bool = False) -> list[Standing]:
    """The open worklists of the active data set, the newest first; with ``closed`` those too."""
    which: list[ColumnElement[bool]] = [Worklist.source_id == active_source(session).id]
    which += [] if closed else [Worklist.open.is_(True)]
    lists = session.scalars(select(Worklist).where(*which).order_by(Worklist.id.desc())).all()
    return [_standing(session, worklist, reader_id) for worklist in lists]


def reasons(session: Session, worklist_id: int) -> list[Reason]:
    """The records of a worklist in their order, and why each is there."""
    done = func.count(WorklistSlot.reading_id)
    asked = func.count()
    query = (
        select(
            WorklistSlot.position,
            RecordRow.ecg_id,
            WorklistSlot.why,
            WorklistSlot.audit,
            done.label("done"),
            asked.label("asked"),
        )
        .join(RecordRow, RecordRow.id == WorklistSlot.record_id)
        .where(WorklistSlot.worklist_id == worklist_id)
        .group_by(WorklistSlot.position, RecordRow.ecg_id, WorklistSlot.why, WorklistSlot.audit)
        .order_by(WorklistSlot.position)
    )
    return [Reason(**row) for row in session.execute(query).mappings()]


def gold_counts(session: Session) -> dict[int, tuple[int, int]]:
    """Worklist -> how many of its records are gold, of how many; for the administrator alone."""
    record = WorklistSlot.record_id
    query = select(
        WorklistSlot.worklist_id,
        func.count(distinct(case((WorklistSlot.why == WHY, record)))),
        func.count(distinct(record)),
    ).group_by(WorklistSlot.worklist_id)
    return {worklist_id: (gold, of) for worklist_id, gold, of in session.execute(query)}


def tell(
    session: Session, worklist_id: int, person_id: int, count: int
) -> tuple[list[Reason], int]:
    """The first ``count`` reasons of how many, to somebody who reads those records blind no more.

    A reason gives away what the model found, or what was published; that a record was drawn, or
    is gold, gives away neither, unless all were chosen by it. Raises UnknownWorklist.
    """
    worklist = find_worklist(session, worklist_id)
    every = reasons(session, worklist_id)
    told = every[:count]
    chosen = PoolFilter.model_validate(worklist.pool).telling
    telling = [one.ecg_id for one in told if chosen or not (one.audit or one.why == WHY)]
    records = session.scalars(
        select(RecordRow.id).where(
            RecordRow.source_id == worklist.source_id, RecordRow.ecg_id.in_(telling)
        )
    )
    note_views(session, person_id, worklist_id, records.all())
    return told, len(every)


def _nothing_left(strategy: Strategy, model: ModelVersion | None) -> str:
    said = (
        "no record is left: all that fit these filters have their readers, or an open worklist "
        "asks for them: widen the filters, or close a worklist"
    )
    if not model:
        return f"{said}; no model is served yet, so only 'random' can pick"
    if strategy is Strategy.DISAGREEMENT:
        return f"{said}; '{strategy.words}' picks none without a published label"
    return said


def _standing(session: Session, worklist: Worklist, reader_id: int) -> Standing:
    of_list = WorklistSlot.worklist_id == worklist.id
    empty = WorklistSlot.reading_id.is_(None)
    total, done, held = session.execute(
        select(
            func.count(),
            func.count(WorklistSlot.reading_id),
            func.count().filter(and_(empty, ~free())),
        ).where(of_list)
    ).one()
    mine = or_(free(), WorklistSlot.reader_id == reader_id)
    left = session.scalar(
        select(func.count(WorklistSlot.record_id.distinct())).where(
            of_list, empty, mine, open_to(reader_id)
        )
    )
    return Standing(
        worklist=worklist, readings=total, done=done, held=held, left_for_reader=left or 0
    )


def _pool(rows: Sequence[Row[int]], model: ModelVersion | None) -> Pool:
    values = np.array([row[1:] for row in rows], dtype=object)
    probability = np.array(values[:, : len(SUPERCLASSES)], dtype=np.float64)
    pool = Pool(probability=probability, label=values[:, len(SUPERCLASSES) :].astype(bool))
    if model is None:
        return pool
    thresholds = [float(model.card["thresholds"][name]) for name in SUPERCLASSES]
    return Pool(
        probability=probability,
        label=pool.label,
        threshold=np.array(thresholds),
    )


def _audit(session: Session, actor: str, act: str, worklist: Worklist, **detail: object) -> None:
    audit.record(session, actor, f"worklist.{act}", worklist.name, worklist=worklist.id, **detail)
