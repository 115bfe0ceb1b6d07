"""``readers`` and ``gold``: how people read, and the records that judge them."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from core.rates import Rate
from dashboard.cli.options import Json
from dashboard.cli.output import emit
from dashboard.cli.people import group, open_sessions
from dashboard.numbers import interval
from feedback import gold
from feedback.errors import InvalidGold
from feedback.importing import LOCAL
from feedback.reader_report import ENOUGH, ReaderReport, reader_reports


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the command line."""
    app.command()(readers)
    golden = group(add, adjudicated)
    golden.command("list")(list_gold)  # a function of that name would hide the type
    app.add_typer(golden, name="gold", help="Records with known answers, which judge readers.")


def readers(
    reader: Annotated[str | None, typer.Option(help="This one alone, by e-mail.")] = None,
    json: Json = False,
) -> None:
    """Report how each reader reads and whether the model sways them."""
    with open_sessions() as sessions, sessions.read() as session:
        found = reader_reports(session, reader=reader)
    told = {"few": ENOUGH, "readers": [one.as_json for one in found]}
    none = f"no answer of {reader} is there" if reader else "nobody has answered an ECG yet"
    emit(told, json, "\n".join(_lines(found)) or none)


def add(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="ecg_id,NORM,...,HYP")],
    json: Json = False,
) -> None:
    """Make the records of a CSV gold: 1 present, 0 absent, an empty cell not known."""
    try:
        answers = gold.parse(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise InvalidGold(f"{file} is not in UTF-8: save it as CSV in UTF-8") from None
    with open_sessions() as sessions, sessions.begin() as session:
        count = gold.keep(session, answers, actor=LOCAL)
    emit({"gold": count}, json, f"{count} ECGs are gold")


def adjudicated(json: Json = False) -> None:
    """Make every adjudicated record gold on the classes that were settled."""
    with open_sessions() as sessions, sessions.begin() as session:
        count = gold.keep_adjudicated(session, actor=LOCAL)
    emit({"gold": count}, json, f"{count} adjudicated ECGs are gold")


def list_gold(json: Json = False) -> None:
    """List the gold records, without their answers."""
    with open_sessions() as sessions, sessions.read() as session:
        rows = gold.gold_rows(session)
    told = [
        {"ecg_id": row.ecg_id, "fold": row.fold, "origin": row.origin, "classes": row.classes}
        for row in rows
    ]
    lines = [f"{row.ecg_id}  fold {row.fold}  {row.origin}  {row.classes} classes" for row in rows]
    emit({"gold": told}, json, "\n".join(lines) or "no ECG is gold")


def _lines(reports: Sequence[ReaderReport]) -> Iterator[str]:
    for one in reports:
        yield (
            f"{one.reader}: {one.records} ECGs, {one.assisted} assisted, {one.unreadable} "
            f"unreadable, median {one.seconds.median:.0f} s"
        )
        yield f"  came over to the model where it was right: {_rate(one.mind.followed_right)}"
        yield f"  came over to the model where it was wrong: {_rate(one.mind.followed_wrong)}"
        yield f"  went from the model where it was right:    {_rate(one.mind.left_right)}"
        yield f"  went from the model where it was wrong:    {_rate(one.mind.left_wrong)}"
        for mode, classes in one.gold.items():
            for name, found in classes.items():
                if found.agrees.of:
                    yield f"  agrees with gold on {name}, {mode}: {_rate(found.agrees)}"


def _rate(rate: Rate) -> str:
    if not rate.of:
        return "no case"
    few = ", few" if rate.of < ENOUGH else ""
    limits = interval((rate.low, rate.high), 2)
    return f"{rate.count} of {rate.of}, {rate.value:.2f} {limits}{few}"
