"""What the plan of a fine-tuning run rests on, in a few numbers.

Where they are the same when the plan is carried out, nothing that it would teach has become wrong:
the model and the folds are those, no adjudicator has decided otherwise, and no record judges
readers by now. Answers that readers give meanwhile are for the run after it.
"""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from feedback.catalogue import active_model, active_source
from feedback.tables import Adjudication, Base, GoldAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """The model and the data set, and how many verdicts and gold answers there are.

    Rows are counted, not looked at: none of them goes or changes in what is taught. A last id
    would not do, since on PostgreSQL the lower of two may be stored after the higher one.
    """

    parent_id: int
    source_id: int
    index: str  # digest: an index that was corrected may say other folds and patients
    adjudications: int
    gold: int  # records, which are not taught


def basis(session: Session) -> Basis:
    """What a plan that is made now rests on; raises NoModel or NoDataset."""
    source = active_source(session)
    return Basis(
        parent_id=active_model(session).id,
        source_id=source.id,
        index=source.digest,
        adjudications=_count(session, Adjudication),
        gold=_count(session, GoldAnswer),
    )


def _count(session: Session, table: type[Base]) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0
