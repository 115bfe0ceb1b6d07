"""``check``: whether a checkpoint follows what is known to have been done to a record."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.metamorphic import PROBES
from dashboard.cli.options import CheckpointPath, Json
from dashboard.cli.output import emit, progress
from dashboard.cli.predictor import limit_threads
from dashboard.settings import load_settings

if TYPE_CHECKING:
    from core.metamorphic import Check


def register(app: typer.Typer) -> None:
    """Add the command of this module to the command line."""
    app.command()(check)


def check(
    data: Annotated[Path, typer.Option(help="Folder in the PTB-XL layout.")],
    checkpoint: CheckpointPath = None,
    records: Annotated[
        int, typer.Option(min=1, help="How many, of 9b where it has them.")
    ] = PROBES,
    json: Json = False,
) -> None:
    """Change records in known ways and see that the opinion follows; exit 1 where it does not."""
    from core.checkpoint import load
    from core.metamorphic import all_checks, probes
    from core.ptbxl import Ptbxl

    limit_threads()
    judged = load(checkpoint or load_settings().checkpoint)
    dataset = Ptbxl.open(data)
    with progress("Checking", None):
        found = probes(dataset, records)
        checks = list(all_checks(judged, found))
    whole = {
        "checkpoint": judged.card.version,
        "records": len(found.ecgs),
        "role": found.role,
        "simulated": dataset.simulated,
        "passed": all(one.passed for one in checks),
        "checks": [asdict(one) | {"passed": one.passed} for one in checks],
    }
    width = max(len(one.name) for one in checks)
    emit(whole, json, "\n".join(_line(one, width) for one in checks))
    if not whole["passed"]:
        raise typer.Exit(1)


def _line(check: "Check", width: int) -> str:
    verdict = "passed" if check.passed else "FAILED"
    shares = f"{check.held:7.1%} of {check.records:5d}, bar {check.bar:4.0%}"
    return f"{verdict}  {check.name:{width}s} {shares}  {check.sentence}"
