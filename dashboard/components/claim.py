"""Which worklist the ECG on screen is read for, how, and until when it is held."""

from dash import dcc, html
from dash.development.base_component import Component

from dashboard import ids
from feedback.claims import Claim
from feedback.tables import ReadingMode

_EVERY_MS = 4 * 60 * 1000  # thrice within a lease
MODES = {ReadingMode.BLIND_FIRST: "blind first", ReadingMode.ASSISTED: "assisted"}
LOST = "Your hold on this ECG has ended: colleagues have taken it, or its worklist was closed."


def holding() -> list[Component]:
    """What keeps a claim alive while its page is open; assets/claims.js gives it back."""
    stores = (ids.HELD, ids.HELD_SEEN, ids.HELD_LEFT)
    tick = dcc.Interval(id=ids.HOLD_TICK, interval=_EVERY_MS)
    return [tick, *(dcc.Store(id=name) for name in stores)]


def claim_line(claim: Claim | None) -> list[Component | str]:
    """'Morning · blind first · held until 12:15'; never why the record is in the worklist."""
    if claim is None:
        return []
    named = f"{claim.worklist} · {MODES[claim.mode]} · "
    if claim.answered:
        return [named, "answered"]
    if claim.closed:
        return [named, "closed, your answer is welcome"]
    return [named, "held until ", _minute(claim)]


def _minute(claim: Claim) -> Component:
    return html.Time(
        f"{claim.until:%H:%M} UTC",
        dateTime=claim.until.isoformat(),
        className="local-time",
        **{"data-shows": "minute"},
    )
