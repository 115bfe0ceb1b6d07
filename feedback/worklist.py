"""The worklist of one reader: all records of the active data set, page by page.

Published labels, predictions and uncertainty are NULL in the query itself until this reader's
blind answer is stored, so that neither sorting nor filtering tells what is hidden.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Float,
    FromClause,
    Numeric,
    RowMapping,
    Select,
    and_,
    case,
    cast,
    func,
    literal_column,
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
from feedback.independence import knows
from feedback.slots import held_by_colleagues
from feedback.tables import Draft, ModelVersion, Prediction, Reading, RecordRow, Stage

Direction = Literal["asc", "desc"]
MAX_PAGE = 1000
UNCERTAINTY_PLACES = 2
NO_SUPERCLASS, NONE_ABOVE, NO_OPINION = "no superclass", "none above", "no opinion"


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
    # first which records, from the tables that this takes; then what is on the page of them
    ids = session.scalars(
        view.select([*query.filters, *_names(query.sort)], RecordRow.id)
        .where(matches)
        .order_by(*_order(view, query.sort))
        .offset(query.offset)
        .limit(query.limit)
    ).all()
    total = session.scalar(view.select(query.filters, func.count()).where(matches)) or 0
    return WorklistPage(rows=_rows(session, view, ids), total=total)


def next_unread(
    session: Session, reader_id: int, query: WorklistQuery, after_ecg_id: int | None
) -> int | None:
    """The next record that this reader may answer and has not, in the order of that worklist.

    Past the end it starts over; None when nothing else is left to read under these filters.
    """
    return next(iter(upcoming(session, reader_id, query, after_ecg_id, 1)), None)


def upcoming(
    session: Session, reader_id: int, query: WorklistQuery, after_ecg_id: int | None, count: int
) -> list[int]:
    """The next ``count`` records that this reader may answer, as ``next_unread`` goes on."""
    view = _View(session, reader_id)
    ecg_id = view.columns["ecg_id"]
    unread = (
        view.select([*query.filters, *_names(query.sort), "my_status"], ecg_id)
        .where(_filter(view, query.filters), view.unread)
        .order_by(*_order(view, query.sort))
    )
    found: list[int] = []
    if after_ecg_id is not None:
        unread = unread.where(ecg_id != after_ecg_id)
        behind = _behind(session, view, query.sort, after_ecg_id)
        found = list(session.scalars(unread.where(behind).limit(count)))
    if len(found) < count:
        rest = unread.where(ecg_id.not_in(found)).limit(count - len(found))
        found += session.scalars(rest)
    return found


class _View:
    """The records as one reader may see them: ``columns`` is all there is to ask for."""

    def __init__(self, session: Session, reader_id: int) -> None:
        self._source_id = active_source(session).id
        self._model_id = session.scalar(select(ModelVersion.id).where(ModelVersion.active))
        self._reader_id = reader_id
        self._blind = aliased(Reading, name="blind")
        self._final = aliased(Reading, name="final")
        blind, final = self._blind.id.is_not(None), self._final.id.is_not(None)
        seen = or_(blind, final)
        not_mine = or_(
            knows(reader_id, RecordRow.id), RecordRow.id.in_(held_by_colleagues(reader_id))
        )
        self.unread = and_(~blind, ~final, ~not_mine)
        self.columns: dict[str, ColumnElement[Any]] = {
            "ecg_id": RecordRow.ecg_id.expression,
            "patient_id": RecordRow.patient_id.expression,
            "age": RecordRow.age.expression,
            "sex": RecordRow.sex.expression,
            "fold": RecordRow.fold.expression,
            "my_status": case(
                (final, literal_column(f"'{MyStatus.READ}'")),
                (blind, literal_column(f"'{MyStatus.BLIND}'")),
                (Draft.id.is_not(None), literal_column(f"'{MyStatus.DRAFT}'")),
                else_=literal_column(f"'{MyStatus.UNREAD}'"),
            ),
            "labels": case((seen, RecordRow.labels), else_=null()),
            "predicted": case((seen, Prediction.labels), else_=null()),
            "uncertainty": case((seen, _as_shown(Prediction.uncertainty)), else_=null()),
        }

        words = {
            "labels": _in_words(RecordRow.labels, NO_SUPERCLASS),
            "predicted": _in_words(Prediction.labels, NONE_ABOVE),
        }
        # what a filter looks at: the words of the page, also where it has no class to name
        self.filtered = self.columns | {
            name: case((seen, shown), else_=null()) for name, shown in words.items()
        }

    def select(self, names: Iterable[str], *columns: Any) -> Select[Any]:
        """A query over the active data set that joins what the columns of these names need."""
        return (
            select(*columns)
            .select_from(self._tables(set(names)))
            .where(RecordRow.source_id == self._source_id)
        )

    def _tables(self, names: set[str]) -> FromClause:
        """Every join is on a unique key: at most one row a record."""
        tables: FromClause = RecordRow.__table__
        if names <= _OPEN:
            return tables
        for answer, stage in ((self._blind, Stage.BLIND), (self._final, Stage.FINAL)):
            mine = and_(
                answer.record_id == RecordRow.id,
                answer.reader_id == self._reader_id,
                answer.stage == stage,
                answer.sequence == 0,
            )
            tables = tables.outerjoin(answer, mine)
        if "my_status" in names:
            typed = and_(Draft.record_id == RecordRow.id, Draft.reader_id == self._reader_id)
            tables = tables.outerjoin(Draft, typed)
        if names & {"predicted", "uncertainty"}:
            # through the reader's own answer: what is hidden is not even looked up
            answered = func.coalesce(self._blind.record_id, self._final.record_id)
            mine = and_(Prediction.record_id == answered, Prediction.model_id == self._model_id)
            tables = tables.outerjoin(Prediction, mine)
        return tables


def _in_words(labels: Any, none: str) -> ColumnElement[Any]:
    return case((labels.is_(None), NO_OPINION), (labels == "", none), else_=labels)


def _as_shown(number: Any) -> ColumnElement[Any]:
    """A number with the two places that the worklist shows.

    Sorted and filtered by more, what is shown as 0.50 would not be at least 0.50. By the database,
    so that its rounding and that on the page are one; PostgreSQL rounds no other type to places.
    """
    places = func.round(cast(number, Numeric), UNCERTAINTY_PLACES)
    return cast(places, Float)


_OPEN = frozenset({"ecg_id", "patient_id", "age", "sex", "fold"})  # nothing to hide
_NUMBERS = frozenset({"ecg_id", "patient_id", "age", "fold", "uncertainty"})


def _names(sort: Sequence[tuple[str, Direction]]) -> list[str]:
    return [name for name, _ in sort]


def _order(view: _View, sort: Sequence[tuple[str, Direction]]) -> list[ColumnElement[Any]]:
    """As asked, what is unknown last, and the id last of all so that pages never overlap."""
    order = []
    for name, direction in sort:
        column = _column(view.columns, name)
        if direction not in ("asc", "desc"):
            raise InvalidQuery(f"sort direction {direction!r}: give asc or desc")
        order.append((column.asc() if direction == "asc" else column.desc()).nulls_last())
    return [*order, view.columns["ecg_id"].asc()]


def _behind(
    session: Session, view: _View, sort: Sequence[tuple[str, Direction]], ecg_id: int
) -> ColumnElement[bool]:
    """What comes after this record in that order, whether or not the filters let it through."""
    keys: list[tuple[str, Direction]] = [*sort, ("ecg_id", "asc")]
    columns = [_column(view.columns, name) for name, _ in keys]
    here = session.execute(
        view.select(_names(keys), *columns).where(view.columns["ecg_id"] == ecg_id)
    ).one_or_none()
    if here is None:
        return true()
    behind: list[ColumnElement[bool]] = []
    level: ColumnElement[bool] = true()
    for column, value, (_, direction) in zip(columns, here, keys, strict=True):
        if value is not None:
            beyond = column > value if direction == "asc" else column < value
            behind.append(and_(level, or_(beyond, column.is_(None))))
        level = and_(level, column.is_(None) if value is None else column == value)
    return or_(*behind)


def _column(columns: Mapping[str, ColumnElement[Any]], name: str) -> ColumnElement[Any]:
    if name not in columns:
        raise InvalidQuery(f"no column {name!r}: the worklist has {', '.join(columns)}")
    return columns[name]


def _filter(view: _View, filters: Mapping[str, Any]) -> ColumnElement[bool]:
    conditions = [
        condition(_column(view.filtered, name), name, name in _NUMBERS, wanted)
        for name, wanted in filters.items()
    ]
    return and_(true(), *conditions)


def _rows(session: Session, view: _View, ids: Sequence[int]) -> list[WorklistRow]:
    """What the reader may see of these records, in the order given."""
    labelled = [column.label(name) for name, column in view.columns.items()]
    query = view.select(view.columns, RecordRow.id, *labelled).where(RecordRow.id.in_(ids))
    rows = {row["id"]: _row(row) for row in session.execute(query).mappings()}
    return [rows[record_id] for record_id in ids]


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
