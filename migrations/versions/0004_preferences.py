"""What a person prefers to see: layout and scales of the ECG paper, light or dark.

Risk: none; a column that may be empty is added, which rewrites no row. A downgrade forgets
everyone's choices and nothing else.

Revision: 0004
Follows: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("preferences", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("users", "preferences")
