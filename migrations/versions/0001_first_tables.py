"""First tables.

Risk: none on an empty database; it locks nothing that anyone uses. A downgrade drops every
table with all readings and the audit chain: export and copy the database first.

Readings and audit entries get triggers that refuse UPDATE and DELETE. A later migration that
rebuilds one of the two tables (batch mode on SQLite) drops its triggers and must set them
again; ``trustecg db check`` says when they are missing.

Revision: 0001
Follows:
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_VERDICTS = ("verdict_norm", "verdict_mi", "verdict_sttc", "verdict_cd", "verdict_hyp")
_COMPLETE = (
    f"(unreadable AND {' AND '.join(f'{name} IS NULL' for name in _VERDICTS)})"
    f" OR (NOT unreadable AND {' AND '.join(f'{name} IS NOT NULL' for name in _VERDICTS)})"
)
_TIME = sa.DateTime(timezone=True)
_APPEND_ONLY = ("readings", "audit_entries")
_TABLES = (
    "audit_entries",
    "audit_head",
    "jobs",
    "login_attempts",
    "model_versions",
    "sources",
    "users",
    "records",
    "drafts",
    "predictions",
    "readings",
)


def upgrade() -> None:
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("actor", sa.String(length=320), nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("previous_digest", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entries"),
        sa.UniqueConstraint("digest", name="uq_audit_entries_digest"),
        sa.UniqueConstraint("previous_digest", name="uq_audit_entries_previous_digest"),
    )
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.CheckConstraint("id = 1", name="ck_audit_head_single"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_head"),
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(length=120), nullable=True),
        sa.Column("lease_until", _TIME, nullable=True),
        sa.Column("heartbeat_at", _TIME, nullable=True),
        sa.Column("progress", sa.Double(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("checkpoint", sa.JSON(), nullable=True),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("enqueued_by", sa.String(length=320), nullable=False),
        sa.Column("enqueued_at", _TIME, nullable=False),
        sa.Column("started_at", _TIME, nullable=True),
        sa.Column("finished_at", _TIME, nullable=True),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'done', 'failed', 'cancelled')", name="ck_jobs_state"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
    )
    op.create_index("ix_jobs_state_priority_id", "jobs", ["state", "priority", "id"])

    op.create_table(
        "login_attempts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("succeeded", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_login_attempts"),
    )
    op.create_index("ix_login_attempts_address_at", "login_attempts", ["address", "at"])
    op.create_index("ix_login_attempts_email_at", "login_attempts", ["email", "at"])

    op.create_table(
        "model_versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(length=80), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("card", sa.JSON(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("registered_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_model_versions"),
        sa.UniqueConstraint("version", name="uq_model_versions_version"),
    )
    op.create_index(
        "uq_model_versions_one_active",
        "model_versions",
        ["active"],
        unique=True,
        sqlite_where=sa.text("active"),
        postgresql_where=sa.text("active"),
    )

    op.create_table(
        "sources",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("root", sa.Text(), nullable=False),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("imported_at", _TIME, nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sources"),
        sa.UniqueConstraint("root", name="uq_sources_root"),
    )
    op.create_index(
        "uq_sources_one_active",
        "sources",
        ["active"],
        unique=True,
        sqlite_where=sa.text("active"),
        postgresql_where=sa.text("active"),
    )

    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("must_change_password", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("session_stamp", sa.String(length=64), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.CheckConstraint("role IN ('clinician', 'adjudicator', 'admin')", name="ck_users_role"),
        sa.CheckConstraint("email = lower(email)", name="ck_users_email_lower_case"),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("email", name="uq_users_email"),
    )
    op.create_table(
        "records",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("ecg_id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("age", sa.Integer(), nullable=True),
        sa.Column("sex", sa.String(length=6), nullable=True),
        sa.Column("height", sa.Double(), nullable=True),
        sa.Column("weight", sa.Double(), nullable=True),
        sa.Column("site", sa.Text(), nullable=True),
        sa.Column("device", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(), nullable=True),
        sa.Column("noise", sa.JSON(), nullable=False),
        sa.Column("extra_beats", sa.Text(), nullable=True),
        sa.Column("pacemaker", sa.Text(), nullable=True),
        sa.Column("validated_by_human", sa.Boolean(), nullable=False),
        sa.Column("fold", sa.Integer(), nullable=False),
        sa.Column("filename_lr", sa.Text(), nullable=False),
        sa.Column("filename_hr", sa.Text(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("scp_codes", sa.JSON(), nullable=False),
        sa.Column("labelled", sa.Boolean(), nullable=False),
        sa.Column("labels", sa.String(length=40), nullable=False),
        sa.Column("label_norm", sa.Boolean(), nullable=False),
        sa.Column("label_mi", sa.Boolean(), nullable=False),
        sa.Column("label_sttc", sa.Boolean(), nullable=False),
        sa.Column("label_cd", sa.Boolean(), nullable=False),
        sa.Column("label_hyp", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name="fk_records_source_id"),
        sa.PrimaryKeyConstraint("id", name="pk_records"),
        sa.UniqueConstraint("source_id", "ecg_id", name="uq_records_source_id_ecg_id"),
    )
    op.create_index("ix_records_source_id_age_ecg_id", "records", ["source_id", "age", "ecg_id"])
    op.create_index("ix_records_source_id_fold_ecg_id", "records", ["source_id", "fold", "ecg_id"])
    op.create_index(
        "ix_records_source_id_patient_id_ecg_id", "records", ["source_id", "patient_id", "ecg_id"]
    )
    op.create_index("ix_records_source_id_sex_ecg_id", "records", ["source_id", "sex", "ecg_id"])

    op.create_table(
        "drafts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("reader_id", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("saved_at", _TIME, nullable=False),
        sa.CheckConstraint("stage IN ('blind', 'final')", name="ck_drafts_stage"),
        sa.ForeignKeyConstraint(["reader_id"], ["users.id"], name="fk_drafts_reader_id"),
        sa.ForeignKeyConstraint(["record_id"], ["records.id"], name="fk_drafts_record_id"),
        sa.PrimaryKeyConstraint("id", name="pk_drafts"),
        sa.UniqueConstraint("record_id", "reader_id", name="uq_drafts_record_id_reader_id"),
    )
    op.create_index("ix_drafts_reader_id", "drafts", ["reader_id"])

    op.create_table(
        "predictions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("p_norm", sa.Double(), nullable=True),
        sa.Column("p_mi", sa.Double(), nullable=True),
        sa.Column("p_sttc", sa.Double(), nullable=True),
        sa.Column("p_cd", sa.Double(), nullable=True),
        sa.Column("p_hyp", sa.Double(), nullable=True),
        sa.Column("labels", sa.String(length=40), nullable=True),
        sa.Column("abstained", sa.JSON(), nullable=False),
        sa.Column("uncertainty", sa.Double(), nullable=True),
        sa.Column("acceptable", sa.Boolean(), nullable=False),
        sa.Column("quality_score", sa.Double(), nullable=True),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("warnings", sa.JSON(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("attention", sa.LargeBinary(), nullable=True),
        sa.Column("predicted_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["model_id"], ["model_versions.id"], name="fk_predictions_model_id"
        ),
        sa.ForeignKeyConstraint(["record_id"], ["records.id"], name="fk_predictions_record_id"),
        sa.PrimaryKeyConstraint("id", name="pk_predictions"),
        sa.UniqueConstraint("record_id", "model_id", name="uq_predictions_record_id_model_id"),
    )
    op.create_index("ix_predictions_model_id", "predictions", ["model_id"])

    op.create_table(
        "readings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("reader_id", sa.Integer(), nullable=False),
        sa.Column("mode", sa.String(length=16), nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("verdict_norm", sa.String(length=16), nullable=True),
        sa.Column("verdict_mi", sa.String(length=16), nullable=True),
        sa.Column("verdict_sttc", sa.String(length=16), nullable=True),
        sa.Column("verdict_cd", sa.String(length=16), nullable=True),
        sa.Column("verdict_hyp", sa.String(length=16), nullable=True),
        sa.Column("unreadable", sa.Boolean(), nullable=False),
        sa.Column("confidence", sa.String(length=16), nullable=True),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("model_id", sa.Integer(), nullable=True),
        sa.Column("shown", sa.JSON(), nullable=True),
        sa.Column("agreement", sa.JSON(), nullable=True),
        sa.Column("started_at", _TIME, nullable=False),
        sa.Column("submitted_at", _TIME, nullable=False),
        sa.Column("supersedes_id", sa.Integer(), nullable=True),
        sa.Column("blind_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "confidence IN ('low', 'medium', 'high')", name="ck_readings_confidence"
        ),
        sa.CheckConstraint("mode IN ('blind-first', 'assisted')", name="ck_readings_mode"),
        sa.CheckConstraint(
            "stage = 'blind' OR mode = 'assisted' OR blind_id IS NOT NULL",
            name="ck_readings_blind_first",
        ),
        sa.CheckConstraint(
            "stage = 'final' OR (blind_id IS NULL AND sequence = 0)", name="ck_readings_blind"
        ),
        sa.CheckConstraint("stage IN ('blind', 'final')", name="ck_readings_stage"),
        sa.CheckConstraint(
            "verdict_cd IN ('present', 'absent', 'unsure')", name="ck_readings_verdict_cd"
        ),
        sa.CheckConstraint(
            "verdict_hyp IN ('present', 'absent', 'unsure')", name="ck_readings_verdict_hyp"
        ),
        sa.CheckConstraint(
            "verdict_mi IN ('present', 'absent', 'unsure')", name="ck_readings_verdict_mi"
        ),
        sa.CheckConstraint(
            "verdict_norm IN ('present', 'absent', 'unsure')", name="ck_readings_verdict_norm"
        ),
        sa.CheckConstraint(
            "verdict_sttc IN ('present', 'absent', 'unsure')", name="ck_readings_verdict_sttc"
        ),
        sa.CheckConstraint("(sequence = 0) = (supersedes_id IS NULL)", name="ck_readings_amends"),
        sa.CheckConstraint(
            _COMPLETE,
            name="ck_readings_complete",
        ),
        sa.ForeignKeyConstraint(["blind_id"], ["readings.id"], name="fk_readings_blind_id"),
        sa.ForeignKeyConstraint(["model_id"], ["model_versions.id"], name="fk_readings_model_id"),
        sa.ForeignKeyConstraint(["reader_id"], ["users.id"], name="fk_readings_reader_id"),
        sa.ForeignKeyConstraint(["record_id"], ["records.id"], name="fk_readings_record_id"),
        sa.ForeignKeyConstraint(
            ["supersedes_id"], ["readings.id"], name="fk_readings_supersedes_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_readings"),
        sa.UniqueConstraint("reader_id", "key", name="uq_readings_reader_id_key"),
        sa.UniqueConstraint(
            "record_id",
            "reader_id",
            "stage",
            "sequence",
            name="uq_readings_record_id_reader_id_stage_sequence",
        ),
        sa.UniqueConstraint("supersedes_id", name="uq_readings_supersedes_id"),
    )
    op.create_index("ix_readings_reader_id_submitted_at", "readings", ["reader_id", "submitted_at"])
    _start_the_chain()
    for table in _APPEND_ONLY:
        _forbid_changes(table)


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_change()")


def _start_the_chain() -> None:
    head = sa.table("audit_head", sa.column("id"), sa.column("entries"), sa.column("digest"))
    op.bulk_insert(head, [{"id": 1, "entries": 0, "digest": "0" * 64}])


def _forbid_changes(table: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        _forbid_changes_on_postgresql(table)
        return
    for verb in ("update", "delete"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb.upper()} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append only'); END"
        )


def _forbid_changes_on_postgresql(table: str) -> None:
    op.execute(
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append only', TG_TABLE_NAME "
        "USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    for verb in ("update", "delete", "truncate"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb.upper()} ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
