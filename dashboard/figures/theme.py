"""Colours and type of the figures; ``assets/trustecg.css`` uses the same values."""

from dataclasses import dataclass

# Bootstrap's own stack, so that text in a figure is set like the page around it.
FONT = (
    'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", '
    '"Liberation Sans", Arial, sans-serif'
)


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
