"""``train`` and ``predict``: the model without the reading room."""

import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.ecg import SUPERCLASSES, Ecg
from core.errors import RecordError
from dashboard.cli.options import CheckpointPath, Json
from dashboard.cli.output import emit, note, progress
from dashboard.cli.predictor import limit_threads, load_predictor
from dashboard.cli.targets import Data, Targets, fail_where_unread, is_id, read_targets

if TYPE_CHECKING:
    from core.labelled import LabelledSet
    from core.training_config import TrainingConfig
    from core.trees import GrownTrees

_BATCH = 64


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the command line."""
    app.command()(train)
    app.command()(predict)


def predict(
    targets: Targets, data: Data = None, checkpoint: CheckpointPath = None, json: Json = False
) -> None:
    """Give the model's opinion on records, by id with --data or as FILE.hea."""
    predictor = load_predictor(checkpoint)
    answers: list[dict[str, Any]] = []
    for batch in _batches(read_targets(targets, data)):
        answers += _opinions(predictor, batch)
    result = {"checkpoint": predictor.card.version, "records": answers}
    emit(result, json, "\n".join(_line(answer) for answer in answers if "error" not in answer))
    fail_where_unread(answers)


def train(
    data: Annotated[Path, typer.Option(help="Folder in the PTB-XL layout.")],
    out: Annotated[Path, typer.Option(help="Folder of the new checkpoint; a killed run goes on.")],
    config: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="TOML file; checkpoints/recipes/defaults.toml names all.",
        ),
    ] = None,
    teacher: Annotated[
        list[Path] | None, typer.Option(help="Folder of a checkpoint to distil; several may be.")
    ] = None,
    start: Annotated[
        Path | None, typer.Option(help="Folder of the checkpoint whose weights come first.")
    ] = None,
) -> None:
    """Teach a network on folds 1-8, stop it on 9a, and write its checkpoint."""
    from core.appraisal import write_checkpoint
    from core.checkpoint import load
    from core.labelled import common_statements, load_set
    from core.memory import keep_freed_memory
    from core.ptbxl import Ptbxl
    from core.training import EpochReport, TrainingRun, claim, run_to_end
    from core.training_config import TrainingConfig

    limit_threads()
    keep_freed_memory()
    settings = TrainingConfig.from_toml(config) if config else TrainingConfig()
    teachers = [load(path) for path in teacher or ()]
    first = load(start) if start else None
    dataset = Ptbxl.open(data)
    claim(out)  # before reading and growing take minutes
    unread: list[RecordError] = [*dataset.skipped]
    statements = common_statements(dataset)
    with progress("Reading folds 1-8", None) as advance:
        taught = load_set(
            dataset,
            "1-8",
            statements,
            lambda done, total: advance(done=done, total=total),
            unread.append,
        )
    with progress("Reading fold 9", None):
        stopping, gate = (load_set(dataset, half, unread=unread.append) for half in ("9a", "9b"))
    if unread:
        note(f"left out as unreadable: {len(unread)}, the first of them: {unread[0]}")
    trees = _grown(taught, settings) if settings.trees else None
    run = TrainingRun(taught, stopping, settings, teachers=teachers, trees=trees, start=first)

    def report(epoch: EpochReport) -> None:
        note(
            f"epoch {epoch.epoch:3d}/{settings.epochs}  loss {epoch.loss:.4f}  "
            f"9a macro AUROC {epoch.auroc_9a:.4f}  {epoch.seconds:.0f} s, "
            f"{epoch.seconds_left / 60:.0f} min left"
        )

    with progress("Teaching", settings.epochs * run.steps) as advance:
        run.between = lambda batch, batches: advance(done=run.epoch * batches + batch)
        run_to_end(
            run, out, report, lambda epoch: note(f"taken up after epoch {epoch}/{settings.epochs}")
        )
    card = write_checkpoint(out, run, gate, simulated=dataset.simulated, digest=taught.digest)
    note(f"{card.version}: {_summary(card.metrics['9'])}")


def _grown(taught: "LabelledSet", settings: "TrainingConfig") -> "GrownTrees":
    from core.trees import GrownTrees, grow

    start = time.monotonic()
    with progress("Growing trees", None) as advance:
        layer = grow(
            taught,
            settings.trees,
            settings.seed,
            lambda done, total: advance(done=done, total=total),
        )
    return GrownTrees(layer, seconds=time.monotonic() - start)


def _batches(
    targets: Iterator[tuple[str, Ecg | RecordError]],
) -> Iterator[list[tuple[str, Ecg | RecordError]]]:
    batch = []
    for target in targets:
        batch.append(target)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    yield batch


def _opinions(predictor: Any, batch: list[tuple[str, Ecg | RecordError]]) -> list[dict[str, Any]]:
    """Answers in the order asked; the record that cannot be read does not stop the others."""
    read = [ecg for _, ecg in batch if isinstance(ecg, Ecg)]
    opinions = iter(predictor.predict(read))
    return [
        _answer(name, next(opinions))
        if isinstance(ecg, Ecg)
        else {"id": _id(name), "error": str(ecg)}
        for name, ecg in batch
    ]


def _answer(name: str, opinion: Any) -> dict[str, Any]:
    quality = asdict(opinion.quality)
    if opinion.probabilities is None:
        return {"id": _id(name), "quality": quality}
    p = opinion.probabilities.tolist()
    return {
        "id": _id(name),
        "probabilities": dict(zip(SUPERCLASSES, p, strict=True)),
        "labels": list(opinion.labels),
        "abstained": list(opinion.abstained),
        "uncertainty": opinion.uncertainty,
        "quality": quality,
    }


def _id(name: str) -> int | str:
    return int(name) if is_id(name) else name


def _line(answer: dict[str, Any]) -> str:
    if "probabilities" not in answer:
        return f"{answer['id']}: refused. {' '.join(answer['quality']['reasons'])}"
    figures = "  ".join(f"{name} {p:.3f}" for name, p in answer["probabilities"].items())
    found = ", ".join(answer["labels"]) or "no class above its threshold, normal included"
    open_ = f"; abstains on {', '.join(answer['abstained'])}" if answer["abstained"] else ""
    warnings = "".join(f"{warning} " for warning in answer["quality"]["warnings"])
    return f"{answer['id']}: {warnings}{figures}: {found}{open_}"


def _summary(figures: dict[str, Any]) -> str:
    low, high = figures["macro_auroc_ci"]
    by_class = "  ".join(f"{name} {figures['auroc'][name]:.3f}" for name in SUPERCLASSES)
    return (
        f"fold 9, {figures['n_labelled']} labelled records: macro AUROC "
        f"{figures['macro_auroc']:.4f} [{low:.4f}, {high:.4f}]  {by_class}  "
        f"macro F1 {figures['macro_f1']:.3f}"
    )
