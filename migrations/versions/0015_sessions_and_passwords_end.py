"""Sessions end on the server too, and one-time passwords after some days.

Before, signing out took the cookie away and no more: an answer that was on its way brought it back.
One-time passwords that wait to be changed are good for a week from this migration on.

Risk: none; an empty table and a column that may be empty are added, and few rows of users changed.
A downgrade forgets who has signed out, which their cookies outlive by 12 hours, and lets one-time
passwords be good for ever.

Revision: 0015
Follows: 0014
"""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_WEEK = timedelta(days=7)


def upgrade() -> None:
    op.create_table(
        "ended_sessions",
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("mark", name="pk_ended_sessions"),
    )
    op.add_column("users", sa.Column("password_until", sa.DateTime(timezone=True), nullable=True))
    until, given = sa.column("password_until"), sa.column("must_change_password")
    users = sa.table("users", until, given)
    week = sa.literal(datetime.now(UTC) + _WEEK, sa.DateTime(timezone=True))
    op.execute(users.update().where(given).values(password_until=week))


def downgrade() -> None:
    op.drop_column("users", "password_until")
    op.drop_table("ended_sessions")
