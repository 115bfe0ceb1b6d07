"""The registry of models: lineage, gate, promotion; and what fine-tuning runs are made of.

Risk: low. ``model_versions`` holds a handful of rows; SQLite builds it anew, PostgreSQL adds
columns under a short lock. A downgrade forgets what was retrained, how it was judged and who
promoted it; versions and predictions stay.

Revision: 0003
Follows: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_STATES = "state IN ('challenger', 'champion', 'failed', 'retired')"
_RETRAINING_OPEN = "kind = 'retrain' AND state IN ('queued', 'running')"
_ADDED = {
    "state": sa.String(length=16),
    "registered_by": sa.String(length=320),
    "parent_id": sa.Integer(),
    "retraining_id": sa.Integer(),
    "gate": sa.JSON(),
    "replaced_id": sa.Integer(),
    "promoted_at": _TIME,
    "justification": sa.Text(),
}
_REFERENCES = {
    "parent_id": "model_versions",
    "retraining_id": "retrainings",
    "replaced_id": "model_versions",
}


def upgrade() -> None:
    op.create_table(
        "retrainings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("config", sa.JSON(), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("labels_digest", sa.String(length=64), nullable=False),
        sa.Column("include_assisted", sa.Boolean(), nullable=False),
        sa.Column("asked_by", sa.String(length=320), nullable=False),
        sa.Column("asked_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["model_versions.id"], name="fk_retrainings_parent_id"
        ),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name="fk_retrainings_source_id"),
        sa.PrimaryKeyConstraint("id", name="pk_retrainings"),
    )
    with op.batch_alter_table("model_versions") as table:
        for name, kind in _ADDED.items():
            table.add_column(sa.Column(name, kind, nullable=True))
    op.execute("UPDATE model_versions SET state = 'retired', registered_by = 'trustecg up'")
    op.execute("UPDATE model_versions SET state = 'champion' WHERE active")
    with op.batch_alter_table("model_versions") as table:
        table.alter_column("state", existing_type=sa.String(length=16), nullable=False)
        table.alter_column("registered_by", existing_type=sa.String(length=320), nullable=False)
        table.create_check_constraint("ck_model_versions_state", _STATES)
        table.create_check_constraint("ck_model_versions_champion", "active = (state = 'champion')")
        for column, target in _REFERENCES.items():
            table.create_foreign_key(f"fk_model_versions_{column}", target, [column], ["id"])
    op.create_index(
        "uq_jobs_one_retraining",
        "jobs",
        ["kind"],
        unique=True,
        sqlite_where=sa.text(_RETRAINING_OPEN),
        postgresql_where=sa.text(_RETRAINING_OPEN),
    )


def downgrade() -> None:
    op.drop_index("uq_jobs_one_retraining", "jobs")
    with op.batch_alter_table("model_versions") as table:
        for column in _REFERENCES:
            table.drop_constraint(f"fk_model_versions_{column}", type_="foreignkey")
        table.drop_constraint("ck_model_versions_champion", type_="check")
        table.drop_constraint("ck_model_versions_state", type_="check")
        for column in _ADDED:
            table.drop_column(column)
    op.drop_table("retrainings")
