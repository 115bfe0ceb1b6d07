"""Plans of a retraining that administrators look at: what is started is what was shown."""

import uuid
from collections import OrderedDict

from feedback.errors import PlanOutdated
from feedback.finetune import Plan

_KEPT = 8  # of a few administrators; a plan of 20,000 records takes some megabytes


class ShownPlans:
    """The last plans that were shown, each under the mark that its page gives back."""

    def __init__(self) -> None:
        self._plans: OrderedDict[str, Plan] = OrderedDict()

    def keep(self, plan: Plan) -> str:
        """Keep a plan that is about to be shown; its mark."""
        mark = uuid.uuid4().hex
        self._plans[mark] = plan
        while len(self._plans) > _KEPT:
            self._plans.popitem(last=False)
        return mark

    def of(self, mark: object, *, include_assisted: bool) -> Plan:
        """The plan of that mark.

        Raises PlanOutdated where it is kept no more, and where the box beside it asks for another.
        """
        plan = self._plans.get(mark) if isinstance(mark, str) else None
        if plan is None:
            raise PlanOutdated("this plan is not kept any more: plan it again")
        if plan.include_assisted is not include_assisted:
            kinds = {True: "with assisted answers", False: "without assisted answers"}
            raise PlanOutdated(
                f"the plan that was shown is one {kinds[plan.include_assisted]}, and the box asks "
                f"for one {kinds[include_assisted]}: plan it again"
            )
        return plan
