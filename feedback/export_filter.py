"""Which answers an export holds: filters that page, command line and count share."""

from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError
from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session

from core.ecg import Superclass
from feedback.answers import column_of
from feedback.errors import InvalidFilter
from feedback.tables import Reading, ReadingMode, Stage, User, Verdict, Worklist, WorklistSlot
from feedback.users import as_stored


class ExportFilter(BaseModel):
    """Answers that leave; what is None lets every answer out. They are asked as they stand."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    worklist: str | None = None  # read through it
    reader: Annotated[str, AfterValidator(as_stored)] | None = None  # e-mail
    since: date | None = None  # submitted on that day in UTC, or later
    until: date | None = None  # or earlier
    superclass: Superclass | None = None  # called present
    mode: ReadingMode | None = None
    status: Stage | None = None  # final: both answers are there; blind: the first alone

    @classmethod
    def of(cls, asked: dict[str, Any]) -> Self:
        """The filter as it was typed, empty values left out; raises InvalidFilter."""
        given = {name: value for name, value in asked.items() if value not in (None, "")}
        try:
            wanted = cls(**given)
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0])
            said = f"it {first['msg'].removeprefix('Input ')}"
            if name not in cls.model_fields:
                said = f"there is no such filter, use {', '.join(cls.model_fields)}"
            raise InvalidFilter(name, first["input"], said) from None
        wanted._refuse_days_that_never_were()
        return wanted

    @property
    def as_json(self) -> dict[str, str]:
        """What is asked for, in words; empty: everything."""
        return self.model_dump(mode="json", exclude_none=True)

    def check(self, session: Session) -> None:
        """Raise InvalidFilter for a reader or worklist that there is not."""
        if self.worklist and not session.scalar(select(_worklist(self.worklist))):
            raise InvalidFilter("worklist", self.worklist, "no worklist has that name")
        if self.reader is not None and not session.scalar(select(_reader(self.reader))):
            raise InvalidFilter("reader", self.reader, "nobody has that e-mail address")

    def _refuse_days_that_never_were(self) -> None:
        if self.since and self.until and self.since > self.until:
            remedy = f"it is before the first day, {self.since}: give that day or a later one"
            raise InvalidFilter("until", str(self.until), remedy)

    @property
    def conditions(self) -> list[ColumnElement[bool]]:
        """What holds for the answers that stand and are let out."""
        found: list[ColumnElement[bool]] = []
        if self.worklist:
            found.append(_read_through(self.worklist))
        if self.reader is not None:
            found.append(Reading.reader_id.in_(select(User.id).where(User.email == self.reader)))
        if self.since:
            found.append(Reading.submitted_at >= datetime.combine(self.since, time.min, UTC))
        if self.until:
            found.append(Reading.submitted_at <= datetime.combine(self.until, time.max, UTC))
        if self.superclass:
            found.append(getattr(Reading, column_of(self.superclass)) == Verdict.PRESENT)
        if self.mode:
            found.append(Reading.mode == self.mode)
        if self.status:
            found.append(Reading.stage == self.status)
        return found


EVERYTHING = ExportFilter()


def count_standing(session: Session, wanted: ExportFilter) -> int:
    """How many answers stand and are let out: the last one that was stored of each pair."""
    last = select(func.max(Reading.id)).group_by(Reading.record_id, Reading.reader_id)
    query = select(func.count()).select_from(Reading).where(Reading.id.in_(last))
    return session.scalar(query.where(*wanted.conditions)) or 0


def _worklist(name: str) -> ColumnElement[bool]:
    return exists().where(Worklist.name == name)


def _reader(email: str) -> ColumnElement[bool]:
    return exists().where(User.email == email)


def _read_through(name: str) -> ColumnElement[bool]:
    return exists().where(
        Worklist.name == name,
        WorklistSlot.worklist_id == Worklist.id,
        WorklistSlot.record_id == Reading.record_id,
        WorklistSlot.reader_id == Reading.reader_id,
        WorklistSlot.reading_id.is_not(None),
    )
