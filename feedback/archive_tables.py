"""The tables of an archive beside the labels: what their columns mean, and their rows."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.ecg import SUPERCLASSES
from feedback import export
from feedback.agreement import Estimate
from feedback.agreement_tables import (
    Agreement,
    PairRow,
    ReaderRow,
    by_class,
    by_pair,
    by_reader,
    on_readability,
)
from feedback.answers import column_of
from feedback.catalogue import active_source
from feedback.consensus import RecordConsensus, standing_consensus
from feedback.export import Row, to_the_second
from feedback.panel import panel
from feedback.tables import Adjudication, RecordRow, User

_NAMES = {
    "raw": "Raw agreement",
    "ac1": "Gwet's AC1",
    "fleiss": "Fleiss' kappa",
    "alpha": "Krippendorff's alpha",
    "cohen": "Cohen's kappa, of two readers alone",
}
_ENDS = {"": "", "_low": ", 2.5 %", "_high": ", 97.5 % of its bootstrap"}
_BY_CLASS = ("raw", "ac1", "fleiss", "alpha", "cohen")
_BY_PAIR = ("raw", "ac1", "cohen")


def _estimates(names: Sequence[str]) -> list[tuple[str, str]]:
    return [
        (f"{name}{end}", f"{_NAMES[name]}{said}.") for name in names for end, said in _ENDS.items()
    ]


CONSENSUS: tuple[tuple[str, str], ...] = (
    ("ecg_id", "Record number in its data set."),
    ("patient_id", "Patient number in its data set."),
    ("strat_fold", "Fold of the data set, 1 to 10, under PTB-XL's name for it."),
    *((str(name), f"{name.title}: 1 present, 0 absent, empty: none.") for name in SUPERCLASSES),
    (
        "diagnostic_superclass",
        "Classes present, as PTB-XL's users write them: ['MI', 'CD']; empty unless every class has "
        "a label: what is still disputed would leave as absent.",
    ),
    ("unreadable", "true where no reader, or not even an adjudicator, could read the ECG."),
    *(
        (
            f"outcome_{name}",
            f"{name.title}: agreed; conflict, which waits for an adjudicator; gold, a conflict "
            "on an ECG that judges its readers; open; unreadable.",
        )
        for name in SUPERCLASSES
    ),
    *((f"source_{name}", f"{name.title}: what the label rests on.") for name in SUPERCLASSES),
    ("readings", "Numbers of the answers that went in, separated by spaces."),
)
ADJUDICATIONS: tuple[tuple[str, str], ...] = (
    ("ecg_id", "Record number in its data set."),
    ("adjudicator", "E-mail address of the adjudicator."),
    ("sequence", "0 for the first of the record; the highest one stands."),
    *(
        (str(name), f"{name.title}: the verdict; empty: not asked, or unreadable.")
        for name in SUPERCLASSES
    ),
    ("unreadable", "true where the adjudicator could not read the ECG either."),
    ("comment", "The adjudicator's words."),
    ("readings", "Numbers of the answers that were settled, separated by spaces."),
    ("submitted", "When it was stored, UTC, ISO 8601."),
)
AGREEMENT: tuple[tuple[str, str], ...] = (
    ("question", "Class, or whether the ECG is unreadable."),
    ("records", "Records with two answers or more."),
    ("answers", "Answers that say present or absent."),
    *_estimates(_BY_CLASS),
)
READERS: tuple[tuple[str, str], ...] = (
    ("reader", "E-mail address of the reader."),
    ("superclass", "Class."),
    ("answers", "Blind answers that say present or absent."),
    ("present", "Share of these that say present; empty without any."),
    ("unsure", "Blind answers that say unsure."),
    ("compared", "Records on which the other readers have a majority."),
    ("agrees", "Share of these on which this reader says the same; empty without any."),
)
PAIRS: tuple[tuple[str, str], ...] = (
    ("reader", "E-mail address of one reader."),
    ("other", "E-mail address of the other."),
    ("superclass", "Class."),
    ("records", "Records that both answered with present or absent."),
    *_estimates(_BY_PAIR),
)


@dataclass(frozen=True, slots=True)
class Columns:
    """What a table is made of."""

    described: tuple[tuple[str, str], ...]  # name and meaning
    kinds: Mapping[str, type]  # of those that are not text

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.described]


def _of_estimates(names: Sequence[str]) -> Mapping[str, type]:
    return dict.fromkeys((name for name, _ in _estimates(names)), float)


TABLES = {
    "labels": Columns(export.COLUMNS, export.KINDS),
    "consensus": Columns(
        CONSENSUS,
        dict.fromkeys(("ecg_id", "patient_id", "strat_fold", *map(str, SUPERCLASSES)), int)
        | {"unreadable": bool},
    ),
    "adjudications": Columns(
        ADJUDICATIONS,
        {"ecg_id": int, "sequence": int, "unreadable": bool, "submitted": datetime},
    ),
    "agreement": Columns(
        AGREEMENT,
        {"records": int, "answers": int, **_of_estimates(_BY_CLASS)},
    ),
    "readers": Columns(
        READERS,
        dict.fromkeys(("answers", "unsure", "compared"), int)
        | dict.fromkeys(("present", "agrees"), float),
    ),
    "pairs": Columns(PAIRS, {"records": int, **_of_estimates(_BY_PAIR)}),
}


def table_rows(session: Session) -> dict[str, Sequence[Row]]:
    """The rows of every table, the labels' too, each value of its kind; raises NoDataset.

    Raises ExportMismatch as ``export.label_rows`` does.
    """
    answers = panel(session)
    agreed = [(str(name), one) for name, one in answers.once(by_class).items()]
    agreed.append(("unreadable", answers.once(on_readability)))
    return {
        "labels": list(export.label_rows(session)),
        "consensus": [_consensus(one) for one in standing_consensus(session, answers)],
        "adjudications": _adjudications(session),
        "agreement": [_agreement(name, one) for name, one in agreed],
        "readers": [_reader(one) for one in answers.once(by_reader)],
        "pairs": [_pair(one) for one in answers.once(by_pair)],
    }


def _consensus(one: RecordConsensus) -> Row:
    labels = {name: one.classes[name].label for name in SUPERCLASSES}
    present = [str(name) for name, label in labels.items() if label == 1]
    known = all(label is not None for label in labels.values())
    return {
        "ecg_id": one.ecg_id,
        "patient_id": one.patient_id,
        "strat_fold": one.fold,
        **{str(name): None if x is None else int(x) for name, x in labels.items()},
        "diagnostic_superclass": str(present) if known else None,
        "unreadable": one.unreadable,
        **{f"outcome_{name}": str(one.classes[name].outcome) for name in SUPERCLASSES},
        **{f"source_{name}": one.classes[name].source for name in SUPERCLASSES},
        "readings": " ".join(map(str, one.reading_ids)),
    }


def _adjudications(session: Session) -> list[Row]:
    query = (
        select(Adjudication, RecordRow.ecg_id, User.email)
        .join(RecordRow, RecordRow.id == Adjudication.record_id)
        .join(User, User.id == Adjudication.adjudicator_id)
        .where(RecordRow.source_id == active_source(session).id)
        .order_by(RecordRow.ecg_id, Adjudication.sequence)
    )
    return [
        {
            "ecg_id": ecg_id,
            "adjudicator": email,
            "sequence": one.sequence,
            **{str(name): getattr(one, column_of(name)) for name in SUPERCLASSES},
            "unreadable": one.unreadable,
            "comment": one.comment,
            "readings": " ".join(map(str, one.reading_ids)),
            "submitted": to_the_second(one.submitted_at),
        }
        for one, ecg_id, email in session.execute(query)
    ]


def _agreement(question: str, one: Agreement) -> Row:
    counted = {"question": question, "records": one.records, "answers": one.answers}
    return counted | _figures(_BY_CLASS, one)


def _reader(one: ReaderRow) -> Row:
    return {
        "reader": one.reader,
        "superclass": str(one.superclass),
        "answers": one.answers,
        "present": _known(one.present),
        "unsure": one.unsure,
        "compared": one.compared,
        "agrees": _known(one.agrees),
    }


def _pair(one: PairRow) -> Row:
    who = {"reader": one.first, "other": one.second, "superclass": str(one.superclass)}
    return who | {"records": one.records} | _figures(_BY_PAIR, one)


def _figures(names: Sequence[str], found: Agreement | PairRow) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name in names:
        one: Estimate | None = getattr(found, name)
        values = (one.value, one.low, one.high) if one else (None, None, None)
        row |= {f"{name}{end}": _known(value) for end, value in zip(_ENDS, values, strict=True)}
    return row


def _known(value: float | None) -> float | None:
    """Nothing, where there was nothing to compute it from."""
    return None if value is None or math.isnan(value) else float(value)
