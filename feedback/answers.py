"""A reader's answer to one ECG, checked before it is taken."""

import math
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from core.ecg import SUPERCLASSES, Lead, Superclass
from feedback.errors import ContradictoryAnswer, ImpossibleMeasurement, IncompleteAnswer
from feedback.tables import Confidence, Json, Reading, Verdict

MAX_COMMENT = 10_000
MAX_MEASUREMENTS = 50
MAX_KEY = 64  # characters of an idempotency key


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What calipers measured on one lead: between two times in s, and the voltage between them.

    Raises ImpossibleMeasurement for times in the wrong order, or numbers that are none.
    """

    lead: Lead
    start_s: float
    end_s: float
    millivolts: float

    def __post_init__(self) -> None:
        if not (0 <= self.start_s <= self.end_s < math.inf and math.isfinite(self.millivolts)):
            raise ImpossibleMeasurement(
                f"a measurement on {self.lead} from {self.start_s} s to {self.end_s} s, "
                f"{self.millivolts} mV, is not possible: take it again"
            )

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Self:
        """The measurement in the words of ``as_json``; KeyError or ValueError for others."""
        start, end, height = (float(said[name]) for name in ("start_s", "end_s", "millivolts"))
        return cls(lead=Lead(said["lead"]), start_s=start, end_s=end, millivolts=height)

    @property
    def as_json(self) -> Json:
        """As it is stored with a reading and exported."""
        return {**asdict(self), "lead": self.lead.value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A reader's answer: a verdict on each of the five classes, or that it cannot be read.

    Raises IncompleteAnswer where something is left open.
    """

    verdicts: Mapping[Superclass, Verdict] | None = None
    unreadable: bool = False
    confidence: Confidence | None = None
    comment: str = ""
    measurements: tuple[Measurement, ...] = ()

    def __post_init__(self) -> None:
        given = self.verdicts or {}
        if self.unreadable and given:
            raise IncompleteAnswer(
                "the ECG is called unreadable and has verdicts too: take back one of the two"
            )
        missing = [name.title for name in SUPERCLASSES if name not in given]
        if missing and not self.unreadable:
            raise IncompleteAnswer(
                f"no verdict on {', '.join(missing)}: say present, absent or unsure, or unreadable"
            )
        if len(self.comment) > MAX_COMMENT:
            raise IncompleteAnswer(
                f"the comment has {len(self.comment)} characters: shorten it to {MAX_COMMENT}"
            )
        if len(self.measurements) > MAX_MEASUREMENTS:
            raise ImpossibleMeasurement(
                f"{len(self.measurements)} measurements are kept: "
                f"remove some, an answer holds {MAX_MEASUREMENTS}"
            )

    @classmethod
    def of(cls, reading: Reading) -> Self:
        """The answer that a stored reading holds."""
        verdicts = {name: getattr(reading, column_of(name)) for name in SUPERCLASSES}
        return cls(
            verdicts=None if reading.unreadable else verdicts,
            unreadable=reading.unreadable,
            confidence=reading.confidence,
            comment=reading.comment,
            measurements=tuple(map(Measurement.of, reading.measurements or ())),
        )


def column_of(name: Superclass) -> str:
    """The column of ``readings`` that holds the verdict on a class."""
    return f"verdict_{name.lower()}"


def check_agreement(
    answer: Answer,
    agreement: Mapping[Superclass, bool],
    predicted: Collection[Superclass],
    abstained: Collection[Superclass],
) -> None:
    """Refuse a word on the model that the verdict of the same class contradicts.

    Raises ContradictoryAnswer: agreeing with a call and answering the opposite, disagreeing and
    answering the same, or a word where the model makes no call or the reader no answer.
    """
    for name, agrees in agreement.items():
        if name in abstained:
            raise ContradictoryAnswer(
                f"on {name} the model makes no call: leave out whether you agree"
            )
        verdict = (answer.verdicts or {}).get(name)
        word = "agree" if agrees else "disagree"
        if verdict not in (Verdict.PRESENT, Verdict.ABSENT):
            raise ContradictoryAnswer(f"on {name} you {word} with the model and answer neither way")
        if agrees != ((verdict is Verdict.PRESENT) == (name in predicted)):
            other = "the opposite" if agrees else "the same"
            raise ContradictoryAnswer(f"on {name} you {word} with the model and answer {other}")
