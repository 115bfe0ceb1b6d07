"""Which component called back, and with what. A browser says it, so it may be anything."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from dash import ctx
from flask import abort

_BEYOND = 2**31  # no key of a row


@contextmanager
def parsing() -> Iterator[None]:
    """A value that no page of ours sends gets a 400; nothing but its parsing belongs in here."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError):
        abort(400)


def typed(value: Any) -> str:
    """The text of a field, "" where nothing was typed; what is no text gets a 400."""
    if value is not None and not isinstance(value, str):
        abort(400)
    return value or ""


def number_in_id(part: str) -> int:
    """The key of a row that the id of the calling component has there; all else gets a 400."""
    return row_key(_in_id(part))


def row_key(value: Any) -> int:
    """A value that is to be the key of a row; what can be none gets a 400."""
    if type(value) is not int or not 0 <= value < _BEYOND:
        abort(400)
    return value


def only_by(part: str) -> bool:
    """Whether nothing but this part of an ECG's page has called."""
    called = ctx.triggered_prop_ids.values()
    return all(isinstance(one, dict) and one.get("part") == part for one in called)


def word_in_id(part: str, known: Collection[str]) -> str:
    """The word that the id of the calling component has there; an unknown one gets a 400."""
    word = _in_id(part)
    if not isinstance(word, str) or word not in known:
        abort(400)
    return word


def _in_id(part: str) -> Any:
    called = ctx.triggered_id
    return called.get(part) if isinstance(called, dict) else None
