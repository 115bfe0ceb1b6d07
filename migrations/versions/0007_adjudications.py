"""What adjudicators settled between readers.

Risk: none; a new table is made, which nothing else refers to. A downgrade drops the adjudications
for good: export them first. The audit chain then names them, and no longer verifies.

Revision: 0007
Follows: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TABLE = "adjudications"
_TIME = sa.DateTime(timezone=True)
_VERDICTS = ("verdict_norm", "verdict_mi", "verdict_sttc", "verdict_cd", "verdict_hyp")
_NONE_GIVEN = " AND ".join(f"{column} IS NULL" for column in _VERDICTS)


def upgrade() -> None:
    op.create_table(
        _TABLE,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("adjudicator_id", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        *(sa.Column(column, sa.String(length=16), nullable=True) for column in _VERDICTS),
        sa.Column("unreadable", sa.Boolean(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("reading_ids", sa.JSON(), nullable=False),
        sa.Column("started_at", _TIME, nullable=False),
        sa.Column("submitted_at", _TIME, nullable=False),
        sa.CheckConstraint(
            f"(unreadable AND {_NONE_GIVEN}) OR NOT (unreadable OR ({_NONE_GIVEN}))",
            name="ck_adjudications_complete",
        ),
        *(
            sa.CheckConstraint(
                f"{column} IN ('present', 'absent', 'unsure')", name=f"ck_adjudications_{column}"
            )
            for column in _VERDICTS
        ),
        sa.ForeignKeyConstraint(
            ["adjudicator_id"], ["users.id"], name="fk_adjudications_adjudicator_id"
        ),
        sa.ForeignKeyConstraint(["record_id"], ["records.id"], name="fk_adjudications_record_id"),
        sa.PrimaryKeyConstraint("id", name="pk_adjudications"),
        sa.UniqueConstraint("adjudicator_id", "key", name="uq_adjudications_adjudicator_id_key"),
        sa.UniqueConstraint("record_id", "sequence", name="uq_adjudications_record_id_sequence"),
    )
    _forbid_changes()


def downgrade() -> None:
    op.drop_table(_TABLE)


def _forbid_changes() -> None:
    """The triggers of the first migration, on this table too."""
    if op.get_bind().dialect.name == "postgresql":
        for verb in ("update", "delete", "truncate"):
            op.execute(
                f"CREATE TRIGGER {_TABLE}_no_{verb} BEFORE {verb.upper()} ON {_TABLE} "
                "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            )
        return
    for verb in ("update", "delete"):
        op.execute(
            f"CREATE TRIGGER {_TABLE}_no_{verb} BEFORE {verb.upper()} ON {_TABLE} "
            f"BEGIN SELECT RAISE(ABORT, '{_TABLE} is append only'); END"
        )
