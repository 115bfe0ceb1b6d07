"""What is known of a class of a record without the word of the reader who is judged by it."""

from enum import StrEnum

import numpy as np

from core.ecg import SUPERCLASSES, Superclass
from feedback.adjudications import Adjudicated
from feedback.givers import Givers
from feedback.gold import Known
from feedback.panel import ABSENT, PRESENT, Panel
from feedback.tables import Verdict

PRESENCE = {Verdict.PRESENT: True, Verdict.ABSENT: False}


class Basis(StrEnum):
    """Who says whether the model was right, the strongest first."""

    GOLD = "gold"
    ADJUDICATED = "adjudicated"
    OTHERS = "other readers"


class Truths:
    """What is known of a class of a record without the word of one reader.

    ``givers`` says by record who has given its gold answers, which do not judge them.
    """

    def __init__(
        self,
        answers: Panel,
        gold: Known,
        adjudicated: Adjudicated,
        givers: Givers,
    ) -> None:
        self._answers, self._gold = answers, gold
        self._adjudicated = {record_id: one.verdicts for record_id, one in adjudicated.items()}
        self._givers = givers
        self._row = {key.record_id: row for row, key in enumerate(answers.records)}
        self._column = {email: column for column, email in enumerate(answers.readers)}

    def of(self, record_id: int, reader: str, name: Superclass) -> tuple[bool, Basis] | None:
        """Whether the class is present, and who says so; None where nobody can."""
        sources = [(self._gold, Basis.GOLD), (self._adjudicated, Basis.ADJUDICATED)]
        if reader in self._givers.get(record_id, ()):
            del sources[0]
        for source, basis in sources:
            if verdict := source.get(record_id, {}).get(name):
                present = PRESENCE.get(verdict)  # None: the adjudicator left it open
                return None if present is None else (present, basis)
        return self._of_others(record_id, reader, name)

    def _of_others(
        self, record_id: int, reader: str, name: Superclass
    ) -> tuple[bool, Basis] | None:
        row = self._row.get(record_id)
        if row is None:
            return None
        said = self._answers.verdict[row, :, SUPERCLASSES.index(name)].copy()
        if reader in self._column:
            said = np.delete(said, self._column[reader])
        lead = int((said == PRESENT).sum()) - int((said == ABSENT).sum())
        return (lead > 0, Basis.OTHERS) if lead else None
