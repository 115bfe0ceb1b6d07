"""The table of the note on query strategies, which comes from the run and from no keyboard.

python -m tests.strategies_note      writes it
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from feedback.strategy_choice import evidence

DECISIONS = Path(__file__).resolve().parent.parent / "docs" / "decisions"
(NOTE,) = DECISIONS.glob("*-random-comes-first-*.md")
_MARKED = re.compile(r"(<!-- run: begin[^>]*-->\n)(.*?)(<!-- run: end -->)", re.DOTALL)


def table(found: Mapping[str, Any]) -> str:
    """Curves and savings of every strategy on both halves of fold 9, and the choice."""
    labels = found["labels"]
    shown = [0, len(labels) // 4, len(labels) // 2, len(labels) - 1]
    head = [f"{labels[at]} labels" for at in shown]
    rows = [
        f"| | {' | '.join(head)} | saved on 9a | saved on 9b |",
        "|---" * (len(shown) + 3) + "|",
        *(_row(name, found, shown) for name in found["curves"]),
    ]
    return "\n".join([*rows, "", f"Default: **{found['default']}**. {found['why']}", ""])


def _row(name: str, found: Mapping[str, Any], shown: list[int]) -> str:
    curve = found["curves"][name]["9b"]
    areas = [
        f"{curve['mean'][at]:.4f} [{curve['low'][at]:.4f}, {curve['high'][at]:.4f}]" for at in shown
    ]
    saved = [_saved(found["savings"].get(name, {}).get(judge)) for judge in ("9a", "9b")]
    return f"| {' | '.join([name, *areas, *saved])} |"


def _saved(one: Mapping[str, Any] | None) -> str:
    if one is None:
        return ""
    late = "" if one["reached"] else ", not reached"
    return f"{one['saved']:.0%} [{one['low']:.0%}, {one['high']:.0%}]{late}"


def shown() -> str:
    """What the note shows now."""
    marked = _MARKED.search(NOTE.read_text(encoding="utf-8"))
    assert marked, f"{NOTE.name} has lost its marks"
    return marked[2]


def write() -> None:
    """Put the table of the shipped run into the note."""
    text = NOTE.read_text(encoding="utf-8")
    found = table(evidence())
    NOTE.write_text(_MARKED.sub(lambda m: m[1] + found + m[3], text), encoding="utf-8")


if __name__ == "__main__":
    write()
