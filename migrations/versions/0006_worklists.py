"""Worklists that an admin makes, their slots, and who may have seen an opinion before answering.

Risk: none; it adds tables and locks nothing that anyone uses. A downgrade drops the worklists and
forgets which readers were shown opinions beforehand: their answers keep their mode.

Revision: 0006
Follows: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _worklists()
    _slots()
    _views()
    _forbid_changes("assisted_views")


def downgrade() -> None:
    for table in ("assisted_views", "worklist_slots", "worklists"):
        op.drop_table(table)


def _worklists() -> None:
    op.create_table(
        "worklists",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("model_id", sa.Integer(), nullable=True),
        sa.Column("strategy", sa.String(length=24), nullable=False),
        sa.Column("mode", sa.String(length=16), nullable=False),
        sa.Column("readers_each", sa.Integer(), nullable=False),
        sa.Column("audit_share", sa.Double(), nullable=False),
        sa.Column("pool", sa.JSON(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("made_by", sa.String(length=320), nullable=False),
        sa.Column("made_at", _TIME, nullable=False),
        sa.CheckConstraint(
            "audit_share >= 0 AND audit_share <= 1", name="ck_worklists_audit_share"
        ),
        sa.CheckConstraint("mode IN ('blind-first', 'assisted')", name="ck_worklists_mode"),
        sa.CheckConstraint("readers_each > 0", name="ck_worklists_readers_each"),
        sa.ForeignKeyConstraint(["model_id"], ["model_versions.id"], name="fk_worklists_model_id"),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name="fk_worklists_source_id"),
        sa.PrimaryKeyConstraint("id", name="pk_worklists"),
        sa.UniqueConstraint("name", name="uq_worklists_name"),
    )


def _slots() -> None:
    op.create_table(
        "worklist_slots",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("worklist_id", sa.Integer(), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("audit", sa.Boolean(), nullable=False),
        sa.Column("reader_id", sa.Integer(), nullable=True),
        sa.Column("lease_until", _TIME, nullable=True),
        sa.Column("reading_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "reading_id IS NULL OR reader_id IS NOT NULL", name="ck_worklist_slots_filled"
        ),
        sa.CheckConstraint(
            "(lease_until IS NULL) = (reader_id IS NULL OR reading_id IS NOT NULL)",
            name="ck_worklist_slots_held",
        ),
        sa.ForeignKeyConstraint(["reader_id"], ["users.id"], name="fk_worklist_slots_reader_id"),
        sa.ForeignKeyConstraint(
            ["reading_id"], ["readings.id"], name="fk_worklist_slots_reading_id"
        ),
        sa.ForeignKeyConstraint(["record_id"], ["records.id"], name="fk_worklist_slots_record_id"),
        sa.ForeignKeyConstraint(
            ["worklist_id"], ["worklists.id"], name="fk_worklist_slots_worklist_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_worklist_slots"),
        sa.UniqueConstraint(
            "worklist_id",
            "record_id",
            "number",
            name="uq_worklist_slots_worklist_id_record_id_number",
        ),
        sa.UniqueConstraint(
            "worklist_id",
            "record_id",
            "reader_id",
            name="uq_worklist_slots_worklist_id_record_id_reader_id",
        ),
        sa.UniqueConstraint(
            "worklist_id", "reading_id", name="uq_worklist_slots_worklist_id_reading_id"
        ),
    )
    op.create_index(
        "ix_worklist_slots_worklist_id_position_number",
        "worklist_slots",
        ["worklist_id", "position", "number"],
    )
    op.create_index(
        "ix_worklist_slots_reader_id_record_id", "worklist_slots", ["reader_id", "record_id"]
    )


def _views() -> None:
    op.create_table(
        "assisted_views",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("reader_id", sa.Integer(), nullable=False),
        sa.Column("worklist_id", sa.Integer(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["reader_id"], ["users.id"], name="fk_assisted_views_reader_id"),
        sa.ForeignKeyConstraint(["record_id"], ["records.id"], name="fk_assisted_views_record_id"),
        sa.ForeignKeyConstraint(
            ["worklist_id"], ["worklists.id"], name="fk_assisted_views_worklist_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_assisted_views"),
        sa.UniqueConstraint("record_id", "reader_id", name="uq_assisted_views_record_id_reader_id"),
    )
    op.create_index("ix_assisted_views_reader_id", "assisted_views", ["reader_id"])


def _forbid_changes(table: str) -> None:
    if op.get_bind().dialect.name == "postgresql":  # refuse_change() is of the first tables
        for verb in ("update", "delete", "truncate"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb.upper()} ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            )
        return
    for verb in ("update", "delete"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb.upper()} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append only'); END"
        )
