"""Explanations that readers have asked for.

Risk: none; it adds a table and locks nothing that anyone uses. A downgrade drops the stored
explanations: they are computed anew when they are asked for again.

Revision: 0002
Follows: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_METHODS = (
    "'temporal-attention', 'lead-attention', 'attention', 'grad-cam', 'lead-occlusion', "
    "'occlusion', 'integrated-gradients', 'shap', 'lime'"
)


def upgrade() -> None:
    op.create_table(
        "explanations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("method", sa.String(length=24), nullable=False),
        sa.Column("superclass", sa.String(length=16), nullable=False),
        sa.Column("settings", sa.String(length=16), nullable=False),
        sa.Column("requested_at", _TIME, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("owner", sa.String(length=120), nullable=True),
        sa.Column("lease_until", _TIME, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("finished_at", _TIME, nullable=True),
        sa.Column("attribution", sa.LargeBinary(), nullable=True),
        sa.Column("unit", sa.String(length=24), nullable=True),
        sa.Column("baseline", sa.Text(), nullable=True),
        sa.Column("samples", sa.Integer(), nullable=True),
        sa.Column("seed", sa.Integer(), nullable=True),
        sa.Column("residual", sa.Double(), nullable=True),
        sa.Column("logit", sa.Double(), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("sentence", sa.Text(), nullable=True),
        sa.Column("report", sa.JSON(), nullable=True),
        sa.CheckConstraint(f"method IN ({_METHODS})", name="ck_explanations_method"),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'done', 'failed', 'cancelled')",
            name="ck_explanations_state",
        ),
        sa.CheckConstraint(
            "superclass IN ('NORM', 'MI', 'STTC', 'CD', 'HYP')", name="ck_explanations_superclass"
        ),
        sa.CheckConstraint(
            "unit IN ('logit', 'share of attention', 'relevance')", name="ck_explanations_unit"
        ),
        sa.ForeignKeyConstraint(
            ["model_id"], ["model_versions.id"], name="fk_explanations_model_id"
        ),
        sa.ForeignKeyConstraint(["record_id"], ["records.id"], name="fk_explanations_record_id"),
        sa.PrimaryKeyConstraint("id", name="pk_explanations"),
        sa.UniqueConstraint(
            "record_id",
            "model_id",
            "method",
            "superclass",
            "settings",
            name="uq_explanations_record_id_model_id_method_superclass_settings",
        ),
    )
    op.create_index("ix_explanations_model_id", "explanations", ["model_id"])
    op.create_index("ix_explanations_state_requested_at", "explanations", ["state", "requested_at"])


def downgrade() -> None:
    op.drop_table("explanations")
