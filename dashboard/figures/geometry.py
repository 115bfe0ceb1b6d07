"""Where each lead lies on the paper: rows, columns and time windows, in clinical units."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.ecg import DURATION_S, LEADS, Ecg, Lead, Signal

PULSE_S = 0.2  # of the calibration pulse
# 30 mm between baselines: in 7 % of 2,000 PTB-XL records any two traces would touch (25 mm: 12 %).
# In those, spacing.py sets rows farther apart.
PITCH_MM = 30.0
_FINE_MM = 1
COARSE_MM = 5
_TITLE_MM = 10.0  # lead names, above their baseline
_CLOSE_MM = 20.0  # rows nearer than this have no room for names between them
_MARGIN_MM = 15.0  # of names, where they have one
_AWAY_MM = 16.0  # from the head of a column, at most: past a QRS complex that is just there


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One lead over one window of time, at one place on the paper."""

    lead: Lead
    row: int  # 0 at the top
    start: float  # s of the recording
    stop: float
    at: float  # s on the paper where ``start`` lies
    rhythm: bool = False

    @property
    def key(self) -> str:
        """Name of the segment in the figure and the DOM, such as ``lead-aVR`` or ``rhythm-II``."""
        return f"{'rhythm' if self.rhythm else 'lead'}-{self.lead}"

    @property
    def width(self) -> float:
        """Seconds that the segment takes on the paper."""
        return self.stop - self.start

    def cut(self, ecg: Ecg) -> tuple[int, Signal]:
        """Index of the first sample within the window, and the samples, (n,) in mV."""
        first, end = (_first_at(time, ecg.rate) for time in (self.start, self.stop))
        return first, ecg.lead(self.lead)[first:end]


def _first_at(time: float, rate: float) -> int:
    return math.ceil(round(time * rate, 6))  # 2.3 s at 100 Hz is sample 230, not 231


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """The name of a lead on the paper."""

    segment: Segment
    at: float  # s on the paper where it begins
    rise_mm: float  # of its middle above the baseline
    free_s: float = 0  # by which it may stand later

    @property
    def width_mm(self) -> float:
        """Its width on the smallest sheet of a desk."""
        return sum(2.6 if letter == "I" else 5 for letter in self.segment.lead)


NAME_MM = 7.0  # height of a name there


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperLayout:
    """A sheet of ECG paper: its segments, its scales, and the room around them in mm.

    The x axis of the paper is in s and its y axis in mV, row 0 has its baseline at 0 mV.
    ``spacing.spaced`` fits it to an ECG: it then knows ``apart_mm`` and ``placed``.
    """

    name: str
    segments: tuple[Segment, ...]
    speed: float = 25.0  # mm/s
    gain: float = 10.0  # mm/mV
    pitch_mm: float = PITCH_MM  # from one baseline to the next, at least
    apart_mm: tuple[float, ...] = ()  # from each baseline to the next one, for one ECG
    # of each row below and above its baseline, up to where the next one's begins, for one ECG
    reach_mm: tuple[tuple[float, float], ...] = ()
    placed: tuple[Name, ...] = ()  # the names, for one ECG
    right_mm: float = 5.0
    top_mm: float = 20.0  # above the first baseline
    bottom_mm: float = 25.0  # below the last baseline, with the band of scale and captions
    band_mm: float = 15.0
    named_mm: float = 250.0  # a lead longer than this has its name once more

    @property
    def left_mm(self) -> float:
        """Room before the traces, in whole squares: the pulse of 200 ms between feet of 5 mm.

        Close rows have their names there too: above their baselines runs another lead.
        """
        pulse = COARSE_MM * math.ceil((10 + PULSE_S * self.speed) / COARSE_MM)
        return pulse + (_MARGIN_MM if self._close else 0)

    @property
    def _close(self) -> bool:
        return self.pitch_mm < _CLOSE_MM

    @property
    def rows(self) -> int:
        """How many baselines there are."""
        return 1 + max(segment.row for segment in self.segments)

    @property
    def seconds(self) -> float:
        """Length of the longest row in s."""
        return max(segment.at + segment.width for segment in self.segments)

    @property
    def aspect(self) -> float:
        """How tall 1 mV is, in widths of 1 s."""
        return self.gain / self.speed

    def x(self, mm: float) -> float:
        """Millimetres as seconds."""
        return mm / self.speed

    def y(self, mm: float) -> float:
        """Millimetres as millivolts."""
        return mm / self.gain

    def baseline(self, row: int) -> float:
        """Where 0 mV of a row lies, in mV of the paper."""
        return -self.y(sum(self.apart_mm[:row]) if self.apart_mm else row * self.pitch_mm)

    def place(self, row: int) -> tuple[float, float]:
        """Between which heights of the paper the waves of a row lie, in mV."""
        half = self.pitch_mm / 2
        below, above = self.reach_mm[row] if self.reach_mm else (half, half)
        return self.baseline(row) - self.y(below), self.baseline(row) + self.y(above)

    @property
    def band_top(self) -> float:
        """Where the band of captions and time axis begins, in mV of the paper."""
        return self.baseline(self.rows - 1) - self.y(self.bottom_mm - self.band_mm)

    def frame(self, ecg: Ecg) -> "Frame":
        """The sheet for this ECG: as always, or taller by whole 5 mm where a trace needs it."""
        highest, lowest = self._extremes(ecg)
        last = self.baseline(self.rows - 1)
        over = highest - self.y(self.top_mm)
        under = self.band_top - lowest
        return Frame(
            left=-self.x(self.left_mm),
            right=self.seconds + self.x(self.right_mm),
            bottom=last - self.y(self.bottom_mm) - self._whole_squares(under),
            top=self.y(self.top_mm) + self._whole_squares(over),
        )

    def _extremes(self, ecg: Ecg) -> tuple[float, float]:
        """Highest and lowest point of all traces in mV of the paper; NaN counts for nothing.

        A name stands above its trace: it counts as well.
        """
        highest, lowest = 0.0, self.baseline(self.rows - 1)
        for name in self.placed:
            top = self.y(name.rise_mm + NAME_MM / 2)
            highest = max(highest, self.baseline(name.segment.row) + top)
        for segment in self.segments:
            wave = segment.cut(ecg)[1]
            finite = wave[np.isfinite(wave)]
            if finite.size:
                highest = max(highest, self.baseline(segment.row) + float(finite.max()))
                lowest = min(lowest, self.baseline(segment.row) + float(finite.min()))
        return highest, lowest

    def _whole_squares(self, excess: float) -> float:
        square = self.y(COARSE_MM)
        return max(0, math.ceil(excess / square)) * square

    def starts(self) -> Iterator[float]:
        """Paper seconds at which a column other than the first begins."""
        return iter(sorted({s.at for s in self.segments if not s.rhythm and s.at > 0}))

    @property
    def title_mm(self) -> float:
        """Middle of the lead names above their baseline; lower where rows are close."""
        return min(_TITLE_MM, 0.4 * self.pitch_mm)

    def names(self) -> Iterator[Name]:
        """Names where they are looked for: at the head of each segment, and on in a long one."""
        for segment in self.segments:
            times = max(1, round(segment.width * self.speed / self.named_mm))
            for part in range(times):
                margin = self._close and part == 0
                at = segment.at + part * segment.width / times
                yield Name(
                    segment=segment,
                    at=(-self.x(self.left_mm) if margin else at) + self.x(1),
                    rise_mm=self.title_mm,
                    free_s=0 if margin else self.x(_AWAY_MM),
                )

    def at_speed(self, speed: float) -> "PaperLayout":
        """The same sheet at another paper speed in mm/s."""
        return replace(self, speed=speed)

    def grid_mm(self, *, coarse: bool) -> int:
        """Distance of the grid lines in mm."""
        return COARSE_MM if coarse else _FINE_MM


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The edges of a sheet, in s and mV of the paper."""

    left: float
    right: float
    bottom: float
    top: float


def columns(
    name: str,
    leads: Sequence[Sequence[Lead]],
    rhythm: Sequence[Lead] = (),
    *,
    seconds: float = DURATION_S,
    speed: float = 25.0,
    gain: float = 10.0,
    pitch_mm: float = PITCH_MM,
) -> PaperLayout:
    """A layout of columns of leads in consecutive time, over rhythm strips of the whole length."""
    width = seconds / len(leads)
    cells = tuple(
        Segment(lead=lead, row=row, start=col * width, stop=(col + 1) * width, at=col * width)
        for col, column in enumerate(leads)
        for row, lead in enumerate(column)
    )
    below = max(map(len, leads))
    strips = tuple(
        Segment(lead=lead, row=below + row, start=0, stop=seconds, at=0, rhythm=True)
        for row, lead in enumerate(rhythm)
    )
    return PaperLayout(
        name=name, segments=cells + strips, speed=speed, gain=gain, pitch_mm=pitch_mm
    )


STANDARD = columns("3x4+1", [LEADS[0:3], LEADS[3:6], LEADS[6:9], LEADS[9:12]], [Lead.II])
