"""``retrain`` and ``models``: the loop by hand."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from dashboard.cli.options import Json
from dashboard.cli.output import emit, note
from dashboard.cli.people import group, open_sessions
from dashboard.cli.predictor import limit_threads
from dashboard.settings import load_settings
from feedback import finetune, registry
from feedback.importing import LOCAL
from feedback.tables import ModelVersion

Version = Annotated[str, typer.Argument(help="A version that 'models list' shows.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the command line."""
    app.command()(retrain)
    models = group(show, judge, promote, rollback)
    models.command("list")(list_models)  # a function of that name would hide the type
    app.add_typer(models, name="models", help="The versions of the model.")


def retrain(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be taught, and teach nothing.")
    ] = False,
    include_assisted: Annotated[
        bool,
        typer.Option(
            "--include-assisted", help="Teach answers given with the model on screen too."
        ),
    ] = False,
    seed: Annotated[
        int, typer.Option(min=0, max=finetune.MAX_SEED, help="Same labels and seed: same weights.")
    ] = 0,
    json: Json = False,
) -> None:
    """Queue the fine-tuning of the served model on what readers agree on."""
    folder = load_settings().checkpoints
    with open_sessions() as sessions:
        with sessions.read() as session:
            plan = finetune.plan(session, include_assisted=include_assisted, seed=seed)
            told = finetune.summary(session, plan)
        if dry_run:
            emit(told, json, _planned(told))
            return
        with sessions.begin() as session:
            job = finetune.enqueue(session, plan, folder)
    emit(told | {"job": job.id}, json, f"{_planned(told)}\nqueued as job {job.id}")
    note("'trustecg worker' runs it; 'trustecg models list' shows what comes of it")


def _planned(told: dict[str, Any]) -> str:
    classes = "  ".join(
        f"{name} {counts['present']}/{counts['absent']}"
        for name, counts in told["by_class"].items()
    )
    sources = ", ".join(f"{n} {name}" for name, n in told["by_source"].items())
    readers = ", ".join(f"{email} {n}" for email, n in told["by_reader"].items())
    return (
        f"{told['parent']} would be taught {told['taught']} records that are settled and "
        f"{told['replay']} of folds 1-8 again; {told['held_out']} are held out for the gate\n"
        f"present/absent: {classes}\nlabels: {sources}\nanswers: {readers}"
    )


def list_models(json: Json = False) -> None:
    """List every registered version, the latest first."""
    with open_sessions() as sessions, sessions.read() as session:
        found = registry.versions(session)
    emit({"models": [_brief(model) for model in found]}, json, _listed(found))


def show(version: Version, json: Json = False) -> None:
    """Show where a version comes from, how it was judged, and its card."""
    with open_sessions() as sessions, sessions.read() as session:
        described = registry.describe(session, registry.find_model(session, version))
    emit(described, json, _described(described))


def judge(version: Version, json: Json = False) -> None:
    """Ask the gate about a version again, against the champion of now, and keep its report.

    Exit 0 whatever it says: the report tells.
    """
    from feedback.judging import judge_again

    limit_threads()
    with open_sessions() as sessions:
        report = judge_again(sessions, version, actor=LOCAL, tell=note)
    emit(report.as_json, json, "\n".join(_judged(report.as_json)))


def promote(
    version: Version,
    justification: Annotated[
        str | None, typer.Option(help="Why it is served although the gate did not pass it.")
    ] = None,
    json: Json = False,
) -> None:
    """Serve a version from now on; past the gate only with a written justification."""
    with open_sessions() as sessions, sessions.begin() as session:
        model = registry.promote(session, version, actor=LOCAL, justification=justification)
    _say_served(model, json)


def rollback(json: Json = False) -> None:
    """Serve again the version that the champion has replaced."""
    with open_sessions() as sessions, sessions.begin() as session:
        model = registry.rollback(session, actor=LOCAL)
    _say_served(model, json)


def _say_served(model: ModelVersion, json: bool) -> None:
    emit({"served": model.version}, json, f"{model.version} is served")
    note("records that it has not scored are queued: 'trustecg worker' works them off")


def _brief(model: ModelVersion) -> dict[str, Any]:
    return {
        "version": model.version,
        "state": str(model.state),
        "registered_at": model.registered_at.isoformat(),
        "registered_by": model.registered_by,
        "macro_auroc_9b": registry.macro_auroc(model.card),
    }


def _listed(models: Sequence[ModelVersion]) -> str:
    lines = [
        f"{model.version:20} {model.state:10} {model.registered_at:%Y-%m-%d %H:%M} UTC  "
        f"9b macro AUROC {_figure(registry.macro_auroc(model.card))}  {model.registered_by}"
        for model in models
    ]
    return "\n".join(lines) or "no model is registered: 'trustecg up' enters the first"


def _described(described: dict[str, Any]) -> str:
    lines = [
        f"{described['version']} ({described['state']}), entered {described['registered_at']} "
        f"by {described['registered_by']}",
        f"from {described['parent'] or 'no registered version'}, in {described['path']}",
        f"9b macro AUROC {_figure(registry.macro_auroc(described['card']))}",
    ]
    gate = described["gate"]
    if gate is None:
        lines.append("the gate has not judged it")
    else:
        lines += _judged(gate)
    if described["justification"]:
        lines.append(f"promoted all the same: {described['justification']}")
    return "\n".join(lines)


def _judged(gate: dict[str, Any]) -> list[str]:
    head = f"gate, against {gate['champion']}: {gate['sentence']}"
    checks = [f"  {_mark(check['passed'])} {check['sentence']}" for check in gate["checks"]]
    earlier = [
        f"before, against {one['champion']}: {one['sentence']}" for one in gate.get("earlier", [])
    ]
    return [head, *checks, *earlier]


def _mark(passed: bool | None) -> str:
    return {True: "ok ", False: "NO ", None: "-- "}[passed]


def _figure(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.4f}"
