"""Answers of readers: drafts, the blind answer, the opinion it reveals, the final answer.

Nothing accepted is lost and nothing is double: every submission carries a key, and the same
key again returns what was stored the first time. A stored answer is never changed; an
amendment supersedes it.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.ecg import SUPERCLASSES, Superclass
from feedback import audit
from feedback.answers import MAX_KEY, Answer, check_agreement, column_of
from feedback.catalogue import find_record
from feedback.claims import mode_of
from feedback.db import now
from feedback.drafts import ReadingState, load_draft, save_draft, state_of, state_of_record
from feedback.errors import (
    AlreadyAnswered,
    AnswerChanged,
    KeyReused,
    NoLongerBlind,
    NothingToAmend,
    OpinionChanged,
)
from feedback.filling import fill
from feedback.independence import refuse_who_knows
from feedback.opinions import OpinionShown, model_to_reveal, reveal
from feedback.tables import (
    Draft,
    Json,
    Reading,
    ReadingMode,
    RecordRow,
    Stage,
    User,
)
from feedback.text import storable

__all__ = [
    "Answer",
    "OpinionShown",
    "ReadingState",
    "amend",
    "load_draft",
    "opinion_for",
    "save_draft",
    "state_of",
    "submit_blind",
    "submit_final",
]


def submit_blind(
    session: Session,
    reader_id: int,
    ecg_id: int,
    answer: Answer,
    *,
    key: str,
    started_at: datetime,
    record_id: int | None = None,
    worklist_id: int | None = None,
) -> Reading:
    """Store the answer given before the opinion was seen; it reveals the opinion.

    ``worklist_id`` is the worklist by which the record was opened, if any. Raises UnknownRecord,
    NoLongerBlind, AlreadyAnswered, KeyReused; NotIndependent for whoever settled it or gave its
    gold answers; ClaimLost and HeldByColleague as ``filling.fill`` does.
    """
    record = find_record(session, ecg_id, record_id)
    reading = _new(record, reader_id, Stage.BLIND, answer, key, started_at)
    if first := _came_before(session, reading):
        return first
    if mode_of(session, reader_id, record.id) is ReadingMode.ASSISTED:
        raise NoLongerBlind(
            f"the model's opinion on ECG {ecg_id} may have been shown to you by a worklist: "
            "reload, then answer it with the opinion beside it"
        )
    reading.model_id = model_to_reveal(session, record.id)
    return _store(session, reading, ecg_id, worklist_id)


def opinion_for(session: Session, reader_id: int, ecg_id: int) -> OpinionShown:
    """The model's opinion and the published labels, for a reader who has answered blind.

    Raises NotRevealed before that, and UnknownRecord.
    """
    record = find_record(session, ecg_id)
    return _opinion(session, record, state_of_record(session, reader_id, record))


def submit_final(
    session: Session,
    reader_id: int,
    ecg_id: int,
    answer: Answer,
    agreement: Mapping[Superclass, bool] | None,
    *,
    key: str,
    started_at: datetime,
    opinion_digest: str | None = None,
    explanation: Json | None = None,
    record_id: int | None = None,
    worklist_id: int | None = None,
) -> Reading:
    """Store the answer given after the opinion was seen, with what was on screen.

    ``explanation`` says which one lay over the trace, None where none did. ``agreement`` says
    class by class whether the reader agrees with the model; raises ContradictoryAnswer where the
    verdict says otherwise. With the ``opinion_digest`` of what was on screen, raises
    OpinionChanged where that is outdated; also NotRevealed, AlreadyAnswered, KeyReused,
    UnknownRecord; and, for the only answer of an assisted reading, ClaimLost and HeldByColleague
    as ``filling.fill`` does.
    """
    record = find_record(session, ecg_id, record_id)
    state = state_of_record(session, reader_id, record)
    reading = _new(record, reader_id, Stage.FINAL, answer, key, started_at)
    if first := _came_before(session, reading, agreement):
        return first
    opinion = _opinion(session, record, state)
    if opinion_digest and not state.final and opinion_digest != opinion.digest:
        raise OpinionChanged(
            "the model's opinion came in or changed while you were reading: "
            "look at it again, then save"
        )
    _add_opinion(reading, state, opinion, agreement, explanation)
    return _store(session, reading, ecg_id, worklist_id)


def amend(
    session: Session,
    reader_id: int,
    ecg_id: int,
    answer: Answer,
    agreement: Mapping[Superclass, bool] | None,
    *,
    key: str,
    started_at: datetime,
    stands: int | None = None,
    explanation: Json | None = None,
    record_id: int | None = None,
) -> Reading:
    """Supersede the final answer that stands; both are kept.

    With ``stands``, the reading that was on screen, raises AnswerChanged where another one stands
    by now; also NothingToAmend, KeyReused, UnknownRecord; ContradictoryAnswer where agreement and
    verdict contradict each other; AlreadyAnswered where two amendments came at once.
    """
    record = find_record(session, ecg_id, record_id)
    state = state_of_record(session, reader_id, record)
    if state.final is None:
        raise NothingToAmend(f"ECG {ecg_id} has no final answer of yours: submit one first")
    reading = _new(record, reader_id, Stage.FINAL, answer, key, started_at)
    if first := _came_before(session, reading, agreement):
        return first
    if stands not in (None, state.final.id):
        raise AnswerChanged(
            f"your answer to ECG {ecg_id} was changed in another window at "
            f"{state.final.submitted_at:%Y-%m-%d %H:%M:%S} UTC, and that change stands: "
            "reload to see it"
        )
    _add_opinion(reading, state, _opinion(session, record, state), agreement, explanation)
    reading.supersedes_id, reading.sequence = state.final.id, state.final.sequence + 1
    return _store(session, reading, ecg_id)


def _new(
    record: RecordRow,
    reader_id: int,
    stage: Stage,
    answer: Answer,
    key: str,
    started_at: datetime,
) -> Reading:
    if not 0 < len(key) <= MAX_KEY:
        raise KeyReused(f"a key of {len(key)} characters: send 1 to {MAX_KEY}, new for each answer")
    verdicts, moment = answer.verdicts or {}, now()
    return Reading(
        key=key,
        record_id=record.id,
        reader_id=reader_id,
        mode=ReadingMode.BLIND_FIRST,
        stage=stage,
        sequence=0,
        **{column_of(name): verdicts.get(name) for name in SUPERCLASSES},
        unreadable=answer.unreadable,
        confidence=answer.confidence,
        comment=storable(answer.comment).strip(),
        measurements=[one.as_json for one in answer.measurements] or None,
        started_at=min(started_at.astimezone(UTC), moment),  # a browser's clock may be ahead
        submitted_at=moment,
    )


def _add_opinion(
    reading: Reading,
    state: ReadingState,
    opinion: OpinionShown,
    agreement: Mapping[Superclass, bool] | None,
    explanation: Json | None,
) -> None:
    reading.mode = state.mode
    reading.blind_id = state.blind.id if state.blind else None
    beside = {"explanation": explanation} if explanation else {}
    reading.model_id, reading.shown = opinion.model_id, opinion.shown | beside
    if agreement is not None and not opinion.unavailable:
        check_agreement(Answer.of(reading), agreement, opinion.predicted, opinion.abstained)
        reading.agreement = _words(agreement)


def _words(agreement: Mapping[Superclass, bool]) -> dict[str, str]:
    return {str(name): "agree" if yes else "disagree" for name, yes in agreement.items()}


def _opinion(session: Session, record: RecordRow, state: ReadingState) -> OpinionShown:
    pinned = state.blind.model_id if state.blind else None
    return reveal(session, record, state.stage, pinned, state.mode)


def _store(
    session: Session, reading: Reading, ecg_id: int, worklist_id: int | None = None
) -> Reading:
    """Add the reading with its audit entry, or return the one that was quicker under its key."""
    begins = reading.sequence == 0 and reading.blind_id is None
    if begins:
        refuse_who_knows(session, reading.reader_id, reading.record_id, ecg_id)
    try:
        with session.begin_nested():
            session.add(reading)
    except IntegrityError:  # another request of this reader was quicker
        if first := _of_key(session, reading.reader_id, reading.key):
            return _same(first, reading)
        _refuse_second(session, reading, ecg_id)
        raise
    session.execute(
        delete(Draft).where(
            Draft.record_id == reading.record_id, Draft.reader_id == reading.reader_id
        )
    )
    if begins:
        fill(session, reading, worklist_id)
    _audit(session, reading, ecg_id)
    return reading


def _of_key(session: Session, reader_id: int, key: str) -> Reading | None:
    return session.scalar(select(Reading).where(Reading.reader_id == reader_id, Reading.key == key))


def _came_before(
    session: Session, reading: Reading, agreement: Mapping[Superclass, bool] | None = None
) -> Reading | None:
    """The reading that came with this key before: stored is stored, whatever changed since."""
    first = _of_key(session, reading.reader_id, reading.key)
    if first is None:
        return None
    reading.agreement = None if agreement is None else _words(agreement)
    return _same(first, reading)


def _same(first: Reading, again: Reading) -> Reading:
    asked = ("record_id", "stage", "unreadable", "confidence", "comment", "measurements")
    names = (*asked, *(column_of(name) for name in SUPERCLASSES))
    changed = any(getattr(first, name) != getattr(again, name) for name in names)
    if changed or (first.agreement and again.agreement and first.agreement != again.agreement):
        raise KeyReused(
            f"an answer was already saved under this key at {first.submitted_at:%H:%M:%S} UTC, "
            "and it was another one: reload to see it, then amend it"
        )
    return first


def _refuse_second(session: Session, reading: Reading, ecg_id: int) -> None:
    at = session.scalar(
        select(func.max(Reading.submitted_at)).where(
            Reading.record_id == reading.record_id,
            Reading.reader_id == reading.reader_id,
            Reading.stage == reading.stage,
        )
    )
    if at is not None:
        raise AlreadyAnswered(
            f"your {reading.stage} answer to ECG {ecg_id} was saved at {at:%Y-%m-%d %H:%M:%S} UTC: "
            "reload to see it"
        ) from None


def _audit(session: Session, reading: Reading, ecg_id: int) -> None:
    reader = session.get_one(User, reading.reader_id).email
    action = f"{audit.READING}.{'amend' if reading.sequence else reading.stage}"
    audit.record(
        session,
        reader,
        action,
        f"ECG {ecg_id}",
        reading=reading.id,
        sha256=audit.seal(reading),
    )
