"""Which worklists ask for a record is looked up at each answer, and as an ECG is opened.

Risk: small; an index is added, and nothing is rewritten. A downgrade takes it away.

Revision: 0013
Follows: 0012
"""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_INDEX = "ix_worklist_slots_record_id"


def upgrade() -> None:
    op.create_index(_INDEX, "worklist_slots", ["record_id"])


def downgrade() -> None:
    op.drop_index(_INDEX, "worklist_slots")
