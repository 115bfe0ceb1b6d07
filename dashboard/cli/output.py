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
    """Show a bar on stderr, a plain line where no terminal is; yields ``advance(by=1)``.

    Where ``total`` is known from the first, the time that is left is shown as well. ``advance``
    takes ``done=`` where the caller knows the sum and not the step, and ``total=`` where it is
    known late.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.progress import TimeRemainingColumn as TimeLeft

    console = Console(stderr=True)
    if not console.is_terminal:
        note(f"{label} ...")
        yield lambda by=1, *, done=None, total=None: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    left = (TimeLeft(), TextColumn("left")) if total else ()
    with Progress(*columns, TimeElapsedColumn(), *left, console=console) as bars:
        task = bars.add_task(label, total=total)

        def advance(
            by: float = 1, *, done: float | None = None, total: float | None = None
        ) -> None:
            step = None if done is not None else by
            bars.update(task, advance=step, completed=done, total=total)

        yield advance
