"""The command line ``trustecg``: exit 0 done, 1 could not be done, 2 usage."""

import sys
from typing import NoReturn

import typer

from core.errors import CoreError
from dashboard.cli import (
    bench,
    check,
    data,
    evaluate,
    explain,
    intervals,
    loop,
    model,
    people,
    queue,
    readers,
    serve,
)
from dashboard.errors import DashboardError
from feedback.errors import FeedbackError

app = typer.Typer(
    help="TrustECG: a reading room for 12-lead ECGs.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_PARTS = (
    serve,
    data,
    intervals,
    model,
    loop,
    explain,
    evaluate,
    check,
    people,
    readers,
    queue,
    bench,
)
for part in _PARTS:
    part.register(app)


def main() -> None:
    """Run the command of ``sys.argv``; what went wrong is one line on stderr and exit 1."""
    try:
        app(prog_name="trustecg")
    except (CoreError, FeedbackError, DashboardError) as error:
        _stop(str(error))
    except OSError as error:
        _stop(f"{error.filename}: {error.strerror}" if error.filename else str(error))


def _stop(why: str) -> NoReturn:
    print(f"trustecg: {why}", file=sys.stderr)
    raise SystemExit(1) from None
