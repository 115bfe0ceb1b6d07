"""The files that have left, each with its manifest."""

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from dashboard.components.export_filter import in_words
from dashboard.components.shell import local_time
from dashboard.components.table import table
from dashboard.numbers import MISSING
from feedback.taken import Taken

MANIFEST = "/export/manifest/"  # its number and .json follow
_SHORT = 12  # characters of a digest, enough to tell files apart by eye


def taken_view(files: Sequence[Taken]) -> Component:
    """A row a file, the latest first."""
    if not files:
        return html.P("Nothing has been exported yet.")
    head = ("When", "By", "What", "Rows", "SHA-256", "Manifest")
    return table(head, [_row(one) for one in files])


def _row(one: Taken) -> Component:
    what = "everything" if one.everything else "labels"
    link = html.A("JSON", href=f"{MANIFEST}{one.number}.json", title="What the file held")
    return html.Tr(
        [
            html.Th(local_time(one.at, date=True), scope="row"),
            html.Td(one.by),
            html.Td(", ".join(filter(None, [what, in_words(one.filter)]))),
            html.Td(MISSING if one.rows is None else f"{one.rows:,}"),
            html.Td(_digest(one.sha256)),
            html.Td(link),
        ]
    )


def _digest(sha256: str | None) -> Component | str:
    """Of an archive each table has its own, in the manifest."""
    return html.Code(sha256[:_SHORT], title=sha256) if sha256 else "of each table"
