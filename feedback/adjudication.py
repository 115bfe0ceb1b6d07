"""Adjudication: what readers dispute goes to somebody else, who sees the answers without names.

Whoever has read a record, or been shown the model's opinion on it by a worklist, does
not settle it; whoever has settled it does not read it: see ``feedback.policy``.
An adjudication settles every class that the readers' answers leave in conflict, as they were on
screen; a later one supersedes it, whatever was answered since, and both are kept.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.ecg import SUPERCLASSES, Superclass
from feedback import audit
from feedback.adjudications import (
    Settled,
    Verdicts,
    standing_adjudication,
    standing_adjudications,
    verdicts_of,
)
from feedback.answers import MAX_COMMENT, MAX_KEY, Answer, column_of
from feedback.catalogue import active_source, find_record
from feedback.consensus import RecordConsensus, consensus, standing_consensus
from feedback.db import Sessions, now
from feedback.errors import (
    AnswerChanged,
    IncompleteAnswer,
    KeyReused,
    NotIndependent,
    NotInDispute,
)
from feedback.gold import gold_ids
from feedback.panel import panel, reading_ids
from feedback.policy import may_settle
from feedback.tables import (
    Adjudication,
    AssistedView,
    GoldAnswer,
    Reading,
    RecordRow,
    User,
    Verdict,
)
from feedback.text import storable
from feedback.undo import STEPS


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """A record that waits for an adjudicator."""

    ecg_id: int
    classes: tuple[Superclass, ...]
    answers: int
    could_not_read: int  # of the answers, where every class waits for that; else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What waits, as one adjudicator sees it."""

    conflicts: Sequence[Conflict]  # theirs to settle, by ecg_id
    seen_by_them: int  # conflicts for another adjudicator
    settled: Sequence[int]  # what they settled last, by ecg_id, the latest first


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What an adjudicator is shown of one record: no name, no model, no label."""

    record: RecordRow
    classes: tuple[Superclass, ...]  # that want a verdict: in dispute, or settled before
    disputed: tuple[Superclass, ...]  # of these, what is in dispute now
    beside: tuple[Superclass, ...]  # not asked, and present whatever is settled now
    answers: Sequence[tuple[str, Answer]]  # "Reader A", ...: in an order that tells no name
    shown: str  # which answers and questions these are: for ``settle``
    stands: Adjudication | None  # what was settled before


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """An adjudicator's answer: a verdict on what is asked, or that the ECG cannot be read."""

    verdicts: Mapping[Superclass, Verdict]
    unreadable: bool = False
    comment: str = ""

    def check(self, asked: Sequence[Superclass]) -> None:
        """Raise IncompleteAnswer unless it settles what is asked and nothing else."""
        wanted = () if self.unreadable else asked
        missing = [name.title for name in wanted if name not in self.verdicts]
        if missing:
            raise IncompleteAnswer(
                f"no verdict on {', '.join(missing)}: say present, absent or unsure, or unreadable"
            )
        beyond = [name.title for name in self.verdicts if name not in wanted]
        if beyond:
            raise IncompleteAnswer(
                f"a verdict on {', '.join(beyond)}, which is not asked: take it back"
            )
        if len(self.comment) > MAX_COMMENT:
            raise IncompleteAnswer(
                f"the comment has {len(self.comment)} characters: shorten it to {MAX_COMMENT}"
            )


def waiting(session: Session, adjudicator_id: int) -> Waiting:
    """The conflicts that nobody has settled; raises NoDataset.

    Gold records are none: what is known of them judges their readers, and nothing else is asked.
    """
    open_ones = [one for one in standing_consensus(session, panel(session)) if one.conflicts]
    seen = _seen_by(session, adjudicator_id)
    return Waiting(
        conflicts=[_conflict(one) for one in open_ones if one.record_id not in seen],
        seen_by_them=sum(one.record_id in seen for one in open_ones),
        settled=settled_last(session, adjudicator_id),
    )


def open_case(session: Session, adjudicator_id: int, ecg_id: int) -> Case:
    """What the adjudicator sees of a record that readers dispute, or that was settled before.

    Raises UnknownRecord, NotInDispute, for gold ones too, and NotIndependent for one of its
    readers.
    """
    record = find_record(session, ecg_id)
    _refuse_reader(session, adjudicator_id, record)
    stands = standing_adjudication(session, record.id)
    found = _disputed(session, record, _consensus_on(session, record, stands), stands)
    classes = _asked(found, stands)
    return Case(
        record=record,
        classes=classes,
        disputed=found.conflicts,
        beside=_beside(found, classes),
        answers=_without_names(session, record, found.reading_ids),
        shown=_digest(found, stands),
        stands=stands,
    )


def settle(
    sessions: Sessions,
    adjudicator_id: int,
    ecg_id: int,
    settlement: Settlement,
    *,
    key: str,
    started_at: datetime,
    shown: str,
    record_id: int | None = None,
    stands: int | None = None,
) -> Adjudication:
    """Store the verdicts on what is asked; the same key again returns what was stored.

    What is disputed hangs on everybody's answers: of thousands of records it takes seconds, in
    which readers' answers would wait, so it is found before the transaction that stores.
    ``shown`` says which answers and questions were on screen and ``stands`` which adjudication,
    None where there was none: raises AnswerChanged where there are others by now, since a verdict
    holds for what its adjudicator has seen. Also UnknownRecord, NotInDispute, NotIndependent,
    IncompleteAnswer, KeyReused.
    """
    if not 0 < len(key) <= MAX_KEY:
        raise KeyReused(f"a key of {len(key)} characters: send 1 to {MAX_KEY}, new for each answer")
    with sessions.read() as session:
        record = find_record(session, ecg_id, record_id)
        seen = standing_adjudication(session, record.id)
        found = _consensus_on(session, record, seen)
    with sessions.begin() as session:
        record = find_record(session, ecg_id, record_id)
        if first := _of_key(session, adjudicator_id, key):
            return _same(first, record, settlement)
        _refuse_reader(session, adjudicator_id, record)
        before = standing_adjudication(session, record.id)
        if not stands == _id(before) == _id(seen):
            raise _changed(ecg_id)
        disputed = _disputed(session, record, found, before)
        given = reading_ids(session, record)
        if _digest(disputed, before) != shown or given != disputed.reading_ids:
            raise AnswerChanged(
                f"ECG {ecg_id} has another answer, or is in dispute otherwise, since you opened "
                "it: reload to see it"
            )
        settlement.check(_asked(disputed, before))
        made = _new(disputed, before, settlement)
        made.key, made.adjudicator_id = key, adjudicator_id
        made.started_at = min(started_at.astimezone(UTC), made.submitted_at)
        return _store(session, made, ecg_id)


def settled_last(session: Session, adjudicator_id: int) -> Sequence[int]:
    """The way back to a verdict that was a slip: it stands until another one supersedes it."""
    query = (
        standing_adjudications()
        .join(RecordRow, RecordRow.id == Adjudication.record_id)
        .with_only_columns(RecordRow.ecg_id)
        .where(
            Adjudication.adjudicator_id == adjudicator_id,
            RecordRow.source_id == active_source(session).id,
            RecordRow.id.not_in(gold_ids()),
        )
        .order_by(Adjudication.submitted_at.desc(), Adjudication.id.desc())
    )
    return session.scalars(query.limit(STEPS)).all()


def _conflict(one: RecordConsensus) -> Conflict:
    return Conflict(
        ecg_id=one.ecg_id,
        classes=one.conflicts,
        answers=len(one.reading_ids),
        could_not_read=one.could_not_read if one.hardly_readable else 0,
    )


def _consensus_on(
    session: Session, record: RecordRow, stands: Adjudication | None
) -> RecordConsensus | None:
    """Where the record stands; None without an answer.

    One that was called unreadable is looked at by its readers' answers alone: what they dispute is
    what there is to say of it if it can be read.
    """
    settled = {record.id: Settled(verdicts)} if (verdicts := _kept(stands)) else {}
    everything = consensus(panel(session), settled)
    return next((one for one in everything if one.record_id == record.id), None)


def _id(one: Adjudication | None) -> int | None:
    return one.id if one else None


def _disputed(
    session: Session,
    record: RecordRow,
    found: RecordConsensus | None,
    stands: Adjudication | None,
) -> RecordConsensus:
    """The record as it was ``found``, or NotInDispute.

    A gold one is refused in the same words as one that is agreed on: adjudicators read too.
    """
    is_gold = session.scalar(gold_ids().where(GoldAnswer.record_id == record.id)) is not None
    if found is None or not _asked(found, stands) or is_gold:
        raise NotInDispute(
            f"ECG {record.ecg_id} has nothing that waits for an adjudicator: choose one of the list"
        )
    return found


def _asked(found: RecordConsensus, stands: Adjudication | None) -> tuple[Superclass, ...]:
    """The classes that want a verdict: what is in dispute, and what was settled before.

    A later answer may end a dispute, but not the verdict on it, which goes before every answer:
    whoever slipped must be able to change it. Of an ECG that was called unreadable, that is all.
    """
    if stands and stands.unreadable and not found.conflicts:
        return tuple(SUPERCLASSES)
    settled = _kept(stands)
    return tuple(name for name in SUPERCLASSES if name in found.conflicts or name in settled)


def _digest(found: RecordConsensus, stands: Adjudication | None) -> str:
    """Which answers and questions these are, without the numbers, which tell who was first."""
    seen = " ".join(map(str, (*found.reading_ids, *_asked(found, stands))))
    return hashlib.sha256(seen.encode()).hexdigest()


def _beside(found: RecordConsensus, asked: Sequence[Superclass]) -> tuple[Superclass, ...]:
    """The classes that stay present beside a verdict, by the readers."""
    return tuple(
        name for name in SUPERCLASSES if name not in asked and found.classes[name].label == 1
    )


def _kept(before: Adjudication | None) -> Verdicts:
    """The verdicts of before."""
    return verdicts_of(before) if before and not before.unreadable else {}


def _refuse_reader(session: Session, adjudicator_id: int, record: RecordRow) -> None:
    role = session.get_one(User, adjudicator_id).role
    if not may_settle(role, has_seen=record.id in _seen_by(session, adjudicator_id, record.id)):
        raise NotIndependent(
            f"you may not settle ECG {record.ecg_id}: that is for an adjudicator who has not "
            "read it or been shown the model's opinion"
        )


def _seen_by(session: Session, person_id: int, record_id: int | None = None) -> set[int]:
    """The records, or the one, that somebody has answered or been shown the opinion on."""
    seen: set[int] = set()
    for table in (Reading, AssistedView):
        query = select(table.record_id).where(table.reader_id == person_id)
        if record_id is not None:
            query = query.where(table.record_id == record_id)
        seen.update(session.scalars(query))
    return seen


def _without_names(
    session: Session, record: RecordRow, reading_ids: Sequence[int]
) -> list[tuple[str, Answer]]:
    """The answers in an order that hangs on the record, so that no reader is always the first."""
    readings = [session.get_one(Reading, one) for one in reading_ids]
    readings.sort(key=lambda one: hashlib.sha256(f"{record.id}:{one.key}".encode()).digest())
    return [(f"Reader {_letters(place)}", Answer.of(one)) for place, one in enumerate(readings)]


def _letters(place: int) -> str:
    """A, B, ..., Z, AA, AB, ..."""
    letters = chr(ord("A") + place % 26)
    return letters if place < 26 else _letters(place // 26 - 1) + letters


def _new(
    found: RecordConsensus, before: Adjudication | None, settlement: Settlement
) -> Adjudication:
    verdicts = {} if settlement.unreadable else settlement.verdicts
    return Adjudication(
        record_id=found.record_id,
        sequence=before.sequence + 1 if before else 0,
        **{column_of(name): verdicts.get(name) for name in SUPERCLASSES},
        unreadable=settlement.unreadable,
        comment=storable(settlement.comment).strip(),
        reading_ids=list(found.reading_ids),
        submitted_at=now(),
    )


def _store(session: Session, made: Adjudication, ecg_id: int) -> Adjudication:
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError as error:  # another adjudicator was quicker
        raise _changed(ecg_id) from error
    adjudicator = session.get_one(User, made.adjudicator_id).email
    action = f"{audit.ADJUDICATION}.{'amend' if made.sequence else 'settle'}"
    audit.record(
        session,
        adjudicator,
        action,
        f"ECG {ecg_id}",
        adjudication=made.id,
        sha256=audit.seal(made),
    )
    return made


def _of_key(session: Session, adjudicator_id: int, key: str) -> Adjudication | None:
    return session.scalar(
        select(Adjudication).where(
            Adjudication.adjudicator_id == adjudicator_id, Adjudication.key == key
        )
    )


def _same(first: Adjudication, record: RecordRow, again: Settlement) -> Adjudication:
    said = {name: getattr(first, column_of(name)) for name in again.verdicts}
    same = (first.record_id, first.unreadable, first.comment) == (
        record.id,
        again.unreadable,
        storable(again.comment).strip(),
    )
    if not same or said != dict(again.verdicts):
        raise KeyReused(
            f"verdicts were already saved under this key at {first.submitted_at:%H:%M:%S} UTC, "
            "and they were others: reload to see them"
        )
    return first


def _changed(ecg_id: int) -> AnswerChanged:
    return AnswerChanged(
        f"ECG {ecg_id} was settled in another window, and that stands: reload to see it"
    )
