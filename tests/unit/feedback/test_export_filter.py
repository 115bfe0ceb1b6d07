"""Filters of an export: the file holds the rows that are counted, and says which they are."""

import csv
import io
from datetime import date, timedelta

import pytest

from core.ecg import Superclass
from feedback import export
from feedback.db import Sessions, now
from feedback.errors import ExportMismatch, InvalidFilter
from feedback.export import Manifest
from feedback.export_filter import ExportFilter
from feedback.tables import User
from tests.factories_readings import amended, answer, assisted, blind, final
from tests.factories_worklists import claimed, worklist

TODAY = now().date()
DAY = timedelta(days=1)


@pytest.fixture
def read(library: Sessions, reader: User, colleague: User) -> Sessions:
    """The reader: 1 to CD by an amendment, 2 blind alone, 5 assisted; the colleague: 1 MI."""
    blind(library, reader.id, 1, answer(Superclass.MI))
    final(library, reader.id, 1, answer(Superclass.MI))
    amended(library, reader.id, 1, answer(Superclass.CD))
    blind(library, reader.id, 2, answer(Superclass.MI))
    assisted(library, reader.id, 5, answer(Superclass.NORM))
    blind(library, colleague.id, 1, answer(Superclass.MI))
    final(library, colleague.id, 1, answer(Superclass.MI))
    return library


def let_out(sessions: Sessions, **asked: object) -> tuple[list[tuple[str, str]], Manifest]:
    stream = io.StringIO(newline="")
    wanted = ExportFilter.of(asked)
    with sessions.read() as session:
        manifest = export.write_labels(session, stream, wanted)
        assert export.count_readings(session, wanted) == manifest.rows
    rows = csv.DictReader(io.StringIO(stream.getvalue()))
    return [(row["ecg_id"], row["reader"].split("@")[0]) for row in rows], manifest


@pytest.mark.parametrize(
    ("asked", "rows"),
    [
        ({}, [("1", "colleague"), ("1", "reader"), ("2", "reader"), ("5", "reader")]),
        ({"reader": "colleague@example.org"}, [("1", "colleague")]),
        ({"superclass": "MI"}, [("1", "colleague"), ("2", "reader")]),  # as it stands, not before
        ({"superclass": "CD"}, [("1", "reader")]),
        ({"mode": "assisted"}, [("5", "reader")]),
        ({"status": "blind"}, [("2", "reader")]),
        ({"status": "final", "mode": "blind-first"}, [("1", "colleague"), ("1", "reader")]),
        ({"since": TODAY + DAY + DAY}, []),
        ({"until": TODAY - DAY - DAY}, []),
        ({"since": TODAY - DAY, "until": TODAY + DAY, "status": "blind"}, [("2", "reader")]),
        ({"since": TODAY, "until": TODAY, "status": "blind"}, [("2", "reader")]),
        ({"since": date.min, "until": date.max, "status": "blind"}, [("2", "reader")]),
    ],
)
def test_the_rows_are_those_asked_for(
    read: Sessions, asked: dict[str, object], rows: list[tuple[str, str]]
) -> None:
    found, manifest = let_out(read, **asked)
    assert found == rows
    assert manifest.filter == {name: str(value) for name, value in asked.items()}


def test_an_address_is_found_however_it_was_typed(read: Sessions) -> None:
    found, manifest = let_out(read, reader=" Colleague@Example.ORG ")
    assert found == [("1", "colleague")]
    assert manifest.filter == {"reader": "colleague@example.org"}


def test_a_worklist_lets_out_what_was_read_through_it(
    read: Sessions, reader: User, colleague: User
) -> None:
    one = worklist(read, records=10, name="Evening", readers_each=2)
    claim = claimed(read, reader.id, one.id)
    blind(read, reader.id, claim.ecg_id)
    rows, _ = let_out(read, worklist="Evening")
    # an answer given through it, and no other to the same records
    assert (str(claim.ecg_id), "reader") in rows
    assert {who for _, who in rows} == {"reader"}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"reader": "x@y.org"}, "filter of reader is 'x@y.org': nobody has that e-mail address"),
        ({"reader": "  "}, "filter of reader is '': nobody has that e-mail address"),
        ({"worklist": "Noon"}, "filter of worklist is 'Noon': no worklist has that name"),
        ({"since": "yesterday"}, "filter of since is 'yesterday': it should be a valid date"),
        (
            {"since": "2026-02-01", "until": "2026-01-31"},
            "filter of until is '2026-01-31': it is before the first day, 2026-02-01: "
            "give that day or a later one",
        ),
        ({"mode": "aided"}, "filter of mode is 'aided': it should be 'blind-first' or 'assisted'"),
        (
            {"colour": "red"},
            "filter of colour is 'red': there is no such filter, use worklist, reader",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_for_is_named(
    read: Sessions, asked: dict[str, object], said: str
) -> None:
    with pytest.raises(InvalidFilter) as refused:
        let_out(read, **asked)
    assert str(refused.value).startswith(said)


def test_a_file_that_lacks_a_row_is_refused(
    read: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "count_readings", lambda *_: 2)
    with pytest.raises(ExportMismatch, match="would hold 1 rows where the dashboard counts 2"):
        let_out(read, mode="assisted")
