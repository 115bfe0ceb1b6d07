"""The worklist of one reader: all records of the active data set, page by page.

Published labels, predictions and uncertainty are NULL in the query itself until this reader's
blind answer is stored, so that neither sorting nor filtering tells what is hidden.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Join,
    RowMapping,
    Select,
    and_,
    case,
    false,
    func,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.orm import Session, aliased

from core.ecg import Superclass
from feedback.catalogue import active_source
from feedback.errors import InvalidQuery
from feedback.filters import condition
from feedback.tables import Draft, ModelVersion, Prediction, Reading, RecordRow, Stage

Direction = Literal["asc", "desc"]
MAX_PAGE = 1000


class MyStatus(StrEnum):
    """How far this reader has come with a record."""

    UNREAD = "unread"
    DRAFT = "draft"  # something typed, nothing submitted
    BLIND = "blind answered"  # the opinion is revealed, the final answer is missing
    READ = "read"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorklistQuery:
    """What a page of the worklist is to hold.

    ``filters`` maps a column to a value, a list of values, or a filter as ag-grid writes it.
    """

    offset: int = 0
    limit: int = 100
    sort: Sequence[tuple[str, Direction]] = ()
    filters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorklistRow:
    """One record as this reader may see it: None where something is not theirs to see yet."""

    ecg_id: int
    patient_id: int
    age: int | None  # years; 300 stands for any age above 89
    sex: str | None
    fold: int
    my_status: MyStatus
    labels: tuple[Superclass, ...] | None
    predicted: tuple[Superclass, ...] | None
    uncertainty: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorklistPage:
    """The rows of one page, and how many there are on all pages."""

    rows: list[WorklistRow]
    total: int


def worklist(session: Session, reader_id: int, query: WorklistQuery) -> WorklistPage:
    """One page of the worklist; raises InvalidQuery or NoDataset."""
    if query.offset < 0 or not 0 < query.limit <= MAX_PAGE:
        raise InvalidQuery(
            f"offset {query.offset} and limit {query.limit}: ask for 1 to {MAX_PAGE} rows from 0 on"
        )
    view = _View(session, reader_id)
    matches = _filter(view, query.filters)
    page = (
        view.select(*(column.label(name) for name, column in view.columns.items()))
        .where(matches)
        .order_by(*_order(view, query.sort))
        .offset(query.offset)
        .limit(query.limit)
    )
    rows = [_row(row) for row in session.execute(page).mappings()]
    total = session.scalar(view.select(func.count()).where(matches)) or 0
    return WorklistPage(rows=rows, total=total)


def next_unread(
    session: Session, reader_id: int, query: WorklistQuery, after_ecg_id: int | None
) -> int | None:
    """The next record without an answer of this reader, in the order of that worklist.

    Past the end it starts over; None when nothing is left to read under these filters.
    """
    view = _View(session, reader_id)
    ecg_id, status = view.columns["ecg_id"], view.columns["my_status"]
    here = ecg_id == after_ecg_id if after_ecg_id is not None else false()
    ranked = (
        view.select(
            ecg_id.label("ecg_id"),
            (status.in_([MyStatus.UNREAD, MyStatus.DRAFT]) & ~here).label("open"),
            func.row_number().over(order_by=_order(view, query.sort)).label("place"),
        )
        # the record just left may no longer match the filters, but it still marks the place
        .where(or_(_filter(view, query.filters), here))
        .cte("ranked")
    )
    left = select(ranked.c.place).where(ranked.c.ecg_id == after_ecg_id).scalar_subquery()
    passed = ranked.c.place < func.coalesce(left, 0)
    found: int | None = session.scalar(
        select(ranked.c.ecg_id).where(ranked.c.open).order_by(passed, ranked.c.place).limit(1)
    )
    return found


class _View:
    """The joined tables as one reader may see them: ``columns`` is all there is to ask for."""

    def __init__(self, session: Session, reader_id: int) -> None:
        self._source_id = active_source(session).id
        model_id = session.scalar(select(ModelVersion.id).where(ModelVersion.active))
        self._blind = aliased(Reading, name="blind")
        self._final = aliased(Reading, name="final")
        self._tables = self._join(reader_id, model_id)
        seen = or_(self._blind.id.is_not(None), self._final.id.is_not(None))
        self.columns: dict[str, ColumnElement[Any]] = {
            "ecg_id": RecordRow.ecg_id.expression,
            "patient_id": RecordRow.patient_id.expression,
            "age": RecordRow.age.expression,
            "sex": RecordRow.sex.expression,
            "fold": RecordRow.fold.expression,
            "my_status": case(
                (self._final.id.is_not(None), MyStatus.READ.value),
                (self._blind.id.is_not(None), MyStatus.BLIND.value),
                (Draft.id.is_not(None), MyStatus.DRAFT.value),
                else_=MyStatus.UNREAD.value,
            ),
            "labels": case((seen, RecordRow.labels), else_=null()),
            "predicted": case((seen, Prediction.labels), else_=null()),
            "uncertainty": case((seen, Prediction.uncertainty), else_=null()),
        }

    def select(self, *columns: Any) -> Select[Any]:
        """A query over the records of the active data set."""
        return (
            select(*columns).select_from(self._tables).where(RecordRow.source_id == self._source_id)
        )

    def _join(self, reader_id: int, model_id: int | None) -> Join:
        """Every join is on a unique key: at most one row a record, and free where not asked for."""
        tables: FromClause = RecordRow.__table__
        for answer, stage in ((self._blind, Stage.BLIND), (self._final, Stage.FINAL)):
            mine = and_(
                answer.record_id == RecordRow.id,
                answer.reader_id == reader_id,
                answer.stage == stage,
                answer.sequence == 0,
            )
            tables = tables.outerjoin(answer, mine)
        typed = and_(Draft.record_id == RecordRow.id, Draft.reader_id == reader_id)
        # through the reader's own answer: what is hidden is not even looked up
        answered = func.coalesce(self._blind.record_id, self._final.record_id)
        opinion = and_(Prediction.record_id == answered, Prediction.model_id == model_id)
        return tables.outerjoin(Draft, typed).outerjoin(Prediction, opinion)


_NUMBERS = frozenset({"ecg_id", "patient_id", "age", "fold", "uncertainty"})


def _order(view: _View, sort: Sequence[tuple[str, Direction]]) -> list[ColumnElement[Any]]:
    """As asked, what is unknown last, and the id last of all so that pages never overlap."""
    order = []
    for name, direction in sort:
        column = _column(view, name)
        if direction not in ("asc", "desc"):
            raise InvalidQuery(f"sort direction {direction!r}: give asc or desc")
        order.append((column.asc() if direction == "asc" else column.desc()).nulls_last())
    return [*order, view.columns["ecg_id"].asc()]


def _column(view: _View, name: str) -> ColumnElement[Any]:
    if name not in view.columns:
        raise InvalidQuery(f"no column {name!r}: the worklist has {', '.join(view.columns)}")
    return view.columns[name]


def _filter(view: _View, filters: Mapping[str, Any]) -> ColumnElement[bool]:
    conditions = [
        condition(_column(view, name), name, name in _NUMBERS, wanted)
        for name, wanted in filters.items()
    ]
    return and_(true(), *conditions)


def _row(row: RowMapping) -> WorklistRow:
    return WorklistRow(
        **{name: row[name] for name in ("ecg_id", "patient_id", "age", "sex", "fold")},
        my_status=MyStatus(row["my_status"]),
        labels=_classes(row["labels"]),
        predicted=_classes(row["predicted"]),
        uncertainty=row["uncertainty"],
    )


def _classes(labels: str | None) -> tuple[Superclass, ...] | None:
    return None if labels is None else tuple(Superclass(name) for name in labels.split())
