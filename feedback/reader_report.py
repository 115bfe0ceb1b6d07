"""What a reader's answers are worth, and whether the model sways them: the automation-bias meter.

A change of mind is a class on which the blind answer was not the model's call and the final one
is. It is good where the model was right and bad where it was wrong. Which it was is never asked
of the model nor of this reader: gold answers say it, else the adjudicator, else the majority of
what the other readers answered blind. What none of them can say is counted and judged nowhere.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from sqlalchemy.orm import Session

from core.ecg import SUPERCLASSES, Superclass
from core.rates import Rate
from feedback.adjudications import adjudicated_verdicts
from feedback.answers import column_of
from feedback.givers import Givers, gold_givers
from feedback.gold import Known, gold_verdicts
from feedback.panel import panel
from feedback.reader_answers import Given, given_answers
from feedback.tables import Json, ReadingMode, Verdict
from feedback.truths import PRESENCE, Basis, Truths

ENOUGH = 10  # cases, below which a rate may be chance; its interval says how far


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldClass:
    """The first answers of a reader to gold records, on one class; unsure is neither.

    Those in assisted mode stand apart: with the opinion on screen they are the model's as well.
    """

    agrees: Rate
    missed: int  # absent where it is present
    overcalled: int  # present where it is absent
    unsure: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesOfMind:
    """What a reader made of the model's calls; a case is one class of one record.

    The intervals take cases for independent; classes of one record are not quite.
    """

    followed_right: Rate  # came over to the model's call, where it was right and they had not been
    followed_wrong: Rate  # likewise where it was wrong: automation bias
    left_right: Rate  # went from the model's call, where it was right
    left_wrong: Rate  # likewise where it was wrong
    unjudged: int  # changes that nobody can judge
    judged_by: Mapping[Basis, int]  # cases


@dataclass(frozen=True, slots=True, kw_only=True)
class Seconds:
    """How long the first answer to a record took, from opening it: the page may lie open idle."""

    median: float
    quarter: float  # a quarter of the answers took less
    three_quarters: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderReport:
    """One reader on the active data set."""

    reader: str
    records: int  # answered
    assisted: int  # of them with the model's opinion on screen from the start
    unreadable: int  # of the first answers
    seconds: Seconds
    gold_records: int  # answered, but those to which they have given answers themselves
    gold: Mapping[ReadingMode, Mapping[Superclass, GoldClass]]  # only modes with such a record
    mind: ChangesOfMind

    @property
    def as_json(self) -> Json:
        """The report in plain values; None for a rate of nothing."""
        return {
            "reader": self.reader,
            "records": self.records,
            "assisted": self.assisted,
            "unreadable": self.unreadable,
            "seconds": {name: getattr(self.seconds, name) for name in Seconds.__slots__},
            "gold_records": self.gold_records,
            "gold": {
                str(mode): {
                    str(name): {"agrees": _rate(one.agrees), **_counts(one)}
                    for name, one in found.items()
                }
                for mode, found in self.gold.items()
            },
            "changes_of_mind": {
                **{name: _rate(getattr(self.mind, name)) for name in _RATES},
                "unjudged": self.mind.unjudged,
                "judged_by": {str(basis): n for basis, n in self.mind.judged_by.items()},
            },
        }


_RATES = ("followed_right", "followed_wrong", "left_right", "left_wrong")


def reader_reports(session: Session, *, reader: str | None = None) -> list[ReaderReport]:
    """Every reader with an answer to the active data set, by e-mail, or one of them.

    For administrators: readers are shown ``own_report``. Raises NoDataset.
    """
    gold, givers = gold_verdicts(session), gold_givers(session)
    truths = Truths(panel(session), gold, adjudicated_verdicts(session), givers)
    by_reader: dict[str, list[Given]] = {}
    for one in given_answers(session, reader=reader):
        by_reader.setdefault(one.reader, []).append(one)
    return [
        _report(email, given, _of_others(gold, givers, email), _mind(given, truths))
        for email, given in by_reader.items()
    ]


def own_report(session: Session, reader: str, *, until: datetime) -> ReaderReport | None:
    """What a reader is shown of themselves; None before their first answer. Raises NoDataset.

    Gold answers are left out, and changes of mind are of the answers as they stood at ``until``,
    some time ago: from a figure that moves with an answer they would learn whether others have
    read that record or settled it, as is so of gold ones, and whether they were right.
    """
    truths = Truths(panel(session), {}, adjudicated_verdicts(session), {})
    given = given_answers(session, reader=reader)
    before = given_answers(session, reader=reader, until=until)
    return _report(reader, given, {}, _mind(before, truths)) if given else None


def _of_others(gold: Known, givers: Givers, reader: str) -> Known:
    """The gold answers to records to which this reader has given none."""
    return {record: known for record, known in gold.items() if reader not in givers.get(record, ())}


def _report(reader: str, given: Sequence[Given], gold: Known, mind: ChangesOfMind) -> ReaderReport:
    firsts = [one.first for one in given]
    took = [(one.submitted_at - one.started_at).total_seconds() for one in firsts]
    quarter, median, three_quarters = (float(q) for q in np.quantile(took, (0.25, 0.5, 0.75)))
    judged = [one for one in given if one.record_id in gold]
    return ReaderReport(
        reader=reader,
        records=len(given),
        assisted=sum(one.blind is None for one in given),
        unreadable=sum(one.unreadable for one in firsts),
        seconds=Seconds(median=median, quarter=quarter, three_quarters=three_quarters),
        gold_records=len(judged),
        gold={
            mode: {name: _on_gold(own, gold, name) for name in SUPERCLASSES}
            for mode in ReadingMode
            if (own := [one for one in judged if one.first.mode is mode])
        },
        mind=mind,
    )


def _on_gold(given: Iterable[Given], gold: Known, name: Superclass) -> GoldClass:
    """(known, said) of every gold record on which both are there."""
    pairs = Counter(
        (known, getattr(one.first, column_of(name)))
        for one in given
        if (known := gold[one.record_id].get(name)) and not one.first.unreadable
    )
    right = sum(pairs[verdict, verdict] for verdict in PRESENCE)
    missed = pairs[Verdict.PRESENT, Verdict.ABSENT]
    overcalled = pairs[Verdict.ABSENT, Verdict.PRESENT]
    return GoldClass(
        agrees=Rate.of_counts(right, right + missed + overcalled),
        missed=missed,
        overcalled=overcalled,
        unsure=sum(n for (_, said), n in pairs.items() if said is Verdict.UNSURE),
    )


def _mind(given: Iterable[Given], truths: Truths) -> ChangesOfMind:
    cases: Counter[tuple[bool, bool, bool]] = Counter()  # with the model before, it is right, moved
    judged: Counter[Basis] = Counter()
    unjudged = 0
    for one in given:
        for name, before, after, call in one.calls():
            with_it, moved = before is call, (before is call) != (after is call)
            truth = truths.of(one.record_id, one.reader, name)
            if truth is None:
                unjudged += moved
                continue
            judged[truth[1]] += 1
            cases[with_it, PRESENCE[call] is truth[0], moved] += 1

    def rate(with_it: bool, right: bool) -> Rate:
        moved, stayed = (cases[with_it, right, way] for way in (True, False))
        return Rate.of_counts(moved, moved + stayed)

    return ChangesOfMind(
        followed_right=rate(False, True),
        followed_wrong=rate(False, False),
        left_right=rate(True, True),
        left_wrong=rate(True, False),
        unjudged=unjudged,
        judged_by={basis: judged[basis] for basis in Basis},
    )


def _rate(rate: Rate) -> Json:
    value = rate.value if rate.of else None
    return {"count": rate.count, "of": rate.of, "rate": value, "low": rate.low, "high": rate.high}


def _counts(one: GoldClass) -> dict[str, int]:
    return {"missed": one.missed, "overcalled": one.overcalled, "unsure": one.unsure}
