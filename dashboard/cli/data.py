"""``data ...`` and ``quality``: getting records, checking them, entering them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from core.ecg import Ecg
from core.errors import DataError, RecordError
from dashboard.cli.options import Json
from dashboard.cli.output import emit, note, progress
from dashboard.cli.targets import Data, Targets, fail_where_unread, is_id, read_targets

Folder = Annotated[Path, typer.Argument(help="Folder in the PTB-XL layout.", metavar="DIR")]

_data = typer.Typer(help="Records: simulate, download, verify, import.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the command line."""
    app.add_typer(_data, name="data")
    app.command()(quality)


@_data.command()
def simulate(
    folder: Folder,
    records: Annotated[int, typer.Option(min=1, max=100_000, help="How many records.")] = 500,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same records.")] = 1,
    json: Json = False,
) -> None:
    """Write simulated records, marked as such, with the truth about each beside them."""
    from core.simulate import simulate_dataset

    _refuse_real(folder)
    with progress("Simulating records", records) as advance:
        simulate_dataset(folder, records, seed, lambda done, _: advance(done=done))
    result = {"root": str(folder), "records": records, "seed": seed}
    emit(result, json, f"{records} simulated records in {folder}")


@_data.command()
def download(
    folder: Folder,
    base_url: Annotated[
        str | None,
        typer.Option(help="Folder on a server that holds SHA256SUMS.txt; default: PhysioNet."),
    ] = None,
    subset: Annotated[
        int | None, typer.Option(min=1, help="Only the first N records of the index.")
    ] = None,
    rate: Annotated[
        Literal["100", "500"] | None,
        typer.Option(help="Only the records at this rate: 100 Hz is 0.5 GB of 3 GB."),
    ] = None,
    json: Json = False,
) -> None:
    """Fetch PTB-XL from PhysioNet; run again, it goes on where it stopped."""
    from core.download import PHYSIONET
    from core.download import download as fetch

    wanted: dict[str | None, Literal[100, 500] | None] = {None: None, "100": 100, "500": 500}
    with _files("Downloading") as advance:
        done = fetch(
            folder,
            base_url=base_url or PHYSIONET,
            subset=subset,
            rate=wanted[rate],
            progress=advance,
        )
    emit(
        {"root": str(folder)} | asdict(done),
        json,
        f"{done.files} files in {folder} as published, {done.fetched} of them fetched now",
    )


@_data.command()
def verify(folder: Folder, json: Json = False) -> None:
    """Check every file by SHA256SUMS.txt, or else every record by its header's checksums."""
    from core.verify import verify as check

    with _files("Verifying") as advance:
        result = check(folder, advance)
    lines = [f"{fault.file}: {fault.problem}" for fault in result.faults]
    lines.append(
        f"{result.checked} checked against {result.against}, "
        f"{len(result.faults) or 'none'} of them wrong"
    )
    emit(asdict(result), json, "\n".join(lines))
    if result.faults:
        note(f"{len(result.faults)} files are wrong: run 'trustecg data download' again")
        raise typer.Exit(1)


@_data.command("import")
def import_(folder: Folder, json: Json = False) -> None:
    """Enter the records in the catalogue, and make them the ones that are read and scored."""
    from core.ptbxl import Ptbxl
    from dashboard.settings import load_settings
    from feedback import db, importing

    url = load_settings().database_url
    dataset = Ptbxl.open(folder.resolve())
    db.upgrade(url)
    sessions = db.make_sessions(db.make_engine(url))
    with _files("Importing", "records") as advance:
        done = importing.import_dataset(sessions, dataset, progress=advance)
    sessions.engine.dispose()
    skipped = [str(row) for row in dataset.skipped]
    emit(
        asdict(done) | {"skipped": skipped},
        json,
        f"{done.added} records added, {done.changed} changed, {done.unchanged} unchanged",
    )
    if skipped:
        note("\n".join(skipped))
        note(f"rows of the index left out: {len(skipped)}; all others are in the catalogue")
        raise typer.Exit(1)


def quality(targets: Targets, data: Data = None, json: Json = False) -> None:
    """Say how well records can be read, by id with --data or as FILE.hea."""
    answers = [_quality(name, ecg) for name, ecg in read_targets(targets, data)]
    lines = [_line(answer) for answer in answers if "error" not in answer]
    emit({"records": answers}, json, "\n".join(lines))
    fail_where_unread(answers)


def _quality(name: str, ecg: Ecg | RecordError) -> dict[str, Any]:
    from core.quality import assess

    shown = {"id": int(name) if is_id(name) else name}
    if isinstance(ecg, RecordError):
        return shown | {"error": str(ecg)}
    found = asdict(assess(ecg))
    return shown | {key: found[key] for key in ("score", "acceptable", "reasons", "warnings")}


def _line(answer: dict[str, Any]) -> str:
    verdict = "can be read" if answer["acceptable"] else "refused"
    said = " ".join((*answer["reasons"], *answer["warnings"]))
    return f"{answer['id']}: {verdict}, score {answer['score']:.2f}. {said}".rstrip()


def _refuse_real(folder: Path) -> None:
    """Simulated records never overwrite an index of patients'."""
    from core.ptbxl import INDEX, SIMULATED_MARK

    if (folder / INDEX).exists() and not (folder / SIMULATED_MARK).exists():
        raise DataError(f"{folder} holds records of patients: choose another folder")


@contextmanager
def _files(label: str, things: str = "files") -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr with the time that is left; without a terminal a line every tenth."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as TimeLeft

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda done, total: _tell_tenths(label, things, done, total)
        return
    columns = (TextColumn(label), BarColumn(), MofNCompleteColumn(), TextColumn(things))
    with Progress(*columns, TimeLeft(), TextColumn("left"), console=console) as bars:
        task = bars.add_task(label, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


def _tell_tenths(label: str, things: str, done: int, total: int) -> None:
    step = max(1, total // 10)
    if done == total or done % step == 0:
        note(f"{label}: {done} of {total} {things}")
