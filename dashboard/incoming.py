"""What browsers send, as any database can hold it, before a page or callback sees it.

A NUL character or half a character in a filter, a comment or a name would be refused by
PostgreSQL in the middle of a page: here is the one place where they are left out.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from flask import Flask, Request
from flask.json.provider import DefaultJSONProvider
from werkzeug.datastructures import ImmutableMultiDict

from feedback.text import storable


def clean(server: Flask) -> None:
    """Have ``server`` leave out of JSON, forms and addresses what no database holds."""
    server.json = _StorableJson(server)
    server.request_class = _StorableRequest


def without_unstorable(value: Any) -> Any:
    """The plain value with every text in it storable, keys included."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list):
        return [without_unstorable(inner) for inner in value]
    if isinstance(value, dict):
        return {storable(key): without_unstorable(inner) for key, inner in value.items()}
    return value


class _StorableJson(DefaultJSONProvider):
    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        return without_unstorable(super().loads(s, **kwargs))


class _StorableParameters(ImmutableMultiDict[str, str]):
    def __init__(self, sent: Mapping[str, str] | Iterable[tuple[str, str]] | None = None) -> None:
        super().__init__(list(_pairs(sent)))


def _pairs(
    sent: Mapping[str, str] | Iterable[tuple[str, str]] | None,
) -> Iterator[tuple[str, str]]:
    given = sent.items() if isinstance(sent, Mapping) else sent or ()
    for name, value in given:
        yield storable(name), storable(value)


class _StorableRequest(Request):
    parameter_storage_class = _StorableParameters
