"""Whether the figures hold for women and men, young and old, every device and site."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from core.arrays import Bools, Floats
from core.ecg import Superclass
from core.evaluation import auroc, by_class, mean
from core.ptbxl import Record
from core.resampling import Ids, Interval, macro_auroc_interval

FEWEST = 50  # labelled records; below, an area says more about chance than about the group
FEWEST_OF_A_KIND = 5  # records with a class, and records without it, for the class to have an area
OTHER, UNKNOWN = "other", "unknown"
_OVER_89 = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Subgroup:
    """How the model does on the labelled records of one group.

    A group of fewer than FEWEST keeps its line and has no figures. In the others a class has an
    area (else NaN) where at least FEWEST_OF_A_KIND records have it and as many do not, and the
    macro figure is there where all five have one: a group without its rarest class, which is the
    hardest too, would else look better than all records, beside which it is drawn. Small sites
    and small devices are taken together as OTHER, and ``pooled`` names them.
    """

    by: str
    value: str
    n: int
    too_few: bool
    pooled: tuple[str, ...]
    macro_auroc: float  # NaN where a class has no area
    macro_auroc_ci: Interval
    auroc: dict[Superclass, float]


@dataclass(frozen=True, slots=True)
class _Grouping:
    by: str
    value: Callable[[Record], str]
    pools: bool = False  # small groups are alike enough to be measured together


def age_decade(record: Record) -> str:
    """The decade of an age, such as ``60-69``; PTB-XL keeps every age above 89 as one."""
    if record.age is None:
        return UNKNOWN
    decade = record.age // 10 * 10
    return f"{decade}-{decade + 9}" if decade < _OVER_89 else f"{_OVER_89}+"


_GROUPINGS = (
    _Grouping("sex", lambda record: record.sex or UNKNOWN),
    _Grouping("age", age_decade),
    _Grouping("device", lambda record: record.device or UNKNOWN, pools=True),
    _Grouping("site", lambda record: record.site or UNKNOWN, pools=True),
    _Grouping("noise", lambda record: "flagged" if record.noise else "none"),
)


def subgroups(
    records: Sequence[Record], probability: Floats, label: Bools, patient: Ids
) -> list[Subgroup]:
    """Every group of (records, 5) probabilities and labels, in the order of a report."""
    return [
        _subgroup(grouping.by, value, pooled, (probability[which], label[which], patient[which]))
        for grouping in _GROUPINGS
        for value, pooled, which in _groups(grouping, records)
    ]


def _groups(
    grouping: _Grouping, records: Sequence[Record]
) -> Iterator[tuple[str, tuple[str, ...], Bools]]:
    values = [grouping.value(record) for record in records]
    counts = Counter(values)
    small = {value for value, n in counts.items() if grouping.pools and n < FEWEST}
    pooled = small if len(small) > 1 else set()
    kept = [value for value in counts if value not in pooled]
    for value in sorted(kept, key=_by_count(counts) if grouping.pools else _by_name):
        yield value, (), np.array([v == value for v in values])
    if pooled:
        names = tuple(sorted(pooled, key=_by_count(counts)))
        yield OTHER, names, np.array([v in pooled for v in values])


def _by_count(counts: Counter[str]) -> Callable[[str], tuple[int, str]]:
    return lambda value: (-counts[value], value)


def _by_name(value: str) -> tuple[bool, int, str]:
    """Unknown last; ages by their first year, others by name."""
    start = value.split("-")[0].rstrip("+")
    return value == UNKNOWN, int(start) if start.isdigit() else 0, value


def _subgroup(
    by: str, value: str, pooled: tuple[str, ...], group: tuple[Floats, Bools, Ids]
) -> Subgroup:
    probability, label, patient = group
    few = len(label) < FEWEST
    areas = by_class(lambda k: float("nan") if few else _area(probability[:, k], label[:, k]))
    whole = not np.isnan(list(areas.values())).any()
    return Subgroup(
        by=by,
        value=value,
        n=len(label),
        too_few=few,
        pooled=pooled,
        macro_auroc=mean(areas) if whole else float("nan"),
        macro_auroc_ci=macro_auroc_interval(*group) if whole else (float("nan"),) * 2,
        auroc=areas,
    )


def _area(score: Floats, label: Bools) -> float:
    """The AUROC of (records,) scores; NaN where it would hang on a handful of records."""
    present = int(label.sum())
    enough = min(present, len(label) - present) >= FEWEST_OF_A_KIND
    return auroc(score, label) if enough else float("nan")
