"""Gold records: their answers are known, and they judge readers instead of teaching models.

They are mixed into worklists (``feedback.worklists``) and nothing that a reader is sent tells
them from others. Whoever gave the answers to a record last does not read it: they would be
held against themselves. Who gives the same answers again, or takes an adjudicator's over, is not
held to have given them. What is known is replaced when it is given anew; the audit chain keeps
every set that was given.
"""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, and_, exists, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from core.ecg import SUPERCLASSES, Superclass
from feedback import audit
from feedback.adjudications import Adjudicated, Verdicts, adjudicated_verdicts
from feedback.answers import column_of
from feedback.catalogue import active_source
from feedback.db import now
from feedback.errors import InvalidGold, NotIndependent
from feedback.tables import GoldAnswer, RecordRow, Source, User, Verdict

_WORDS = {"1": Verdict.PRESENT, "0": Verdict.ABSENT, "": None}
_HEAD = ("ecg_id", *map(str, SUPERCLASSES))
_KNOWN = frozenset({Verdict.PRESENT, Verdict.ABSENT})


class GoldOrigin(StrEnum):
    """Where the answers to a gold record come from."""

    GIVEN = "given"
    ADJUDICATED = "adjudicated"


# else ``set_by`` is whoever took an adjudicator's answers over, and gave none
WAS_GIVEN = GoldAnswer.origin == GoldOrigin.GIVEN.value


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldRow:
    """A gold record for an administrator, without its answers: they may be going to read it."""

    ecg_id: int
    fold: int
    origin: str
    classes: int  # whose answer is known


def parse(text: str) -> dict[int, Verdicts]:
    """The answers of a CSV with the columns ecg_id, NORM, MI, STTC, CD, HYP, by ecg_id.

    1 is present, 0 absent, an empty cell not known. Raises InvalidGold that names the line.
    """
    reader = csv.DictReader(io.StringIO(text.strip().lstrip("\ufeff")), restval="")
    if missing := [name for name in _HEAD if name not in (reader.fieldnames or ())]:
        raise InvalidGold(
            f"the first line has no column {', '.join(missing)}: it must be {','.join(_HEAD)}"
        )
    found: dict[int, Verdicts] = {}
    for row in reader:
        ecg_id = _number(row["ecg_id"], reader.line_num)
        if ecg_id in found:
            raise InvalidGold(f"line {reader.line_num}: ECG {ecg_id} was there before: keep one")
        found[ecg_id] = _verdicts(row, reader.line_num)
    if not found:
        raise InvalidGold("there is no line below the first: give a line for each ECG")
    return found


def keep(
    session: Session,
    answers: Mapping[int, Verdicts],
    *,
    actor: str,
    origin: GoldOrigin = GoldOrigin.GIVEN,
) -> int:
    """Make records of the active data set gold, by ecg_id, audited; how many there were.

    Raises InvalidGold for an ECG that the data set does not have, NoDataset.
    """
    _one_at_a_time(session)
    ids = {ecg_id: record_id for record_id, ecg_id in _ecg_ids(session).items()}
    if unknown := [ecg_id for ecg_id in answers if ecg_id not in ids]:
        raise InvalidGold(f"ECG {unknown[0]} is not in the data set: leave its line out")
    known = {one.record_id: one for one in session.scalars(select(GoldAnswer))}
    for ecg_id, verdicts in answers.items():
        one = known.get(ids[ecg_id]) or GoldAnswer(record_id=ids[ecg_id])
        if _of(one) == verdicts and one.origin == origin:
            continue  # the same again: they stay those of whoever gave them first
        for name in SUPERCLASSES:
            setattr(one, column_of(name), verdicts.get(name))
        one.origin, one.set_by, one.set_at = origin.value, actor, now()
        session.add(one)
    session.flush()
    said = {
        str(ecg_id): {str(k): str(v) for k, v in one.items()} for ecg_id, one in answers.items()
    }
    audit.record(session, actor, "gold.keep", f"{len(answers)} ECGs", origin=origin, answers=said)
    return len(answers)


def keep_adjudicated(session: Session, *, actor: str) -> int:
    """Make every adjudicated record gold on the classes that were settled; how many are new.

    Raises InvalidGold where there is none; NoDataset.
    """
    _one_at_a_time(session)
    ecg_ids = _ecg_ids(session)
    had = gold_verdicts(session)
    new = {
        ecg_ids[record_id]: known
        for record_id, verdicts in adjudicated_verdicts(session).items()
        if record_id not in had and (known := {k: v for k, v in verdicts.items() if v in _KNOWN})
    }
    if not new:
        raise InvalidGold("no adjudicated ECG is left that is not gold: settle some first")
    return keep(session, new, actor=actor, origin=GoldOrigin.ADJUDICATED)


def gold_verdicts(session: Session) -> Adjudicated:
    """What is known of the gold records of the active data set, by record id; raises NoDataset."""
    query = select(GoldAnswer).join(RecordRow, RecordRow.id == GoldAnswer.record_id)
    found = session.scalars(query.where(RecordRow.source_id == active_source(session).id))
    return {one.record_id: _of(one) for one in found}


def gold_rows(session: Session) -> list[GoldRow]:
    """The gold records of the active data set, by ecg_id; raises NoDataset."""
    query = (
        select(GoldAnswer, RecordRow.ecg_id, RecordRow.fold)
        .join(RecordRow, RecordRow.id == GoldAnswer.record_id)
        .where(RecordRow.source_id == active_source(session).id)
        .order_by(RecordRow.ecg_id)
    )
    return [
        GoldRow(ecg_id=ecg_id, fold=fold, origin=one.origin, classes=len(_of(one)))
        for one, ecg_id, fold in session.execute(query)
    ]


def gold_ids() -> Select[int]:
    """The ids of all gold records, for queries that take them in or leave them out."""
    return select(GoldAnswer.record_id)


def gold_givers(session: Session) -> dict[int, str]:
    """Who gave the answers to each gold record that were given, by record id; raises NoDataset."""
    query = select(GoldAnswer.record_id, GoldAnswer.set_by).join(
        RecordRow, RecordRow.id == GoldAnswer.record_id
    )
    query = query.where(RecordRow.source_id == active_source(session).id, WAS_GIVEN)
    return {row.record_id: row.set_by for row in session.execute(query)}


def given_by(reader_id: int, record_id: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    """Whether the answers to a record are those of this person, who may not read it."""
    return exists().where(GoldAnswer.record_id == record_id, _given_by(reader_id))


def refuse_who_gave(session: Session, reader_id: int, record_id: int, ecg_id: int) -> None:
    """Raise NotIndependent where the gold answers to the record are this person's."""
    theirs = select(GoldAnswer.id).where(GoldAnswer.record_id == record_id, _given_by(reader_id))
    if session.scalar(theirs) is not None:
        raise NotIndependent(
            f"you have given the gold answers to ECG {ecg_id}, and yours would be held against "
            "them: read another one"
        )


def _given_by(reader_id: int) -> ColumnElement[bool]:
    email = select(User.email).where(User.id == reader_id).scalar_subquery()
    return and_(WAS_GIVEN, GoldAnswer.set_by == email)


def _one_at_a_time(session: Session) -> None:
    """Let answers be given by one administrator after the other, until the transaction ends.

    On PostgreSQL two who gave answers to one record at once would both enter it as new, and one
    would fail; SQLite has one writer anyway.
    """
    session.execute(select(Source.id).where(Source.active).with_for_update(key_share=True))


def _of(one: GoldAnswer) -> Verdicts:
    given = {name: getattr(one, column_of(name)) for name in SUPERCLASSES}
    return {name: verdict for name, verdict in given.items() if verdict is not None}


def _ecg_ids(session: Session) -> dict[int, int]:
    rows = select(RecordRow.id, RecordRow.ecg_id)
    found = session.execute(rows.where(RecordRow.source_id == active_source(session).id))
    return {row.id: row.ecg_id for row in found}


def _number(cell: str, line: int) -> int:
    if not (cell.strip().isascii() and cell.strip().isdigit()):
        raise InvalidGold(f"line {line}: ecg_id is {cell!r}: give the number of an ECG")
    return int(cell)


def _verdicts(row: Mapping[str, str], line: int) -> dict[Superclass, Verdict]:
    given: dict[Superclass, Verdict] = {}
    for name in SUPERCLASSES:
        cell = row[name].strip()
        if cell not in _WORDS:
            raise InvalidGold(f"line {line}: {name} is {cell!r}: give 1, 0 or nothing")
        if verdict := _WORDS[cell]:
            given[name] = verdict
    if not given:
        raise InvalidGold(f"line {line}: no class has an answer: leave the line out")
    return given
