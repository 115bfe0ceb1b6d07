"""Which layers a fine-tuning run has taught, kept with the runs that were made before it was asked.

Risk: small; two values are added to the config of runs that have begun, now that a new run teaches
the last layer alone. Runs that wait take the new defaults. A run that is half done must be asked
for anew: its saved state is of the version before. A downgrade takes the two away again, from runs
that taught the last layer alone as well: the version before would teach all layers from their rows.

Revision: 0012
Follows: 0011
"""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_RUNS = sa.table("retrainings", sa.column("id", sa.Integer), sa.column("config", sa.JSON))
_BEFORE = {"layers": "all", "l2_sp": 0.0}
_BEGUN = "warm_up"  # the config is completed as a run begins


def upgrade() -> None:
    _rewrite(lambda config: _BEFORE | config if _BEGUN in config else config)


def downgrade() -> None:
    _rewrite(lambda config: {k: v for k, v in config.items() if k not in _BEFORE})


def _rewrite(change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    connection = op.get_bind()
    for number, config in connection.execute(sa.select(_RUNS.c.id, _RUNS.c.config)).all():
        connection.execute(
            sa.update(_RUNS).where(_RUNS.c.id == number).values(config=change(config))
        )
