"""The tables of a decision, which come from the evidence beside the checkpoint.

python -m tests.evidence_table      writes them
"""

import re

from core.checkpoint import read_card
from core.ecg import SUPERCLASSES, Superclass
from core.explain.evidence import PATHOLOGIES, Aiming, Evidence, load_evidence
from tests.readme import CHECKPOINT, REPOSITORY

DECISION = REPOSITORY / "docs" / "decisions" / "0011-the-default-explanation.md"
_MARKED = re.compile(r"(<!-- figures: begin[^>]*-->\n)(.*?)(<!-- figures: end -->)", re.DOTALL)


def tables(evidence: Evidence) -> str:
    """What was measured of every method, and where each points."""
    return "\n".join([*_measured(evidence), "", *_pointing(evidence), ""])


def _measured(evidence: Evidence) -> list[str]:
    heads = ["", "records", "random weights", "with occlusion", "better than random", *SUPERCLASSES]
    rows = [" | ".join(heads), "|".join(["---"] * len(heads))]
    for method, found in evidence.methods.items():
        with_occlusion = "-" if found.occlusion is None else f"{found.occlusion:.2f}"
        cells = [
            method.value,
            str(found.better.of),
            f"{found.randomisation.mean:.2f}",
            with_occlusion,
            f"{found.better.mean:.0%}",
            *(_deletion(evidence, found.classes, name) for name in SUPERCLASSES),
        ]
        rows.append(" | ".join(cells))
    return [f"| {row} |" for row in rows]


def _deletion(evidence: Evidence, classes, name: Superclass) -> str:
    if name not in classes:
        return "-"
    area = classes[name].deletion
    return f"{area.mean:+.2f} [{area.low:+.2f}, {area.high:+.2f}]"


def _pointing(evidence: Evidence) -> list[str]:
    heads = ["pointing game, mass in region", *PATHOLOGIES]
    rows = [" | ".join(heads), "|".join(["---"] * len(heads))]
    sources = dict(evidence.baselines)
    sources |= {method.value: found.aiming for method, found in evidence.methods.items()}
    for source, classes in sources.items():
        rows.append(" | ".join([source, *(_aim(classes.get(name)) for name in PATHOLOGIES)]))
    return [f"| {row} |" for row in rows]


def _aim(aiming: Aiming | None) -> str:
    if aiming is None:
        return "-"
    rate = aiming.pointing
    return f"{rate.mean:.2f} [{rate.low:.2f}, {rate.high:.2f}] of {rate.of}, {aiming.mass.mean:.2f}"


def written() -> str:
    """What the decision shows now."""
    found = _MARKED.search(DECISION.read_text(encoding="utf-8"))
    assert found is not None, f"{DECISION} has lost its marks"
    return found[2]


def stored() -> Evidence:
    """The evidence of the shipped checkpoint."""
    evidence = load_evidence(CHECKPOINT, read_card(CHECKPOINT))
    assert evidence is not None, "the shipped checkpoint has no evidence"
    return evidence


if __name__ == "__main__":
    text = DECISION.read_text(encoding="utf-8")
    DECISION.write_text(
        _MARKED.sub(lambda m: m[1] + tables(stored()) + m[3], text), encoding="utf-8"
    )
