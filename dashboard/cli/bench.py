"""``bench``: the speed of our network against the published one."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dashboard.cli.options import CheckpointPath, Json
from dashboard.cli.output import emit, progress
from dashboard.cli.predictor import load_predictor

if TYPE_CHECKING:
    from core.bench import Bench
    from core.ptbxl import Ptbxl

_SEED = 1


def register(app: typer.Typer) -> None:
    """Add the command of this module to the command line."""
    app.command()(bench)


def bench(
    checkpoint: CheckpointPath = None,
    reference: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.pt", help="Weights of the published network; default: it untrained."
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder in the PTB-XL layout; default: simulated records."
        ),
    ] = None,
    records: Annotated[
        int, typer.Option(min=1, max=100_000, help="Records of the whole-catalogue row, at most.")
    ] = 128,
    rounds: Annotated[int, typer.Option(min=1, max=1000, help="Rounds to take medians of.")] = 7,
    threads: Annotated[
        int | None,
        typer.Option(min=1, max=1024, help="Threads of torch; default: TRUSTECG_THREADS."),
    ] = None,
    json: Json = False,
) -> None:
    """Time our network against the published one, preprocessing included, in one run."""
    from core.bench import bench as measure
    from core.reference import Reference

    predictor = load_predictor(checkpoint, threads)
    published = Reference.load(reference) if reference else Reference.untrained()
    with _dataset(data, records) as dataset, progress("Timing both", None) as advance:
        simulated = dataset.simulated
        figures = measure(
            predictor,
            published,
            dataset,
            records=records,
            rounds=rounds,
            progress=lambda done, total: advance(done=done, total=total),
        )
    result = _result(figures) | {"simulated": simulated, "untrained": reference is None}
    emit(result, json, _table(figures, result))


@contextmanager
def _dataset(data: Path | None, records: int) -> Iterator["Ptbxl"]:
    """The data set of a folder, or a simulated one that is there for as long as it is used."""
    from core.ptbxl import Ptbxl
    from core.simulate import simulate_dataset

    if data is not None:
        yield Ptbxl.open(data)
        return
    with TemporaryDirectory(prefix="trustecg-bench-") as folder:
        with progress("Simulating records", records) as advance:
            simulate_dataset(Path(folder), records, _SEED, lambda done: advance(done=done))
        yield Ptbxl.open(Path(folder))


def _result(figures: "Bench") -> dict[str, Any]:
    return {
        "ours": figures.ours,
        "reference": figures.reference,
        "threads": figures.threads,
        "runtime": figures.runtime,
        "rounds": figures.batch.rounds,
        "records": figures.records,
        "refused": figures.refused,
        "batch_ratio": figures.batch.ratio,
        "single_ratio": figures.single.ratio,
        "preprocess_ratio": figures.preprocessing.ratio,
        "catalogue_ratio": figures.catalogue.ratio,
        "rows": [asdict(row) | {"ratio": row.ratio} for row in figures.rows],
    }


def _table(figures: "Bench", result: dict[str, Any]) -> str:
    kind = "simulated records" if result["simulated"] else "records"
    untaught = " (speed does not depend on training)" if result["untrained"] else ""
    head = [
        f"{figures.ours} against {figures.reference}{untaught}",
        f"ours in {figures.runtime}; {figures.threads} thread(s), medians of "
        f"{figures.batch.rounds} rounds ({figures.catalogue.rounds} of the whole catalogue)",
        f"{figures.records} {kind}, {figures.refused} refused by our quality gate",
        "",
        f"{'':26}{'ours':>10}{'reference':>11}{'ratio':>8}",
    ]
    return "\n".join(head + [_line(row) for row in result["rows"]])


def _line(row: dict[str, Any]) -> str:
    ours = f"{row['name']:16}{row['unit']:10}{row['ours']:10.1f}"
    if row["reference"] is None:
        return f"{ours}{'-':>11}{'-':>8}"
    return f"{ours}{row['reference']:11.1f}{row['ratio']:8.2f}"
