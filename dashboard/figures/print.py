"""An explanation on ECG paper as a picture file, for reports."""

from pathlib import Path

import numpy as np

from core.ecg import DURATION_S, LEADS, Signal
from core.explain.explanation import Explanation
from dashboard.figures.theme import LIGHT

_ROW_MV = 2.4  # from one baseline to the next
_BAND_MV = 0.9  # half the height of the colour behind a lead
_EVEN = 98  # percentile of strength that has the full colour


def draw_explanation(
    path: Path, signal: Signal, explanation: Explanation, title: str, *, simulated: bool
) -> None:
    """Draw (12, 1000) mV with the attribution behind it into ``path``, by its suffix.

    Twelve leads of ten seconds in the proportions of ECG paper; PuOr is told apart by every kind of
    colour vision, violet for the class and orange against it.
    """
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11.7, 12.5), dpi=110, layout="constrained")
    axes = figure.subplots()
    strength = float(np.percentile(np.abs(explanation.attribution), _EVEN)) or 1.0
    time = np.arange(signal.shape[1]) * DURATION_S / signal.shape[1]
    for row, lead in enumerate(LEADS):
        base = -_ROW_MV * row
        drawn = axes.imshow(
            explanation.attribution[row : row + 1],
            cmap="PuOr",
            norm=Normalize(-strength, strength),
            extent=(0, DURATION_S, base - _BAND_MV, base + _BAND_MV),
            aspect="auto",
            interpolation="nearest",
            alpha=0.75,  # the trace stays in sight
        )
        axes.plot(time, base + signal[row], color=LIGHT.trace, linewidth=0.8)
        axes.text(0.03, base + _BAND_MV, lead, va="bottom", weight="bold", color=LIGHT.text)
    axes.set(xlim=(0, DURATION_S), ylim=(-_ROW_MV * len(LEADS) + 1, 1.6), title=title)
    axes.set_xticks(np.arange(0, DURATION_S + 0.1, 0.2), minor=False)
    axes.set_yticks(np.arange(-_ROW_MV * len(LEADS) + 1, 1.6, 0.5))
    axes.grid(color=LIGHT.coarse, linewidth=0.4)
    axes.tick_params(labelbottom=False, labelleft=False, length=0)
    axes.set_facecolor(LIGHT.paper)
    axes.set_aspect(0.4)  # 25 mm/s over 10 mm/mV
    axes.set_xlabel("one square: 0.2 s by 0.5 mV; 0.5-40 Hz")
    bar = figure.colorbar(drawn, ax=axes, shrink=0.4)
    bar.set_label(f"against the class   {explanation.unit} a sample   for the class")
    if simulated:
        figure.text(
            0.5, 0.5, "SIMULATED", ha="center", va="center", rotation=30, fontsize=70,
            color=LIGHT.watermark, alpha=0.18,
        )  # fmt: skip
    figure.savefig(path)
