"""``trustecg intervals``: rate, PR, QRS, QT and axes of records, without the reading room."""

from typing import Any

import typer

from core.ecg import Ecg
from core.errors import RecordError
from dashboard.cli.options import Json
from dashboard.cli.output import emit
from dashboard.cli.targets import Data, Targets, fail_where_unread, is_id, read_targets
from dashboard.numbers import number

_SHOWN = {
    "heart_rate": "/min",
    "pr": "PR",
    "qrs": "QRS",
    "qt": "QT",
    "qtc_bazett": "QTcB",
    "qtc_fridericia": "QTcF",
    "axis": "axis",
}
_CARE = _SHOWN | {"heart_rate": "rate", "qtc_bazett": "QTc", "qtc_fridericia": "QTc"}


def register(app: typer.Typer) -> None:
    """Add the command of this module to the command line."""
    app.command()(intervals)


def intervals(targets: Targets, data: Data = None, json: Json = False) -> None:
    """Measure heart rate, PR, QRS, QT, QTc (ms) and axes (degrees); null where there is none."""
    answers = [_answer(name, ecg) for name, ecg in read_targets(targets, data)]
    text = "\n".join(_line(answer) for answer in answers if "error" not in answer)
    emit({"records": answers}, json, text)
    fail_where_unread(answers)


def _answer(name: str, ecg: Ecg | RecordError) -> dict[str, Any]:
    from core.intervals import VALUES, measure

    identity = {"id": int(name) if is_id(name) else name}
    if not isinstance(ecg, Ecg):
        return identity | {"error": str(ecg)}
    measured = measure(ecg)
    values = {value: _rounded(value, getattr(measured, value)) for value in VALUES}
    return identity | values | {"reasons": measured.reasons, "caveats": measured.caveats}


def _rounded(name: str, value: float | None) -> float | None:
    """The rate to a tenth, all else whole: more would say more than is known."""
    if value is None:
        return None
    return round(value, 1) if name == "heart_rate" else round(value)


def _line(answer: dict[str, Any]) -> str:
    shown = "  ".join(f"{word} {number(answer[name], 0)}" for name, word in _SHOWN.items())
    names = {name: reason for name, reason in answer["reasons"].items() if name in _SHOWN}
    care = [f"{_CARE[name]}: {said}" for name, said in answer["caveats"].items() if name in _CARE]
    why = "; ".join(dict.fromkeys([*names.values(), *care]))
    return f"{answer['id']}: {shown}" + (f"  ({why})" if why else "")
