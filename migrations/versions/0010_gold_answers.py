"""Records whose answers are known, which judge readers.

Risk: none; a new table is made, which nothing else refers to. A downgrade drops it: what was given
stands in the audit chain, and those records may be taught again.

Revision: 0010
Follows: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_TABLE = "gold_answers"
_VERDICTS = ("verdict_norm", "verdict_mi", "verdict_sttc", "verdict_cd", "verdict_hyp")
_NONE_GIVEN = " AND ".join(f"{column} IS NULL" for column in _VERDICTS)


def upgrade() -> None:
    op.create_table(
        _TABLE,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        *(sa.Column(column, sa.String(length=16), nullable=True) for column in _VERDICTS),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("set_by", sa.String(length=320), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        *(
            sa.CheckConstraint(
                f"{column} IN ('present', 'absent')", name=f"ck_gold_answers_{column}"
            )
            for column in _VERDICTS
        ),
        sa.CheckConstraint(f"NOT ({_NONE_GIVEN})", name="ck_gold_answers_known"),
        sa.ForeignKeyConstraint(["record_id"], ["records.id"], name="fk_gold_answers_record_id"),
        sa.PrimaryKeyConstraint("id", name="pk_gold_answers"),
        sa.UniqueConstraint("record_id", name="uq_gold_answers_record_id"),
    )


def downgrade() -> None:
    op.drop_table(_TABLE)
