"""Colours and type of the figures; ``assets/trustecg.css`` uses the same values."""

from dataclasses import dataclass
from enum import StrEnum

# Bootstrap's own stack, so that text in a figure is set like the page around it.
FONT = (
    'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", '
    '"Liberation Sans", Arial, sans-serif'
)


class Look(StrEnum):
    """How the application looks, in the words of Bootstrap's ``data-bs-theme``."""

    LIGHT = "light"  # pink paper
    DARK = "dark"


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """The colours of one look, as CSS hex."""

    paper: str  # the sheet
    fine: str  # 1 mm lines
    coarse: str  # 5 mm lines
    trace: str
    text: str
    muted: str  # captions and scales
    watermark: str
    surface: str  # behind the small charts, which lie on no paper
    accent: str  # a bar at or above its threshold
    calm: str  # a bar below its threshold
    track: str  # the empty rest of a bar
    mark: str  # thresholds and reference lines
    # of an explanation, light to strong: each hue is told apart by lightness alone
    supporting: tuple[str, ...]
    opposing: tuple[str, ...]
    classes: tuple[str, ...]  # of the lines of NORM to HYP, told apart by colour-blind eyes too
    dashes: tuple[str, ...]  # of the same lines, for a grey print
    font: str = FONT


# Blue and ochre over salmon are told apart by every kind of colour vision; the steps differ in
# lightness, so they survive a grey print too, and the strongest still leaves the trace a contrast
# above 4.5 : 1.
LIGHT = Theme(
    paper="#fff8f4",
    fine="#f8dbd3",
    coarse="#eeb0a2",
    trace="#16181d",
    text="#1f2430",
    muted="#5b6170",
    watermark="#b3261e",
    surface="#ffffff",
    accent="#1d4f91",
    calm="#9fb3cc",
    track="#eef1f5",
    mark="#1f2430",
    supporting=("#cfdff5", "#a9c6ed", "#7fabe2", "#5089d3"),
    opposing=("#f1e2a8", "#e3c860", "#cfa52f", "#b58709"),
    classes=("#4d5562", "#c4501b", "#b58900", "#0072b2", "#007f5f"),
    dashes=("solid", "longdash", "dash", "dashdot", "dot"),
)

# On dark paper an explanation grows lighter with strength, and still leaves the trace 4.5 : 1.
DARK = Theme(
    paper="#15171b",
    fine="#2a2224",
    coarse="#4d3436",
    trace="#f1f3f5",
    text="#e6e8ec",
    muted="#a9b1be",
    watermark="#f2837b",
    surface="#1d2026",
    accent="#7fb0ee",
    calm="#56697f",
    track="#2b303a",
    mark="#e6e8ec",
    supporting=("#1f3350", "#27456f", "#2f578e", "#3769ad"),
    opposing=("#33290c", "#4a3a0d", "#624c0e", "#7a5e0f"),
    classes=("#b9c0cb", "#f08a5d", "#e0b83c", "#5cb3ea", "#4cc39a"),
    dashes=LIGHT.dashes,
)
THEMES = {Look.LIGHT: LIGHT, Look.DARK: DARK}
