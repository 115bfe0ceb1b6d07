"""The figures of the README, which come from the model card and from no keyboard.

python -m tests.readme      writes them
"""

import re
from pathlib import Path

from core.checkpoint import Card, read_card
from core.ecg import SUPERCLASSES

REPOSITORY = Path(__file__).resolve().parent.parent
README = REPOSITORY / "README.md"
CHECKPOINT = REPOSITORY / "checkpoints" / "default"
_MARKED = re.compile(r"(<!-- figures: begin[^>]*-->\n)(.*?)(<!-- figures: end -->)", re.DOTALL)


def figures(card: Card) -> str:
    """The table and the sentences that the README shows of a card."""
    rows = ["| | records | macro | " + " | ".join(SUPERCLASSES) + " |", "|---" * 8 + "|"]
    rows += [_row(f"AUROC, {name}", card.metrics[fold]) for name, fold in _SETS.items()]
    check, occlusion = card.attention_check, card.occlusion_check
    minutes = card.training["seconds"] / 60
    ece = ", ".join(f"{name} {card.metrics['9b']['ece'][name]:.3f}" for name in SUPERCLASSES)
    missed = ", ".join(f"{name} {c.missed} of {c.positives}" for name, c in card.classes.items())
    return "\n".join(
        [
            f"Checkpoint `{card.version}`: {card.network['parameters']:,} parameters, taught in "
            f"{minutes:.0f} minutes of {card.training['threads']} processor thread(s) on "
            f"{card.data.records:,} records of folds 1-8.{_lineage(card)}\n",
            *rows,
            f"\nMissed at the shipped thresholds, on 9b: {missed}. Macro F1 on fold 9: "
            f"{card.metrics['9']['macro_f1']:.3f}.",
            f"Expected calibration error on 9b (15 bins): {ece}.",
            f"Lead attention against lead occlusion: Spearman {check.spearman:.2f} (median over "
            f"{check.records} records of 9b). A zeroed lead makes a new abnormal call in "
            f"{occlusion.new_calls} of {occlusion.trials} trials on records called normal.\n",
        ]
    )


_SETS = {"fold 9": "9", "9b": "9b"}


def _lineage(card: Card) -> str:
    """What a checkpoint owes to others."""
    teachers, start = card.training.get("teachers", []), card.training.get("start")
    if not teachers:
        taken = f" The rest of it is `{start}`, whose own teaching is not in those minutes."
        return taken if start else ""
    named = ", ".join(f"`{name}`" for name in teachers)
    return (
        f" It went on from `{start}` and learned from {named}, whose own "
        "teaching is not in those minutes."
    )


def _row(name: str, metrics: dict) -> str:
    low, high = metrics["macro_auroc_ci"]
    macro = f"{metrics['macro_auroc']:.4f} [{low:.4f}, {high:.4f}]"
    by_class = " | ".join(f"{metrics['auroc'][c]:.3f}" for c in SUPERCLASSES)
    return f"| {name} | {metrics['n_labelled']:,} | {macro} | {by_class} |"


def shown() -> str:
    """What the README shows now."""
    marked = _MARKED.search(README.read_text(encoding="utf-8"))
    assert marked, "README.md has lost its marks"
    return marked[2]


def write() -> None:
    """Put the figures of the shipped card into the README."""
    text = README.read_text(encoding="utf-8")
    table = figures(read_card(CHECKPOINT))
    README.write_text(_MARKED.sub(lambda m: m[1] + table + m[3], text), encoding="utf-8")


if __name__ == "__main__":
    write()
