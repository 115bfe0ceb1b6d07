"""Attention is one of the explanations, and no longer lies beside every prediction.

Risk: the column goes, and what was in it; nothing reads it, and asking for the explanation
computes it again. On SQLite the table is written anew. A downgrade brings the column back empty.

Revision: 0009
Follows: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("predictions", "attention")


def downgrade() -> None:
    op.add_column("predictions", sa.Column("attention", sa.LargeBinary(), nullable=True))
