"""What a reader may choose of the paper: layout, speed, gain, signal, or one lead alone."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, Self, TypeVar

from core.ecg import LEADS, Lead
from core.filtering import SignalShown
from dashboard.figures.geometry import PaperLayout, columns


class Sheet(StrEnum):
    """How the leads are laid out."""

    STANDARD = "3x4+1"
    THREE_STRIPS = "3x4+3"
    SIX_BY_TWO = "6x2"
    ONE_COLUMN = "12x1"


class Speed(StrEnum):
    """Millimetres of paper a second."""

    USUAL = "25"
    FAST = "50"


class Gain(StrEnum):
    """Millimetres of paper a millivolt."""

    HALF = "5"
    USUAL = "10"
    DOUBLE = "20"


_BY_THREE = (LEADS[0:3], LEADS[3:6], LEADS[6:9], LEADS[9:12])
_BY_SIX = (LEADS[0:6], LEADS[6:12])
_DENSE_MM = 25.0  # between the baselines of six rows
_TWELVE_MM = 15.0  # of twelve: the sheet still fits a screen
_NAMED_ALONE_MM = 62.5  # from one name of a lead alone to the next
Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperSettings:
    """The choices of one reader; ``lead`` is alone on the sheet where it is given."""

    sheet: Sheet = Sheet.STANDARD
    speed: Speed = Speed.USUAL
    gain: Gain = Gain.USUAL
    signal: SignalShown = SignalShown.RAW
    lead: Lead | None = None

    @classmethod
    def of(cls, given: Mapping[str, Any] | None) -> Self:
        """The choices in ``given``; what it lacks or what is none of them is as usual."""
        said = given if isinstance(given, Mapping) else {}
        return cls(
            sheet=_choice(Sheet, said.get("sheet"), Sheet.STANDARD),
            speed=_choice(Speed, said.get("speed"), Speed.USUAL),
            gain=_choice(Gain, said.get("gain"), Gain.USUAL),
            signal=_choice(SignalShown, said.get("signal"), SignalShown.RAW),
            lead=Lead(said["lead"]) if said.get("lead") in LEADS else None,
        )

    @property
    def as_json(self) -> dict[str, Any]:
        """The choices in words that ``of`` understands."""
        return {name: value and str(value) for name, value in asdict(self).items()}

    @property
    def layout(self) -> PaperLayout:
        """The sheet of paper that was chosen."""
        if self.lead:
            return single(self.lead, self.speed, self.gain)
        return sheet_of(self.sheet, self.speed, self.gain)


def sheet_of(sheet: Sheet, speed: Speed = Speed.USUAL, gain: Gain = Gain.USUAL) -> PaperLayout:
    """The layout of this name at this speed and gain."""
    leads, rhythm, pitch = {
        Sheet.STANDARD: (_BY_THREE, (Lead.II,), 30.0),
        Sheet.THREE_STRIPS: (_BY_THREE, (Lead.V1, Lead.II, Lead.V5), _DENSE_MM),
        Sheet.SIX_BY_TWO: (_BY_SIX, (), _DENSE_MM),
        Sheet.ONE_COLUMN: ((LEADS,), (), _TWELVE_MM),
    }[sheet]
    return columns(sheet, leads, rhythm, speed=float(speed), gain=float(gain), pitch_mm=pitch)


def single(lead: Lead, speed: Speed = Speed.USUAL, gain: Gain = Gain.USUAL) -> PaperLayout:
    """One lead alone, for 10 s; enlarged, a screen shows a few seconds of it."""
    sheet = columns(lead, [[lead]], speed=float(speed), gain=float(gain))
    return replace(sheet, named_mm=_NAMED_ALONE_MM)


def _choice(kind: type[Choice], word: object, usual: Choice) -> Choice:
    try:
        return kind(word)
    except ValueError:
        return usual
