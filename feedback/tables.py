"""The tables, the same on SQLite and PostgreSQL.

Readings, adjudications and audit entries are append only: triggers in ``migrations/`` refuse to
change or delete a row. What a reader must not see before answering (published labels, statements,
report) is deferred in ``RecordRow`` and raises when touched: ``feedback.opinions`` and
``feedback.worklist`` alone ask for it by name, for those who may see it.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from core.ecg import Superclass
from core.explain.explanation import Method, Unit
from feedback.columns import UtcDateTime, as_text, one_of, only_one_active

Json = dict[str, Any]


class Role(StrEnum):
    """What a person is here for."""

    CLINICIAN = "clinician"  # reads
    ADJUDICATOR = "adjudicator"  # reads, and settles conflicts between readers
    ADMIN = "admin"  # reads, and manages people, jobs and exports


class Verdict(StrEnum):
    """A reader's word on one superclass."""

    PRESENT = "present"
    ABSENT = "absent"
    UNSURE = "unsure"


class Confidence(StrEnum):
    """How sure the reader is of the whole answer."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class ReadingMode(StrEnum):
    """Whether the model's opinion was on screen while the reader made up their mind."""

    BLIND_FIRST = "blind-first"
    ASSISTED = "assisted"


class Stage(StrEnum):
    """Which of the two answers of a reading."""

    BLIND = "blind"  # before the model's opinion was shown
    FINAL = "final"  # after it


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"  # owned, under a lease
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class ModelState(StrEnum):
    """Where a registered model stands."""

    CHALLENGER = "challenger"  # may be promoted, once it has passed the gate
    CHAMPION = "champion"  # the one that is served
    FAILED = "failed"  # did not pass the gate; kept with the reason
    RETIRED = "retired"  # was champion


class Base(DeclarativeBase):
    """Root of the tables."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        datetime: UtcDateTime(),
        Json: JSON(none_as_null=True),
        list[str]: JSON(none_as_null=True),
        list[Json]: JSON(none_as_null=True),
        Role: as_text(Role),
        Verdict: as_text(Verdict),
        Confidence: as_text(Confidence),
        ReadingMode: as_text(ReadingMode),
        Stage: as_text(Stage),
        JobState: as_text(JobState),
        Superclass: as_text(Superclass),
        Method: as_text(Method, 24),
        Unit: as_text(Unit, 24),
        ModelState: as_text(ModelState),
    }


class User(Base):
    """A person who signs in."""

    __tablename__ = "users"
    __table_args__ = (
        one_of("role", Role),
        CheckConstraint("email = lower(email)", name="email_lower_case"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(320), unique=True)
    role: Mapped[Role]
    password_hash: Mapped[str] = mapped_column(String(255))
    must_change_password: Mapped[bool]
    password_until: Mapped[datetime | None]  # of a one-time password; None: it does not run out
    active: Mapped[bool]
    session_stamp: Mapped[str] = mapped_column(String(64))  # a new one ends all sessions
    created_at: Mapped[datetime]
    preferences: Mapped[Json | None]  # how pages and ECG paper look to them; None: as usual


class EndedSession(Base):
    """A session that was signed out of, by the random mark in its cookie."""

    __tablename__ = "ended_sessions"

    mark: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime]


class LoginAttempt(Base):
    """One try to sign in; what throttling counts."""

    __tablename__ = "login_attempts"
    __table_args__ = (
        Index(None, "email", "at"),
        Index(None, "address", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(320))
    address: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
    succeeded: Mapped[bool]


class Source(Base):
    """A data set in the PTB-XL layout. Exactly one is active: what is read and scored."""

    __tablename__ = "sources"
    __table_args__ = (only_one_active("sources"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    root: Mapped[str] = mapped_column(Text, unique=True)
    simulated: Mapped[bool]
    active: Mapped[bool]
    imported_at: Mapped[datetime | None]  # None while an import has not come to its end
    digest: Mapped[str] = mapped_column(String(64))  # sha256 of the index, "" until imported


class RecordRow(Base):
    """What is known of one ECG, without its samples."""

    __tablename__ = "records"
    __table_args__ = (
        UniqueConstraint("source_id", "ecg_id"),
        Index(None, "source_id", "patient_id", "ecg_id"),
        Index(None, "source_id", "fold", "ecg_id"),
        Index(None, "source_id", "age", "ecg_id"),
        Index(None, "source_id", "sex", "ecg_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id"))
    ecg_id: Mapped[int]
    patient_id: Mapped[int]
    age: Mapped[int | None]  # years; 300 stands for any age above 89
    sex: Mapped[str | None] = mapped_column(String(6))
    height: Mapped[float | None]  # cm
    weight: Mapped[float | None]  # kg
    site: Mapped[str | None] = mapped_column(Text)
    device: Mapped[str | None] = mapped_column(Text)
    # wall-clock time of the hospital, zone unknown
    recorded_at: Mapped[datetime | None] = mapped_column(DateTime())
    noise: Mapped[Json]  # flag -> the annotator's words
    extra_beats: Mapped[str | None] = mapped_column(Text)
    pacemaker: Mapped[str | None] = mapped_column(Text)
    validated_by_human: Mapped[bool]
    fold: Mapped[int]
    filename_lr: Mapped[str] = mapped_column(Text)
    filename_hr: Mapped[str] = mapped_column(Text)
    # from here on: hidden until the reader's blind answer is stored
    report: Mapped[str] = mapped_column(Text, deferred=True, deferred_raiseload=True)
    scp_codes: Mapped[Json] = mapped_column(deferred=True, deferred_raiseload=True)
    labelled: Mapped[bool] = mapped_column(deferred=True, deferred_raiseload=True)
    labels: Mapped[str] = mapped_column(String(40), deferred=True, deferred_raiseload=True)
    label_norm: Mapped[bool] = mapped_column(deferred=True, deferred_raiseload=True)
    label_mi: Mapped[bool] = mapped_column(deferred=True, deferred_raiseload=True)
    label_sttc: Mapped[bool] = mapped_column(deferred=True, deferred_raiseload=True)
    label_cd: Mapped[bool] = mapped_column(deferred=True, deferred_raiseload=True)
    label_hyp: Mapped[bool] = mapped_column(deferred=True, deferred_raiseload=True)

    source: Mapped[Source] = relationship(lazy="raise")


class Retraining(Base):
    """What a fine-tuning run is made of, frozen: the same row gives the same weights."""

    __tablename__ = "retrainings"

    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int] = mapped_column(ForeignKey("model_versions.id"))
    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id"))
    folder: Mapped[str] = mapped_column(Text)  # of fine-tuned checkpoints
    config: Mapped[Json]  # of ``core.finetuning``, with the seed
    labels: Mapped[Json]  # taught and held out: record, answers by class, weight, readings
    labels_digest: Mapped[str] = mapped_column(String(64))
    include_assisted: Mapped[bool]
    asked_by: Mapped[str] = mapped_column(String(320))
    asked_at: Mapped[datetime]


class ModelVersion(Base):
    """A checkpoint that was registered. One at most is active: the champion, which is served."""

    __tablename__ = "model_versions"
    __table_args__ = (
        only_one_active("model_versions"),
        one_of("state", ModelState),
        CheckConstraint("active = (state = 'champion')", name="champion"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(String(80), unique=True)
    path: Mapped[str] = mapped_column(Text)
    card: Mapped[Json]
    active: Mapped[bool]
    state: Mapped[ModelState]
    registered_at: Mapped[datetime]
    registered_by: Mapped[str] = mapped_column(String(320))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("model_versions.id"))
    retraining_id: Mapped[int | None] = mapped_column(ForeignKey("retrainings.id", use_alter=True))
    gate: Mapped[Json | None]  # the last report of ``core.gate``, and the outcomes of earlier ones
    replaced_id: Mapped[int | None] = mapped_column(ForeignKey("model_versions.id"))
    promoted_at: Mapped[datetime | None]
    justification: Mapped[str | None] = mapped_column(Text)  # of a promotion past the gate


class Prediction(Base):
    """A model's opinion on one record, or why it has none."""

    __tablename__ = "predictions"
    __table_args__ = (UniqueConstraint("record_id", "model_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    record_id: Mapped[int] = mapped_column(ForeignKey("records.id"))
    model_id: Mapped[int] = mapped_column(ForeignKey("model_versions.id"), index=True)
    p_norm: Mapped[float | None]
    p_mi: Mapped[float | None]
    p_sttc: Mapped[float | None]
    p_cd: Mapped[float | None]
    p_hyp: Mapped[float | None]
    labels: Mapped[str | None] = mapped_column(String(40))  # "MI CD"; None without an opinion
    abstained: Mapped[list[str]]
    uncertainty: Mapped[float | None]  # 0..1
    acceptable: Mapped[bool]  # signal quality
    quality_score: Mapped[float | None]  # 1 good, 0 bad; None where the file was not read
    reasons: Mapped[list[str]]  # why it was refused
    warnings: Mapped[list[str]]  # readable, but suspect
    error: Mapped[str | None] = mapped_column(Text)  # the file could not be read
    features: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)  # see similar.py
    predicted_at: Mapped[datetime]


class ExplanationRow(Base):
    """An explanation that a reader has asked for: the request, and what came of it.

    It is taken up twice: for the attribution, which the reader waits for, then for its report.
    """

    __tablename__ = "explanations"
    __table_args__ = (
        UniqueConstraint("record_id", "model_id", "method", "superclass", "settings"),
        Index(None, "state", "requested_at"),
        Index(None, "model_id"),
        one_of("state", JobState),
        one_of("method", Method),
        one_of("superclass", Superclass),
        one_of("unit", Unit),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    record_id: Mapped[int] = mapped_column(ForeignKey("records.id"))
    model_id: Mapped[int] = mapped_column(ForeignKey("model_versions.id"))
    method: Mapped[Method]
    superclass: Mapped[Superclass]
    settings: Mapped[str] = mapped_column(String(16))  # digest of what else decides the result
    requested_at: Mapped[datetime]
    state: Mapped[JobState]
    owner: Mapped[str | None] = mapped_column(String(120))
    lease_until: Mapped[datetime | None]
    attempts: Mapped[int]
    message: Mapped[str] = mapped_column(Text)  # what is being done
    error: Mapped[str | None] = mapped_column(Text)
    finished_at: Mapped[datetime | None]
    # the result, as core.explain.explanation says it; all None until it is there
    attribution: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    unit: Mapped[Unit | None]
    baseline: Mapped[str | None] = mapped_column(Text)
    samples: Mapped[int | None]
    seed: Mapped[int | None]
    residual: Mapped[float | None]
    logit: Mapped[float | None]
    seconds: Mapped[float | None]
    sentence: Mapped[str | None] = mapped_column(Text)
    report: Mapped[Json | None]  # how far the explanation can be trusted


class Draft(Base):
    """What a reader has typed and not yet submitted; theirs alone."""

    __tablename__ = "drafts"
    __table_args__ = (
        UniqueConstraint("record_id", "reader_id"),
        Index(None, "reader_id"),
        one_of("stage", Stage),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    record_id: Mapped[int] = mapped_column(ForeignKey("records.id"))
    reader_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    stage: Mapped[Stage]
    payload: Mapped[Json]
    saved_at: Mapped[datetime]


_VERDICTS = ("verdict_norm", "verdict_mi", "verdict_sttc", "verdict_cd", "verdict_hyp")
_ALL_GIVEN = " AND ".join(f"{column} IS NOT NULL" for column in _VERDICTS)
_NONE_GIVEN = " AND ".join(f"{column} IS NULL" for column in _VERDICTS)


class Reading(Base):
    """One answer of one reader to one record. Never updated: an amendment supersedes it.

    Answers of one (record, reader, stage) are numbered from 0 and each supersedes the one
    before, so that exactly one of them stands.
    """

    __tablename__ = "readings"
    __table_args__ = (
        UniqueConstraint("reader_id", "key"),
        UniqueConstraint("record_id", "reader_id", "stage", "sequence"),
        UniqueConstraint("supersedes_id"),
        Index(None, "reader_id", "submitted_at"),
        CheckConstraint("(sequence = 0) = (supersedes_id IS NULL)", name="amends"),
        CheckConstraint("stage = 'final' OR (blind_id IS NULL AND sequence = 0)", name="blind"),
        CheckConstraint(
            "stage = 'blind' OR mode = 'assisted' OR blind_id IS NOT NULL", name="blind_first"
        ),
        CheckConstraint(
            f"(unreadable AND {_NONE_GIVEN}) OR (NOT unreadable AND {_ALL_GIVEN})",
            name="complete",
        ),
        one_of("mode", ReadingMode),
        one_of("stage", Stage),
        one_of("confidence", Confidence),
        *(one_of(column, Verdict) for column in _VERDICTS),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(64))  # idempotency: one a submission
    record_id: Mapped[int] = mapped_column(ForeignKey("records.id"))
    reader_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    mode: Mapped[ReadingMode]
    stage: Mapped[Stage]
    sequence: Mapped[int]
    verdict_norm: Mapped[Verdict | None]
    verdict_mi: Mapped[Verdict | None]
    verdict_sttc: Mapped[Verdict | None]
    verdict_cd: Mapped[Verdict | None]
    verdict_hyp: Mapped[Verdict | None]
    unreadable: Mapped[bool]
    confidence: Mapped[Confidence | None]
    comment: Mapped[str] = mapped_column(Text)
    measurements: Mapped[list[Json] | None]  # taken with calipers and kept; None where none
    # of a blind answer: the model whose opinion it will be compared with; of a final: was shown
    model_id: Mapped[int | None] = mapped_column(ForeignKey("model_versions.id"))
    shown: Mapped[Json | None]  # what was on screen when the final answer was given
    agreement: Mapped[Json | None]  # class -> agree / disagree; final only
    started_at: Mapped[datetime]
    submitted_at: Mapped[datetime]
    supersedes_id: Mapped[int | None] = mapped_column(ForeignKey("readings.id"))
    blind_id: Mapped[int | None] = mapped_column(ForeignKey("readings.id"))


class Adjudication(Base):
    """An adjudicator's verdicts on what the readers of a record dispute. Never updated.

    Those of a record are numbered from 0 and each supersedes the one before, so that one set
    stands; a class on which it has none was not asked.
    """

    __tablename__ = "adjudications"
    __table_args__ = (
        UniqueConstraint("adjudicator_id", "key"),
        UniqueConstraint("record_id", "sequence"),
        CheckConstraint(
            f"(unreadable AND {_NONE_GIVEN}) OR NOT (unreadable OR ({_NONE_GIVEN}))",
            name="complete",
        ),
        *(one_of(column, Verdict) for column in _VERDICTS),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(64))  # idempotency: one a submission
    record_id: Mapped[int] = mapped_column(ForeignKey("records.id"))
    adjudicator_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    sequence: Mapped[int]
    verdict_norm: Mapped[Verdict | None]
    verdict_mi: Mapped[Verdict | None]
    verdict_sttc: Mapped[Verdict | None]
    verdict_cd: Mapped[Verdict | None]
    verdict_hyp: Mapped[Verdict | None]
    unreadable: Mapped[bool]
    comment: Mapped[str] = mapped_column(Text)
    reading_ids: Mapped[list[int]] = mapped_column(JSON)  # the answers that were on screen
    started_at: Mapped[datetime]
    submitted_at: Mapped[datetime]


class GoldAnswer(Base):
    """A record whose answers are known: it judges readers and teaches no model."""

    __tablename__ = "gold_answers"
    __table_args__ = (
        UniqueConstraint("record_id"),
        CheckConstraint(f"NOT ({_NONE_GIVEN})", name="known"),
        *(
            CheckConstraint(f"{column} IN ('present', 'absent')", name=column)
            for column in _VERDICTS
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    record_id: Mapped[int] = mapped_column(ForeignKey("records.id"))
    verdict_norm: Mapped[Verdict | None]  # None: not known
    verdict_mi: Mapped[Verdict | None]
    verdict_sttc: Mapped[Verdict | None]
    verdict_cd: Mapped[Verdict | None]
    verdict_hyp: Mapped[Verdict | None]
    origin: Mapped[str] = mapped_column(String(16))
    set_by: Mapped[str] = mapped_column(String(320))  # last; ``GoldGiver`` has whose they are
    set_at: Mapped[datetime]


class GoldGiver(Base):
    """Somebody who gave the answers to a gold record, once: they never read it.

    No row goes when others give other answers: what was theirs is known to them all the same.
    """

    __tablename__ = "gold_givers"
    __table_args__ = (UniqueConstraint("record_id", "email"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    record_id: Mapped[int] = mapped_column(ForeignKey("records.id"))
    email: Mapped[str] = mapped_column(String(320))


_RETRAINING_OPEN = "kind = 'retrain' AND state IN ('queued', 'running')"


class Worklist(Base):
    """Records that an admin gives to the readers: which, in what order, how often, and how."""

    __tablename__ = "worklists"
    __table_args__ = (
        one_of("mode", ReadingMode),
        CheckConstraint("readers_each > 0", name="readers_each"),
        CheckConstraint("audit_share >= 0 AND audit_share <= 1", name="audit_share"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id"))
    model_id: Mapped[int | None] = mapped_column(ForeignKey("model_versions.id"))  # that was asked
    strategy: Mapped[str] = mapped_column(String(24))
    mode: Mapped[ReadingMode]
    readers_each: Mapped[int]  # different readers a record
    audit_share: Mapped[float]  # of records drawn at random
    pool: Mapped[Json]  # filters of the records that were to choose from
    seed: Mapped[int]
    open: Mapped[bool]
    made_by: Mapped[str] = mapped_column(String(320))
    made_at: Mapped[datetime]


class WorklistSlot(Base):
    """Room for one reading of one record of a worklist; a record has as many as readers.

    Free, held by a reader under a lease, or filled by their reading for good.
    """

    __tablename__ = "worklist_slots"
    __table_args__ = (
        UniqueConstraint("worklist_id", "record_id", "number"),
        UniqueConstraint("worklist_id", "record_id", "reader_id"),  # no reader twice
        UniqueConstraint("worklist_id", "reading_id"),
        Index(None, "worklist_id", "position", "number"),
        Index(None, "reader_id", "record_id"),
        Index(None, "record_id"),
        CheckConstraint("reading_id IS NULL OR reader_id IS NOT NULL", name="filled"),
        CheckConstraint(
            "(lease_until IS NULL) = (reader_id IS NULL OR reading_id IS NOT NULL)", name="held"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    worklist_id: Mapped[int] = mapped_column(ForeignKey("worklists.id"))
    record_id: Mapped[int] = mapped_column(ForeignKey("records.id"))
    position: Mapped[int]  # of the record in the list, from 0
    number: Mapped[int]  # of the slot of the record, from 0
    why: Mapped[str] = mapped_column(Text)  # for the admin: it would tell a blind reader
    audit: Mapped[bool]  # drawn at random: it counts for error rates
    reader_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    lease_until: Mapped[datetime | None]
    reading_id: Mapped[int | None] = mapped_column(ForeignKey("readings.id"))


class AssistedView(Base):
    """A reader may see the model's opinion on a record before they answer, for good.

    By an assisted worklist, or by why a worklist has the record in it.
    Once it may have been on screen no answer of theirs to that record is a blind one.
    """

    __tablename__ = "assisted_views"
    __table_args__ = (UniqueConstraint("record_id", "reader_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    record_id: Mapped[int] = mapped_column(ForeignKey("records.id"))
    reader_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    worklist_id: Mapped[int] = mapped_column(ForeignKey("worklists.id"))
    at: Mapped[datetime]


class Job(Base):
    """A piece of background work; the row is the truth about it."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index(None, "state", "priority", "id"),
        one_of("state", JobState),
        Index(  # two runs would spend the machine on challengers of the same champion
            "uq_jobs_one_retraining",
            "kind",
            unique=True,
            sqlite_where=text(_RETRAINING_OPEN),
            postgresql_where=text(_RETRAINING_OPEN),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    payload: Mapped[Json]
    state: Mapped[JobState]
    priority: Mapped[int]
    owner: Mapped[str | None] = mapped_column(String(120))
    lease_until: Mapped[datetime | None]
    heartbeat_at: Mapped[datetime | None]
    progress: Mapped[float]  # 0..1
    message: Mapped[str] = mapped_column(Text)
    checkpoint: Mapped[Json | None]  # where the next worker goes on
    cancel_requested: Mapped[bool]
    error: Mapped[str | None] = mapped_column(Text)
    attempts: Mapped[int]
    enqueued_by: Mapped[str] = mapped_column(String(320))
    enqueued_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class AuditEntry(Base):
    """Who did what, when: each entry seals the one before it."""

    __tablename__ = "audit_entries"
    __table_args__ = (UniqueConstraint("previous_digest"), UniqueConstraint("digest"))

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(320))
    action: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(Text)
    detail: Mapped[Json]
    previous_digest: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))


class AuditHead(Base):
    """The one row that says how long the chain is and where it ends.

    Whoever appends locks it first, so that two writers cannot fork the chain; and the end of
    the chain cannot go missing unnoticed.
    """

    __tablename__ = "audit_head"
    __table_args__ = (CheckConstraint("id = 1", name="single"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    entries: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
