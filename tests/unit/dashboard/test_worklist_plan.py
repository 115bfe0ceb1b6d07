"""What the form for a worklist says that a number may be is what the plan takes."""

from typing import Any

import pytest

from dashboard.components.worklists import FIELDS, NUMBERS, SHARES, may_be
from dashboard.pages.worklists import plan_of
from feedback.errors import InvalidWorklist
from feedback.worklists import WorklistPlan

ENTERED = dict.fromkeys(FIELDS) | {
    "name": "Morning",
    "strategy": "random",
    "records": "4",
    "readers_each": "1",
    "mode": "blind-first",
    "audit_share": "0.15",
    "gold_share": "0",
    "seed": "0",
    "folds": "1",
}


def taken(plan: WorklistPlan, field: str) -> Any:
    """What the plan has of a field."""
    found = getattr(plan if field in WorklistPlan.model_fields else plan.pool, field)
    return found[0] if field == "folds" else found


@pytest.mark.parametrize("field", NUMBERS)
def test_both_ends_are_taken_and_nothing_beyond(field: str) -> None:
    low, high = NUMBERS[field]
    step = 0.01 if field in SHARES else 1
    for end in (low, high):
        assert taken(plan_of(ENTERED | {field: str(end)}), field) == end
    for beyond in (low - step, high + step):
        with pytest.raises(InvalidWorklist) as refused:
            plan_of(ENTERED | {field: str(beyond)})
        assert str(refused.value).endswith(f" is {beyond}: choose {may_be(field)}")


def test_a_name_of_blanks_is_refused() -> None:
    with pytest.raises(InvalidWorklist, match="^Name is '': it should have at least 1 character$"):
        plan_of(ENTERED | {"name": "  "})


@pytest.mark.parametrize("field", ["sex", "age_from", "age_to", "device", "labelled", "found"])
@pytest.mark.parametrize("empty", [None, ""])
def test_an_empty_filter_lets_every_record_in(field: str, empty: str | None) -> None:
    assert taken(plan_of(ENTERED | {field: empty}), field) is None
