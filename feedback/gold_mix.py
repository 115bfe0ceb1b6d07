"""Gold records put among the picks of a worklist, at places that chance draws."""

from collections.abc import Sequence

import numpy as np
from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import Session

from feedback.errors import InvalidWorklist
from feedback.pool import PoolFilter, gold, readers_of_record
from feedback.sampling import Pick
from feedback.tables import Adjudication, GoldGiver, ModelVersion, Reading, RecordRow, User

WHY = "gold: its answers are known"  # for the administrator alone


def choose_gold(
    session: Session,
    wanted: PoolFilter,
    model: ModelVersion | None,
    count: int,
    *,
    readers_each: int,
    seed: int,
) -> list[int]:
    """The ids of so many gold records of the pool that readers are left for, least read first.

    Raises InvalidWorklist where there are fewer.
    """
    query = gold(session, wanted, model).where(_people_left() >= readers_each)
    rows = session.execute(query.add_columns(readers_of_record().label("readers")))
    had = {row.id: row.readers for row in rows}
    if len(had) < count:
        raise InvalidWorklist(
            f"{count} gold records are asked for, and {len(had)} fit these filters with readers "
            "left for them: make more records gold, or lower the gold share"
        )
    drawn = np.random.default_rng(seed).permutation(sorted(had)).tolist()
    return sorted(drawn, key=had.__getitem__)[:count]


def _people_left() -> ColumnElement[int]:
    """How many people may read a record: who has not read or settled it, nor knows its answers."""
    own = (
        (Reading.record_id, Reading.reader_id == User.id),
        (Adjudication.record_id, Adjudication.adjudicator_id == User.id),
        (GoldGiver.record_id, GoldGiver.email == User.email),
    )
    barred = [
        exists().where(record_id == RecordRow.id, theirs).correlate(RecordRow, User)
        for record_id, theirs in own
    ]
    return (
        select(func.count())
        .select_from(User)
        .where(User.active, ~or_(*barred))
        .correlate(RecordRow)
        .scalar_subquery()
    )


def mixed(
    picks: Sequence[tuple[int, Pick]], gold_ids: Sequence[int], seed: int
) -> list[tuple[int, Pick]]:
    """Picks and gold records in one order, that of the picks kept: (record id, pick)."""
    total = len(picks) + len(gold_ids)
    rng = np.random.default_rng([seed, total])
    places = set(rng.choice(total, len(gold_ids), replace=False).tolist())
    ours, others = iter(gold_ids), iter(picks)
    return [
        (next(ours), Pick(row=-1, why=WHY, audit=False)) if place in places else next(others)
        for place in range(total)
    ]
