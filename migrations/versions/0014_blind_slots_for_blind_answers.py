"""Slots of blind-first worklists that an assisted answer had filled are open again.

Before, such an answer counted where its reader held a slot. That it did is told by the two modes,
which nothing changes; the answer itself stays, and counts as an assisted one. In closed worklists
too: they hand out no more, but no longer say that all of theirs was read blind.

Risk: small; rows of worklist_slots alone are changed, and a worklist that was read may ask for more
readers. A downgrade leaves the slots open, as it cannot tell them from others.

Revision: 0014
Follows: 0013
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_OPEN_AGAIN = """
    UPDATE worklist_slots SET reader_id = NULL, lease_until = NULL, reading_id = NULL
    WHERE EXISTS (
        SELECT 1 FROM readings JOIN worklists ON worklists.id = worklist_slots.worklist_id
        WHERE readings.id = worklist_slots.reading_id
        AND readings.mode = 'assisted' AND worklists.mode = 'blind-first'
    )
"""


def upgrade() -> None:
    op.execute(_OPEN_AGAIN)


def downgrade() -> None:
    pass
