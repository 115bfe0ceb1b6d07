"""What a measurement found: one JSON object, or one page that needs no network."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from plotly.offline import get_plotlyjs

from core.arrays import Bools, Floats
from core.assessment import ANY, Assessment
from core.calibration import CONFIDENCE, MISS_RATE
from core.comparison import Comparison, compare
from core.curves import Curve, precision_recall_curve, roc_curve
from core.ecg import SUPERCLASSES, Superclass
from core.measurement import Scored
from core.reliability import ECE_BINS
from core.resampling import BOOTSTRAPS
from core.roles import Role, role_of
from core.subgroups import FEWEST, FEWEST_OF_A_KIND
from dashboard.figures.curves import precision_recall_chart, roc_chart
from dashboard.figures.encoding import Json
from dashboard.figures.forest import difference_chart, subgroup_chart
from dashboard.figures.reliability import reliability_chart
from dashboard.numbers import MISSING, interval, number, signed

_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One model on one fold, and, where asked, how it stands against the published network."""

    fold: str
    simulated: bool
    written: datetime
    scored: Scored
    assessment: Assessment
    reference: Scored | None
    reference_assessment: Assessment | None
    comparison: Comparison | None

    @classmethod
    def of(cls, scored: Sequence[Scored], *, fold: str, simulated: bool) -> "Report":
        """Report on the first model; a second is what it is compared with."""
        first, other = scored[0], scored[1] if len(scored) > 1 else None
        return cls(
            fold=fold,
            simulated=simulated,
            written=datetime.now(UTC),
            scored=first,
            assessment=Assessment.of(first),
            reference=other,
            reference_assessment=Assessment.of(other) if other else None,
            comparison=compare(first, other) if other else None,
        )

    @property
    def role(self) -> Role:
        """What the records of the fold are used for."""
        return role_of(self.fold)

    @property
    def abstains(self) -> bool:
        """Whether the model leaves classes open, or could: the published network never does."""
        return bool(self.scored.certified or self.scored.abstained.any())

    def figures(self) -> dict[str, Any]:
        """The JSON object of ``trustecg evaluate``, with NaN where a figure cannot be had."""
        figures = asdict(self.assessment) | {
            "fold": self.fold,
            "role": str(self.role),
            "checkpoint": self.scored.name,
            "simulated": self.simulated,
        }
        if self.reference and self.reference_assessment and self.comparison:
            figures["reference"] = asdict(self.reference_assessment) | {
                "checkpoint": self.reference.name
            }
            figures["against_reference"] = asdict(self.comparison)
        return figures


def page(report: Report) -> str:
    """The report as one HTML file, plots and their program inside."""
    return _template().render(
        report=report,
        result=report.assessment,
        names=SUPERCLASSES,
        any=ANY,
        example=_example(report.assessment),
        plots=_safe_json(_plots(report)),
        plotly=get_plotlyjs(),
        bootstraps=BOOTSTRAPS,
        bins=ECE_BINS,
        promise=MISS_RATE,
        confidence=CONFIDENCE,
        fewest=FEWEST,
        fewest_of_a_kind=FEWEST_OF_A_KIND,
    )


def _plots(report: Report) -> dict[str, Json]:
    """The figures of the page by the id of the element that each fills."""
    scored, result = report.scored, report.assessment
    plots = {
        "roc": roc_chart(_curves(scored, roc_curve), result.thresholds, result.auroc),
        "precision-recall": precision_recall_chart(
            _curves(scored, precision_recall_curve), result.thresholds, result.auprc
        ),
        "reliability": reliability_chart(result.reliability, result.ece),
        "subgroups": subgroup_chart(result.subgroups, result.macro_auroc, result.macro_auroc_ci),
    }
    if report.comparison:
        plots["difference"] = difference_chart(report.comparison)
    return plots


def _curves(
    scored: Scored, curve: Callable[[Floats, Bools, float], Curve]
) -> dict[Superclass, Curve]:
    p, y, thresholds = scored.probability, scored.label, scored.thresholds
    return {
        name: curve(p[:, k], y[:, k], float(thresholds[k])) for k, name in enumerate(SUPERCLASSES)
    }


def _example(result: Assessment) -> dict[str, Any] | None:
    """The cell of the co-occurrence table that is put in words: the most frequent other call."""
    cells = [
        {"carried": carried, "called": called, "n": among.n, "cell": cell}
        for carried, among in result.confusion.items()
        for called, cell in among.alongside.items()
        if carried != called and cell.called
    ]
    return max(cells, key=lambda found: found["cell"].called, default=None)


def _safe_json(value: Any) -> str:
    """JSON that cannot end the script in which it stands."""
    return json.dumps(value, allow_nan=False).replace("<", "\\u003c")


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": partial(_typeset, number),
        "interval": partial(_typeset, interval),
        "signed": partial(_typeset, signed),
        "percent": _percent,
        "percents": _percents,
    }
    return environment.get_template("evaluation.html")


def _typeset(text: Callable[..., str], value: Any, digits: int = 3) -> str:
    """The text of a figure with the minus and the dash that a page can show."""
    written = text(value, digits)
    return "–" if written == MISSING else written.replace("-", "−")


def _percent(share: float) -> str:
    written = _typeset(number, 100 * share, 1)
    return f"{written} %" if written != "–" else written


def _percents(pair: tuple[float, float]) -> str:
    return interval((100 * pair[0], 100 * pair[1]), 1)
