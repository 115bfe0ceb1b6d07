"""Whose first answer to a record counts for nothing: theirs who know what others said of it.

Whoever settled the record between its readers saw their answers; whoever gave its gold answers
would be held against themselves.
"""

from sqlalchemy import ColumnElement, or_
from sqlalchemy.orm import InstrumentedAttribute, Session

from feedback.adjudications import refuse_who_settled, settled_by
from feedback.columns import PersonId
from feedback.givers import given_by, refuse_who_gave


def knows(reader_id: PersonId, record_id: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    """Whether a person may begin no reading of a record."""
    return or_(settled_by(reader_id, record_id), given_by(reader_id, record_id))


def refuse_who_knows(session: Session, reader_id: int, record_id: int, ecg_id: int) -> None:
    """Raise NotIndependent for a person who may begin no reading of the record.

    An adjudicator hears the same whether or not what they settled was made gold.
    """
    refuse_who_settled(session, reader_id, record_id, ecg_id)
    refuse_who_gave(session, reader_id, record_id, ecg_id)
