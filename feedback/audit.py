"""The audit chain: who did what, each entry sealed with sha256 over itself and the one before.

An entry that is altered, removed or slipped in breaks the chain behind it; ``audit_head``
holds its length and end, so that its last entries cannot go missing either. The digest of each
reading and adjudication is in the chain too: one changed behind our back is found.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, ScalarResult, select, update
from sqlalchemy.orm import Session

from feedback.db import now
from feedback.errors import AuditBroken
from feedback.tables import Adjudication, AuditEntry, AuditHead, Reading

START = "0" * 64
READING = "reading"  # actions that store one begin with it
ADJUDICATION = "adjudication"  # likewise
_LATER = ("measurements",)  # columns of readings that the first ones did not have
Sealed = TypeVar("Sealed", Reading, Adjudication)
_REMEDY = "restore the database from a copy, and find out who can write to it"


@dataclass(frozen=True, slots=True)
class Verified:
    """A chain that holds: note ``digest`` elsewhere to prove later that nothing was rewritten."""

    entries: int
    readings: int
    digest: str


def record(session: Session, actor: str, action: str, subject: str, **detail: object) -> AuditEntry:
    """Append one entry in the caller's transaction; what is rolled back was never done."""
    head = session.execute(
        select(AuditHead.entries, AuditHead.digest).with_for_update()  # one writer at a time
    ).one()
    entry = AuditEntry(
        at=now(),
        actor=actor,
        action=action,
        subject=subject,
        detail=json.loads(_canonical(detail)),
        previous_digest=head.digest,
    )
    entry.digest = _digest(entry)
    session.add(entry)
    session.execute(
        update(AuditHead).values(entries=head.entries + 1, digest=entry.digest),
        execution_options={"synchronize_session": False},
    )
    session.flush()
    return entry


def verify(session: Session) -> Verified:
    """Walk the whole chain and every reading; raises AuditBroken at the first thing wrong."""
    previous, count = START, 0
    with _entries(session) as entries:
        for entry in entries:
            _verify_entry(entry, previous)
            previous, count = entry.digest, count + 1
            session.expunge(entry)
    head = session.execute(select(AuditHead.entries, AuditHead.digest)).one()
    if (head.entries, head.digest) != (count, previous):
        raise AuditBroken(
            f"the chain has {count} entries, its head says {head.entries}: "
            f"entries were removed from its end or put there; {_REMEDY}"
        )
    readings = _verify_rows(session, Reading, READING)
    _verify_rows(session, Adjudication, ADJUDICATION)
    return Verified(count, readings, previous)


def seal(reading: Reading | Adjudication) -> str:
    """The sha256 of everything that a stored reading or adjudication says.

    A column that came later says nothing where it is empty: readings sealed before it still hold.
    """
    columns = reading.__table__.columns.keys()
    said = {name: _plain(getattr(reading, name)) for name in columns}
    return _sha256({name: v for name, v in said.items() if v is not None or name not in _LATER})


def _verify_entry(entry: AuditEntry, previous: str) -> None:
    if entry.previous_digest != previous:
        raise AuditBroken(
            f"audit entry {entry.id} does not follow the one before it: "
            f"an entry was removed or put in; {_REMEDY}"
        )
    if entry.digest != _digest(entry):
        raise AuditBroken(f"audit entry {entry.id} was altered; {_REMEDY}")


def _verify_rows(session: Session, table: type[Sealed], kind: str) -> int:
    """How many rows the table has, each as it was sealed under ``kind``."""
    sealed, count = _seals(session, kind), 0
    query = select(table).order_by(table.id).execution_options(**_STREAM)
    with session.scalars(query) as rows:
        for row in rows:
            if sealed.pop(row.id, None) != seal(row):
                raise AuditBroken(f"{kind} {row.id} is not what was submitted; {_REMEDY}")
            session.expunge(row)
            count += 1
    if sealed:
        raise AuditBroken(f"{kind} {min(sealed)} was submitted and is gone; {_REMEDY}")
    return count


def _seals(session: Session, kind: str) -> dict[int, str]:
    """The digest of every row of this kind as it was submitted, by its id."""
    seals = {}
    with _entries(session, AuditEntry.action.startswith(f"{kind}.")) as entries:
        for entry in entries:
            seals[entry.detail[kind]] = entry.detail["sha256"]
            session.expunge(entry)
    return seals


_STREAM = {"yield_per": 1000}


def _entries(session: Session, *which: ColumnElement[bool]) -> ScalarResult[AuditEntry]:
    """Entries in their order; to be closed, since PostgreSQL keeps a cursor for them."""
    query = select(AuditEntry).where(*which).order_by(AuditEntry.id)
    return session.scalars(query.execution_options(**_STREAM))


def _digest(entry: AuditEntry) -> str:
    return _sha256(
        {
            "at": _plain(entry.at),
            "actor": entry.actor,
            "action": entry.action,
            "subject": entry.subject,
            "detail": entry.detail,
            "previous": entry.previous_digest,
        }
    )


def _sha256(content: dict[str, Any]) -> str:
    return hashlib.sha256(_canonical(content).encode("ascii")).hexdigest()


def _canonical(content: object) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
