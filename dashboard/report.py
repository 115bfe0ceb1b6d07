"""What a measurement found: one JSON object, or one page that needs no network."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from core.assessment import ANY, Assessment
from core.comparison import Comparison, compare
from core.ecg import SUPERCLASSES
from core.measurement import Scored
from core.reliability import ECE_BINS
from core.resampling import BOOTSTRAPS
from core.subgroups import FEWEST
from dashboard.figures.curves import precision_recall_chart, roc_chart
from dashboard.figures.encoding import Json
from dashboard.figures.forest import difference_chart, subgroup_chart
from dashboard.figures.reliability import reliability_chart

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

    def figures(self) -> dict[str, Any]:
        """The JSON object of ``trustecg evaluate``, with NaN where a figure cannot be had."""
        figures = asdict(self.assessment) | {
            "fold": self.fold,
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
        plots=Markup(_safe_json(_plots(report))),
        plotly=Markup(get_plotlyjs()),
        bootstraps=BOOTSTRAPS,
        bins=ECE_BINS,
        fewest=FEWEST,
    )


def _plots(report: Report) -> dict[str, Json]:
    """The figures of the page by the id of the element that each fills."""
    scored, result = report.scored, report.assessment
    called = scored.probability, scored.label, result.thresholds
    plots = {
        "roc": roc_chart(*called, result.auroc),
        "precision-recall": precision_recall_chart(*called, result.auprc),
        "reliability": reliability_chart(result.reliability, result.ece),
        "subgroups": subgroup_chart(result.subgroups, result.macro_auroc, result.macro_auroc_ci),
    }
    if report.comparison:
        plots["difference"] = difference_chart(report.comparison)
    return plots


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
    environment.filters |= {"number": _number, "interval": _interval, "signed": _signed}
    return environment.get_template("evaluation.html")


def _number(value: float | None, digits: int = 3) -> str:
    return "–" if value is None or math.isnan(value) else f"{value:.{digits}f}"


def _signed(value: float, digits: int = 3) -> str:
    return "–" if math.isnan(value) else f"{value:+.{digits}f}".replace("-", "−")


def _interval(pair: tuple[float, float], digits: int = 3) -> str:
    return "" if math.isnan(pair[0]) else f"[{pair[0]:.{digits}f}, {pair[1]:.{digits}f}]"
