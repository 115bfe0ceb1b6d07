"""Options that several commands take."""

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
CheckpointPath = Annotated[
    Path | None,
    typer.Option(
        "--checkpoint",
        help="Folder of a checkpoint; default: TRUSTECG_CHECKPOINT, else what ships.",
    ),
]
