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
from dashboard.settings import load_settings

if TYPE_CHECKING:
    from core.bench import Bench
    from core.explain.timing import ExplanationTime
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
    explanations: Annotated[
        bool, typer.Option(help="Time every way of explaining one class of one record too.")
    ] = True,
    json: Json = False,
) -> None:
    """Time our network against the published one, preprocessing included, in one run."""
    from core.bench import bench as measure
    from core.reference import Reference

    predictor = load_predictor(checkpoint, threads)
    published = Reference.load(reference) if reference else Reference.untrained()
    with _dataset(data, records) as dataset:
        simulated = dataset.simulated
        with progress("Timing both", None) as advance:
            figures = measure(
                predictor,
                published,
                dataset,
                records=records,
                rounds=rounds,
                progress=lambda done, total: advance(done=done, total=total),
            )
        explained = _explanations(checkpoint, dataset) if explanations else []
    result = _result(figures) | {"simulated": simulated, "untrained": reference is None}
    result["explanations"] = [asdict(time) for time in explained]
    emit(result, json, _table(figures, result))


def _explanations(checkpoint: Path | None, dataset: "Ptbxl") -> "list[ExplanationTime]":
    from core.explain.background import draw_background
    from core.explain.explainer import Explainer
    from core.explain.timing import time_explanations

    path = checkpoint or load_settings().checkpoint
    explainer = Explainer.load(path, draw_background(dataset))
    with progress("Timing explanations", None) as advance:
        return time_explanations(
            explainer, dataset, progress=lambda done, total: advance(done=done, total=total)
        )


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
            simulate_dataset(Path(folder), records, _SEED, lambda done, _: advance(done=done))
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
    below = [_explained(time) for time in result["explanations"]]
    if below:
        below = ["", f"{'one class, one record':26}{'s':>10}{'passes':>11}{'residual':>10}", *below]
    return "\n".join(head + [_line(row) for row in result["rows"]] + below)


def _explained(time: dict[str, Any]) -> str:
    residual = "-" if time["residual"] is None else f"{time['residual']:.1%}"
    return f"{time['method']:26}{time['seconds']:10.3f}{time['passes']:11.1f}{residual:>10}"


def _line(row: dict[str, Any]) -> str:
    ours = f"{row['name']:16}{row['unit']:10}{row['ours']:10.1f}"
    if row["reference"] is None:
        return f"{ours}{'-':>11}{'-':>8}"
    return f"{ours}{row['reference']:11.1f}{row['ratio']:8.2f}"
