"""A share of records with the interval that its count allows."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import beta

from core.arrays import Bools


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of records with its exact 95 % interval (Clopper and Pearson, 1934).

    The interval takes records for independent; those of one patient make it somewhat too narrow.
    """

    value: float  # NaN where there is nothing to count
    count: int
    of: int
    low: float
    high: float

    @classmethod
    def of_counts(cls, count: int, of: int) -> "Rate":
        """The share ``count / of``; the interval is [0, 1] where there is nothing to count."""
        low = float(beta.ppf(0.025, count, of - count + 1)) if count else 0.0
        high = float(beta.ppf(0.975, count + 1, of - count)) if count < of else 1.0
        return cls(count / of if of else float("nan"), count, of, low, high)

    @classmethod
    def among(cls, which: Bools, those: Bools) -> "Rate":
        """The share of ``those`` records that are ``which`` as well; both (records,)."""
        return cls.of_counts(int(np.sum(which & those)), int(np.sum(those)))
