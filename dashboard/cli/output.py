"""How the commands speak: results on stdout, everything else on stderr."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import typer


def emit(obj: Any, as_json: bool, text: str) -> None:
    """Print ``obj`` as the one JSON object of stdout, or ``text`` for a person."""
    typer.echo(json.dumps(obj, allow_nan=False) if as_json else text)


def note(text: str) -> None:
    """Say on stderr what is being done."""
    typer.echo(text, err=True)


@contextmanager
def progress(label: str, total: float | None) -> Iterator[Callable[..., None]]:
    """Show a bar on stderr; yields ``advance(by=1)``. Where no terminal is, two plain lines.

    ``advance`` takes ``done=`` instead where the caller knows the sum and not the step.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        note(f"{label} ...")
        yield lambda by=1, *, done=None: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=console) as bars:
        task = bars.add_task(label, total=total)

        def advance(by: float = 1, *, done: float | None = None) -> None:
            if done is None:
                bars.advance(task, by)
            else:
                bars.update(task, completed=done)

        yield advance
