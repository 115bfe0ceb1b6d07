"""Which component called back. Its id comes from a browser, so it may say anything."""

from dash import ctx
from flask import abort


def number_in_id(part: str) -> int:
    """The number that the id of the calling component has there; anything else gets a 400."""
    called = ctx.triggered_id
    number = called.get(part) if isinstance(called, dict) else None
    if type(number) is not int:
        abort(400)
    return number


def word_in_id(part: str, known: frozenset[str]) -> str:
    """The word that the id of the calling component has there; an unknown one gets a 400."""
    called = ctx.triggered_id
    word = called.get(part) if isinstance(called, dict) else None
    if not isinstance(word, str) or word not in known:
        abort(400)
    return word
