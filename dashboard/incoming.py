"""What browsers send, as any database can hold it, before a page or callback sees it.

A NUL character or half a character in a filter, a comment or a name would be refused by
PostgreSQL in the middle of a page. In JSON, forms and what follows the "?" of an address, NUL is
left out and half a character becomes "?" (``feedback.text``). Paths and names of files are left
as they came; services that store text without a browser call ``storable`` themselves.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from flask import Flask, Request
from flask.json.provider import DefaultJSONProvider
from werkzeug.datastructures import ImmutableMultiDict, iter_multi_items

from feedback.text import storable

_BEYOND = 2**63


def clean(server: Flask) -> None:
    """Have ``server`` make JSON, forms and queries storable as it reads them."""
    server.json = _StorableJson(server)
    server.request_class = _StorableRequest


def without_unstorable(value: Any) -> Any:
    """The plain value with every text in it storable, keys included.

    Raises ValueError for a number that no database holds: the request is answered with 400.
    """
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list):
        return [without_unstorable(inner) for inner in value]
    if isinstance(value, dict):
        return {storable(key): without_unstorable(inner) for key, inner in value.items()}
    if isinstance(value, int) and not -_BEYOND <= value < _BEYOND:
        raise ValueError("a number of more than 64 bits")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a number without a value")
    return value


class _StorableJson(DefaultJSONProvider):
    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        return without_unstorable(super().loads(s, **kwargs))


class _StorableParameters(ImmutableMultiDict[str, Any]):
    def __init__(self, sent: Mapping[str, Any] | Iterable[tuple[str, Any]] | None = None) -> None:
        super().__init__(list(_pairs(sent or ())))


def _pairs(sent: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    for name, value in iter_multi_items(sent):
        # of a multipart form, the name may be None and the value a file
        yield without_unstorable(name), without_unstorable(value)


class _StorableRequest(Request):
    parameter_storage_class = _StorableParameters
