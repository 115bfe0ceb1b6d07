"""What the network makes of a record, kept with its prediction, so that like ones are found.

Risk: none; it adds a nullable column. Predictions made before have none until they are scored
anew by another model; a downgrade drops them.

Revision: 0008
Follows: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("predictions", sa.Column("features", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("predictions") as predictions:
        predictions.drop_column("features")
