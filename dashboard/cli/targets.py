"""What the record commands are pointed at: ids of a data set, or WFDB headers."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from core.ecg import Ecg
from core.errors import RecordError, RecordNotFound
from core.ptbxl import Ptbxl
from core.wfdb_reader import read_wfdb
from dashboard.cli.output import note

Targets = Annotated[list[str], typer.Argument(help="ECG_ID... with --data, or FILE.hea...")]
Data = Annotated[Path | None, typer.Option("--data", help="Folder in the PTB-XL layout.")]


def read_targets(targets: list[str], data: Path | None) -> Iterator[tuple[str, Ecg | RecordError]]:
    """Every target with its ECG or the error that reading it met, in the order asked."""
    dataset = Ptbxl.open(data) if data else None
    for target in targets:
        try:
            yield target, _read(target, dataset)
        except RecordError as error:
            yield target, error


def is_id(target: str) -> bool:
    """Whether a target is an ecg_id; ``str.isdigit`` takes a superscript for one."""
    return target.isascii() and target.isdigit()


def fail_where_unread(answers: Sequence[Mapping[str, object]]) -> None:
    """Name on stderr every record that could not be read, and exit 1 if there is one."""
    failed = [answer for answer in answers if "error" in answer]
    for answer in failed:
        note(f"{answer['id']}: {answer['error']}")
    if failed:
        raise typer.Exit(1)


def _read(target: str, dataset: Ptbxl | None) -> Ecg:
    if dataset is None:
        if is_id(target):
            raise RecordNotFound(f"ecg_id {target} of which data set? Give --data DIR")
        if not target.endswith(".hea"):
            raise RecordNotFound(f"{target} is no WFDB header: give FILE.hea, or ids with --data")
        return read_wfdb(Path(target))
    if not is_id(target):
        raise RecordNotFound(f"{target!r} is no ecg_id: with --data, give whole numbers")
    return dataset.read(int(target))
