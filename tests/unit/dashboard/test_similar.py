"""ECGs like the one on screen, in words."""

import pytest

from core.ecg import Superclass
from dashboard.components.similar import similar_view
from feedback.adjudications import Verdicts
from feedback.similar import SimilarEcg
from feedback.tables import Verdict


@pytest.mark.parametrize(
    ("settled", "unreadable", "said"),
    [
        (None, False, "you found MI"),
        (
            {Superclass.MI: Verdict.ABSENT, Superclass.CD: Verdict.PRESENT},
            False,
            "you found MI · adjudicated: MI absent, CD present",
        ),
        (dict.fromkeys(Superclass, Verdict.UNSURE), True, "you found MI · adjudicated: unreadable"),
    ],
)
def test_what_was_found_and_what_was_adjudicated(
    settled: Verdicts | None, unreadable: bool, said: str
) -> None:
    one = SimilarEcg(
        ecg_id=7,
        similarity=0.931,
        found=(Superclass.MI,),
        unreadable=False,
        settled=settled,
        settled_unreadable=unreadable,
    )
    view = similar_view([one])
    assert view is not None
    (line,) = view.children[1].children
    link, *rest = line.children
    assert link.href == "/read/7"
    assert "".join(rest) == f" · likeness 0.93 · {said}"
