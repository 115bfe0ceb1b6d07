"""The tables of the agreement page, where there are more pairs than a browser takes."""

import json

from plotly.utils import PlotlyJSONEncoder

from core.ecg import Superclass
from dashboard.components.agreement import pairs_table
from feedback.agreement import Estimate
from feedback.agreement_tables import PairRow


def pair(number: int, ac1: float, records: int = 12) -> PairRow:
    """Two readers of a number of their own."""
    figure = Estimate(ac1, ac1, ac1)
    return PairRow(
        first=f"first{number}@example.org",
        second=f"second{number}@example.org",
        superclass=Superclass.MI,
        records=records,
        raw=figure,
        ac1=figure,
        cohen=figure,
    )


def said(rows: list[PairRow], **most: int) -> str:
    return json.dumps(pairs_table(rows, **most), cls=PlotlyJSONEncoder)


def test_as_many_pairs_as_fit_come_in_their_order() -> None:
    found = said([pair(1, 0.9), pair(2, 0.1), pair(3, 0.5, records=2)], most=3)
    assert found.index("first1@") < found.index("first2@") < found.index("first3@")
    assert "too few shared: 2 of 10 ECGs" in found
    assert "lowest AC1" not in found


def test_of_more_pairs_those_who_agree_least_are_shown_and_that_is_said() -> None:
    rows = [pair(1, 0.9), pair(2, 0.1), pair(3, 0.5), pair(4, -1.0, records=9)]
    found = said(rows, most=2)
    assert found.index("first2@") < found.index("first3@")
    assert "first1@" not in found
    assert "first4@" not in found  # too few shared for a figure
    assert (
        "Of 4 pairs and classes the 2 with the lowest AC1 on 10 shared ECGs or more. "
        "All of them are in pairs.csv of the exported archive."
    ) in found
