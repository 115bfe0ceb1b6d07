"""``queue ...``: what the order of reading is worth."""

import json as text
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dashboard.cli.options import Json
from dashboard.cli.output import emit, note, progress
from dashboard.cli.predictor import limit_threads

if TYPE_CHECKING:
    from core.embedding import Embeddings
    from core.ptbxl import Ptbxl

_queue = typer.Typer(help="The order of reading: simulate.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the command line."""
    app.add_typer(_queue, name="queue")


@_queue.callback()
def _group() -> None:
    """Keep ``simulate`` a word of its own while it is the only command."""


@_queue.command()
def simulate(
    data: Annotated[Path, typer.Option(help="Folder in the PTB-XL layout, folds 1-9.")],
    strategies: Annotated[
        str, typer.Option(help="Names with commas between them; random is always among them.")
    ] = "entropy,margin,bald,core-set,uncertainty-diversity,class-balanced,random",
    seeds: Annotated[int, typer.Option(min=2, max=1000, help="Runs of each strategy.")] = 10,
    rounds: Annotated[int, typer.Option(min=1, max=200, help="Times the layer is taught.")] = 15,
    budget: Annotated[int, typer.Option(min=4, help="Records that are read in all.")] = 800,
    epochs: Annotated[int, typer.Option(min=1, help="Epochs of the encoder.")] = 5,
    embeddings: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="Keep the features there, or take them from there."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write the result there as well.")
    ] = None,
    json: Json = False,
) -> None:
    """Replay records as if unread, and see which strategy needs the fewest labels."""
    from core.ptbxl import Ptbxl
    from feedback.replay import Plan, replay_all
    from feedback.sampling import Strategy
    from feedback.strategy_choice import report

    chosen = _chosen(strategies)
    batch = budget // (rounds + 1)
    if not batch:
        raise typer.BadParameter(f"a budget of {budget} for {rounds} rounds: give more than that")
    plan = Plan(start=budget - batch * rounds, batch=batch, rounds=rounds)
    dataset = Ptbxl.open(data)
    found = _embedded(dataset, embeddings, epochs)
    pool, judges = _projected(found)
    if plan.budget > len(pool.label):
        raise typer.BadParameter(f"a budget of {budget}: the pool has {len(pool.label)} records")
    with progress("Replaying", len(chosen) * seeds) as advance:
        curves = replay_all(
            chosen, pool, judges, plan, seeds=seeds, progress=lambda done: advance(done=done)
        )
    result = report(curves, plan, _facts(dataset, found))
    if out is not None:
        out.write_text(text.dumps(result, indent=1) + "\n", encoding="utf-8")
    emit(result, json, "\n".join(_lines(result, str(Strategy.RANDOM))))


def _chosen(names: str) -> list[Any]:
    from feedback.errors import InvalidQuery
    from feedback.sampling import Strategy
    from feedback.sampling import strategies as named

    try:
        chosen = named([name.strip() for name in names.split(",")])
    except InvalidQuery as error:
        raise typer.BadParameter(str(error)) from error
    if Strategy.DISAGREEMENT in chosen:
        raise typer.BadParameter(
            "disagreement looks at the published labels, which are the answers here: leave it out"
        )
    return list(dict.fromkeys([Strategy.RANDOM, *chosen]))


def _embedded(dataset: "Ptbxl", kept: Path | None, epochs: int) -> "Embeddings":
    from core.embedding import Embeddings, embed

    if kept is not None and kept.is_file():
        note(f"features from {kept}")
        return Embeddings.load(kept)
    limit_threads()
    with progress("Teaching an encoder on folds 1-3", epochs) as advance:
        found = embed(dataset, epochs=epochs, report=lambda epoch: advance(done=epoch.epoch))
    if kept is not None:
        found.save(kept)
    return found


def _projected(found: "Embeddings") -> tuple[Any, dict[str, Any]]:
    from core.embedding import JUDGES
    from core.last_layer import DIRECTIONS, Projection
    from feedback.replay import Embedded

    directions = min(DIRECTIONS, found.features["pool"].shape[1])
    turned = Projection.of(found.features["pool"], directions)
    sets = {name: Embedded(turned(found.features[name]), found.label[name]) for name in found.label}
    return sets["pool"], {name: sets[name] for name in JUDGES}


def _facts(dataset: "Ptbxl", found: "Embeddings") -> dict[str, Any]:
    from core.embedding import POOL_FOLDS, STOPPING_FOLD, TAUGHT_FOLDS

    return {
        "simulated": dataset.simulated,
        "encoder_taught_on": list(TAUGHT_FOLDS),
        "encoder_stopped_on": STOPPING_FOLD,
        "replayed": list(POOL_FOLDS),
        "records": {name: len(label) for name, label in found.label.items()},
    }


def _lines(result: dict[str, Any], random: str) -> Iterator[str]:
    simulated = "SIMULATED " if result["simulated"] else ""
    yield (
        f"{result['records']['pool']} {simulated}records of folds "
        f"{', '.join(map(str, result['replayed']))} replayed, {result['seeds']} seeds; macro AUROC "
        f"on 9b after {', '.join(map(str, _shown(result['labels'])))} labels"
    )
    for name, judged in result["curves"].items():
        areas = " ".join(f"{area:.4f}" for area in _shown(judged["9b"]["mean"]))
        line = f"{name:<22}{areas}"
        if name != random:
            one = result["savings"][name]["9b"]
            reached = "" if one["reached"] else " (not reached)"
            line += f"  saves {one['saved']:.0%} [{one['low']:.0%}, {one['high']:.0%}]{reached}"
        yield line
    yield f"default: {result['default']}. {result['why']}"


def _shown(points: list[Any]) -> list[Any]:
    """Five of the points of a curve at most, the first and the last among them."""
    step = max(1, (len(points) - 1) // 4)
    return [*points[:-1:step][:4], points[-1]]
