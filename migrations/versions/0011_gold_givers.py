"""Everybody who has given the answers to a gold record, not only whoever gave them last.

Risk: none; a new table is made, which nothing else refers to. Of answers that were given before,
only whoever gave the last ones is known here; the audit chain names the others. A downgrade drops
the table: again only the last giver of a record is kept from reading it.

Revision: 0011
Follows: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_TABLE = "gold_givers"
_GIVEN = "SELECT record_id, set_by FROM gold_answers WHERE origin = 'given'"
_ADJUDICATED = """
    SELECT DISTINCT gold_answers.record_id, users.email FROM gold_answers
    JOIN adjudications ON adjudications.record_id = gold_answers.record_id
    JOIN users ON users.id = adjudications.adjudicator_id
    WHERE gold_answers.origin = 'adjudicated'
"""


def upgrade() -> None:
    op.create_table(
        _TABLE,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.ForeignKeyConstraint(["record_id"], ["records.id"], name="fk_gold_givers_record_id"),
        sa.PrimaryKeyConstraint("id", name="pk_gold_givers"),
        sa.UniqueConstraint("record_id", "email", name="uq_gold_givers_record_id_email"),
    )
    for givers in (_GIVEN, _ADJUDICATED):
        op.execute(f"INSERT INTO {_TABLE} (record_id, email) {givers}")


def downgrade() -> None:
    op.drop_table(_TABLE)
