"""What the record commands are pointed at: ids of a data set, or WFDB headers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from core.ecg import Ecg
from core.errors import RecordError, RecordNotFound
from core.ptbxl import Ptbxl
from core.wfdb_reader import read_wfdb

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


def _read(target: str, dataset: Ptbxl | None) -> Ecg:
    if dataset is None:
        return read_wfdb(Path(target))
    if not target.isdigit():
        raise RecordNotFound(f"{target!r} is no ecg_id: with --data, give whole numbers")
    return dataset.read(int(target))
