"""Gold records: their answers are known, and they judge readers instead of teaching models.

They are mixed into worklists (``feedback.worklists``) and nothing that a reader is sent tells
them from others. Whoever has given the answers to one does not read it (``feedback.givers``). What
is known is replaced when it is given anew; the audit chain keeps every set that was given.
"""

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from core.ecg import SUPERCLASSES, Superclass
from feedback import audit
from feedback.adjudications import Verdicts, adjudicated_verdicts
from feedback.answers import column_of
from feedback.catalogue import active_source
from feedback.db import now
from feedback.errors import InvalidGold
from feedback.givers import Givers, adjudicators, note_givers
from feedback.tables import GoldAnswer, RecordRow, Source, Verdict

Known = Mapping[int, Verdicts]  # by record id
_WORDS = {"1": Verdict.PRESENT, "0": Verdict.ABSENT, "": None}
_HEAD = ("ecg_id", *map(str, SUPERCLASSES))
_NUMBER = re.compile(r"[0-9]{1,18}")
_KNOWN = frozenset({Verdict.PRESENT, Verdict.ABSENT})


class GoldOrigin(StrEnum):
    """Where the answers to a gold record come from."""

    GIVEN = "given"
    ADJUDICATED = "adjudicated"


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
    reader = csv.DictReader(io.StringIO(text.strip().lstrip("\ufeff"), newline=""), restval="")
    try:
        return _parsed(reader)
    except csv.Error as error:
        raise InvalidGold(f"line {reader.line_num + 1}: this is no CSV ({error})") from None


def _parsed(reader: "csv.DictReader[str]") -> dict[int, Verdicts]:
    if missing := [name for name in _HEAD if name not in (reader.fieldnames or ())]:
        raise InvalidGold(
            f"the first line has no column {', '.join(missing)}: it must be {','.join(_HEAD)}"
        )
    if twice := [name for name in _HEAD if (reader.fieldnames or ()).count(name) > 1]:
        raise InvalidGold(f"the first line has the column {twice[0]} twice: keep one")
    found: dict[int, Verdicts] = {}
    for row in reader:
        if None in row:
            raise InvalidGold(f"line {reader.line_num}: it has more cells than the first line")
        ecg_id = _number(row["ecg_id"], reader.line_num)
        if ecg_id in found:
            raise InvalidGold(f"line {reader.line_num}: ECG {ecg_id} was there before: keep one")
        found[ecg_id] = _verdicts(row, reader.line_num)
    if not found:
        raise InvalidGold("there is no line below the first: give a line for each ECG")
    return found


def keep(session: Session, answers: Mapping[int, Verdicts], *, actor: str) -> int:
    """Make records of the active data set gold, by ecg_id, audited; how many there were.

    Raises InvalidGold for an ECG that the data set does not have, NoDataset.
    """
    _one_at_a_time(session)
    ids = {ecg_id: record_id for record_id, ecg_id in _ecg_ids(session).items()}
    if unknown := [ecg_id for ecg_id in answers if ecg_id not in ids]:
        raise InvalidGold(f"ECG {unknown[0]} is not in the data set: leave its line out")
    by_record = {ids[ecg_id]: verdicts for ecg_id, verdicts in answers.items()}
    _keep(session, by_record, dict.fromkeys(by_record, (actor,)), GoldOrigin.GIVEN, actor)
    return len(answers)


def keep_adjudicated(session: Session, *, actor: str) -> int:
    """Make every adjudicated record gold on the classes that were settled; how many are new.

    Raises InvalidGold where there is none; NoDataset.
    """
    _one_at_a_time(session)
    had = gold_verdicts(session)
    new = {
        record_id: known
        for record_id, settled in adjudicated_verdicts(session).items()
        if record_id not in had
        and (known := {k: v for k, v in settled.verdicts.items() if v in _KNOWN})
    }
    if not new:
        raise InvalidGold("no adjudicated ECG is left that is not gold: settle some first")
    settled_by = adjudicators(session)
    givers = {record_id: settled_by[record_id] for record_id in new}
    _keep(session, new, givers, GoldOrigin.ADJUDICATED, actor)
    return len(new)


def gold_verdicts(session: Session) -> Known:
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


def _keep(session: Session, answers: Known, givers: Givers, origin: GoldOrigin, actor: str) -> None:
    """Enter answers by record id; ``actor`` enters them, ``givers`` know them."""
    known = {one.record_id: one for one in session.scalars(select(GoldAnswer))}
    for record_id, verdicts in answers.items():
        one = known.get(record_id) or GoldAnswer(record_id=record_id)
        if _of(one) == verdicts and one.origin == origin:
            continue
        for name in SUPERCLASSES:
            setattr(one, column_of(name), verdicts.get(name))
        one.origin, one.set_by, one.set_at = origin.value, actor, now()
        session.add(one)
    note_givers(session, givers)
    session.flush()
    ecg_ids = _ecg_ids(session)
    said = {
        str(ecg_ids[record_id]): {str(k): str(v) for k, v in one.items()}
        for record_id, one in answers.items()
    }
    audit.record(session, actor, "gold.keep", f"{len(answers)} ECGs", origin=origin, answers=said)


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
    if not _NUMBER.fullmatch(cell.strip()):
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
