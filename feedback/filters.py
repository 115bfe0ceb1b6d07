"""Filters as ag-grid writes them, as conditions on a column.

What is not known of a column is refused with InvalidQuery: nothing a browser sends reaches the
query but values. A hidden cell is NULL here, and no filter tells it from another hidden cell.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, or_, true

from core.ptbxl import AGE_OVER_89
from feedback.errors import InvalidFilter, InvalidQuery

Column = ColumnElement[Any]
Condition = ColumnElement[bool]
_MAX_TEXT = 200
_MOST = 2**31  # what a column of whole numbers can be compared with
_OLDEST_KNOWN = 89  # years


def condition(column: Column, name: str, numeric: bool, wanted: Any) -> Condition:
    """The condition that ``wanted`` puts on a column: a value, a list of values, or a filter."""
    if isinstance(wanted, (list, tuple)):
        return or_(false(), *(condition(column, name, numeric, value) for value in wanted))
    if not isinstance(wanted, Mapping):
        wanted = {"type": "equals", "filter": wanted}
    if isinstance(wanted.get("conditions"), (list, tuple)):
        parts = [condition(column, name, numeric, part) for part in wanted["conditions"]]
        operator = wanted.get("operator", "AND")
        if operator not in ("AND", "OR"):
            raise InvalidQuery(f"filter of {name} joins by {operator!r}: give AND or OR")
        return or_(false(), *parts) if operator == "OR" else and_(true(), *parts)
    if name == "age":
        wanted = _beyond_89(wanted)
    return _number(column, name, wanted) if numeric else _text(column, name, wanted)


_NO_END = {"filter": ("lessThan", "lessThanOrEqual"), "filterTo": ("inRange",)}
_ONE_AGE = ("equals", "notEqual")


def _beyond_89(wanted: Mapping[str, Any]) -> Mapping[str, Any]:
    """A filter of ages that takes whoever is older than 89 for as old as it asks about.

    How old they are is not known: an end beyond 89 leaves none of them out.
    """
    kind, asked = wanted.get("type"), dict(wanted)
    for part in ("filter", "filterTo"):
        value = asked.get(part)
        if not isinstance(value, (int, float)) or not _OLDEST_KNOWN < value < _MOST:
            continue
        if kind in _ONE_AGE:
            asked[part] = AGE_OVER_89
        elif kind in _NO_END[part] and (kind != "lessThan" or value > _OLDEST_KNOWN + 1):
            asked[part] = max(value, AGE_OVER_89 + 1)
    return asked


_COMPARE: dict[str, Callable[[Column, Any], Condition]] = {
    "equals": lambda column, value: column == value,
    "notEqual": lambda column, value: or_(column.is_(None), column != value),
    "lessThan": lambda column, value: column < value,
    "lessThanOrEqual": lambda column, value: column <= value,
    "greaterThan": lambda column, value: column > value,
    "greaterThanOrEqual": lambda column, value: column >= value,
}
_MATCH: dict[str, Callable[[Column, str], Condition]] = {
    "equals": lambda column, value: column == value,
    "notEqual": lambda column, value: or_(column.is_(None), column != value),
    "contains": lambda column, value: column.contains(value, autoescape=True),
    "notContains": lambda column, value: or_(
        column.is_(None), ~column.contains(value, autoescape=True)
    ),
    "startsWith": lambda column, value: column.startswith(value, autoescape=True),
    "endsWith": lambda column, value: column.endswith(value, autoescape=True),
}


def _number(column: Column, name: str, wanted: Mapping[str, Any]) -> Condition:
    kind = wanted.get("type")
    if kind in ("blank", "notBlank"):
        return column.is_(None) if kind == "blank" else column.is_not(None)
    low = _value(name, wanted.get("filter"))
    if kind == "inRange":
        return column.between(low, _value(name, wanted.get("filterTo")))
    return _of(_COMPARE, name, kind)(column, low)


def _text(column: Column, name: str, wanted: Mapping[str, Any]) -> Condition:
    kind = wanted.get("type")
    if kind in ("blank", "notBlank"):
        blank = or_(column.is_(None), column == "")
        return blank if kind == "blank" else ~blank
    value = wanted.get("filter")
    if not isinstance(value, str) or len(value) > _MAX_TEXT or "\x00" in value:
        raise InvalidFilter(name, value, f"give up to {_MAX_TEXT} characters")
    return _of(_MATCH, name, kind)(func.lower(column), value.lower())


def _value(name: str, value: object) -> int | float:
    """A number that the column can be compared with on any database."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise InvalidFilter(name, value, "give a number")
    if abs(value) >= _MOST:
        raise InvalidFilter(name, value, "give a smaller number")
    return int(value) if float(value).is_integer() else float(value)


def _of(
    known: Mapping[str, Callable[[Column, Any], Condition]], name: str, kind: object
) -> Callable[[Column, Any], Condition]:
    if not isinstance(kind, str) or kind not in known:
        raise InvalidQuery(f"filter of {name} has type {kind!r}: give one of {', '.join(known)}")
    return known[kind]
