"""What readers measured with calipers and kept with an answer.

Risk: none; a column that may be empty is added to the readings, which rewrites no row and leaves
their triggers in place. A downgrade drops the kept measurements for good: export them first. The
audit chain then no longer verifies where a reading had some.

Revision: 0005
Follows: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("readings", sa.Column("measurements", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("readings", "measurements")
